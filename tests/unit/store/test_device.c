/* What has access to an account, and which devices it has been used with; on every backend. */
#include "check.h"

#include <stdio.h>

#include "lib.h"

static const struct str owner = STR("a@x");

static void add(struct fixture *f)
{
	struct store_account row = {.person_id = STR("p"), .jid = owner};

	assert_int_equal(ASK(f, store_account_add, &row, 1), 0);
}

static const struct store_meeting *meet_on(struct fixture *f, const char *key, const char *network, uint64_t at)
{
	struct store_arrival row = {.owner = owner, .key = str_from(key), .network = str_from(network), .product = str_from(key),
		.address = STR("10.0.0.1"), .utc_us = at, .max = 4};

	assert_int_equal(ASK(f, store_device_meet, &row), 0);
	return f->req.meeting;
}

static const struct store_meeting *meet(struct fixture *f, const char *key, uint64_t at)
{
	return meet_on(f, key, "", at);
}

static size_t untold(struct fixture *f, uint64_t after)
{
	assert_int_equal(ASK(f, store_device_untold, owner, after), 0);
	return f->req.untolds->len;
}

static void the_first_is_no_news_and_later_ones_are_until_they_were_told(struct fixture *f)
{
	const struct store_meeting *m = meet(f, "agent:1", 10);

	assert_true(m->is_first && !m->is_new && !m->is_untold && m->first_us == 10 && m->untold == 0);
	m = meet(f, "agent:1", 20);
	assert_true(!m->is_first && !m->is_new && m->first_us == 10);
	m = meet(f, "agent:2", 30);
	assert_true(!m->is_first && m->is_new && m->is_untold && m->first_us == 30);
	assert_int_equal(meet(f, "agent:1", 40)->untold, 1);
	m = meet(f, "agent:2", 50);
	assert_true(!m->is_new && m->is_untold && m->untold == 0);
	assert_int_equal(untold(f, 30), 0);
	assert_int_equal(untold(f, 10), 1);
	assert_str(f->req.untolds->rows[0].key, "agent:2");
	assert_str(f->req.untolds->rows[0].address, "10.0.0.1");
	assert_int_equal(f->req.untolds->rows[0].first_us, 30);
	do /* a note can be lost where the backend fails */
		store_device_told(f->store, owner, STR("agent:2"));
	while (untold(f, 10));
}

static void a_network_is_news_but_for_the_first(struct fixture *f)
{
	assert_true(meet(f, "agent:1", 10)->is_first);
	assert_true(meet_on(f, "product:x", "network:10.0", 20)->is_new);
	assert_false(meet_on(f, "product:x", "network:10.0", 30)->is_new);
	assert_true(meet_on(f, "product:x", "network:10.1", 40)->is_new);
	assert_false(meet_on(f, "product:x", "network:10.1", 50)->is_new);
}

static void what_is_quiet_is_known_from_then_on(struct fixture *f)
{
	struct store_arrival row = {.owner = owner, .key = STR("product:y"), .utc_us = 20, .quiet = true, .max = 4};

	meet(f, "product:", 10);
	assert_int_equal(ASK(f, store_device_meet, &row), 0);
	assert_false(f->req.meeting->is_new);
	assert_false(meet(f, "product:y", 30)->is_new);
	assert_int_equal(untold(f, 0), 0);
}

static void those_not_seen_for_longest_go(struct fixture *f)
{
	static const char *const keys[] = {"a", "b", "c", "d", "e"};

	for (size_t i = 0; i < 5; i++)
		meet(f, keys[i], 10 + i);
	assert_false(meet(f, "b", 20)->is_new);
	assert_true(meet(f, "a", 30)->is_new);
	assert_int_equal(ASK(f, store_client_sweep, 25), 0);
	assert_false(meet(f, "a", 40)->is_new);
	assert_true(meet(f, "b", 50)->is_new);
}

