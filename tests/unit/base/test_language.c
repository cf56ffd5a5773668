/* In which language somebody is spoken to. */
#include "check.h"

#include "base/language.h"

static void the_primary_subtag_decides(void **state)
{
	(void)state;
	assert_int_equal(language_of(STR("de")), LANGUAGE_DE);
	assert_int_equal(language_of(STR("de-AT")), LANGUAGE_DE);
	assert_int_equal(language_of(STR("FI-fi")), LANGUAGE_FI);
	assert_int_equal(language_of(STR("den")), LANGUAGE_EN);
}

static void who_asks_for_another_reads_english(void **state)
{
	(void)state;
	assert_int_equal(language_of(STR_NONE), LANGUAGE_EN);
	assert_int_equal(language_of(STR("-")), LANGUAGE_EN);
	assert_int_equal(language_of(STR("pt")), LANGUAGE_EN);
}

static void tags_are_told_from_words(void **state)
{
	static const char *const good[] = {"en", "de-CH", "pt-BR", "zh-Hant-TW", "zh-cmn-Hans-CN", "es-419", "sl-rozaj-biske", "de-CH-1996",
		"de-CH-x-phonebk", "en-a-myext-b-another", "x-whatever", "FI", "gsw", "en-x-a", "de-u-co-phonebk"};
	static const char *const bad[] = {"", "german", "Deutsch", "deutsch-AT", "e", "d-e", "de_CH", "de-", "-de", "de--CH", "de CH", "de-\xc3\xa4",
		"de-CH-DE", "de-Latn-Latn", "de-CH-Latn", "en-a", "en-a-b", "x", "x-", "en-x", "1de", "de-toolongsubtag", "engl",
		"zh-aaa-bbb-ccc-ddd", "en-abcde-abcde-abcde-abcde-abcde-abcde"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!language_is_tag(str_from(good[i])))
			fail_msg("'%s' is a tag", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (language_is_tag(str_from(bad[i])))
			fail_msg("'%s' is no tag", bad[i]);
}

static void five_are_spoken(void **state)
{
	(void)state;
	assert_true(language_is_spoken(STR("de-AT")) && language_is_spoken(STR("EN")) && language_is_spoken(STR("fi")));
	assert_false(language_is_spoken(STR("nl")) || language_is_spoken(STR("den")) || language_is_spoken(STR_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_primary_subtag_decides),
		cmocka_unit_test(who_asks_for_another_reads_english),
		cmocka_unit_test(tags_are_told_from_words),
		cmocka_unit_test(five_are_spoken),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
