/* What is known of clients: rows of installations, learnt hashes, posture, refusals; on every backend. */
#include "check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib.h"

static void add(struct fixture *f, const char *jid)
{
	struct store_account row = {.person_id = str_from(jid), .jid = str_from(jid)};

	assert_int_equal(ASK(f, store_account_add, &row, 1), 0);
}

static const struct store_client *list(struct fixture *f, const char *owner)
{
	struct store_client_query query = {.owner = str_from(owner), .limit = 100};

	assert_int_equal(ASK(f, store_client_list, &query), 0);
	return f->req.clients->rows;
}

/* A note can be lost where the backend fails: it is made until its mark, the time, is there. Of one that was lost nothing
 * is kept. */
static const struct store_client *note(struct fixture *f, const struct store_client *row, const char *was)
{
	const struct store_client *rows;
	size_t i;

	do {
		store_client_note(f->store, row, str_from(was), 3);
		rows = list(f, row->owner.data);
		for (i = 0; i < f->req.clients->len; i++)
			if (str_eq(rows[i].key, row->key) && rows[i].last_us == row->last_us)
				return &rows[i];
	} while (f->kind == FAKE_FAULTY);
	return NULL;
}

static const struct store_client gajim = {.owner = STR("a@x"), .key = STR("Gajim|Linux|gajim"), .class = 0, .basis = 7,
	.confidence = 90, .contradictions = 2, .product = STR("Gajim"), .version = STR("1.7.3"), .os = STR("Linux"),
	.device = STR("desk"), .caps = STR("sha-1 x"), .node = STR("https://gajim.org"), .ja4 = STR("t13"),
	.resource = STR("gajim.AB12"), .address = STR("10.0.0.1"), .last_us = 100, .sessions = 1, .mechanism = STR("PLAIN"),
	.tls = STR("TLSv1.2 AES")};

static void a_row_says_what_was_seen(struct fixture *f)
{
	const struct store_client *c = note(f, &gajim, NULL);

	assert_non_null(c);
	assert_str(c->owner, "a@x");
	assert_str(c->product, "Gajim");
	assert_str(c->version, "1.7.3");
	assert_str(c->version_before, "");
	assert_str(c->os, "Linux");
	assert_str(c->device, "desk");
	assert_str(c->caps, "sha-1 x");
	assert_str(c->node, "https://gajim.org");
	assert_str(c->agent, "");
	assert_str(c->ja4, "t13");
	assert_str(c->resource, "gajim.AB12");
	assert_str(c->address, "10.0.0.1");
	assert_str(c->mechanism, "PLAIN");
	assert_str(c->tls, "TLSv1.2 AES");
	assert_true(c->class == 0 && c->basis == 7 && c->confidence == 90 && c->contradictions == 2);
	assert_true(c->first_us == 100 && c->last_us == 100 && c->sessions == 1 && c->networks == 1 && c->version_us == 100);
}

static void a_new_version_leaves_the_old_one_behind(struct fixture *f)
{
	struct store_client later = gajim;
	const struct store_client *c;

	later.version = STR("1.8.0");
	later.os = STR_NONE;
	later.address = STR("110.0.0.1");
	later.last_us = 200;
	later.uses[STORE_USE_MESSAGES] = 5;
	c = note(f, &later, NULL);
	assert_str(c->version, "1.8.0");
	assert_str(c->version_before, "1.7.3");
	assert_str(c->os, "Linux"); /* what is not said this time stays */
	assert_str(c->address, "110.0.0.1 10.0.0.1");
	assert_true(c->version_us == 200 && c->first_us == 100 && c->networks == 2 && c->sessions == 2);
	assert_int_equal(c->uses[STORE_USE_MESSAGES], 5);
	later = (struct store_client){.owner = STR("a@x"), .key = gajim.key, .last_us = 300, .address = STR("10.0.0.1"),
		.uses = {1, 2, 3, 4}};
	c = note(f, &later, NULL);
	assert_str(c->version, "1.8.0");
	assert_str(c->version_before, "1.7.3");
	assert_str(c->address, "10.0.0.1 110.0.0.1");
	assert_true(c->sessions == 2 && c->networks == 2);
	assert_true(c->uses[0] == 6 && c->uses[1] == 2 && c->uses[2] == 3 && c->uses[3] == 4);
}

