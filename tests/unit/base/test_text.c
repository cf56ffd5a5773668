#include "check.h"

#include "base/text.h"

static void hex(void **state)
{
	struct buf b = BUF_INIT(0);
	unsigned char bytes[2];

	(void)state;
	hex_put(&b, "\x00\xff\x1a", 3);
	assert_str(buf_view(&b), "00ff1a");
	assert_true(hex_parse(STR("fFa0"), bytes, 2));
	assert_int_equal(bytes[0], 0xff);
	assert_int_equal(bytes[1], 0xa0);
	assert_false(hex_parse(STR("ffa"), bytes, 2));
	assert_false(hex_parse(STR("ffa00"), bytes, 2));
	assert_false(hex_parse(STR("fg00"), bytes, 2));
	buf_done(&b);
}

/* RFC 4648, section 10. */
static const struct {
	const char *plain, *coded, *url;
} vectors[] = {
	{"", "", ""},
	{"f", "Zg==", "Zg"},
	{"fo", "Zm8=", "Zm8"},
	{"foo", "Zm9v", "Zm9v"},
	{"foob", "Zm9vYg==", "Zm9vYg"},
	{"fooba", "Zm9vYmE=", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	{"\xfb\xff\xfe", "+//+", "-__-"},
};

static void base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct buf b = BUF_INIT(0);

		base64_put(&b, vectors[i].plain, strlen(vectors[i].plain));
		assert_str(buf_view(&b), vectors[i].coded);
		buf_clear(&b);
		base64url_put(&b, vectors[i].plain, strlen(vectors[i].plain));
		assert_str(buf_view(&b), vectors[i].url);
		buf_clear(&b);
		assert_true(base64_parse(str_from(vectors[i].coded), &b));
		assert_str(buf_view(&b), vectors[i].plain);
		buf_done(&b);
	}
}

static void base64_has_one_spelling(void **state)
{
	static const char *bad[] = {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9",
		"Z===", "====", "Zg==Zg==", "-__-", "Zm9v\n", "Zg=g", "\xff\xff\xff\xff", "=Zm8"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct buf b = BUF_INIT(0);

		if (base64_parse(str_from(bad[i]), &b))
			fail_msg("'%s' is accepted", bad[i]);
		buf_done(&b);
	}
}

static void utf8(void **state)
{
	static const struct str good[] = {STR(""), STR("a\0b"), STR("\xc2\x80"), STR("\xdf\xbf"),
		STR("\xe0\xa0\x80"), STR("\xed\x9f\xbf"), STR("\xee\x80\x80"), STR("\xef\xbf\xbf"),
		STR("\xf0\x90\x80\x80"), STR("\xf4\x8f\xbf\xbf")};
	static const struct str bad[] = {STR("\x80"), STR("\xc0\x80"), STR("\xc1\xbf"), STR("\xc2"),
		STR("\xc2\x41"), STR("\xe0\x9f\xbf"), STR("\xe2\x82"), STR("\xe2\x41\x80"),
		STR("\xed\xa0\x80"), STR("\xf0\x8f\xbf\xbf"), STR("\xf0\x90\x80"), STR("\xf4\x90\x80\x80"),
		STR("\xf5\x80\x80\x80"), STR("\xff")};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(utf8_is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (utf8_is_valid(bad[i]))
			fail_msg("bad sequence %zu is accepted", i);
}

static void utf8_there_and_back(void **state)
{
	struct buf b = BUF_INIT(0);
	size_t at = 0;

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x1000 ? 1 : 97)
		utf8_put(&b, c);
	for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x1000 ? 1 : 97)
		assert_int_equal(utf8_next(buf_view(&b), &at), c);
	assert_int_equal(at, b.len);
	buf_done(&b);
}

static void json(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	json_quote(&b, STR("a\"b\\c\n\t\r\x01\x1f\x7f\0/\xc3\xbc"));
	assert_str(buf_view(&b), "\"a\\\"b\\\\c\\n\\t\\r\\u0001\\u001f\\u007f\\u0000/\xc3\xbc\"");
	buf_clear(&b);
	json_quote(&b, STR(""));
	assert_str(buf_view(&b), "\"\"");
	buf_done(&b);
}

static void log_lines_cannot_be_forged(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	log_escape(&b, STR("a\n\x1b[1m\\\x7f\xff\xc2\x85\xe2\x80\xae\xc3\xbc"), 100);
	assert_str(buf_view(&b), "a\\u{a}\\u{1b}[1m\\u{5c}\\u{7f}\\xff\\u{85}\\u{202e}\xc3\xbc");
	buf_clear(&b);
	log_escape(&b, STR("abcdef"), 3);
	assert_str(buf_view(&b), "abc...");
	buf_clear(&b);
	log_escape(&b, STR("ab\xc3\xbc"), 3);
	assert_true(utf8_is_valid(buf_view(&b)));
	buf_done(&b);
}

static void a_connection_has_a_host(void **state)
{
	static const char *const cases[][2] = {{"10.0.0.1:5222", "10.0.0.1"}, {"[2001:db8::1]:5222", "2001:db8::1"}, {"10.0.0.1", "10.0.0.1"},
		{"[::1]", "::1"}, {"2001:db8::1", "2001:db8::1"}, {"::1", "::1"}, {"[::1", "::1"}, {":", ""}, {"[", ""}, {"", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_str(network_host(str_from(cases[i][0])), cases[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex),
		cmocka_unit_test(base64),
		cmocka_unit_test(base64_has_one_spelling),
		cmocka_unit_test(utf8),
		cmocka_unit_test(utf8_there_and_back),
		cmocka_unit_test(json),
		cmocka_unit_test(log_lines_cannot_be_forged),
		cmocka_unit_test(a_connection_has_a_host),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
