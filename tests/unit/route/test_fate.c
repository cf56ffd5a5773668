/* RFC 6121 8.5.1 to 8.5.3 for messages: the whole table. D drop, E error, 1 the one, A all, S store. */
#include "check.h"
#include "route/message.h"

struct row {
	const char *what;
	struct addressee to;
	const char *fates; /* normal, chat, groupchat, headline, error */
};

static const struct row rows[] = {
	{"no account, bare", {.exists = false}, "EEEDD"},
	{"no account, full", {.exists = false, .is_full = true}, "EEEED"},
	{"bare, nobody takes messages", {.exists = true}, "SSEDD"},
	{"bare, somebody does", {.exists = true, .taker = true}, "AAEAD"},
	{"full, connected, negative", {.exists = true, .is_full = true, .matched = true}, "11111"},
	{"full, connected", {.exists = true, .is_full = true, .matched = true, .taker = true}, "11111"},
	{"full, unknown resource, nobody", {.exists = true, .is_full = true}, "ESEED"},
	{"full, unknown resource, others", {.exists = true, .is_full = true, .taker = true}, "EAEED"},
};

static char letter_of_fate(enum fate f)
{
	static const char letters[] = {[FATE_DROP] = 'D',
		[FATE_ERROR] = 'E',
		[FATE_ONE] = '1',
		[FATE_ALL] = 'A',
		[FATE_STORE] = 'S'};

	return letters[f];
}

static void the_table_of_section_8_5(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int type = MESSAGE_NORMAL; type <= MESSAGE_ERROR; type++) {
			char fate = letter_of_fate(message_fate((enum message_type)type, &rows[i].to));

			if (fate != rows[i].fates[type])
				fail_msg("%s, type %d: %c", rows[i].what, type, fate);
		}
}

static void an_unknown_type_is_normal(void **state)
{
	(void)state;
	assert_int_equal(message_type(STR("chat")), MESSAGE_CHAT);
	assert_int_equal(message_type(STR("groupchat")), MESSAGE_GROUPCHAT);
	assert_int_equal(message_type(STR("headline")), MESSAGE_HEADLINE);
	assert_int_equal(message_type(STR("error")), MESSAGE_ERROR);
	assert_int_equal(message_type(STR("normal")), MESSAGE_NORMAL);
	assert_int_equal(message_type(STR("")), MESSAGE_NORMAL);
	assert_int_equal(message_type(STR("Chat")), MESSAGE_NORMAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_section_8_5),
		cmocka_unit_test(an_unknown_type_is_normal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
