#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "client/ja4.h"

/* --- a ClientHello from its parts --- */

static void put16(struct buf *b, size_t n)
{
	buf_putc(b, (char)(n >> 8));
	buf_putc(b, (char)n);
}

static void put_words(struct buf *b, const unsigned *words, size_t count)
{
	put16(b, count * 2);
	for (size_t i = 0; i < count; i++)
		put16(b, words[i]);
}

static void put_extension(struct buf *b, size_t type, const void *body, size_t len)
{
	put16(b, type);
	put16(b, len);
	buf_put(b, body, len);
}

static void make_hello(struct buf *b, const unsigned *ciphers, size_t count, struct str extensions)
{
	size_t body = 2 + 32 + 1 + 2 + count * 2 + 2 + (extensions.len ? 2 + extensions.len : 0);

	buf_clear(b);
	buf_putc(b, 1);
	buf_putc(b, 0);
	put16(b, body);
	put16(b, 0x0303);
	for (int i = 0; i < 32; i++)
		buf_putc(b, 'r');
	buf_putc(b, 0);
	put_words(b, ciphers, count);
	buf_put(b, "\1\0", 2);
	if (extensions.len) {
		put16(b, extensions.len);
		buf_str(b, extensions);
	}
}

static void expect(const struct buf *hello, const char *ja4)
{
	char out[JA4_LEN];

	assert_true(ja4_of_hello(buf_view(hello), out));
	assert_str(str_of(out, JA4_LEN), ja4);
	assert_true(ja4_is_valid(str_of(out, JA4_LEN)));
}

/* The example of the description: its suites, extensions and signature algorithms in the order it names, GREASE among them. */
static void test_the_published_example(void **state)
{
	static const unsigned ciphers[] = {0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9,
		0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
	static const unsigned types[] = {0xdada, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d,
		0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0x0a0a};
	static const char signatures[] = "\0\x12\x0a\x0a\4\3\10\4\4\1\5\3\10\5\5\1\10\6\6\1";
	struct buf b = BUF_INIT(0), extensions = BUF_INIT(0);

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		switch (types[i]) {
		case 13:
			put_extension(&extensions, 13, signatures, sizeof(signatures) - 1);
			break;
		case 16:
			put_extension(&extensions, 16, "\0\14\2h2\10http/1.1", 14);
			break;
		case 43:
			put_extension(&extensions, 43, "\6\x7a\x7a\3\4\3\3", 7);
			break;
		default:
			put_extension(&extensions, types[i], "", 0);
		}
	make_hello(&b, ciphers, sizeof(ciphers) / sizeof(ciphers[0]), buf_view(&extensions));
	expect(&b, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	buf_done(&b);
	buf_done(&extensions);
}

/* Of the description's section on ALPN: characters that are no letters or digits. */
static void test_the_ends_of_the_first_protocol(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		const char *ends;
	} rows[] = {{"h2", 2, "h2"}, {"http/1.1", 8, "h1"}, {"x", 1, "xx"}, {"xmpp-client", 11, "xt"}, {"", 0, "00"},
		{"\xAB", 1, "ab"}, {"\xAB\xCD", 2, "ad"}, {"\x30\xAB", 2, "3b"}, {"\x30\x31\xAB\xCD", 4, "3d"},
		{"\x30\xAB\xCD\x31", 4, "01"}};
	static const unsigned cipher = 0x1301;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT(0), extensions = BUF_INIT(0), body = BUF_INIT(0);
		char out[JA4_LEN];

		put16(&body, rows[i].len + 1);
		buf_putc(&body, (char)rows[i].len);
		buf_put(&body, rows[i].name, rows[i].len);
		put_extension(&extensions, 16, body.data, body.len);
		make_hello(&b, &cipher, 1, buf_view(&extensions));
		assert_true(ja4_of_hello(buf_view(&b), out));
		assert_str(str_of(out, 8), "t12i0101");
		assert_str(str_of(out + 8, 2), rows[i].ends);
		assert_str(str_of(out + 24, 12), "000000000000"); /* nothing is left to hash */
		buf_done(&b);
		buf_done(&extensions);
		buf_done(&body);
	}
}

static void test_nothing_offered(void **state)
{
	static const unsigned grease = 0x1a1a;
	struct buf b = BUF_INIT(0);

	(void)state;
	make_hello(&b, &grease, 1, STR_NONE);
	expect(&b, "t12i000000_000000000000_000000000000");
	b.data[4] = 9;
	expect(&b, "t00i000000_000000000000_000000000000");
	buf_done(&b);
}

static void test_more_than_there_is_room_for(void **state)
{
	unsigned ciphers[1000];
	struct buf b = BUF_INIT(0);
	char out[JA4_LEN] = "as it was";

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		ciphers[i] = (unsigned)(0x2000 + i * 3);
	make_hello(&b, ciphers, 1000, STR_NONE);
	assert_true(ja4_of_hello(buf_view(&b), out));
	assert_str(str_of(out, 10), "t12i990000");
	assert_false(ja4_of_hello(str_cut(buf_view(&b), 0, b.len - 1), out));
	buf_clear(&b);
	for (size_t i = 0; i <= JA4_HELLO_MAX; i++)
		buf_putc(&b, 0);
	snprintf(out, sizeof(out), "as it was");
	assert_false(ja4_of_hello(buf_view(&b), out));
	assert_str(str_from(out), "as it was");
	buf_done(&b);
}

static void test_its_form(void **state)
{
	(void)state;
	assert_true(ja4_is_valid(STR("t13d1516h2_8daaf6152771_e5627efa2ab1")));
	assert_false(ja4_is_valid(STR("t13d1516h2_8daaf6152771_e5627efa2ab")));
	assert_false(ja4_is_valid(STR("t13d1516h2-8daaf6152771_e5627efa2ab1")));
	assert_false(ja4_is_valid(STR("t13d1516h2_8DAAF6152771_e5627efa2ab1")));
	assert_false(ja4_is_valid(STR("x13d1516h2_8daaf6152771_e5627efa2ab1")));
	assert_false(ja4_is_valid(STR_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_published_example),
		cmocka_unit_test(test_the_ends_of_the_first_protocol),
		cmocka_unit_test(test_nothing_offered),
		cmocka_unit_test(test_more_than_there_is_room_for),
		cmocka_unit_test(test_its_form),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
