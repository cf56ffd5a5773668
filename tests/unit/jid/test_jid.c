#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/rand.h"
#include "jid/jid.h"

struct row {
	const char *text, *full; /* full NULL: refused */
};

static const struct row rows[] = {
	/* RFC 7622 section 3.5, table 1 */
	{"juliet@example.com", "juliet@example.com"},
	{"juliet@example.com/foo", "juliet@example.com/foo"},
	{"juliet@example.com/foo bar", "juliet@example.com/foo bar"},
	{"juliet@example.com/foo@bar", "juliet@example.com/foo@bar"},
	{"foo\\20bar@example.com", "foo\\20bar@example.com"},
	{"fussball@example.com", "fussball@example.com"},
	{"fu\u00DFball@example.com", "fu\u00DFball@example.com"},
	{"\u03C0@example.com", "\u03C0@example.com"},
	{"\u03A3@example.com/foo", "\u03C3@example.com/foo"},
	{"\u03C3@example.com/foo", "\u03C3@example.com/foo"},
	{"\u03C2@example.com/foo", "\u03C2@example.com/foo"},
	{"king@example.com/\u265A", "king@example.com/\u265A"},
	{"example.com", "example.com"},
	{"example.com/foobar", "example.com/foobar"},
	{"a.example.com/b@example.net", "a.example.com/b@example.net"},
	/* table 2 */
	{"\"juliet\"@example.com", NULL},
	{"foo bar@example.com", NULL},
	{"juliet@example.com/ foo", "juliet@example.com/ foo"},
	{"@example.com/", NULL},
	{"henry\u2163@example.com", NULL},
	{"\u265A@example.com", NULL},
	{"juliet@", NULL},
	{"/foobar", NULL},
	/* parts */
	{"", NULL},
	{"@", NULL},
	{"/", NULL},
	{"a@b/", NULL},
	{"@b", NULL},
	{"a@b@c", NULL},
	{"a@b/c/d", "a@b/c/d"},
	{"a@b//", "a@b//"},
	{"b/c@d/e", "b/c@d/e"},
	/* case */
	{"Juliet@EXAMPLE.Com/Balcony", "juliet@example.com/Balcony"},
	{"\u00C9milie@example.com", "\u00E9milie@example.com"},
	{"e\u0301milie@example.com", "\u00E9milie@example.com"},
	{"\u0130@example.com", "i\u0307@example.com"},
	{"\u039F\u0394\u03A5\u03A3\u03A3\u0395\u03A5\u03A3@example.com",
		"\u03BF\u03B4\u03C5\u03C3\u03C3\u03B5\u03C5\u03C2@example.com"},
	{"\U00010400@example.com", "\U00010428@example.com"},
	/* width */
	{"\uFF2A\uFF35\uFF2Cst@example.com", "julst@example.com"},
	{"\uFF20@example.com", NULL}, /* full-width @ must not become one */
	{"a\uFF0Fb@example.com", NULL},
	{"\uFF76@example.com", "\u30AB@example.com"}, /* half-width Katakana KA */
	{"\u3000@example.com", NULL},
	{"a@example.com/\uFF2A", "a@example.com/\uFF2A"}, /* kept in resources */
	{"a@example.com/x\u3000y", "a@example.com/x y"},
	{"a@example.com/x\u00A0y", "a@example.com/x y"},
	/* characters that are refused */
	{"a&b@c", NULL},
	{"a'b@c", NULL},
	{"a:b@c", NULL},
	{"a<b@c", NULL},
	{"a>b@c", NULL},
	{"a\tb@c", NULL},
	{"a\x7F@c", NULL},
	{"a@c/x\ty", NULL},
	{"a@c/x\x7Fy", NULL},
	{"a@c/\u200B", NULL}, /* zero width space */
	{"a\u200Db@c", NULL}, /* joiner without virama */
	{"\u0915\u094D\u200Db@c", "\u0915\u094D\u200Db@c"},
	{"\u0628\u200C\u0628@c", "\u0628\u200C\u0628@c"}, /* non-joiner between joining letters */
	{"a\u200Cb@c", NULL},
	{"\u0628\u0301\u200C\u0301\u0628@c", "\u0628\u0301\u200C\u0301\u0628@c"},
	{"a\u00ADb@c", NULL}, /* soft hyphen */
	{"\u202Ea@c", NULL},
	{"a@c/\u202Ea", NULL},
	{"\uFDD0@c", NULL},
	{"\u1100@c", NULL}, /* old Hangul Jamo */
	{"\uE000@c", NULL},
	{"\uFB01@c", NULL}, /* the ligature fi: compatibility */
	{"a@c/\uFB01", "a@c/\uFB01"},
	{"\u00AA@c", NULL},
	{"\U0001FAE8@c/x", NULL}, /* Unicode 15: unassigned in our version */
	{"a@c/\U0001FAE8", NULL},
	{"col\u00B7legi@c", "col\u00B7legi@c"},
	{"co\u00B7legi@c", NULL},
	{"cel\u00B7la@c", "cel\u00B7la@c"},
	{"\u0375\u03B1@c", "\u0375\u03B1@c"},
	{"\u0375a@c", NULL},
	{"\u05D0\u05F3@c", "\u05D0\u05F3@c"},
	{"a\u05F3@c", NULL},
	{"\u30A2\u30FB@c", "\u30A2\u30FB@c"},
	{"a\u30FB@c", NULL},
	{"\u0628\u0661\u0662@c", "\u0628\u0661\u0662@c"},
	{"\u0628\u06F1\u0661@c", NULL},
	{"\u0640@c", NULL},
	/* bidi */
	{"\u05D0\u05D1@c", "\u05D0\u05D1@c"},
	{"\u05D0\u05D1\u05B0@c", "\u05D0\u05D1\u05B0@c"},
	{"\u05D0b@c", NULL},
	{"b\u05D0@c", NULL},
	{"1\u05D0@c", NULL},
	{"\u05D01@c", "\u05D01@c"},
	{"\u05D0-@c", NULL},
	{"\u06281\u0661@c", NULL},      /* European and Arabic digits */
	{"a@c/b\u05D0", "a@c/b\u05D0"}, /* resources have no Bidi Rule */
	/* what looks alike stays different */
	{"\u0430lice@example.com", "\u0430lice@example.com"},
	{"p\u0430ypal@example.com", "p\u0430ypal@example.com"},
	/* domains */
	{"a@example.com.", "a@example.com"},
	{"a@example.com..", NULL},
	{"a@.", NULL},
	{"a@.example.com", NULL},
	{"a@exa mple.com", NULL},
	{"a@exa_mple.com", NULL},
	{"a@-example.com", NULL},
	{"a@example-.com", NULL},
	{"a@ex--ample.com", NULL},
	{"a@127.0.0.1", "a@127.0.0.1"},
	{"a@[::1]", "a@[::1]"},
	{"a@[2001:DB8:0:0::1]/x", "a@[2001:db8::1]/x"},
	{"a@[::1", NULL},
	{"a@[::1%eth0]", NULL},
	{"a@[127.0.0.1]", NULL},
	{"a@[]", NULL},
	{"a@B\u00DCCHER.example", "a@b\u00FCcher.example"},
	{"a@bu\u0308cher.example", "a@b\u00FCcher.example"},
	{"a@xn--bcher-kva.example", "a@b\u00FCcher.example"},
	{"a@XN--BCHER-KVA.example", "a@b\u00FCcher.example"},
	{"a@b\u00FCcher\u3002example", "a@b\u00FCcher.example"},
	{"a@b\u00FCcher.example\uFF0E", "a@b\u00FCcher.example"},
	{"a@\uFF45xample.com", "a@example.com"},
	{"a@stra\u00DFe.example", "a@stra\u00DFe.example"},
	{"a@xn--.example", NULL},
	{"a@xn--a.example", NULL},
	{"a@xn--zzzzzzzzzz99999.example", NULL},
	{"a@\u2603.example", NULL},               /* a snowman is no letter (IDNA2008) */
	{"a@ex\u200Bample.com", "a@example.com"}, /* UTS #46 drops it, as browsers do */
	{"a@\u05D0b.example", NULL},
	{"a@\uFF0F.example", NULL},
	{"a@b\u00FCcher.example\uFF20x", NULL},
	/* not UTF-8 */
	{"\xC0\xAF@c", NULL},
	{"\xED\xA0\x80@c", NULL},
	{"a@c/\xFF", NULL},
	{"a@\xFF", NULL},
};