static const struct store_meeting *meet_waiting(struct fixture *f, struct store_arrival row)
{
	row.owner = owner;
	row.product = STR("P");
	row.address = STR("10.0.0.1");
	row.max = 4;
	assert_int_equal(ASK(f, store_device_meet, &row), 0);
	return f->req.meeting;
}

static size_t waiting(struct fixture *f, struct str whose)
{
	assert_int_equal(ASK(f, store_device_waiting, whose), 0);
	return f->req.untolds->len;
}

static void what_is_new_waits_until_it_is_confirmed(struct fixture *f)
{
	struct store_arrival known = {.key = STR("agent:1"), .utc_us = 10, .waits_us = 10},
			     new = {.key = STR("agent:2"), .utc_us = 20, .waits_us = 20};

	assert_true(!meet_waiting(f, known)->waits_us);
	assert_int_equal(meet_waiting(f, new)->waits_us, 20);
	assert_str(f->req.meeting->waits_key, "agent:2");
	new.waits_us = 0; /* the setting is off meanwhile */
	assert_int_equal(meet_waiting(f, new)->waits_us, 20);
	assert_int_equal(waiting(f, owner), 1);
	assert_str(f->req.untolds->rows[0].key, "agent:2");
	assert_str(f->req.untolds->rows[0].product, "P");
	assert_int_equal(waiting(f, STR("b@x")), 0);
	assert_int_equal(waiting(f, STR("")), 1);
	assert_int_equal(ASK(f, store_device_confirm, owner, 19), 0);
	assert_int_equal(waiting(f, owner), 1);
	assert_int_equal(ASK(f, store_device_refuse, owner, 20), 0);
	assert_int_equal(waiting(f, owner), 1);
	assert_int_equal(ASK(f, store_device_confirm, owner, 20), 0);
	assert_int_equal(waiting(f, owner), 0);
	new.waits_us = 30;
	assert_false(meet_waiting(f, new)->waits_us);
}

static void the_first_waits_where_that_is_asked_for(struct fixture *f)
{
	struct store_arrival row = {.key = STR("product:"), .network = STR("network:10.0"), .utc_us = 10, .waits_us = 10,
		.first_waits = true};

	assert_int_equal(meet_waiting(f, row)->waits_us, 10);
	row.key = STR("product:x"); /* it says now what it is */
	row.quiet = row.waits_anyway = true;
	assert_int_equal(meet_waiting(f, row)->waits_us, 10);
	assert_int_equal(waiting(f, owner), 1);
	assert_int_equal(ASK(f, store_device_confirm, owner, 10), 0);
	row.waits_anyway = false;
	assert_false(meet_waiting(f, row)->waits_us);
}

static void a_new_network_waits_and_one_beside_is_looked_at(struct fixture *f)
{
	struct store_arrival row = {.key = STR("product:x"), .network = STR("network:10.0"), .utc_us = 10, .waits_us = 10},
			     beside = {.key = STR("beside:10.2"), .utc_us = 30, .waits_us = 30};

	assert_false(meet_waiting(f, row)->waits_us);
	row.network = STR("network:10.1");
	row.waits_us = 20;
	assert_int_equal(meet_waiting(f, row)->waits_us, 20);
	assert_str(f->req.meeting->waits_key, "network:10.1");
	assert_true(f->req.meeting->is_new_network);
	assert_int_equal(ASK(f, store_device_confirm, owner, 20), 0);
	assert_int_equal(meet_waiting(f, beside)->waits_us, 30);
	row.beside = beside.key;
	assert_true(!meet_waiting(f, row)->waits_us && f->req.meeting->beside_us == 30);
	assert_str(f->req.meeting->waits_key, "beside:10.2");
}

