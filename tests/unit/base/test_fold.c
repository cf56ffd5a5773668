#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/fold.h"
#include "base/text.h"

static const struct {
	const char *text, *word, *light;
} cases[] = {
	{"", "", ""},
	{"Hello, World", "hello, world", "Hello, World"},
	{"exactly sixteen!", "exactly sixteen!", "exactly sixteen!"},
	{"THE QUICK BROWN FOX JUMPS OVER 123", "the quick brown fox jumps over 123",
		"THE QUICK BROWN FOX JUMPS OVER 123"},
	{"two  spaces\tand\r\nlines\n", "two spaces and lines ", "two  spaces\tand\r\nlines\n"},
	{"a space at sixtee n and  after", "a space at sixtee n and after", "a space at sixtee n and  after"},
	{"\uff26\uff35\uff2c\uff2c \uff57\uff49\uff44\uff54\uff48\u3000\uff11", "full width 1",
		"FULL width 1"},
	{"caf\u00e9 cafe\u0301 CAF\u00c9", "cafe cafe cafe", "caf\u00e9 cafe\u0301 CAF\u00c9"},
	{"z\u200be\u200dr\u2060o\ufeff w\u00adidth\ufe0f", "zero width", "zero width"},
	{"\U0001d41b\U0001d428\U0001d425\U0001d41d \u24d1\u24de \U0001f170\U0001f1f8", "bold bo as",
		"bold bo \U0001f170\U0001f1f8"},
	{"\U0001d426\U0001d5d4\U0001d7d9", "ma1", "mA1"},
	{"\u0455\u04bb\u0456t \u0441\u043e\u0441aine", "shit cocaine",
		"\u0455\u04bb\u0456t \u0441\u043e\u0441aine"},
	{"\u1d0d\u1d00\u0274\u028f", "many", "\u1d0d\u1d00\u0274\u028f"},
	{"stra\u00dfe STRA\u1e9eE", "strasse strasse", "stra\u00dfe STRA\u1e9eE"},
	{"\u0661\u0662\u0663 \u0967\u0968", "123 12", "123 12"},
	{"\ufb01ne \u2026 \u201cq\u201d \u2019 \u2013 \u2022", "fine ... \"q\" ' - .",
		"fine ... \u201cq\u201d \u2019 - \u2022"},
	{"\u4f60\u597d \u4e16\u754c", "\u4f60\u597d \u4e16\u754c", "\u4f60\u597d \u4e16\u754c"},
	{"\ud55c", "\u1112\u1161\u11ab", "\ud55c"},
	{"\u1112\u1161\u11ab", "\u1112\u1161\u11ab", "\u1112\u1161\u11ab"},
	{"\u0627\u0644\u0633\u064e\u0644\u0627\u0645", "\u0627\u0644\u0633\u0644\u0627\u0645",
		"\u0627\u0644\u0633\u064e\u0644\u0627\u0645"},
	{"\u0e01\u0e33", "\u0e01\u0e4d\u0e32", "\u0e01\u0e33"},
	{"\u304c \u304b\u3099", "\u304b\u3099 \u304b\u3099", "\u304c \u304b\u3099"},
	{"1\u20ac 5 \u00a3", "1\u20ac 5 \u00a3", "1\u20ac 5 \u00a3"},
};

static void texts_fold_to_one_spelling(void **state)
{
	char out[512];
	struct fold_stats stats;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str text = str_from(cases[i].text);

		assert_str(str_of(out, fold_word(text, out, &stats)), cases[i].word);
		assert_str(str_of(out, fold_light(text, out, &stats)), cases[i].light);
	}
}

/* The narrow view is the light one with one byte for each character beyond ASCII. */
static void narrow_is_light_character_by_character(void **state)
{
	char light[512], narrow[512];
	struct fold_stats stats;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str text = str_from(cases[i].text);
		struct str wide = str_of(light, fold_light(text, light, &stats));
		size_t len = fold_narrow(text, narrow, &stats), n = 0;

		for (size_t at = 0; at < wide.len; n++) {
			size_t from = at;
			uint32_t c = utf8_next(wide, &at);

			assert_int_equal(narrow[n], c < 0x80 ? (char)c : FOLD_WIDE);
			assert_int_equal(fold_narrow_origin(text, n), fold_light_origin(text, from));
		}
		assert_int_equal(n, len);
	}
}