static void the_last_login_counts(struct fixture *f)
{
	struct store_client later = {.owner = STR("a@x"), .key = gajim.key, .last_us = 310, .tls = STR("TLSv1.3 AES")};
	const struct store_client *c = note(f, &later, NULL);

	assert_str(c->mechanism, "PLAIN"); /* it has not logged in since */
	assert_str(c->tls, "TLSv1.2 AES");
	later.last_us = 320;
	later.mechanism = STR("SCRAM-SHA-256");
	c = note(f, &later, NULL);
	assert_str(c->mechanism, "SCRAM-SHA-256");
	assert_str(c->tls, "TLSv1.3 AES");
	later.last_us = 330;
	later.tls = STR_NONE;
	c = note(f, &later, NULL);
	assert_str(c->mechanism, "SCRAM-SHA-256");
	assert_str(c->tls, "");
}

static void many_networks_are_counted_and_few_kept(struct fixture *f)
{
	struct store_client c = {.owner = STR("b@x"), .key = STR("k"), .sessions = 1};
	const struct store_client *row = NULL;
	char address[48];

	for (unsigned i = 1; i <= 100; i++) {
		snprintf(address, sizeof(address), "2001:db8:aaaa:bbbb:cccc:dddd:eeee:%u", 1000 + i);
		c.address = str_from(address);
		c.last_us = i;
		row = note(f, &c, NULL);
	}
	assert_int_equal(row->networks, 100);
	assert_in_range(row->address.len, 500, 600);
	assert_true(str_starts(row->address, str_from(address)));
}

/* At first only the resource spoke; when more is known the session counts there. */
static void a_session_counts_once(struct fixture *f)
{
	struct store_client first = {.owner = STR("c@x"), .key = STR("guess"), .last_us = 10, .sessions = 1,
		.uses = {7}};
	struct store_client better = {.owner = STR("c@x"), .key = STR("sure"), .last_us = 20, .sessions = 1};
	const struct store_client *c;

	note(f, &first, NULL);
	c = note(f, &better, "guess");
	assert_int_equal(f->req.clients->len, 1);
	assert_true(c->sessions == 1 && c->uses[0] == 7 && c->first_us == 10);
	first.last_us = 30;
	note(f, &first, NULL);
	first.last_us = 40;
	note(f, &first, NULL); /* two sessions of which nothing more was known */
	better.last_us = 50;
	c = note(f, &better, "guess");
	assert_int_equal(f->req.clients->len, 2);
	assert_int_equal(c->sessions, 2);
	assert_int_equal(list(f, "c@x")[0].sessions, 1);
}

static void an_account_has_as_many_as_it_may(struct fixture *f)
{
	struct store_client c = {.owner = STR("d@x"), .sessions = 1};
	char key[16];

	for (unsigned i = 1; i <= 9; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		c.key = str_from(key);
		c.last_us = i;
		note(f, &c, NULL);
	}
	list(f, "d@x");
	assert_int_equal(f->req.clients->len, 3);
	assert_str(f->req.clients->rows[0].key, "k7");
}

static void nothing_is_kept_of_nobody(struct fixture *f)
{
	struct store_client c = {.owner = STR("nobody@x"), .key = STR("k"), .last_us = 1, .sessions = 1};

	store_client_note(f->store, &c, STR_NONE, 3);
	list(f, "nobody@x");
	assert_int_equal(f->req.clients->len, 0);
}

static void what_was_not_seen_for_long_is_forgotten(struct fixture *f)
{
	assert_int_equal(ASK(f, store_client_sweep, 8), 0);
	list(f, "d@x");
	assert_int_equal(f->req.clients->len, 2);
	list(f, "a@x");
	assert_int_equal(f->req.clients->len, 1);
}

static void removal(struct fixture *f)
{
	assert_int_equal(ASK(f, store_account_remove, STR("a@x")), 0);
	list(f, "a@x");
	assert_int_equal(f->req.clients->len, 0);
	store_client_note(f->store, &gajim, STR_NONE, 3); /* a session that ends late */
	list(f, "a@x");
	assert_int_equal(f->req.clients->len, 0);
}

