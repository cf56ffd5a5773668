#include "check.h"

#include <stdlib.h>

#include "base/str.h"

static void comparing(void **state)
{
	(void)state;
	assert_true(str_eq(STR(""), STR_NONE));
	assert_true(str_is(STR("a"), "a"));
	assert_false(str_is(STR("a"), "ab"));
	assert_true(str_eq_nocase(STR("Utf-8"), STR("uTF-8")));
	assert_false(str_eq_nocase(STR("["), STR("{")));
	assert_false(str_eq_nocase(STR("\xc4"), STR("\xe4")));
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR("")));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_false(str_ends(STR("c"), STR("bc")));
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("ab"), STR("a")) > 0);
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_cmp(STR(""), STR_NONE), 0);
}

static void cutting(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("a/b/c"), '/', 2), 3);
	assert_int_equal(str_find(STR("abc"), '/', 0), 3);
	assert_int_equal(str_find(STR("abc"), 'a', 9), 3);
	assert_str(str_cut(STR("abcdef"), 2, 4), "cd");
	assert_str(str_cut(STR("abc"), 1, 99), "bc");
	assert_str(str_cut(STR("abc"), 5, 2), "");
	assert_int_equal(str_cut(STR_NONE, 0, 5).len, 0);
	assert_str(str_trim(STR(" \t\r\na b\n ")), "a b");
	assert_str(str_trim(STR(" \n ")), "");
	assert_str(str_trim(STR_NONE), "");
}

static void numbers(void **state)
{
	unsigned long long v = 7;

	(void)state;
	assert_true(str_to_u64(STR("0"), 10, &v));
	assert_int_equal(v, 0);
	assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	v = 7;
	assert_false(str_to_u64(STR("18446744073709551616"), UINT64_MAX, &v));
	assert_false(str_to_u64(STR("99999999999999999999999"), UINT64_MAX, &v));
	assert_false(str_to_u64(STR("11"), 10, &v));
	assert_false(str_to_u64(STR(""), 10, &v));
	assert_false(str_to_u64(STR("-1"), 10, &v));
	assert_false(str_to_u64(STR("+1"), 10, &v));
	assert_false(str_to_u64(STR(" 1"), 10, &v));
	assert_false(str_to_u64(STR("1 "), 10, &v));
	assert_int_equal(v, 7);
}

static void copying(void **state)
{
	char *copy = str_dupz(str_of("abcdef", 3));

	(void)state;
	assert_string_equal(copy, "abc");
	free(copy);
	copy = str_dupz(STR_NONE);
	assert_string_equal(copy, "");
	free(copy);
	assert_null(str_from(NULL).data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparing),
		cmocka_unit_test(cutting),
		cmocka_unit_test(numbers),
		cmocka_unit_test(copying),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
