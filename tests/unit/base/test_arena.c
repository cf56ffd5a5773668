#include "check.h"

#include <stdlib.h>

#include "base/arena.h"

static void blocks_are_aligned_and_apart(void **state)
{
	struct arena *a = arena_new(0);
	char *before = NULL;

	(void)state;
	for (size_t size = 1; size < 5000; size += 37) {
		char *p = arena_alloc(a, size);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		memset(p, (int)size, size);
		if (before)
			assert_int_equal((unsigned char)before[0], (unsigned char)(size - 37));
		before = p;
	}
	assert_false(arena_is_full(a));
	assert_null(arena_free(a));
	assert_null(arena_free(NULL));
}

static void zeroed_and_unaligned(void **state)
{
	struct arena *a = arena_new(0);
	char *p = arena_zalloc(a, 100), *q, *r;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	q = arena_bytes(a, 3);
	r = arena_bytes(a, 1);
	assert_ptr_equal(q + 3, r);
	arena_free(a);
}

static void the_ceiling_holds_and_sticks(void **state)
{
	struct arena *a = arena_new(1000);

	(void)state;
	assert_non_null(arena_alloc(a, 600));
	assert_int_equal(arena_used(a), 600);
	assert_null(arena_alloc(a, 401));
	assert_true(arena_is_full(a));
	assert_non_null(arena_bytes(a, 400));
	assert_null(arena_bytes(a, 1));
	assert_true(arena_is_full(a));
	assert_int_equal(arena_used(a), 1000);
	arena_free(a);
	a = arena_new(0);
	assert_null(arena_alloc(a, SIZE_MAX - 8));
	assert_true(arena_is_full(a));
	arena_free(a);
}

static void large_blocks_have_chunks_of_their_own(void **state)
{
	struct arena *a = arena_new(0);
	char *big = arena_alloc(a, 1 << 20), *small = arena_alloc(a, 10);

	(void)state;
	memset(big, 1, 1 << 20);
	memset(small, 2, 10);
	assert_int_equal(big[(1 << 20) - 1], 1);
	arena_free(a);
}

static void copies_and_prints(void **state)
{
	struct arena *a = arena_new(100);

	(void)state;
	assert_str(arena_dup(a, STR("abc")), "abc");
	assert_str(arena_printf(a, "%s-%d", "x", 42), "x-42");
	assert_null(arena_dup(a, STR("")).data);
	assert_false(arena_is_full(a));
	assert_null(arena_printf(a, "%200d", 1).data);
	assert_true(arena_is_full(a));
	arena_free(a);
}

static void the_nth_allocation_can_be_made_to_fail(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	arena_fail_nth(2);
	assert_non_null(arena_alloc(a, 1));
	assert_null(arena_alloc(a, 1));
	assert_non_null(arena_alloc(a, 1));
	assert_true(arena_is_full(a));
	arena_free(a);
}

static void chunks_are_used_again(void **state)
{
	struct arena *many[300];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 300; i++) {
			many[i] = arena_new(0);
			memset(arena_alloc(many[i], 3000), i, 3000);
		}
		for (int i = 0; i < 300; i++)
			arena_free(many[i]);
	}
	arena_pool_drain();
	arena_pool_drain();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_aligned_and_apart),
		cmocka_unit_test(zeroed_and_unaligned),
		cmocka_unit_test(the_ceiling_holds_and_sticks),
		cmocka_unit_test(large_blocks_have_chunks_of_their_own),
		cmocka_unit_test(copies_and_prints),
		cmocka_unit_test(the_nth_allocation_can_be_made_to_fail),
		cmocka_unit_test(chunks_are_used_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
