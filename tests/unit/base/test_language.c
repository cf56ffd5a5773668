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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_primary_subtag_decides),
		cmocka_unit_test(who_asks_for_another_reads_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
