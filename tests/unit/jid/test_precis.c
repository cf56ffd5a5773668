#include "check.h"

#include "jid/precis.h"

struct row {
	const char *text, *result; /* result NULL: refused */
};

/* RFC 8265 sections 3.5 and 4.3. */
static const struct row usernames[] = {
	{"juliet@example.com", "juliet@example.com"},
	{"fussball", "fussball"},
	{"fu\u00DFball", "fu\u00DFball"},
	{"\u03C0", "\u03C0"},
	{"\u03A3", "\u03C3"},
	{"\u03C3", "\u03C3"},
	{"\u03C2", "\u03C2"},
	{"foo bar", NULL},
	{"", NULL},
	{"henry\u2163", NULL},
	{"\u221E", NULL},
};

static const struct row opaque[] = {
	{"correct horse battery staple", "correct horse battery staple"},
	{"Correct Horse Battery Staple", "Correct Horse Battery Staple"},
	{"\u03C0\u00DF\u00E5", "\u03C0\u00DF\u00E5"},
	{"Jack of \u2666s", "Jack of \u2666s"},
	{"foo\u1680bar", "foo bar"},
	{"", NULL},
	{"my cat is a \x09 by", NULL},
	{"A\u030A", "\u00C5"},
	{"\u212B", "\u00C5"},
	{"\xFF", NULL},
};

static void check(const struct row *rows, size_t len, int (*profile)(struct str, struct buf *))
{
	for (size_t i = 0; i < len; i++) {
		struct buf out = BUF_INIT(0);
		int r = profile(str_from(rows[i].text), &out);

		if (rows[i].result) {
			assert_int_equal(r, 0);
			assert_str(buf_view(&out), rows[i].result);
		} else {
			assert_int_equal(r, PRECIS_E_REFUSED);
			assert_int_equal(out.len, 0);
		}
		buf_done(&out);
	}
}

static void examples_of_the_profiles(void **state)
{
	(void)state;
	check(usernames, sizeof(usernames) / sizeof(usernames[0]), precis_username);
	check(opaque, sizeof(opaque) / sizeof(opaque[0]), precis_opaque);
}

static void a_ceiling_is_kept(void **state)
{
	struct buf out = BUF_INIT(4);

	(void)state;
	assert_int_equal(precis_username(STR("abcde"), &out), PRECIS_E_LONG);
	assert_int_equal(precis_opaque(STR("\u00E4\u00E4\u00E4"), &out), PRECIS_E_LONG);
	assert_int_equal(out.len, 0);
	assert_int_equal(precis_opaque(STR("\u00E4\u00E4"), &out), 0);
	assert_int_equal(out.len, 4);
	buf_done(&out);
}

static void classes(void **state)
{
	(void)state;
	assert_int_equal(precis_class_of('a'), PRECIS_PVALID);
	assert_int_equal(precis_class_of(' '), PRECIS_FREE);
	assert_int_equal(precis_class_of(0x200D), PRECIS_CONTEXTJ);
	assert_int_equal(precis_class_of(0xB7), PRECIS_CONTEXTO);
	assert_int_equal(precis_class_of(0x378), PRECIS_UNASSIGNED);
	assert_int_equal(precis_class_of(0), PRECIS_DISALLOWED);
	assert_int_equal(precis_class_of(0x110000), PRECIS_DISALLOWED);
	assert_string_equal(precis_unicode_version(), "14.0.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_the_profiles),
		cmocka_unit_test(a_ceiling_is_kept),
		cmocka_unit_test(classes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