static void many_that_wait_make_nobody_forgotten(struct fixture *f)
{
	struct store_arrival row = {.key = STR("agent:1"), .utc_us = 1};
	char key[16];

	meet_waiting(f, row);
	for (uint64_t i = 2; i < 20; i++) {
		snprintf(key, sizeof(key), "agent:%u", (unsigned)i);
		row.key = str_from(key);
		row.utc_us = row.waits_us = i;
		assert_int_equal(meet_waiting(f, row)->waits_us, i);
	}
	row.key = STR("agent:1");
	assert_true(!meet_waiting(f, row)->waits_us && !f->req.meeting->is_new);
	assert_int_equal(waiting(f, owner), 3);
}

static const struct store_device *only(struct fixture *f, uint64_t now)
{
	assert_int_equal(ASK(f, store_device_list, owner, now), 0);
	assert_int_equal(f->req.devices->len, 1);
	return f->req.devices->rows;
}

static void note(struct fixture *f, const char *key, enum store_auth auth)
{
	struct store_client row = {.owner = owner, .key = str_from(key), .product = STR("P"), .address = STR("10.0.0.1"),
		.auth = (uint8_t)auth, .last_us = 5, .sessions = 1};
	size_t len;

	do {
		store_client_note(f->store, &row, STR_NONE, 10);
		assert_int_equal(ASK(f, store_device_list, owner, 0), 0);
		len = f->req.devices->len;
	} while (len == 0 || (auth && f->req.devices->rows[0].auth != auth));
}

static void give_token(struct fixture *f, const char *device)
{
	struct store_token fresh = {.mechanism = STR("HT"), .seed = STR("s"), .issued_us = 10, .expires_us = 110};
	struct store_token_change c = {.owner = owner, .key = str_from(device), .fresh = &fresh, .max = 2};

	assert_int_equal(ASK(f, store_token_change, &c), 0);
}

static void a_device_has_its_tokens_and_says_how_it_logged_in(struct fixture *f)
{
	const struct store_device *d;

	give_token(f, "1");
	d = only(f, 50);
	assert_str(d->key, "agent:1");
	assert_true(d->token_us == 110 && d->sessions == 0 && d->auth == STORE_AUTH_NONE);
	note(f, "agent:1", STORE_AUTH_PASSWORD);
	d = only(f, 50);
	assert_true(d->token_us == 110 && d->sessions >= 1 && d->auth == STORE_AUTH_PASSWORD);
	assert_str(d->product, "P");
	assert_int_equal(only(f, 110)->token_us, 0);
	note(f, "agent:1", STORE_AUTH_TOKEN);
	note(f, "agent:1", STORE_AUTH_NONE); /* it has not logged in since */
	assert_int_equal(only(f, 50)->auth, STORE_AUTH_TOKEN);
}

static void what_is_revoked_has_nothing_and_is_new(struct fixture *f)
{
	const struct store_device *d;

	meet(f, "agent:0", 5);
	meet(f, "agent:1", 10);
	give_token(f, "1");
	note(f, "agent:1", STORE_AUTH_TOKEN);
	assert_int_equal(ASK(f, store_device_revoke, owner, STR("agent:1")), 0);
	d = only(f, 50);
	assert_true(d->token_us == 0 && d->auth == STORE_AUTH_NONE);
	assert_true(meet(f, "agent:1", 60)->is_new);
}

static void a_new_password_leaves_certificates(struct fixture *f)
{
	struct store_verifier verifiers[STORE_VERIFIER_KINDS] = {};
	struct store_account row = {.jid = owner, .verifiers = verifiers};

	note(f, "a", STORE_AUTH_PASSWORD);
	assert_int_equal(ASK(f, store_account_update, &row, STORE_ACCOUNT_VERIFIERS), 0);
	assert_int_equal(only(f, 50)->auth, STORE_AUTH_NONE);
	note(f, "a", STORE_AUTH_CERTIFICATE);
	assert_int_equal(ASK(f, store_account_update, &row, STORE_ACCOUNT_VERIFIERS), 0);
	assert_int_equal(only(f, 50)->auth, STORE_AUTH_CERTIFICATE);
}

