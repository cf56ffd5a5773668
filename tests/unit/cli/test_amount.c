/* cli/amount: numbers with their nouns. */
#include "check.h"

#include <limits.h>

#include "cli/amount.h"

static void one_is_one(void **state)
{
	(void)state;
	assert_string_equal(AMOUNT(0, "session", "sessions"), "0 sessions");
	assert_string_equal(AMOUNT(1, "session", "sessions"), "1 session");
	assert_string_equal(AMOUNT(2, "person", "people"), "2 people");
	assert_string_equal(AMOUNT(1, "person", "people"), "1 person");
	assert_string_equal(AMOUNT(11, "hash", "hashes"), "11 hashes");
	assert_string_equal(AMOUNT(ULLONG_MAX, "client", "clients"), "18446744073709551615 clients");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
