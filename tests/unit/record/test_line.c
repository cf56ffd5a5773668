#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "ipc/frame.h"
#include "record/line.h"

static const char time_text[] = "2026-11-22T15:04:05.123456Z";

static void text_is_escaped_as_json_wants_it(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} cases[] = {
		{STR_NONE, "\"\""},
		{STR("plain text, longer than eight bytes"), "\"plain text, longer than eight bytes\""},
		{STR("a\"b\\c"), "\"a\\\"b\\\\c\""},
		{STR("\n\t\r\x01\x1f\x7f"), "\"\\n\\t\\r\\u0001\\u001f\\u007f\""},
		{STR("1234567\"9"), "\"1234567\\\"9\""},
		{STR("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = BUF_INIT(0), back = BUF_INIT(0);

		assert_true(line_quote(&b, cases[i].in));
		assert_str(buf_view(&b), cases[i].out);
		assert_true(line_unescape(str_cut(buf_view(&b), 1, b.len - 1), &back));
		assert_true(str_eq(buf_view(&back), cases[i].in));
		buf_done(&b);
		buf_done(&back);
	}
}

/* What the text means, a character at a time. */
static void quote_slowly(struct buf *b, struct str s)
{
	static const char named[] = "\"\\\n\t\r", names[] = "\"\\ntr";

	buf_putc(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];
		const char *at = strchr(named, c);

		if (c && at)
			buf_printf(b, "\\%c", names[at - named]);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else
			buf_putc(b, (char)c);
	}
	buf_putc(b, '"');
}

/* Every length and place, so that each way of copying is taken up to its borders; exactly as much memory as
 * there is text. */
static void text_is_the_same_in_whichever_steps_it_is_copied(void **state)
{
	static const char *const odd[] = {"", "\"", "\\", "\x1f", "\x7f", " ", "!", "#", "[", "]", "~", "\xc3\xa4",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", "\n\"\xc3\xa4"};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		for (size_t before = 0; before < 36; before++)
			for (size_t after = 0; after < 36; after++) {
				size_t n = strlen(odd[i]);
				struct buf b = BUF_INIT(0), slow = BUF_INIT(0);
				char *text = malloc(before + n + after + 1);
				struct str s = str_of(text, before + n + after);

				memset(text, 'x', s.len);
				memcpy(text + before, odd[i], n);
				text = realloc(text, s.len ? s.len : 1);
				s.data = text;
				assert_true(line_quote(&b, s));
				quote_slowly(&slow, s);
				assert_true(str_eq(buf_view(&b), buf_view(&slow)));
				buf_done(&b);
				buf_done(&slow);
				free(text);
			}
}

static void text_that_is_not_utf8_is_refused_at_every_place(void **state)
{
	static const char *const bad[] = {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3",
		"\xe2\x82", "\xf0\x9f\x98", "\x80", "\xf5\x80\x80\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (int at = 0; at < 20; at++) {
			struct buf text = BUF_INIT(0), b = BUF_INIT(0);

			for (int k = 0; k < at; k++)
				buf_putc(&text, 'x');
			buf_str(&text, str_from(bad[i]));
			assert_false(line_quote(&b, buf_view(&text)));
			buf_done(&text);
			buf_done(&b);
		}
}

static void a_line_reads_back(void **state)
{
	struct buf fields = BUF_INIT(0), b = BUF_INIT(0);
	struct line_fields seen;
	struct line_scan scan;
	struct line_head head;
	struct line_value v;
	uint64_t number;
	struct str text;
	size_t at = 0;

	(void)state;
	field_put(&fields, KEY_ID, STR("0123456789012345678901"));
	field_put(&fields, KEY_STANZA, STR("<a b=\"c\"/>"));
	field_put_u64(&fields, KEY_COUNT, 42);
	field_put(&fields, KEY_OK, str_of("\1", 1));
	field_put(&fields, KEY_RULES, str_of("\1\0x\3\0y\"]", 8));
	field_put(&fields, KEY_OF, str_of("\7\0\0\0\0\0\0\0\2\0a[\x8\0\0\0\0\0\0\0\0\0", 22));
	line_begin(&b, 7, time_text, true, EVENT_CONTENT);
	assert_int_equal(line_put_fields(&b, buf_view(&fields), true, &seen), 0);
	line_end(&b);
	assert_true(line_has(&seen, KEY_ID) && line_has(&seen, KEY_OF) && !line_has(&seen, KEY_CONV));
	b.len--;
	assert_int_equal(line_read_head(&scan, buf_view(&b), &head), 0);
	assert_int_equal(head.seq, 7);
	assert_int_equal(head.type, EVENT_CONTENT);
	assert_int_equal(line_time_us(head.time), 1795359845123456);
	assert_true(line_find(buf_view(&b), STR("count"), &v) && line_get_u64(&v, &number) && number == 42);
	assert_true(line_find(buf_view(&b), STR("ok"), &v) && str_is(v.text, "true"));
	assert_true(line_find(buf_view(&b), STR("rules"), &v));
	assert_int_equal(line_next_string(v.text, &at, &text), 1);
	assert_str(text, "x");
	assert_int_equal(line_next_string(v.text, &at, &text), 1);
	assert_str(text, "y\\\"]");
	assert_int_equal(line_next_string(v.text, &at, &text), 0);
	at = 0;
	assert_true(line_find(buf_view(&b), STR("of"), &v));
	assert_int_equal(line_next_pair(v.text, &at, &number, &text), 1);
	assert_int_equal(number, 7);
	assert_str(text, "a[");
	assert_int_equal(line_next_pair(v.text, &at, &number, &text), 1);
	assert_int_equal(number, 8);
	assert_int_equal(line_next_pair(v.text, &at, &number, &text), 0);
	buf_done(&b);
	buf_done(&fields);
}

