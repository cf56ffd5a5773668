#include "check.h"

#include "base/buf.h"

static void it_grows(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	assert_string_equal(buf_cstr(&b), "");
	for (int i = 0; i < 10000; i++)
		buf_putc(&b, (char)('a' + i % 26));
	assert_int_equal(b.len, 10000);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	buf_done(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
}

static void putting_of_each_kind(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	buf_put(&b, NULL, 0);
	buf_lit(&b, "a\0b");
	buf_str(&b, STR("c"));
	buf_str(&b, STR_NONE);
	buf_u64(&b, 0);
	buf_putc(&b, ' ');
	buf_u64(&b, UINT64_MAX);
	buf_printf(&b, "[%d]", -5);
	assert_true(str_eq(buf_view(&b), STR("a\0bc0 18446744073709551615[-5]")));
	buf_clear(&b);
	buf_printf(&b, "%0500d", 7); /* longer than what is tried first */
	assert_int_equal(b.len, 500);
	assert_int_equal(b.data[499], '7');
	buf_done(&b);
}

static void the_ceiling_holds_and_sticks(void **state)
{
	struct buf b = BUF_INIT(300);

	(void)state;
	buf_printf(&b, "%0300d", 1);
	assert_true(buf_failed(&b) || b.len == 300);
	buf_clear(&b);
	for (int i = 0; i < 300; i++)
		buf_putc(&b, 'x');
	assert_false(buf_failed(&b));
	assert_int_equal(b.len, 300);
	buf_putc(&b, 'y');
	assert_true(buf_failed(&b));
	assert_null(buf_room(&b, 0));
	assert_null(buf_cstr(&b));
	buf_shift(&b, 10);
	buf_putc(&b, 'y');
	assert_true(buf_failed(&b));
	assert_int_equal(b.len, 290);
	buf_clear(&b);
	buf_putc(&b, 'z');
	assert_str(buf_view(&b), "z");
	assert_null(buf_room(&b, SIZE_MAX));
	buf_done(&b);
	assert_int_equal(b.max, 300);
}

static void shifting(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	buf_lit(&b, "abcdef");
	buf_shift(&b, 0);
	buf_shift(&b, 2);
	assert_str(buf_view(&b), "cdef");
	buf_shift(&b, 100);
	assert_int_equal(b.len, 0);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows),
		cmocka_unit_test(putting_of_each_kind),
		cmocka_unit_test(the_ceiling_holds_and_sticks),
		cmocka_unit_test(shifting),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
