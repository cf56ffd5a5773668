#include "check.h"

#include <errno.h>

#include "mail/letter.h"

static const struct letter sample = {
	.id = STR("kJ3_x-9"),
	.from = STR("it@example.org"),
	.to = STR("alice@example.net"),
	.subject = STR("Your chat program"),
	.body = STR("one\ntwo\n"),
	.utc_us = 1795594445123456ull, /* 2026-11-25T08:14:05Z, a Wednesday */
};

static struct str write_letter(struct buf *out, const struct letter *l)
{
	struct err err = {};

	buf_clear(out);
	if (letter_put(out, l, &err))
		fail_msg("refused: %s", err.text);
	return buf_view(out);
}

static bool has(struct str text, const char *part)
{
	return memmem(text.data, text.len, part, strlen(part));
}

static void test_headers(void **state)
{
	struct buf out = BUF_INIT(0);
	struct letter l = sample;

	(void)state;
	l.language = STR("de-CH");
	assert_str(write_letter(&out, &l), "Date: Wed, 25 Nov 2026 08:14:05 +0000\r\n"
					   "From: <it@example.org>\r\n"
					   "To: <alice@example.net>\r\n"
					   "Subject: Your chat program\r\n"
					   "Message-ID: <kJ3_x-9@example.org>\r\n"
					   "Auto-Submitted: auto-generated\r\n"
					   "X-Auto-Response-Suppress: All\r\n"
					   "Content-Language: de-CH\r\n"
					   "MIME-Version: 1.0\r\n"
					   "Content-Type: text/plain; charset=utf-8\r\n"
					   "Content-Transfer-Encoding: quoted-printable\r\n"
					   "\r\n"
					   "one\r\ntwo\r\n");
	l.language = STR("de\r\nBcc: x@example.net");
	assert_false(has(write_letter(&out, &l), "Content-Language"));
	buf_done(&out);
}

static void test_names_and_subjects_are_encoded(void **state)
{
	struct buf out = BUF_INIT(0);
	struct letter l = sample;

	(void)state;
	l.from_name = STR("IT \"help\", desk");
	assert_true(has(write_letter(&out, &l), "From: \"IT \\\"help\\\", desk\"\r\n <it@example.org>\r\n"));
	l.from_name = STR("B\u00FCro");
	l.subject = STR("\u00C4ndern Sie Ihr Programm: =?UTF-8?Q?x?=");
	assert_true(has(write_letter(&out, &l), "From: =?UTF-8?Q?B=C3=BCro?=\r\n <it@example.org>\r\n"));
	assert_true(has(buf_view(&out), "Subject: =?UTF-8?Q?=C3=84ndern_Sie_Ihr_Programm=3A_=3D=3FUTF-8=3FQ?=\r\n "
					"=?UTF-8?Q?=3Fx=3F=3D?=\r\n"));
	l.subject = STR("plain =?UTF-8?Q?x?=");
	assert_true(has(write_letter(&out, &l), "Subject: =?UTF-8?Q?plain_=3D=3FUTF-8=3FQ=3Fx=3F=3D?=\r\n"));
	buf_done(&out);
}

/* Whatever the text: lines short enough, words of whole characters, no line that is none of ours. */
static void test_long_subjects_are_folded_between_characters(void **state)
{
	struct buf subject = BUF_INIT(0), out = BUF_INIT(0);
	struct letter l = sample;
	struct str all;

	(void)state;
	for (int i = 0; i < 200; i++)
		buf_lit(&subject, "\u20AC");
	l.subject = buf_view(&subject);
	all = write_letter(&out, &l);
	for (size_t from = 0, to; from < all.len; from = to + 1) {
		struct str line;

		to = str_find(all, '\n', from);
		line = str_cut(all, from, to - 1);
		assert_true(line.len <= 78);
		if (has(line, "=?UTF-8?Q?="))
			assert_true(str_ends(line, STR("=AC?=")) && has(line, "=?UTF-8?Q?=E2=82=AC"));
	}
	buf_done(&subject);
	buf_done(&out);
}

static void refused(struct letter l)
{
	struct buf out = BUF_INIT(0);
	struct err err = {};

	assert_int_equal(letter_put(&out, &l, &err), -EINVAL);
	assert_true(err.text[0] && out.len == 0);
	buf_done(&out);
}

static void test_nothing_becomes_a_header(void **state)
{
	static const struct str bad[] = {STR("x\r\nBcc: mallory@example.net"), STR("x\ny"), STR("x\ry"), STR("x\0y"),
		STR("x\x7fy"), STR("x\xc2\x85y"), STR("x\u2028y"), STR("x\xff")};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct letter subject = sample, name = sample, id = sample, from = sample, to = sample;

		subject.subject = name.from_name = id.id = from.from = to.to = bad[i];
		refused(subject);
		refused(name);
		refused(id);
		refused(from);
		refused(to);
	}
}

static void check_body(const char *body, const char *lines)
{
	struct buf out = BUF_INIT(0);
	struct letter l = sample;
	struct str all;

	l.body = str_from(body);
	all = write_letter(&out, &l);
	assert_true(str_ends(all, str_from(lines)));
	assert_str(str_cut(all, (size_t)((const char *)memmem(all.data, all.len, "\r\n\r\n", 4) - all.data) + 4, all.len), lines);
	buf_done(&out);
}

static void test_bodies(void **state)
{
	(void)state;
	check_body("", "");
	check_body("a", "a\r\n");
	check_body("a\r\nb\n\nc", "a\r\nb\r\n\r\nc\r\n");
	check_body("1 = 1", "1 =3D 1\r\n");
	check_body("B\u00FCro", "B=C3=BCro\r\n");
	check_body("end \nof\t\n", "end=20\r\nof=09\r\n");
	check_body(".\n..x", ".\r\n..x\r\n"); /* dots are SMTP's matter */
	check_body("a\rb\x01", "a=0Db=01\r\n");
	check_body("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhh",
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhh\r\n");
	check_body("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhh",
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhh=\r\nhh\r\n");
}

static void test_what_is_no_text_is_refused(void **state)
{
	struct letter l = sample;

	(void)state;
	l.body = STR("x\xff");
	refused(l);
	l.body = STR("x\0y");
	refused(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_names_and_subjects_are_encoded),
		cmocka_unit_test(test_long_subjects_are_folded_between_characters),
		cmocka_unit_test(test_nothing_becomes_a_header),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_what_is_no_text_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