static void check_row(const struct row *row, struct arena *arena)
{
	struct jid j = {}, again;
	int r = jid_parse(&j, str_from(row->text), arena);

	if (!row->full) {
		if (r != JID_E_MALFORMED)
			fail_msg("'%s' gives %d, '%.*s'", row->text, r, STR_FMT(j.full));
		return;
	}
	if (r)
		fail_msg("'%s' is refused", row->text);
	assert_str(j.full, row->full);
	assert_int_equal(jid_parse(&again, j.full, arena), 0);
	assert_true(jid_eq(&j, &again)); /* canonical form is its own canonical form */
	again = jid_split(j.full);
	assert_true(str_eq(again.local, j.local) && str_eq(again.domain, j.domain));
	assert_true(str_eq(again.resource, j.resource) && str_eq(again.bare, j.bare));
}

static void table_of_addresses(void **state)
{
	struct arena *arena = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i], arena);
	arena_free(arena);
}

static int parse_long(char c, size_t local, size_t resource, struct arena *arena)
{
	char *text = malloc(local + resource + 16);
	struct jid j;
	size_t len;
	int r;

	memset(text, c, local);
	memcpy(text + local, "@example.com/", 13);
	memset(text + local + 13, 'r', resource);
	len = local + 13 + resource;
	r = jid_parse(&j, str_of(text, len), arena);
	free(text);
	return r;
}