/* Every length around the block of sixteen, every place of one odd byte: as the slow way would do it. */
static void blocks_are_as_bytes(void **state)
{
	static const char odd[] = {'A', ' ', '\t', '7', '~'};
	char out[200], expected[200];
	struct fold_stats stats;

	(void)state;
	for (size_t len = 0; len < 70; len++) {
		for (size_t at = 0; at < (len ? len : 1); at++) {
			for (size_t o = 0; o < sizeof(odd); o++) {
				char *text =
					malloc(len + 1); /* exactly, so that reading past the end shows */
				size_t n = 0, digits = 0;

				for (size_t i = 0; i < len; i++)
					text[i] = i == at ? odd[o] : i % 5 ? 'q' : ' ';
				for (size_t i = 0; i < len; i++) {
					char c = text[i] == '\t' ? ' ' : text[i] == 'A' ? 'a' : text[i];

					digits += c == '7';
					if (c != ' ' || n == 0 || expected[n - 1] != ' ')
						expected[n++] = c;
				}
				assert_int_equal(fold_word(str_of(text, len), out, &stats), n);
				assert_memory_equal(out, expected, n);
				assert_int_equal(stats.digits, digits);
				assert_true(stats.ascii);
				assert_int_equal(stats.same, n == len);
				free(text);
			}
		}
	}
}

static void every_character_keeps_the_bounds(void **state)
{
	struct buf b = BUF_INIT(0);
	char out[FOLD_GROWTH * 4], light[FOLD_GROWTH * 4];
	struct fold_stats word, other;

	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		size_t n, m;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		buf_clear(&b);
		utf8_put(&b, c);
		n = fold_word(buf_view(&b), out, &word);
		m = fold_light(buf_view(&b), light, &other);
		if (n > b.len * FOLD_GROWTH || m > b.len * FOLD_GROWTH || !utf8_is_valid(str_of(out, n)) ||
			!utf8_is_valid(str_of(light, m)) || other.digits > word.digits)
			fail_msg("U+%04X", (unsigned)c);
		for (size_t i = 0; i < n; i++)
			if (out[i] >= 'A' && out[i] <= 'Z')
				fail_msg("U+%04X stays a capital", (unsigned)c);
	}
	buf_done(&b);
}

/* What is folded stays as it is: dictionaries are folded once, texts once. */
static void folding_twice_changes_nothing(void **state)
{
	struct buf b = BUF_INIT(0);
	char once[FOLD_GROWTH * 4], twice[FOLD_GROWTH * FOLD_GROWTH * 4];
	struct fold_stats stats;

	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		size_t n, m;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		buf_clear(&b);
		utf8_put(&b, c);
		n = fold_word(buf_view(&b), once, &stats);
		m = fold_word(str_of(once, n), twice, &stats);
		if (!str_eq(str_of(once, n), str_of(twice, m)))
			fail_msg("U+%04X: '%.*s', then '%.*s'", (unsigned)c, (int)n, once, (int)m, twice);
	}
	buf_done(&b);
}

static void places_lead_back_to_the_text(void **state)
{
	struct str text = STR("a\u200b\uff22  \u00dfc");
	static const size_t origins[] = {0, 4, 7, 9, 9, 11, 12}; /* a b space s s c, end */
	char out[64];
	struct fold_stats stats;
	size_t n = fold_word(text, out, &stats);

	(void)state;
	assert_str(str_of(out, n), "ab ssc");
	for (size_t i = 0; i <= n; i++)
		assert_int_equal(fold_word_origin(text, i), origins[i]);
	assert_int_equal(fold_light_origin(text, 1), 4);
}

static void words_end_where_scripts_say(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		bool is_at, is_before;
	} ends[] = {
		{"ab", 1, true, true},
		{"a b", 1, false, true},
		{"a_b", 1, false, true},
		{"a1", 1, true, true},
		{"", 0, false, false},
		{"a", 1, false, true},
		{"\u00e9", 0, true, false},
		{"\u0434\u0430", 2, true, true},
		{"\u4f60\u597d", 3, false, false},
		{"\u0e01\u0e02", 3, false, false},
		{"\u05d0\u05d1", 2, true, true},
		{"a\u2028", 1, false, true},
		{"\U0001f600a", 4, true, false},
		{"\u0967\u0968", 3, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct str s = str_from(ends[i].text);

		if (fold_is_word_at(s, ends[i].at) != ends[i].is_at ||
			fold_is_word_before(s, ends[i].at) != ends[i].is_before)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_fold_to_one_spelling),
		cmocka_unit_test(narrow_is_light_character_by_character),
		cmocka_unit_test(blocks_are_as_bytes),
		cmocka_unit_test(every_character_keeps_the_bounds),
		cmocka_unit_test(folding_twice_changes_nothing),
		cmocka_unit_test(places_lead_back_to_the_text),
		cmocka_unit_test(words_end_where_scripts_say),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
