/* Tokens of devices: one in use and one fresh, counted, bounded, gone with the password; on every backend. */
#include "check.h"

#include "lib.h"

static const struct str owner = STR("a@x"), key = STR("phone");

static void add(struct fixture *f, const char *jid)
{
	struct store_account row = {.person_id = str_from(jid), .jid = str_from(jid)};

	assert_int_equal(ASK(f, store_account_add, &row, 1), 0);
}

static void give(struct fixture *f, struct str device, const char *seed, uint64_t at)
{
	struct store_token fresh = {.mechanism = STR("HT"), .seed = str_from(seed), .issued_us = at, .expires_us = at + 100};
	struct store_token_change c = {.owner = owner, .key = device, .fresh = &fresh, .max = 2};

	assert_int_equal(ASK(f, store_token_change, &c), 0);
}

static size_t find(struct fixture *f, struct str device)
{
	assert_int_equal(ASK(f, store_token_find, owner, device), 0);
	return f->req.tokens->len;
}

static int use(struct fixture *f, const char *seed, bool counts, uint64_t count)
{
	struct store_token_change c = {
		.owner = owner, .key = key, .used = str_from(seed), .counts = counts, .count = count, .max = 2};

	return ASK(f, store_token_change, &c);
}

static void life(struct fixture *f)
{
	struct store_token_change drop = {.owner = owner, .key = key, .used = STR("c"), .drop = true, .max = 2};
	const struct store_token *t;

	assert_int_equal(find(f, key), 0);
	give(f, key, "a", 10);
	assert_int_equal(find(f, key), 1);
	t = f->req.tokens->rows;
	assert_str(t->seed, "a");
	assert_str(t->mechanism, "HT");
	assert_true(t->fresh && t->issued_us == 10 && t->expires_us == 110 && t->count == 0);
	give(f, key, "b", 20); /* the first was never used */
	assert_int_equal(find(f, key), 1);
	assert_int_equal(use(f, "a", false, 0), STORE_E_NONE);
	assert_int_equal(use(f, "b", false, 0), 0);
	give(f, key, "c", 30);
	assert_int_equal(find(f, key), 2);
	assert_str(f->req.tokens->rows[0].seed, "c");
	assert_true(!f->req.tokens->rows[1].fresh);
	assert_int_equal(use(f, "b", false, 0), 0);
	assert_int_equal(find(f, key), 2);
	assert_int_equal(use(f, "c", false, 0), 0); /* its forerunner goes */
	assert_int_equal(find(f, key), 1);
	assert_int_equal(use(f, "b", false, 0), STORE_E_NONE);
	assert_int_equal(ASK(f, store_token_change, &drop), 0);
	assert_int_equal(find(f, key), 0);
}

static void lives(void **state)
{
	struct fixture f;

	fixture_open(&f, *(enum fake_kind *)*state);
	add(&f, "a@x");
	life(&f);
	fixture_close(&f);
}

static void a_count_only_grows(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	add(&f, "a@x");
	give(&f, key, "a", 10);
	assert_int_equal(use(&f, "a", true, 5), 0);
	assert_int_equal(use(&f, "a", true, 5), STORE_E_NONE);
	assert_int_equal(use(&f, "a", true, 4), STORE_E_NONE);
	assert_int_equal(use(&f, "a", false, 0), 0);
	assert_int_equal(use(&f, "a", true, 6), 0);
	fixture_reopen(&f);
	assert_int_equal(use(&f, "a", true, 6), STORE_E_NONE);
	assert_int_equal(use(&f, "a", true, INT64_MAX), 0);
	fixture_close(&f);
}

static void devices_are_bounded(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	add(&f, "a@x");
	give(&f, STR("one"), "a", 10);
	give(&f, STR("two"), "b", 20);
	give(&f, STR("three"), "c", 30);
	assert_int_equal(find(&f, STR("one")), 0);
	assert_int_equal(find(&f, STR("two")), 1);
	assert_int_equal(find(&f, STR("three")), 1);
	assert_int_equal(ASK(&f, store_token_clear, owner, STR("two")), 0);
	assert_int_equal(find(&f, STR("two")), 0);
	assert_int_equal(find(&f, STR("three")), 1);
	assert_int_equal(ASK(&f, store_token_clear, owner, STR_NONE), 0);
	assert_int_equal(find(&f, STR("three")), 0);
	fixture_close(&f);
}