static void clients(void **state)
{
	const enum fake_kind *kind = *state;
	struct fixture f;

	fixture_open(&f, *kind);
	add(&f, "a@x");
	add(&f, "b@x");
	add(&f, "c@x");
	add(&f, "d@x");
	a_row_says_what_was_seen(&f);
	a_new_version_leaves_the_old_one_behind(&f);
	the_last_login_counts(&f);
	many_networks_are_counted_and_few_kept(&f);
	a_session_counts_once(&f);
	an_account_has_as_many_as_it_may(&f);
	nothing_is_kept_of_nobody(&f);
	what_was_not_seen_for_long_is_forgotten(&f);
	removal(&f);
	fixture_close(&f);
}

static void pages(void **state)
{
	enum { PEOPLE = 250, EACH = 4 };
	struct store_client_query query = {.limit = 99};
	struct store_account *accounts = calloc(PEOPLE, sizeof(*accounts));
	char(*names)[24] = calloc(PEOPLE, sizeof(*names));
	char last[64] = "";
	size_t seen = 0;
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	for (size_t i = 0; i < PEOPLE; i++) {
		snprintf(names[i], sizeof(names[i]), "u%03zu@x", i);
		accounts[i] = (struct store_account){.person_id = str_from(names[i]), .jid = str_from(names[i])};
	}
	assert_int_equal(ASK(&f, store_account_add, accounts, PEOPLE), 0);
	for (size_t i = 0; i < (size_t)PEOPLE * EACH; i++) {
		char key[8];
		struct store_client c = {.owner = accounts[i % PEOPLE].jid, .product = i % 2 ? STR("Dino") : STR("Gajim"),
			.last_us = i + 1, .sessions = 1};

		snprintf(key, sizeof(key), "k%zu", i / PEOPLE);
		c.key = str_from(key);
		store_client_note(f.store, &c, STR_NONE, 40);
	}
	for (bool complete = false; !complete; complete = f.req.clients->complete) {
		struct store_client_query ask = query;

		assert_int_equal(ASK(&f, store_client_list, &ask), 0);
		for (size_t i = 0; i < f.req.clients->len; i++) {
			const struct store_client *c = &f.req.clients->rows[i];
			char now[64];

			snprintf(now, sizeof(now), "%.*s %.*s", STR_FMT(c->owner), STR_FMT(c->key));
			assert_true(strcmp(last, now) < 0);
			strcpy(last, now);
			seen++;
			if (i + 1 == f.req.clients->len) {
				static char owner[24], key[8];

				snprintf(owner, sizeof(owner), "%.*s", STR_FMT(c->owner));
				snprintf(key, sizeof(key), "%.*s", STR_FMT(c->key));
				query.after_owner = str_from(owner);
				query.after_key = str_from(key);
			}
		}
	}
	assert_int_equal(seen, PEOPLE * EACH);
	query = (struct store_client_query){.product = STR("dino"), .since_us = 999, .limit = 10};
	assert_int_equal(ASK(&f, store_client_list, &query), 0);
	assert_int_equal(f.req.clients->len, 1);
	assert_true(f.req.clients->complete);
	free(accounts);
	free(names);
	fixture_close(&f);
}

/* ---- hashes ---- */

static const struct store_caps_client *hash(struct fixture *f, const char *name)
{
	assert_int_equal(ASK(f, store_caps_client_all), 0);
	for (size_t i = 0; i < f->req.caps_clients->len; i++)
		if (str_eq(f->req.caps_clients->rows[i].hash, str_from(name)))
			return &f->req.caps_clients->rows[i];
	return NULL;
}

static void say(struct fixture *f, const char *name, const char *product, const char *version, const char *owner,
	uint64_t now)
{
	struct store_caps_client c = {.hash = str_from(name), .product = str_from(product), .version = str_from(version),
		.os = STR("Linux"), .node = STR("n"), .last_us = now};
	const struct store_caps_client *row;

	do {
		store_caps_client_note(f->store, &c, str_from(owner), 4);
		row = hash(f, name);
	} while (f->kind == FAKE_FAULTY && (!row || row->last_us != now));
}

static void a_hash_is_learnt_and_vouched_for(struct fixture *f)
{
	uint64_t version = store_caps_clients_version(f->store);
	const struct store_caps_client *h;

	say(f, "sha-1 A", "Gajim", "1.7.3", "a@x", 10);
	say(f, "sha-1 A", "gajim", "1.7.3", "b@x", 11);
	say(f, "sha-1 A", "Gajim", "1.7.3", "b@x", 12);
	say(f, "sha-1 A", "Gajim", "1.7.3", "nobody@x", 13);
	h = hash(f, "sha-1 A");
	assert_str(h->product, "Gajim");
	assert_str(h->version, "1.7.3");
	assert_true(h->accounts == 2 && h->state == STORE_CAPS_LEARNT && !h->varies && !h->contradicted);
	assert_true(h->first_us == 10 && h->last_us == 13);
	assert_true(store_caps_clients_version(f->store) > version);
}

