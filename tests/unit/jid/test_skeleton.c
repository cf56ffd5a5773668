#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/uspoof.h>

#include "base/text.h"
#include "jid/skeleton.h"
#include "jid/skeleton_data.h"

static struct str skeleton_of(struct str text, struct buf *b)
{
	buf_clear(b);
	assert_int_equal(skeleton_put(text, b), 0);
	return buf_view(b);
}

static void assert_skeleton(const char *text, const char *wanted)
{
	struct buf b = BUF_INIT(0);
	struct str got = skeleton_of(str_from(text), &b);

	if (!str_eq(got, str_from(wanted)))
		fail_msg("'%s' looks like '%.*s', not '%s'", text, (int)got.len, got.data, wanted);
	buf_done(&b);
}

/* The table's examples of UTS 39 and its data. */
static void a_name_looks_like_its_prototypes(void **state)
{
	(void)state;
	assert_skeleton("", "");
	assert_skeleton("juliet", "juliet");
	assert_skeleton("romeo", "rorneo");
	assert_skeleton("r\u043emeo", "rorneo");                    /* Cyrillic o */
	assert_skeleton("\u0440\u0430\u0443\u0440\u0430l", "paypal"); /* Cyrillic */
	assert_skeleton("I1l|", "llll");
	assert_skeleton("0O", "OO");
	assert_skeleton("e\u0301", "e\u0301");
	assert_skeleton("\u00e9", "e\u0301");
	assert_skeleton("ju\u200bli\u00adet", "juliet"); /* what is not shown */
}

static void names_are_compared_as_people_do(void **state)
{
	(void)state;
	assert_true(skeleton_is_same_name(STR("Juliet Capulet"), STR("juliet.capulet")));
	assert_true(skeleton_is_same_name(STR("Iris"), STR("lris")));
	assert_true(skeleton_is_same_name(STR("Iris"), STR("iris")));
	assert_true(skeleton_is_same_name(STR("r0meo"), STR("romeo")));
	assert_true(skeleton_is_same_name(STR("rorneo"), STR("ROMEO")));
	assert_true(skeleton_is_same_name(STR("\u0420omeo"), STR("Pomeo")));
	assert_false(skeleton_is_same_name(STR("Juliet"), STR("Julia")));
	assert_false(skeleton_is_same_name(STR("M\u00fcller"), STR("Muller")));
	assert_false(skeleton_is_same_name(STR("ian"), STR("lan")));
	assert_false(skeleton_is_same_name(STR("..."), STR("- -"))); /* nothing is nobody's name */
	assert_false(skeleton_is_same_name(STR(""), STR("")));
}

static void a_text_longer_than_a_name_is_refused(void **state)
{
	struct buf b = BUF_INIT(0), text = BUF_INIT(0);

	(void)state;
	for (int i = 0; i < SKELETON_MAX; i++)
		buf_putc(&text, 'm');
	assert_int_equal(skeleton_put(buf_view(&text), &b), 0);
	assert_int_equal(b.len, 2 * SKELETON_MAX);
	buf_putc(&text, 'm');
	assert_int_equal(skeleton_put(buf_view(&text), &b), SKELETON_E_LONG);
	buf_clear(&text);
	while (text.len + 3 <= SKELETON_MAX)
		buf_lit(&text, "\ufdfa"); /* looks like eighteen others */
	assert_int_equal(skeleton_put(buf_view(&text), &b), 0);
	buf_done(&b);
	buf_done(&text);
}

/* ---- against ICU ---- */

static const char *const corpus[] = {"romeo", "r\u043emeo", "rorneo", "R0me0", "juliet", "ju1iet", "juIiet", "\u0458uliet", "mercutio",
	"mercuti\u03bf", "m\u0435rcutio", "nurse", "nur\u0455e", "admin", "\u0430dmin", "adm\u0456n", "adrnin", "helpdesk", "he1pdesk",
	"h\u0435lpdesk", "security", "\u0455ecurity", "Anna Schmidt", "\u0410nna Schmidt", "Ann\u0430 Schm\u0456dt", "Jos\u00e9",
	"Jose\u0301", "Jose", "\u5c71\u7530", "\u5c71 \u7530", "\u4e8c", "\u30cb", "\u0441\u0430\u0445\u0430\u0440", "caxap",
	"\uff4auliet", "\U0001d423uliet", "paypal", "\u0440aypal", "scope", "\u0455\u0441\u043e\u0440\u0435", "\u0661\u0662", "12",
	"l2", "O\u2019Neil", "O'Neil", "O\u00b4Neil", "vv", "w", "cl", "d", "\u0501"};