static void put_raw(struct buf *b, uint16_t key, const char *data, size_t len)
{
	field_put(b, key, str_of(data, len));
}

static void fields_that_may_not_be_recorded_are_refused(void **state)
{
	static const struct {
		uint16_t key;
		struct str value;
	} bad[] = {
		{0, STR("x")},
		{KEY_END, STR("x")},
		{65535, STR("x")},
		{KEY_SRC, STR("1.2.3")},
		{KEY_CSEQ, STR("\1\0\0\0\0\0\0\0")},
		{KEY_COUNT, STR("1234567")},
		{KEY_COUNT, STR("\0\0\0\0\0\0\x20\0")},
		{KEY_OK, STR("\2")},
		{KEY_OK, STR("")},
		{KEY_RULES, STR("\1")},
		{KEY_RULES, STR("\2\0x")},
		{KEY_RULES, STR("\1\0\xff")},
		{KEY_OF, STR("1234")},
		{KEY_OF, STR("\1\0\0\0\0\0\0\0\1")},
		{KEY_STANZA, STR("\xff")},
	};
	struct line_fields seen;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf fields = BUF_INIT(0), b = BUF_INIT(0);

		put_raw(&fields, bad[i].key, bad[i].value.data, bad[i].value.len);
		assert_int_equal(line_put_fields(&b, buf_view(&fields), true, &seen), -EPROTO);
		buf_done(&fields);
		buf_done(&b);
	}
	struct buf twice = BUF_INIT(0), b = BUF_INIT(0);

	field_put(&twice, KEY_TEXT, STR("a"));
	field_put(&twice, KEY_TEXT, STR("b"));
	assert_int_equal(line_put_fields(&b, buf_view(&twice), true, &seen), -EPROTO);
	assert_int_equal(line_put_fields(&b, STR("abc"), true, &seen), -EPROTO);
	buf_done(&twice);
	buf_done(&b);
}

static void lines_that_are_not_ours_are_refused(void **state)
{
	static const char *const bad[] = {"", "{", "{}", "[1]", "x", "{\"v\":2,\"seq\":1}", "{\"v\":1}",
		"{\"v\":1,\"seq\":01,\"t\":\"2026-11-22T15:04:05.123456Z\",\"type\":\"stop\"}",
		"{\"v\":1,\"seq\":-1,\"t\":\"2026-11-22T15:04:05.123456Z\",\"type\":\"stop\"}",
		"{\"v\":1,\"seq\":1,\"t\":\"2026\",\"type\":\"stop\"}",
		"{\"v\":1,\"seq\":1,\"t\":\"2026-11-22T15:04:05.123456Z\",\"salt\":\"x\"}",
		"{\"v\":1 ,\"seq\":1,\"t\":\"2026-11-22T15:04:05.123456Z\",\"type\":\"stop\"}",
		"{\"v\":1,\"seq\":1,\"t\":\"2026-11-22T15:04:05.123456Z\",\"type\":\"stop}"};
	struct line_scan scan;
	struct line_head head;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(line_read_head(&scan, str_from(bad[i]), &head), -EBADMSG);
	assert_int_equal(
		line_read_head(&scan,
			STR("{\"v\":1,\"seq\":1,\"t\":\"2026-11-22T15:04:05.123456Z\",\"type\":\"later\"}"),
			&head),
		0);
	assert_int_equal(head.type, EVENT_NONE);
	assert_int_equal(line_time_us(STR("2026-11-22 15:04:05.123456Z")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_escaped_as_json_wants_it),
		cmocka_unit_test(text_is_the_same_in_whichever_steps_it_is_copied),
		cmocka_unit_test(text_that_is_not_utf8_is_refused_at_every_place),
		cmocka_unit_test(a_line_reads_back),
		cmocka_unit_test(fields_that_may_not_be_recorded_are_refused),
		cmocka_unit_test(lines_that_are_not_ours_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