static void another_product_is_a_contradiction(struct fixture *f)
{
	const struct store_caps_client *h;

	say(f, "sha-1 A", "Evil", "9", "c@x", 14);
	h = hash(f, "sha-1 A");
	assert_str(h->product, "Gajim");
	assert_true(h->contradicted >= 1 && h->accounts == 2);
}

static void another_version_leaves_the_product(struct fixture *f)
{
	const struct store_caps_client *h;

	say(f, "sha-1 A", "Gajim", "1.8.0", "c@x", 15);
	h = hash(f, "sha-1 A");
	assert_str(h->product, "Gajim");
	assert_str(h->version, "");
	assert_true(h->varies && h->accounts == 3);
	say(f, "sha-1 A", "Gajim", "1.7.3", "c@x", 16);
	assert_str(hash(f, "sha-1 A")->version, "");
}

static void an_administrators_word_stands(struct fixture *f)
{
	struct store_caps_client c = {.hash = STR("sha-1 A"), .state = STORE_CAPS_REJECTED, .first_us = 20};
	const struct store_caps_client *h;

	assert_int_equal(ASK(f, store_caps_client_put, &c), 0);
	h = hash(f, "sha-1 A");
	assert_true(h->state == STORE_CAPS_REJECTED && h->first_us == 10);
	assert_str(h->product, "Gajim");
	c = (struct store_caps_client){.hash = STR("sha-1 B"), .product = STR("Dino"), .version = STR("0.4"),
		.state = STORE_CAPS_CONFIRMED, .first_us = 21};
	assert_int_equal(ASK(f, store_caps_client_put, &c), 0);
	say(f, "sha-1 B", "Dino", "0.5", "a@x", 22);
	h = hash(f, "sha-1 B");
	assert_str(h->version, "0.4");
	assert_true(h->varies && h->state == STORE_CAPS_CONFIRMED && h->accounts == 1);
}

static void no_more_are_learnt_than_may_be(struct fixture *f)
{
	char name[16];

	for (unsigned i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "sha-1 n%u", i);
		say(f, name, "P", "1", "a@x", 100 + i);
	}
	assert_int_equal(ASK(f, store_caps_client_all), 0);
	assert_int_equal(f->req.caps_clients->len, 4);
	assert_non_null(hash(f, "sha-1 A")); /* what an administrator has said stays */
	assert_non_null(hash(f, "sha-1 B"));
	assert_non_null(hash(f, "sha-1 n8"));
	assert_int_equal(fixture_number(f->path, "SELECT count(*) FROM caps_voucher WHERE hash = 'sha-1 n0'"), 0);
	assert_int_equal(ASK(f, store_caps_client_delete, STR("sha-1 B")), 0);
	assert_int_equal(ASK(f, store_caps_client_delete, STR("sha-1 B")), STORE_E_NONE);
	assert_null(hash(f, "sha-1 B"));
}

static void hashes(void **state)
{
	const enum fake_kind *kind = *state;
	struct fixture f;

	fixture_open(&f, *kind);
	add(&f, "a@x");
	add(&f, "b@x");
	add(&f, "c@x");
	a_hash_is_learnt_and_vouched_for(&f);
	another_product_is_a_contradiction(&f);
	another_version_leaves_the_product(&f);
	an_administrators_word_stands(&f);
	no_more_are_learnt_than_may_be(&f);
	assert_int_equal(ASK(&f, store_account_remove, STR("a@x")), 0);
	assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM caps_voucher WHERE owner = 'a@x'"), 0);
	fixture_close(&f);
}

/* ---- posture, refusals ---- */