static void parts_have_1023_bytes_at_most(void **state)
{
	struct arena *arena = arena_new(0);
	char domain[JID_PART_MAX + 2];
	struct jid j;

	(void)state;
	assert_int_equal(parse_long('a', 1023, 1023, arena), 0);
	assert_int_equal(parse_long('a', 1024, 1, arena), JID_E_MALFORMED);
	assert_int_equal(parse_long('a', 1, 1024, arena), JID_E_MALFORMED);
	memset(domain, 'a', sizeof(domain));
	assert_int_equal(jid_parse(&j, str_of(domain, 64), arena), JID_E_MALFORMED);
	assert_int_equal(jid_parse(&j, str_of(domain, 63), arena), 0);
	assert_int_equal(jid_parse(&j, str_of(domain, sizeof(domain)), arena), JID_E_MALFORMED);
	for (size_t i = 49; i < sizeof(domain); i += 50)
		domain[i] = '.';
	assert_int_equal(jid_parse(&j, str_of(domain, 253), arena), 0);
	assert_int_equal(jid_parse(&j, str_of(domain, 254), arena), JID_E_MALFORMED);
	arena_free(arena);
}

static void a_full_arena_is_reported_and_leaves_no_result(void **state)
{
	struct arena *arena = arena_new(8);
	struct jid j = {.full = STR("untouched")};

	(void)state;
	assert_int_equal(jid_parse(&j, STR("juliet@example.com"), arena), -ENOMEM);
	assert_str(j.full, "untouched");
	arena_free(arena);
}

static void parts_alone(void **state)
{
	struct arena *arena = arena_new(0);
	struct jid bare, full, copy;
	struct str s;

	(void)state;
	assert_int_equal(jid_prepare_local(&s, STR("Alice"), arena), 0);
	assert_str(s, "alice");
	assert_int_equal(jid_prepare_local(&s, STR("\u00C4"), arena), 0);
	assert_str(s, "\u00E4");
	assert_int_equal(jid_prepare_local(&s, STR(""), arena), JID_E_MALFORMED);
	assert_int_equal(jid_prepare_local(&s, STR("a@b"), arena), JID_E_MALFORMED);
	assert_int_equal(jid_prepare_domain(&s, STR("Example.ORG."), arena), 0);
	assert_str(s, "example.org");
	assert_int_equal(jid_prepare_domain(&s, STR("B\u00FCcher.example"), arena), 0);
	assert_int_equal(jid_prepare_domain(&s, STR(""), arena), JID_E_MALFORMED);
	assert_int_equal(jid_parse(&bare, STR("a@b"), arena), 0);
	assert_int_equal(jid_with_resource(&full, &bare, STR("Desk \u3000"), arena), 0);
	assert_str(full.full, "a@b/Desk  ");
	assert_str(full.bare, "a@b");
	assert_true(jid_eq_bare(&bare, &full) && !jid_eq(&bare, &full) && !jid_is_bare(&full) &&
		    jid_is_bare(&bare));
	assert_int_equal(jid_with_resource(&full, &bare, STR(""), arena), JID_E_MALFORMED);
	copy = jid_dup(arena, &full);
	assert_true(jid_eq(&copy, &full) && copy.full.data != full.full.data);
	arena_free(arena);
}

static void homes_are_stable_and_even(void **state)
{
	unsigned count[4] = {};
	char text[32];

	(void)state;
	assert_int_equal(jid_home(STR("alice@example.org"), 1), 0);
	assert_int_equal(jid_home(STR("alice@example.org"), 1000), jid_home(STR("alice@example.org"), 1000));
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)snprintf(text, sizeof(text), "u%d@example.org", i);

		count[jid_home(str_of(text, len), 4)]++;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(count[i], 4600, 5400);
}

/* Whatever is accepted is canonical: parsing the result gives the result. */
static void random_addresses_are_idempotent(void **state)
{
	static const char *const pieces[] = {"a", "Z", "@", "/", ".", "\u03A3", "\u0130", "\u0301", "\u05D0",
		"1", "\uFF21", "\u00B7", "l", "\u200D", "\u094D", "\uAC00", "\u1EBF", "\u212B", "\u0345",
		"\u30FB", "\u30A2", "-", " ", "\u00DF", "\u1E9E", "\u0661", "\u2126", "\u0390", "\u1F80",
		"xn--"};
	unsigned char dice[12];

	(void)state;
	for (int round = 0; round < 30000; round++) {
		struct arena *arena = arena_new(0);
		char text[128] = "";
		struct jid j, again;

		rand_pooled(dice, sizeof(dice));
		for (size_t i = 0; i < sizeof(dice); i++)
			strcat(text, pieces[dice[i] % (sizeof(pieces) / sizeof(pieces[0]))]);
		if (jid_parse(&j, str_from(text), arena) == 0) {
			assert_int_equal(jid_parse(&again, j.full, arena), 0);
			assert_true(jid_eq(&j, &again));
		}
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_of_addresses),
		cmocka_unit_test(parts_have_1023_bytes_at_most),
		cmocka_unit_test(a_full_arena_is_reported_and_leaves_no_result),
		cmocka_unit_test(parts_alone),
		cmocka_unit_test(homes_are_stable_and_even),
		cmocka_unit_test(random_addresses_are_idempotent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
