/* In which language somebody is spoken to. */
#include "check.h"

#include "base/language.h"

static void the_primary_subtag_decides(void **state)
{
	(void)state;
	assert_int_equal(language_of(STR("de"), LANGUAGES), LANGUAGE_DE);
	assert_int_equal(language_of(STR("de-AT"), LANGUAGES), LANGUAGE_DE);
	assert_int_equal(language_of(STR("FI-fi"), LANGUAGES), LANGUAGE_FI);
	assert_int_equal(language_of(STR("den"), LANGUAGES), LANGUAGE_EN);
}

static void who_asks_for_another_reads_english(void **state)
{
	(void)state;
	assert_int_equal(language_of(STR_NONE, LANGUAGES), LANGUAGE_EN);
	assert_int_equal(language_of(STR("-"), LANGUAGES), LANGUAGE_EN);
	assert_int_equal(language_of(STR("pt"), LANGUAGES), LANGUAGE_EN);
	assert_int_equal(language_of(STR("fr"), 2), LANGUAGE_EN);
	assert_int_equal(language_of(STR("de"), 2), LANGUAGE_DE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_primary_subtag_decides),
		cmocka_unit_test(who_asks_for_another_reads_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