static void posture(void **state)
{
	static const struct store_posture day[] = {{5, STR("Gajim"), STR("v1"), 10, 7, 2}, {5, STR(""), STR("v1"), 1, 0, 0}};
	static const struct store_posture next[] = {{6, STR("Gajim"), STR("v2"), 11, 1, 0}};
	const enum fake_kind *kind = *state;
	struct fixture f;

	fixture_open(&f, *kind);
	assert_int_equal(ASK(&f, store_posture_put, day, 2, 0), 0);
	assert_int_equal(ASK(&f, store_posture_put, next, 1, 0), 0);
	assert_int_equal(ASK(&f, store_posture_all, 0), 0);
	assert_int_equal(f.req.postures->len, 3);
	assert_str(f.req.postures->rows[0].product, "");
	assert_true(f.req.postures->rows[1].seen == 10 && f.req.postures->rows[1].above == 7);
	assert_int_equal(f.req.postures->rows[1].excepted, 2);
	assert_str(f.req.postures->rows[2].baseline, "v2");
	assert_int_equal(ASK(&f, store_posture_all, 6), 0);
	assert_int_equal(f.req.postures->len, 1);
	assert_int_equal(ASK(&f, store_posture_put, next, 1, 6), 0);
	assert_int_equal(ASK(&f, store_posture_all, 0), 0);
	assert_int_equal(f.req.postures->len, 1);
	fixture_close(&f);
}

static const struct store_refusals *refuse(struct fixture *f, const char *owner, const char *address, uint64_t now)
{
	struct store_refusal r = {.kind = STR("client"), .owner = str_from(owner), .address = str_from(address),
		.product = STR("Gajim"), .version = STR("1.0"), .rule = STR("old"), .reason = STR("too old"), .last_us = now};

	do {
		store_refusal_note(f->store, &r, 32);
		assert_int_equal(ASK(f, store_refusal_all, 0, 1000), 0);
	} while (f->kind == FAKE_FAULTY && (!f->req.refusals->len || f->req.refusals->rows[0].last_us != now));
	return f->req.refusals;
}

static void refusals(void **state)
{
	const enum fake_kind *kind = *state;
	const struct store_refusals *all;
	struct fixture f;
	char address[16];

	fixture_open(&f, *kind);
	add(&f, "a@x");
	refuse(&f, "a@x", "10.0.0.1", 1);
	all = refuse(&f, "a@x", "10.0.0.1", 2);
	assert_int_equal(all->len, 1);
	assert_true(all->rows[0].count == 2 && all->rows[0].first_us == 1);
	assert_str(all->rows[0].kind, "client");
	assert_str(all->rows[0].owner, "a@x");
	assert_str(all->rows[0].reason, "too old");
	all = refuse(&f, "", "10.0.0.2", 3);
	assert_int_equal(all->len, 2);
	assert_str(all->rows[0].address, "10.0.0.2");
	assert_int_equal(ASK(&f, store_refusal_all, 3, 1000), 0);
	assert_int_equal(f.req.refusals->len, 1);
	assert_int_equal(ASK(&f, store_account_remove, STR("a@x")), 0);
	assert_int_equal(ASK(&f, store_refusal_all, 0, 1000), 0);
	assert_int_equal(f.req.refusals->len, 1);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(address, sizeof(address), "10.1.0.%u", i);
		all = refuse(&f, "", address, 100 + i);
	}
	assert_in_range(all->len, 28, 32);
	assert_str(all->rows[0].address, "10.1.0.49");
	fixture_close(&f);
}

/* Many of one kind push out nobody of another; several at once are counted. */
static void refusals_of_a_kind(void **state)
{
	struct store_refusal r = {.kind = STR("tls"), .reason = STR("x"), .last_us = 5, .count = 7};
	struct fixture f;
	char address[16];
	bool tls = false;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	store_refusal_note(f.store, &r, 32);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(address, sizeof(address), "10.1.0.%u", i);
		refuse(&f, "", address, 100 + i);
	}
	assert_int_equal(ASK(&f, store_refusal_all, 0, 1000), 0);
	for (size_t i = 0; i < f.req.refusals->len; i++)
		tls = tls || (str_is(f.req.refusals->rows[i].kind, "tls") && f.req.refusals->rows[i].count == 7);
	assert_true(tls);
	fixture_close(&f);
}

/* ---- what a page costs ---- */

static sqlite3 *opened[16];
static unsigned opened_len;

/* Notes every connection that is opened. */
static int note_opened(sqlite3 *db, const char **error, const void *api)
{
	(void)error;
	(void)api;
	if (opened_len < sizeof(opened) / sizeof(opened[0]))
		opened[opened_len++] = db;
	return SQLITE_OK;
}

