#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"

enum { KEYS = 2000 };

static char names[KEYS][16];

static struct str key(int i)
{
	snprintf(names[i], sizeof(names[i]), "key-%d", i);
	return str_from(names[i]);
}

static void putting_getting_removing(void **state)
{
	struct map m;
	int one = 1, two = 2;

	(void)state;
	map_init(&m);
	assert_null(map_get(&m, STR("a")));
	assert_null(map_del(&m, STR("a")));
	assert_int_equal(map_put(&m, STR("a"), &one), 0);
	assert_int_equal(map_put(&m, STR(""), &two), 0);
	assert_ptr_equal(map_get(&m, STR("a")), &one);
	assert_ptr_equal(map_get(&m, STR("")), &two);
	assert_int_equal(map_put(&m, STR("a"), &two), 0);
	assert_int_equal(m.len, 2);
	assert_ptr_equal(map_del(&m, STR("a")), &two);
	assert_null(map_get(&m, STR("a")));
	assert_ptr_equal(map_del(&m, STR("")), &two);
	assert_int_equal(m.len, 0);
	map_done(&m);
}

static unsigned count(const struct map *m)
{
	struct map_slot *slot;
	unsigned n = 0;
	size_t at = 0;

	while ((slot = map_next(m, &at))) {
		assert_ptr_equal(map_get(m, slot->key), slot->value);
		n++;
	}
	return n;
}

/* Against a plain table, with a load that keeps the probing chains long and moving. */
static void a_long_random_history(void **state)
{
	static bool present[KEYS];
	struct map m;
	unsigned len = 0, seed = 1;

	(void)state;
	map_init(&m);
	for (int step = 0; step < 100000; step++) {
		int i;

		seed = seed * 1103515245 + 12345;
		i = (int)(seed >> 8) % KEYS;
		if (seed >> 30 & 1) {
			assert_int_equal(map_put(&m, key(i), names[i]), 0);
			len += !present[i];
			present[i] = true;
		} else {
			assert_ptr_equal(map_del(&m, key(i)), present[i] ? names[i] : NULL);
			len -= present[i];
			present[i] = false;
		}
		assert_int_equal(m.len, len);
		if (step % 5000 == 0)
			assert_int_equal(count(&m), len);
	}
	for (int i = 0; i < KEYS; i++)
		assert_ptr_equal(map_get(&m, key(i)), present[i] ? names[i] : NULL);
	map_done(&m);
}

static void hashes_differ_by_content_and_length(void **state)
{
	(void)state;
	assert_int_equal(map_hash(STR("abc")), map_hash(str_of("abcd", 3)));
	assert_int_not_equal(map_hash(STR("abc")), map_hash(STR("abd")));
	assert_int_not_equal(map_hash(STR("")), map_hash(STR("\0")));
	assert_int_not_equal(map_hash(STR("12345678")), map_hash(STR("12345678\0")));
}

static void each_byte_counts_wherever_the_text_lies(void **state)
{
	char a[64], b[64];

	(void)state;
	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = (char)(i * 7 + 1);
	for (size_t len = 1; len <= 40; len++)
		for (size_t at = 0; at < len; at++) {
			memcpy(b + 3, a, len);
			assert_int_equal(map_hash(str_of(a, len)), map_hash(str_of(b + 3, len)));
			b[3 + at] ^= 0x40;
			assert_int_not_equal(map_hash(str_of(a, len)), map_hash(str_of(b + 3, len)));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(putting_getting_removing),
		cmocka_unit_test(a_long_random_history),
		cmocka_unit_test(hashes_differ_by_content_and_length),
		cmocka_unit_test(each_byte_counts_wherever_the_text_lies),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
