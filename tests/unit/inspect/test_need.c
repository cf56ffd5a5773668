#include "check.h"

#include "base/buf.h"
#include "inspect/card.h"
#include "inspect/need.h"
#include "inspect/odd.h"

static const struct {
	const char *regex;
	unsigned digits, run;
	bool at;
} needs[] = {
	{"abc", 0, 3, false},
	{"a b", 0, 1, false},
	{"", 0, 0, false},
	{"\\d{3}-\\d{2}-\\d{4}", 9, 11, false},
	{"\\d{3} \\d{2,}", 5, 3, false},
	{"(?:\\d[ -]?){15}\\d", 16, 1, false},
	{"(?:\\d-?){15}\\d", 16, 16, false},
	{"[0-9]+x?", 1, 1, false},
	{"[0-9a-f]{32}", 0, 32, false},
	{"[0-9 ]{32}", 0, 0, false},
	{"[^ ]{9}", 0, 0, false},
	{"a|bcd", 0, 1, false},
	{"(\\d\\d|\\d{4})z", 2, 3, false},
	{"x*y+z?", 0, 1, false},
	{"[a-z]+@[a-z]+\\.com", 0, 7, true},
	{"a@|b", 0, 1, false},
	{"a@|b@c", 0, 2, true},
	{"(a@)?b", 0, 1, false},
	{"abc .{0,40} defgh", 0, 5, false},
	{"password\\s*[:=]\\s*\\S{6,}", 0, 8, false},
	{"\\bAKIA[0-9A-Z]{16}\\b", 0, 20, false},
	{"-----BEGIN (RSA )?KEY-----", 0, 10, false},
	{"-----BEGIN[A-Z]*KEY-----", 0, 18, false},
	{"(?i)abc(?s:d)", 0, 4, false},
	{"(?x) a b c", 0, 0, false},
	{"\\Qa.b\\E", 0, 0, false},
	{"\\x41\\x42", 0, 0, false},
	{"[[:digit:]]{5}", 0, 0, false},
	{"[]a]b", 0, 2, false},
	{"[^]a]b", 0, 1, false},
	{"[\\d]{4}", 4, 4, false},
	{"[\\w.]{4}", 0, 0, false},
	{"[+-]1", 1, 2, false},
	{"\\+49\\d", 3, 4, false},
	{"a{2", 0, 0, false},
	{"a{x}", 0, 4, false},
	{"a{,3}b", 0, 1, false},
	{"\u00e9*b", 0, 1, false},
	{"\u00e9{3}", 0, 3, false},
	{"(((a)b)c)", 0, 3, false},
	{"a)b", 0, 0, false},
	{"(a", 0, 0, false},
	{"a++", 0, 0, false},
	{"\\d{100000}", 4096, 4096, false},
};

static void needs_are_read_off_expressions(void **state)
{
	struct arena *arena = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++) {
		struct need n = need_of(str_from(needs[i].regex), arena);

		if (n.digits != needs[i].digits || n.run != needs[i].run || n.at != needs[i].at)
			fail_msg("%s: %u digits, run %u, at %d", needs[i].regex, n.digits, n.run, n.at);
	}
	arena_free(arena);
}

static const struct {
	const char *regex;
	unsigned number;
} numbers[] = {
	{"\\d{3}-\\d{2}-\\d{4}", 4},
	{"(?:\\d[ -]?){15}\\d", 1},
	{"[a-z]{2}[0-9]{7}( ?[a-z0-9]{4}){3,6}", 7},
	{"1\\d{2}[0-9]?7", 4},
	{"(\\d{3}|\\d{5})\\d", 4},
	{"(\\d{3}|x)\\d", 1},
	{"\\d{2}(\\.\\d{2}){3}", 2},
	{"(12)*34", 2},
	{"\\w{9}", 0},
	{"\\x31\\d{3}", 0},
};

static void numbers_are_read_off_expressions(void **state)
{
	struct arena *arena = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct need n = need_of(str_from(numbers[i].regex), arena);

		if (n.number != numbers[i].number)
			fail_msg("%s: a number of %u", numbers[i].regex, n.number);
	}
	arena_free(arena);
}

static const struct {
	const char *regex, *literals; /* a bar between them, and an ampersand between two sets */
} literals[] = {
	{"abc", "abc"},
	{"ABC", "abc"},
	{"ab", ""},
	{"a+bc", "abc"},
	{"ab?c", ""},
	{"abcd?efgh", "abcdefgh|abcefgh"},
	{"abc.{0,20}defgh", "defgh"},
	{"abcde.{0,20}fgh", "abcde"},
	{"abc[ -]def", "abc def|abc-def"},
	{"abc[0-9]def", "abc&def"},
	{"(abc|de.fgh)", "abc|fgh"},
	{"(abc|d.)", ""},
	{"(the )?station", "station"},
	{"(abc|bcd)x{2}", "abcxx|bcdxx"},
	{"abc{2,3}d", "ccd"},
	{"(abc){9}", "abcabcabcabc"},
	{"a  b c", "a b c"},
	{"\\bnight\\s+fall\\b", "night"},
	{"caf\u00e9 creme", " creme"},
	{"abc\\(def\\)gh", "abc&def"},
	{"\\.com", ".com"},
	{"[[:alpha:]]abc", ""},
	{"[\\.-9]abc", "abc"},
	{"abc{,1}def", "def"},
	{"\\x41abc", ""},
	{"(?i)abc", "abc"},
	{"(send|give) (to )?me", "send to me|send me|give to me|give me"},
	{"(send|give) (\\w+ )?(pin|code)", "send |give &pin|code"},
	{"(cat|dog) .{0,9}elephants", "elephants"},
	{"(cat .*dog|dog .*cats)", "cat |cats"},
	{"((cat|dog).+){2}(bird|fish)", "bird|fish&cat|dog"},
};