/* Steps of SQLite's machine since the last time; nothing is under way. */
static uint64_t steps(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < opened_len; i++)
		for (sqlite3_stmt *st = NULL; (st = sqlite3_next_stmt(opened[i], st));)
			sum += (uint64_t)sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 1);
	return sum;
}

static uint64_t page_cost(struct fixture *f, const char *after, size_t expected)
{
	struct store_client_query query = {.after_owner = str_from(after), .limit = 100};

	(void)steps();
	assert_int_equal(ASK(f, store_client_list, &query), 0);
	assert_int_equal(f->req.clients->len, expected);
	return steps();
}

/* The last page of ten thousand rows costs what the first does. */
static void page_costs(void **state)
{
	struct store_client c = gajim;
	struct fixture f;
	char owner[16], key[16];
	uint64_t first;

	(void)state;
	sqlite3_auto_extension((void (*)(void))note_opened);
	fixture_open(&f, FAKE_PLAIN);
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(owner, sizeof(owner), "p%03u@x", i / 40);
		snprintf(key, sizeof(key), "k%02u", i % 40);
		if (i % 40 == 0)
			add(&f, owner);
		c.owner = str_from(owner);
		c.key = str_from(key);
		store_client_note(f.store, &c, STR_NONE, 40);
	}
	(void)page_cost(&f, "", 100); /* what was noted is written */
	first = page_cost(&f, "", 100);
	assert_in_range(first, 1000, 20000);
	assert_in_range(page_cost(&f, "p124@x", 100), first / 2, first * 2);
	assert_in_range(page_cost(&f, "p246@x", 100), first / 2, first * 2);
	fixture_close(&f);
	sqlite3_reset_auto_extension();
}

/* They are there after the gate has come back. */
static void restart(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	add(&f, "a@x");
	store_client_note(f.store, &gajim, STR_NONE, 3);
	fixture_reopen(&f);
	list(&f, "a@x");
	assert_int_equal(f.req.clients->len, 1);
	assert_str(f.req.clients->rows[0].version, "1.7.3");
	fixture_close(&f);
}

static void an_older_file_gets_the_tables(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	fixture_from_first_version(&f, "");
	add(&f, "a@x");
	assert_non_null(note(&f, &gajim, NULL));
	refuse(&f, "a@x", "10.0.0.1", 1);
	say(&f, "sha-1 A", "Gajim", "1", "a@x", 1);
	assert_int_equal(ASK(&f, store_posture_all, 0), 0);
	assert_int_equal(f.req.postures->len, 0);
	fixture_close(&f);
}

/* Of before nobody knows what was logged in with; from the next login on it is known. */
static void how_it_logged_in_is_kept_from_version_20_on(void **state)
{
	struct store_client later = gajim;
	const struct store_client *c;
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	fixture_from_version(&f, 19,
		"INSERT INTO account (person_id, jid, name, mail, language, department, groups, created_us) "
		"VALUES ('p', 'a@x', '', '', '', '', '', 1);"
		"INSERT INTO client VALUES ('a@x', 'Gajim|Linux|gajim', 0, 7, 90, 0, 'Gajim', '1.7.3', '', 1, 'Linux', '', '', '', '', "
		"'', 'desk', ' 10.0.0.1 ', 1, 1, 5, 3, 1, 2, 3, 4, 2)");
	c = list(&f, "a@x");
	assert_int_equal(f.req.clients->len, 1);
	assert_str(c->version, "1.7.3");
	assert_str(c->mechanism, "");
	assert_str(c->tls, "");
	assert_true(c->sessions == 3 && c->uses[3] == 4);
	later.last_us = 10;
	c = note(&f, &later, NULL);
	assert_str(c->mechanism, "PLAIN");
	assert_str(c->tls, "TLSv1.2 AES");
	assert_true(c->sessions == 4 && c->uses[3] == 4);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TESTS(clients),
		cmocka_unit_test(pages),
		FIXTURE_TESTS(hashes),
		FIXTURE_TESTS(posture),
		FIXTURE_TESTS(refusals),
		cmocka_unit_test(refusals_of_a_kind),
		cmocka_unit_test(page_costs),
		cmocka_unit_test(restart),
		cmocka_unit_test(an_older_file_gets_the_tables),
		cmocka_unit_test(how_it_logged_in_is_kept_from_version_20_on),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