static void nobody_gets_one_who_is_not_there(void **state)
{
	struct store_account row = {.jid = STR("a@x"), .disabled = true};
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	give(&f, key, "a", 10);
	assert_int_equal(find(&f, key), 0);
	add(&f, "a@x");
	assert_int_equal(ASK(&f, store_account_update, &row, STORE_ACCOUNT_DISABLED), 0);
	give(&f, key, "b", 10);
	assert_int_equal(find(&f, key), 0);
	fixture_close(&f);
}

static void they_go_with_the_account_and_its_password(void **state)
{
	struct store_verifier verifiers[STORE_VERIFIER_KINDS] = {};
	struct store_account row = {.jid = STR("a@x"), .name = STR("A"), .verifiers = verifiers};
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	add(&f, "a@x");
	give(&f, key, "a", 10);
	assert_int_equal(ASK(&f, store_account_update, &row, STORE_ACCOUNT_NAME), 0);
	assert_int_equal(ASK(&f, store_account_update, &row, STORE_ACCOUNT_DISABLED), 0); /* enabled */
	assert_int_equal(find(&f, key), 1);
	assert_int_equal(ASK(&f, store_account_update, &row, STORE_ACCOUNT_VERIFIERS), 0);
	assert_int_equal(find(&f, key), 0);
	give(&f, key, "b", 10);
	row.disabled = true;
	assert_int_equal(ASK(&f, store_account_update, &row, STORE_ACCOUNT_DISABLED), 0);
	assert_int_equal(find(&f, key), 0);
	row.disabled = false;
	assert_int_equal(ASK(&f, store_account_update, &row, STORE_ACCOUNT_DISABLED), 0);
	give(&f, key, "c", 10);
	assert_int_equal(ASK(&f, store_account_remove, owner), 0);
	assert_int_equal(find(&f, key), 0);
	fixture_close(&f);
}

static void what_an_older_password_proved_gives_none(void **state)
{
	struct store_verifier verifiers[STORE_VERIFIER_KINDS] = {};
	struct store_account row = {.jid = STR("a@x"), .name = STR("A"), .verifiers = verifiers};
	struct store_token fresh = {.mechanism = STR("HT"), .seed = STR("a"), .issued_us = 10, .expires_us = 110};
	struct store_token_change change = {.owner = owner, .key = key, .fresh = &fresh, .max = 2, .salt = STR("new")};
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	add(&f, "a@x");
	verifiers[STORE_SHA_256] = (struct store_verifier){.iterations = 4096, .salt_len = 3, .key_len = 32, .salt = "new"};
	assert_int_equal(ASK(&f, store_account_update, &row, STORE_ACCOUNT_VERIFIERS), 0);
	assert_int_equal(ASK(&f, store_token_change, &change), 0);
	assert_int_equal(find(&f, key), 1);
	change.salt = STR("old");
	change.drop = true;
	assert_int_equal(ASK(&f, store_token_change, &change), 0);
	assert_int_equal(find(&f, key), 0);
	fixture_close(&f);
}

static void an_older_file_gets_the_table(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	fixture_from_first_version(&f, "");
	add(&f, "a@x");
	give(&f, key, "a", 10);
	assert_int_equal(find(&f, key), 1);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TESTS(lives),
		cmocka_unit_test(a_count_only_grows),
		cmocka_unit_test(devices_are_bounded),
		cmocka_unit_test(nobody_gets_one_who_is_not_there),
		cmocka_unit_test(they_go_with_the_account_and_its_password),
		cmocka_unit_test(what_an_older_password_proved_gives_none),
		cmocka_unit_test(an_older_file_gets_the_table),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