static void literals_are_read_off_expressions(void **state)
{
	struct arena *arena = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++) {
		struct need n = need_of(str_from(literals[i].regex), arena);
		struct buf out = BUF_INIT(0);

		for (size_t set = 0; set < NEED_SETS && n.literals[set]; set++)
			for (size_t k = 0; k < n.literals[set]->count; k++)
				buf_printf(&out, "%s%.*s",
					k     ? "|"
					: set ? "&"
					      : "",
					STR_FMT(n.literals[set]->list[k]));
		if (strcmp(buf_cstr(&out), literals[i].literals))
			fail_msg("%s: '%s', not '%s'", literals[i].regex, buf_cstr(&out),
				literals[i].literals);
		buf_done(&out);
	}
	arena_free(arena);
}

static const struct {
	const char *text, *issuer;
} cards[] = {
	{"4111111111111111", "visa"},
	{"pay 4111 1111 1111 1111 now", "visa"},
	{"4111-1111-1111-1111", "visa"},
	{"4111.1111.1111.1111", "visa"},
	{"4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "visa"},
	{"4222222222222", "visa"},
	{"5555555555554444", "mastercard"},
	{"2223003122003222", "mastercard"},
	{"3782 822463 10005", "american-express"},
	{"3056 9309 0259 04", "diners-club"},
	{"3056 930902 5904", "diners-club"},
	{"6011111111111117", "discover"},
	{"3530111333300000", "jcb"},
	{"6200000000000005", "unionpay"},
	{"6759649826438453", "maestro"},
	{"on 12 4111111111111111", "visa"},
	{"12/27 4111 1111 1111 1111 123", "visa"},
	{"(4111111111111111)", "visa"},
	{"4111111111111112", NULL},
	{"1234567890123452", NULL},
	{"0000000000000000", NULL},
	{"41111111111111111111", NULL},
	{"94111111111111111", NULL},
	{"x4111111111111111", NULL},
	{"4111111111111111_1", NULL},
	{"0.4111111111111111", NULL},
	{"4111  1111 1111 1111", NULL},
	{"4111 111 11111 1111", NULL},
	{"+65 6123 4567, +65 6234 5678", NULL},
	{"", NULL},
	{"411111111111", NULL},
};

static void cards_are_told_from_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cards) / sizeof(*cards); i++) {
		struct card c = {};
		bool found = card_find(str_from(cards[i].text), 0, &c);

		if (found != (cards[i].issuer != NULL) || (found && strcmp(c.issuer, cards[i].issuer)))
			fail_msg("%s: %s", cards[i].text, found ? c.issuer : "none");
	}
}

static void cards_are_found_one_after_the_other(void **state)
{
	struct str text = STR("4111111111111111, 5555 5555 5555 4444.");
	struct card c = {};

	(void)state;
	assert_true(card_find(text, 0, &c));
	assert_int_equal(c.at, 0);
	assert_int_equal(c.end, 16);
	assert_true(card_find(text, c.end, &c));
	assert_int_equal(c.at, 18);
	assert_int_equal(c.end, 37);
	assert_false(card_find(text, c.end, &c));
}

static void odd_texts_are_told_from_plain(void **state)
{
	static const struct {
		const char *text;
		bool odd;
	} cases[] = {
		{"hello there, how are you today? fine.", false},
		{"i don't think (so) \"at all\"", false},
		{"sh1t", true},
		{"a$$", true},
		{"f u c k", true},
		{"f.u.c.k", true},
		{"fuuuck", true},
		{"fuucckk", true},
		{"f*ck", true},
		{"", false},
		{"on monday we meet at the long table near the window and th1s comes late", true},
		{"on monday we meet at the long table near the window and talk about a b c d", true},
		{"f\u20acck", true},
		{"7!tty", true},
		{"at 7:30 we meet", false},
		{"\"k 1 l l\"", true},
		{"k. i. l. l.", true},
		{"state-of-the-art", true},
		{"well... so, \"what\" (if) don't - or/and", true},
		{"well... so, \"what\" (if) don't - or", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256 + ODD_SLACK];
		uint64_t bits[6];
		size_t len = strlen(cases[i].text);

		memset(text, '\n', sizeof(text));
		memcpy(text, cases[i].text, len);
		if (odd_mark(str_of(text, len), bits) != cases[i].odd ||
			(odd_next(bits, 0, len) < len) != cases[i].odd)
			fail_msg("%s", cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needs_are_read_off_expressions),
		cmocka_unit_test(numbers_are_read_off_expressions),
		cmocka_unit_test(literals_are_read_off_expressions),
		cmocka_unit_test(cards_are_told_from_numbers),
		cmocka_unit_test(cards_are_found_one_after_the_other),
		cmocka_unit_test(odd_texts_are_told_from_plain),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