static void as_icu_says(void **state)
{
	size_t n = sizeof(corpus) / sizeof(corpus[0]), alike = 0;
	UErrorCode error = U_ZERO_ERROR;
	USpoofChecker *spoof = uspoof_open(&error);
	struct buf a = BUF_INIT(0), b = BUF_INIT(0);

	(void)state;
	uspoof_setChecks(spoof, USPOOF_CONFUSABLE, &error);
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++) {
			bool icu = uspoof_areConfusableUTF8(spoof, corpus[i], -1, corpus[j], -1, &error) != 0;
			bool own = str_eq(skeleton_of(str_from(corpus[i]), &a), skeleton_of(str_from(corpus[j]), &b));

			alike += own;
			if (icu != own)
				fail_msg("'%s' and '%s': ICU %d, we %d", corpus[i], corpus[j], icu, own);
		}
	assert_true(U_SUCCESS(error));
	assert_true(alike > 20);
	uspoof_close(spoof);
	buf_done(&a);
	buf_done(&b);
}

/* ICU 72 keeps them, which the standard does not any more. */
static bool hides_something(struct str text)
{
	for (size_t at = 0; at < text.len;)
		if (u_hasBinaryProperty((UChar32)utf8_next(text, &at), UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
			return true;
	return false;
}

/* Every row, and pairs at random: our skeleton is ICU's. */
static void every_character_as_icu_has_it(void **state)
{
	UErrorCode error = U_ZERO_ERROR;
	USpoofChecker *spoof = uspoof_open(&error);
	struct buf text = BUF_INIT(0), own = BUF_INIT(0);
	unsigned seed = 4711;

	(void)state;
	for (size_t i = 0; i < 4 * skeleton_rows_len; i++) {
		char icu[512];
		int32_t len;

		buf_clear(&text);
		utf8_put(&text, skeleton_rows[i % skeleton_rows_len].code_point);
		for (unsigned more = 0; i >= skeleton_rows_len && more < 3; more++)
			utf8_put(&text, skeleton_rows[(unsigned)rand_r(&seed) % skeleton_rows_len].code_point);
		len = uspoof_getSkeletonUTF8(spoof, 0, text.data, (int32_t)text.len, icu, sizeof(icu), &error);
		assert_true(U_SUCCESS(error));
		if (!str_eq(skeleton_of(buf_view(&text), &own), str_of(icu, (size_t)len)) && !hides_something(buf_view(&text)))
			fail_msg("'%s': ICU '%.*s', we '%s'", buf_cstr(&text), (int)len, icu, buf_cstr(&own));
	}
	uspoof_close(spoof);
	buf_done(&text);
	buf_done(&own);
}

static struct str name_of(struct str text, struct buf *b)
{
	buf_clear(b);
	assert_int_equal(skeleton_put_name(text, SKELETON_SHOWN, b), 0);
	return buf_view(b);
}

/* Whoever puts look-alikes in place of letters is found, wherever he does it; and once more changes nothing. */
static void any_disguise_has_the_skeleton_of_the_name(void **state)
{
	static const char name[] = "juliet capulet";
	static const struct {
		char letter;
		const char *look[3];
	} disguises[] = {{'j', {"\u0458", "\uff4a", "\U0001d423"}}, {'u', {"\u057d", "\uff55", "\U0001d42e"}},
		{'l', {"1", "|", "I"}}, {'i', {"\u0456", "\u2170", "\uff49"}}, {'e', {"\u0435", "\u212f", "\uff45"}},
		{'t', {"\uff54", "\U0001d42d", "\U0001d461"}}, {'c', {"\u0441", "\u03f2", "\u217d"}}, {'a', {"\u0430", "\u0251", "\u03b1"}},
		{'p', {"\u0440", "\u03c1", "\u2374"}}};
	struct buf text = BUF_INIT(0), once = BUF_INIT(0), twice = BUF_INIT(0), wanted = BUF_INIT(0);
	unsigned seed = 1;

	(void)state;
	name_of(STR("juliet capulet"), &wanted);
	for (int round = 0; round < 2000; round++) {
		buf_clear(&text);
		for (const char *c = name; *c; c++) {
			const char *look = NULL;

			for (size_t i = 0; i < sizeof(disguises) / sizeof(disguises[0]); i++)
				if (disguises[i].letter == *c && rand_r(&seed) % 2)
					look = disguises[i].look[rand_r(&seed) % 3];
			buf_str(&text, look ? str_from(look) : str_of(c, 1));
		}
		if (!str_eq(name_of(buf_view(&text), &once), buf_view(&wanted)))
			fail_msg("'%s' is '%s'", buf_cstr(&text), buf_cstr(&once));
		assert_true(str_eq(name_of(buf_view(&once), &twice), buf_view(&once)));
	}
	buf_done(&text);
	buf_done(&once);
	buf_done(&twice);
	buf_done(&wanted);
}

static void scripts_that_do_not_go_together_are_seen(void **state)
{
	static const char *const texts[] = {"romeo", "r\u043emeo", "\u0440\u043e\u043c\u0435\u043e", "\u5c71\u7530\u30cb", "\u5c71\u7530\ud55c",
		"\u5c71abc", "\u30cb\ud55c", "12.34", "", "\u03b1\u0430", "Jos\u00e9 7", "\u0e01\u0e02", "\u5c71\u3105"};
	UErrorCode error = U_ZERO_ERROR;
	USpoofChecker *spoof = uspoof_open(&error);

	(void)state;
	uspoof_setChecks(spoof, USPOOF_RESTRICTION_LEVEL, &error);
	uspoof_setRestrictionLevel(spoof, USPOOF_SINGLE_SCRIPT_RESTRICTIVE);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bool icu = uspoof_checkUTF8(spoof, texts[i], -1, NULL, &error) == 0;

		if (skeleton_is_one_script(str_from(texts[i])) != icu)
			fail_msg("'%s': ICU %d", texts[i], icu);
	}
	uspoof_close(spoof);
}

static void words_that_mix_scripts_are_seen(void **state)
{
	static const char *const texts[] = {"romeo", "r\u043emeo", "\u0440\u043e\u043c\u0435\u043e", "\u5c71abc", "\u30cb\ud55c", "\u5c71\u30cbJr",
		"\uae40abc\u5c71", "\u03b1\u0430", "a\u03b1", "\u5c71\u3105x", "\u3105\u30cb", "\u0e01x", "12.34", ""};
	static const struct {
		const char *text;
		bool mixed;
	} names[] = {{"Anna \u0410\u043d\u043d\u0430", false}, {"Anna \u0410nn\u0430", true}, {"\u0410nn\u0430 Anna", true},
		{" Ann\u0430\u3000", true}, {"\u4f50\u85e4\u3000Taro", false}, {"  ", false}};
	UErrorCode error = U_ZERO_ERROR;
	USpoofChecker *spoof = uspoof_open(&error);

	(void)state;
	uspoof_setChecks(spoof, USPOOF_RESTRICTION_LEVEL, &error);
	uspoof_setRestrictionLevel(spoof, USPOOF_HIGHLY_RESTRICTIVE);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bool icu = uspoof_checkUTF8(spoof, texts[i], -1, NULL, &error) != 0;

		if (skeleton_is_mixed(str_from(texts[i])) != icu)
			fail_msg("'%s': ICU %d", texts[i], icu);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (skeleton_is_mixed(str_from(names[i].text)) != names[i].mixed)
			fail_msg("'%s'", names[i].text);
	uspoof_close(spoof);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_looks_like_its_prototypes),
		cmocka_unit_test(names_are_compared_as_people_do),
		cmocka_unit_test(a_text_longer_than_a_name_is_refused),
		cmocka_unit_test(as_icu_says),
		cmocka_unit_test(every_character_as_icu_has_it),
		cmocka_unit_test(any_disguise_has_the_skeleton_of_the_name),
		cmocka_unit_test(scripts_that_do_not_go_together_are_seen),
		cmocka_unit_test(words_that_mix_scripts_are_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
