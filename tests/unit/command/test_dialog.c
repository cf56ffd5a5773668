/* Sessions of commands: what each request leads to, how many there may be, how long they live. */
#include "check.h"

#include <stdio.h>

#include "command/dialog.h"

static struct dialogs dialogs;

static int set_up(void **state)
{
	(void)state;
	dialogs_init(&dialogs);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	dialogs_done(&dialogs);
	return 0;
}

static struct dialog_request request(const char *session, const char *action)
{
	return (struct dialog_request){
		.command = command_find(STR(COMMAND_PREFIX "add-user")),
		.who = STR("alice@example.org/desk"),
		.session = str_from(session),
		.action = str_from(action),
		.now = 1000,
	};
}

static enum dialog_step take(const char *session, const char *action, char id[DIALOG_ID + 1])
{
	struct dialog_request rq = request(session, action);

	return dialog_take(&dialogs, &rq, id);
}

static void a_session_goes_from_form_to_submission(void **state)
{
	char id[DIALOG_ID + 1], same[DIALOG_ID + 1];

	(void)state;
	assert_int_equal(take(NULL, "execute", id), DIALOG_BEGIN);
	assert_int_equal(strlen(id), DIALOG_ID);
	assert_int_equal(take(id, NULL, same), DIALOG_SUBMIT);
	assert_string_equal(id, same);
	assert_int_equal(take(id, "complete", same), DIALOG_SUBMIT);
	dialog_end(&dialogs, str_from(id));
	assert_int_equal(take(id, "complete", same), DIALOG_E_EXPIRED);
	assert_int_equal(dialogs.count, 0);
}

static void a_canceled_one_has_ended(void **state)
{
	char id[DIALOG_ID + 1], same[DIALOG_ID + 1];

	(void)state;
	assert_int_equal(take(NULL, NULL, id), DIALOG_BEGIN);
	assert_int_equal(take(id, "cancel", same), DIALOG_CANCEL);
	assert_int_equal(take(id, "cancel", same), DIALOG_E_EXPIRED);
}

static void actions(void **state)
{
	static const struct {
		const char *action;
		bool inside;
		enum dialog_step step;
	} cases[] = {
		{"explode", false, DIALOG_E_MALFORMED_ACTION},
		{"explode", true, DIALOG_E_MALFORMED_ACTION},
		{"next", true, DIALOG_E_BAD_ACTION},
		{"prev", true, DIALOG_E_BAD_ACTION},
		{"next", false, DIALOG_E_BAD_ACTION},
		{"complete", false, DIALOG_E_BAD_ACTION},
		{"cancel", false, DIALOG_E_BAD_ACTION},
	};
	char id[DIALOG_ID + 1], same[DIALOG_ID + 1];

	(void)state;
	assert_int_equal(take(NULL, NULL, id), DIALOG_BEGIN);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(take(cases[i].inside ? id : NULL, cases[i].action, same), cases[i].step);
}

static void sessions_of_others(void **state)
{
	char id[DIALOG_ID + 1], same[DIALOG_ID + 1];
	struct dialog_request rq;

	(void)state;
	assert_int_equal(take(NULL, NULL, id), DIALOG_BEGIN);
	rq = request(id, NULL);
	rq.who = STR("alice@example.org/phone");
	assert_int_equal(dialog_take(&dialogs, &rq, same), DIALOG_E_BAD_SESSION);
	rq = request(id, NULL);
	rq.command = command_find(STR(COMMAND_PREFIX "delete-user"));
	assert_int_equal(dialog_take(&dialogs, &rq, same), DIALOG_E_BAD_SESSION);
	assert_int_equal(take("", NULL, same), DIALOG_E_BAD_SESSION);
	assert_int_equal(take("0123456789abcdef0123456789abcdef", NULL, same), DIALOG_E_BAD_SESSION);
	assert_int_equal(take("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", NULL, same), DIALOG_E_BAD_SESSION);
}

static void languages(void **state)
{
	struct dialog_request rq = request(NULL, NULL);
	char id[DIALOG_ID + 1];

	(void)state;
	rq.lang = STR("de-CH");
	assert_int_equal(dialog_take(&dialogs, &rq, id), DIALOG_BEGIN);
	rq.lang = STR("de CH");
	assert_int_equal(dialog_take(&dialogs, &rq, id), DIALOG_E_BAD_LOCALE);
}

static void they_expire(void **state)
{
	struct dialog_request rq;
	char id[DIALOG_ID + 1], same[DIALOG_ID + 1];

	(void)state;
	assert_int_equal(take(NULL, NULL, id), DIALOG_BEGIN);
	rq = request(id, NULL);
	rq.now += DIALOG_SECONDS - 1;
	assert_int_equal(dialog_take(&dialogs, &rq, same), DIALOG_SUBMIT);
	rq.now++;
	assert_int_equal(dialog_take(&dialogs, &rq, same), DIALOG_E_EXPIRED);
	assert_int_equal(dialogs.count, 0);
}

static void one_account_has_few_and_all_have_not_many(void **state)
{
	struct dialog_request rq = request(NULL, NULL);
	char id[DIALOG_ID + 1], who[64];

	(void)state;
	for (int i = 0; i < DIALOGS_OF_ONE; i++)
		assert_int_equal(dialog_take(&dialogs, &rq, id), DIALOG_BEGIN);
	rq.who = STR("alice@example.org/other");
	assert_int_equal(dialog_take(&dialogs, &rq, id), DIALOG_E_MANY);
	for (unsigned i = DIALOGS_OF_ONE; i < DIALOGS_MAX; i++) {
		snprintf(who, sizeof(who), "p%u@example.org/x", i);
		rq.who = str_from(who);
		assert_int_equal(dialog_take(&dialogs, &rq, id), DIALOG_BEGIN);
	}
	rq.who = STR("last@example.org/x");
	assert_int_equal(dialog_take(&dialogs, &rq, id), DIALOG_E_MANY);
	rq.now += DIALOG_SECONDS;
	assert_int_equal(dialog_take(&dialogs, &rq, id), DIALOG_BEGIN);
	assert_int_equal(dialogs.count, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {T(a_session_goes_from_form_to_submission), T(a_canceled_one_has_ended),
		T(actions), T(sessions_of_others), T(languages), T(they_expire),
		T(one_account_has_few_and_all_have_not_many)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
