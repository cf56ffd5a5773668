/* The queue of mails, on a backend that answers at once, one that is slow, and one that fails now and then. */
#include "check.h"
#include "lib.h"

enum { MINUTE = 60 * 1000000 };

static const struct store_mail sample = {
	.id = STR("one"),
	.purpose = STR("client"),
	.about = STR("old-gajim"),
	.stage = STR("advise"),
	.person = STR("p1"),
	.jid = STR("alice@example.org"),
	.address = STR("alice@example.net"),
	.language = STR("de"),
	.subject = STR("S"),
	.body = STR("B\n"),
	.created_us = 1000,
	.due_us = 1000,
};

static struct store_mail mail(const char *id, uint64_t due_us)
{
	struct store_mail m = sample;

	m.id = str_from(id);
	m.due_us = m.created_us = due_us;
	return m;
}

static void queued_once(struct fixture *f)
{
	struct store_mail m = sample;

	assert_int_equal(ASK(f, store_mail_add, &m, 0, 10), 0);
	m.id = STR("two");
	assert_int_equal(ASK(f, store_mail_add, &m, 0, 10), STORE_E_EXISTS);
	assert_int_equal(ASK(f, store_mail_add, &m, 1000, 10), STORE_E_EXISTS);
	assert_int_equal(ASK(f, store_mail_add, &m, 1001, 10), 0); /* told before that only: again */
	m.id = STR("three");
	m.stage = STR("warn");
	assert_int_equal(ASK(f, store_mail_add, &m, 0, 10), 0);
	m.id = STR("four");
	assert_int_equal(ASK(f, store_mail_add, &m, UINT64_MAX, 3), STORE_E_FULL);
	assert_int_equal(ASK(f, store_mail_add, &m, UINT64_MAX, 4), 0);
	assert_int_equal(ASK(f, store_mail_get, STR("three")), 0);
	assert_str(f->req.mails->rows[0].stage, "warn");
	assert_str(f->req.mails->rows[0].body, "B\n");
	assert_str(f->req.mails->rows[0].language, "de");
	assert_int_equal(ASK(f, store_mail_get, STR("none")), STORE_E_NONE);
	assert_int_equal(ASK(f, store_mail_drop, STR_NONE, 2000), 0);
	assert_int_equal(ASK(f, store_mail_drop, STR_NONE, 2000), STORE_E_NONE);
	m.id = STR("five");
	assert_int_equal(ASK(f, store_mail_add, &m, 0, 10), STORE_E_EXISTS); /* what was dropped was said, too */
}

static void ends(struct fixture *f)
{
	struct store_mail late = mail("late", 3 * MINUTE), soon = mail("soon", MINUTE), m;

	assert_int_equal(ASK(f, store_mail_add, &late, UINT64_MAX, 10), 0);
	assert_int_equal(ASK(f, store_mail_add, &soon, UINT64_MAX, 10), 0);
	assert_int_equal(ASK(f, store_mail_due, MINUTE - 1, 10), 0);
	assert_int_equal(f->req.mails->len, 0);
	assert_int_equal(ASK(f, store_mail_due, 3 * MINUTE, 10), 0);
	assert_int_equal(f->req.mails->len, 2);
	assert_str(f->req.mails->rows[0].id, "soon");
	assert_str(f->req.mails->rows[0].body, "B\n");
	assert_int_equal(ASK(f, store_mail_due, 3 * MINUTE, 1), 0);
	assert_int_equal(f->req.mails->len, 1);

	m = soon;
	m.state = STORE_MAIL_QUEUED;
	m.tries = 1;
	m.error = STR("451 later");
	m.due_us = 5 * MINUTE;
	assert_int_equal(ASK(f, store_mail_mark, &m), 0);
	assert_int_equal(ASK(f, store_mail_count), 0);
	assert_int_equal(f->req.mail_counts->count[STORE_MAIL_QUEUED], 2);
	assert_int_equal(f->req.mail_counts->due_us, 3 * MINUTE);
	m.id = STR("late");
	m.state = STORE_MAIL_SENT;
	m.ended_us = 4 * MINUTE;
	assert_int_equal(ASK(f, store_mail_mark, &m), 0);
	m.id = STR("soon");
	m.state = STORE_MAIL_FAILED;
	assert_int_equal(ASK(f, store_mail_mark, &m), 0);
	assert_int_equal(ASK(f, store_mail_get, STR("late")), 0);
	assert_int_equal(f->req.mails->rows[0].body.len, 0); /* the text goes, that it was sent stays */
	assert_str(f->req.mails->rows[0].subject, "S");
	assert_int_equal(ASK(f, store_mail_get, STR("soon")), 0);
	assert_str(f->req.mails->rows[0].body, "B\n");
	assert_str(f->req.mails->rows[0].error, "451 later");

	assert_int_equal(ASK(f, store_mail_open, STR("late"), 6 * MINUTE), STORE_E_NONE);
	assert_int_equal(ASK(f, store_mail_open, STR("soon"), 6 * MINUTE), 0);
	assert_int_equal(ASK(f, store_mail_due, 6 * MINUTE, 10), 0);
	assert_int_equal(f->req.mails->len, 1);
	assert_int_equal(f->req.mails->rows[0].tries, 0);
}

static void lists(struct fixture *f)
{
	assert_int_equal(ASK(f, store_mail_list, -1, STR_NONE, 2), 0);
	assert_int_equal(f->req.mails->len, 2);
	assert_str(f->req.mails->rows[0].id, "soon");
	assert_str(f->req.mails->rows[1].id, "late");
	assert_int_equal(f->req.mails->rows[0].body.len, 0);
	assert_int_equal(ASK(f, store_mail_list, -1, STR("late"), 100), 0);
	assert_int_equal(f->req.mails->len, 4);
	assert_str(f->req.mails->rows[0].id, "four");
	assert_int_equal(ASK(f, store_mail_list, STORE_MAIL_SENT, STR_NONE, 100), 0);
	assert_int_equal(f->req.mails->len, 1);
	assert_int_equal(ASK(f, store_mail_count), 0);
	assert_int_equal(f->req.mail_counts->count[STORE_MAIL_DROPPED], 4);
}

static void old_ones_are_forgotten(struct fixture *f)
{
	struct store_mail m = mail("new", 401ULL * 24 * 60 * MINUTE);

	assert_int_equal(ASK(f, store_mail_add, &m, UINT64_MAX, 10), 0);
	assert_int_equal(ASK(f, store_mail_list, -1, STR_NONE, 100), 0);
	assert_int_equal(f->req.mails->len, 2); /* what waits stays */
	assert_str(f->req.mails->rows[1].id, "soon");
}

static void go_with_the_account(struct fixture *f)
{
	struct store_account row = {.person_id = STR("p1"), .jid = STR("alice@example.org")};

	assert_int_equal(ASK(f, store_account_add, &row, 1), 0);
	assert_int_equal(ASK(f, store_account_remove, row.jid), 0);
	assert_int_equal(ASK(f, store_mail_list, -1, STR_NONE, 100), 0);
	assert_int_equal(f->req.mails->len, 0);
	assert_int_equal(ASK(f, store_mail_count), 0);
	assert_int_equal(f->req.mail_counts->due_us, 0);
}

static void on_a_backend(void **state)
{
	const enum fake_kind *kind = *state;
	struct fixture f;

	fixture_open(&f, *kind);
	queued_once(&f);
	ends(&f);
	lists(&f);
	old_ones_are_forgotten(&f);
	go_with_the_account(&f);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TESTS(on_a_backend),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
