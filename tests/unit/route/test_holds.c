/* What keeps applied_seq back, and for how long. Times are milliseconds of a clock of the test's own. */
#include "check.h"
#include "route/applied.h"

static void nothing_unsettled_holds_nothing_back(void **state)
{
	struct holds h;

	(void)state;
	holds_init(&h);
	assert_int_equal(holds_lowest(&h, 0), UINT64_MAX);
	holds_see(&h, 7);
	assert_int_equal(h.seen, 7);
	assert_int_equal(holds_lowest(&h, 0), UINT64_MAX);
}

static void acknowledged_is_settled_at_once(void **state)
{
	struct holds h;
	struct hold *a;

	(void)state;
	holds_init(&h);
	a = holds_take(&h, 10, 100);
	assert_int_equal(holds_lowest(&h, 100), 10);
	assert_int_equal(h.seen, 10);
	hold_unref(a);
	assert_int_equal(holds_lowest(&h, 101), UINT64_MAX);
}

static void written_is_settled_after_two_ticks(void **state)
{
	struct holds h;
	struct hold *a;

	(void)state;
	holds_init(&h);
	a = holds_take(&h, 10, 100);
	hold_written(a, 150);
	hold_unref(a);
	assert_int_equal(holds_lowest(&h, 150 + HOLD_SETTLE_MS - 1), 10);
	assert_int_equal(holds_lowest(&h, 150 + HOLD_SETTLE_MS), UINT64_MAX);
}

static void the_oldest_bucket_decides(void **state)
{
	struct holds h;
	struct hold *a, *b, *c;

	(void)state;
	holds_init(&h);
	a = holds_take(&h, 10, 0);
	b = holds_take(&h, 20, 1500);
	c = holds_take(&h, 30, 3000);
	assert_ptr_not_equal(a, b);
	hold_unref(b);
	assert_int_equal(holds_lowest(&h, 3000), 10);
	hold_unref(a);
	assert_int_equal(holds_lowest(&h, 3000), 30);
	hold_unref(c);
	assert_int_equal(holds_lowest(&h, 3000), UINT64_MAX);
	assert_int_equal(h.first, h.last);
}

static void a_full_ring_keeps_counting(void **state)
{
	struct holds h;
	struct hold *held[200];

	(void)state;
	holds_init(&h);
	for (unsigned i = 0; i < 200; i++)
		held[i] = holds_take(&h, i + 1, i * 1000);
	for (unsigned i = 0; i < 199; i++) {
		hold_unref(held[i]);
		assert_true(holds_lowest(&h, 1000000) <= i + 2);
	}
	hold_unref(held[199]);
	assert_int_equal(holds_lowest(&h, 1000000), UINT64_MAX);
}

static void buckets_are_used_again(void **state)
{
	struct holds h;

	(void)state;
	holds_init(&h);
	for (unsigned i = 0; i < 1000; i++) {
		struct hold *a = holds_take(&h, i + 1, i * 1000);

		assert_int_equal(holds_lowest(&h, i * 1000), i + 1);
		hold_unref(a);
		assert_int_equal(holds_lowest(&h, i * 1000), UINT64_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_unsettled_holds_nothing_back),
		cmocka_unit_test(acknowledged_is_settled_at_once),
		cmocka_unit_test(written_is_settled_after_two_ticks),
		cmocka_unit_test(the_oldest_bucket_decides),
		cmocka_unit_test(a_full_ring_keeps_counting),
		cmocka_unit_test(buckets_are_used_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