static void nothing_is_kept_of_who_is_no_account(struct fixture *f)
{
	struct store_arrival row = {.owner = STR("b@x"), .key = STR("k"), .utc_us = 10, .max = 4};

	assert_int_equal(ASK(f, store_device_meet, &row), 0);
	assert_int_equal(ASK(f, store_device_meet, &row), 0);
	assert_true(f->req.meeting->is_first);
}

/* What the inventory had before there were devices is known, with one that says which it is and one that does not. */
static void what_was_there_before_is_known(struct fixture *f)
{
	static const char rows[] =
		"INSERT INTO account (person_id, jid, name, mail, language, department, groups, created_us) "
		"VALUES ('p', 'a@x', '', '', '', '', '', 1);"
		"INSERT INTO client SELECT 'a@x', key, 0, 7, 90, 0, product, '1', '', 1, '', '', '', '', agent, '', 'desk', ' 10.0.0.1 ', 1, "
		"1, 5, 1, 0, 0, 0, 0 FROM (SELECT 'agent:1' AS key, 'P' AS product, '1' AS agent "
		"UNION ALL SELECT 'gajim|linux|desk', 'Gajim', '')";

	fixture_from_version(f, 16, rows);
	assert_false(meet(f, "agent:1", 20)->is_new);
	assert_false(meet(f, "product:gajim", 30)->is_new);
	assert_true(meet(f, "agent:2", 40)->is_new);
	assert_int_equal(ASK(f, store_device_list, owner, 0), 0);
	assert_int_equal(f->req.devices->len, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(f->req.devices->rows[i].auth, STORE_AUTH_PASSWORD);
}

static void run(enum fake_kind kind, bool with_account, void (*test)(struct fixture *f))
{
	struct fixture f;

	fixture_open(&f, kind);
	if (with_account)
		add(&f);
	test(&f);
	fixture_close(&f);
}

static void life(void **state)
{
	run(*(enum fake_kind *)*state, true, the_first_is_no_news_and_later_ones_are_until_they_were_told);
}

static void access_ends(void **state)
{
	run(*(enum fake_kind *)*state, true, what_is_revoked_has_nothing_and_is_new);
}

#define PLAIN(name)                                                                                          \
	static void plain_##name(void **state)                                                               \
	{                                                                                                    \
		(void)state;                                                                                 \
		run(FAKE_PLAIN, true, name);                                                                 \
	}

PLAIN(a_network_is_news_but_for_the_first)
PLAIN(what_is_quiet_is_known_from_then_on)
PLAIN(those_not_seen_for_longest_go)
PLAIN(what_is_new_waits_until_it_is_confirmed)
PLAIN(the_first_waits_where_that_is_asked_for)
PLAIN(a_new_network_waits_and_one_beside_is_looked_at)
PLAIN(many_that_wait_make_nobody_forgotten)
PLAIN(a_device_has_its_tokens_and_says_how_it_logged_in)
PLAIN(a_new_password_leaves_certificates)
PLAIN(what_was_there_before_is_known)

static void nobody(void **state)
{
	(void)state;
	run(FAKE_PLAIN, false, nothing_is_kept_of_who_is_no_account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TESTS(life),
		FIXTURE_TESTS(access_ends),
		cmocka_unit_test(plain_a_network_is_news_but_for_the_first),
		cmocka_unit_test(plain_what_is_quiet_is_known_from_then_on),
		cmocka_unit_test(plain_those_not_seen_for_longest_go),
		cmocka_unit_test(plain_what_is_new_waits_until_it_is_confirmed),
		cmocka_unit_test(plain_the_first_waits_where_that_is_asked_for),
		cmocka_unit_test(plain_a_new_network_waits_and_one_beside_is_looked_at),
		cmocka_unit_test(plain_many_that_wait_make_nobody_forgotten),
		cmocka_unit_test(plain_a_device_has_its_tokens_and_says_how_it_logged_in),
		cmocka_unit_test(plain_a_new_password_leaves_certificates),
		cmocka_unit_test(plain_what_was_there_before_is_known),
		cmocka_unit_test(nobody),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
