/* What goes in comes out, on every backend. */
#include "check.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "lib.h"

static const struct str groups[] = {STR("staff"), STR("traders")};

static struct store_verifier verifier(uint8_t key_len)
{
	struct store_verifier v = {.iterations = 4096, .salt_len = 16, .key_len = key_len};

	memset(v.salt, 1, 16);
	memset(v.stored_key, 2, key_len);
	memset(v.server_key, 3, key_len);
	return v;
}

static int add(struct fixture *f, const char *id, const char *jid, const struct store_verifier *verifiers)
{
	struct store_account row = {.person_id = str_from(id),
		.jid = str_from(jid),
		.name = STR("A Name"),
		.mail = STR("a@mail"),
		.language = STR("de"),
		.department = STR("Trading"),
		.groups = groups,
		.groups_len = 2,
		.created_us = 1234567890123456,
		.verifiers = verifiers};

	return ASK(f, store_account_add, &row, 1);
}

static void accounts(struct fixture *f)
{
	struct store_verifier three[STORE_VERIFIER_KINDS] = {verifier(20), verifier(32)};
	const struct store_account *a;

	assert_int_equal(add(f, "id-1", "bob@example.org", three), 0);
	assert_int_equal(add(f, "id-2", "alice@example.org", NULL), 0);
	assert_int_equal(add(f, "id-3", "alice@example.org", NULL), STORE_E_EXISTS);
	assert_int_equal(f->req.outcomes[0], STORE_E_EXISTS);

	assert_int_equal(ASK(f, store_account_all), 0);
	assert_int_equal(f->req.accounts->len, 2);
	a = &f->req.accounts->rows[0];
	assert_str(a->jid, "alice@example.org");
	assert_str(a->person_id, "id-2");
	assert_str(a->name, "A Name");
	assert_str(a->mail, "a@mail");
	assert_str(a->language, "de");
	assert_str(a->department, "Trading");
	assert_int_equal(a->groups_len, 2);
	assert_str(a->groups[1], "traders");
	assert_true(a->created_us == 1234567890123456 && !a->disabled);
	assert_int_equal(ASK(f, store_account_get, STR("carol@example.org")), STORE_E_NONE);
}

static void lacking_verifiers(struct fixture *f, uint64_t sha_1, uint64_t sha_256, uint64_t sha_512)
{
	assert_int_equal(ASK(f, store_verifier_lacking), 0);
	assert_int_equal(f->req.lacking[STORE_SHA_1], sha_1);
	assert_int_equal(f->req.lacking[STORE_SHA_256], sha_256);
	assert_int_equal(f->req.lacking[STORE_SHA_512], sha_512);
}

static void verifiers(struct fixture *f)
{
	assert_int_equal(ASK(f, store_verifier_get, STR("bob@example.org"), STORE_SHA_256), 0);
	assert_int_equal(f->req.verifier->iterations, 4096);
	assert_int_equal(f->req.verifier->salt_len, 16);
	assert_int_equal(f->req.verifier->key_len, 32);
	assert_int_equal(f->req.verifier->server_key[31], 3);
	assert_int_equal(f->req.verifier->stored_key[0], 2);
	assert_int_equal(ASK(f, store_verifier_get, STR("bob@example.org"), STORE_SHA_512), STORE_E_NONE);
	assert_int_equal(ASK(f, store_verifier_get, STR("alice@example.org"), STORE_SHA_1), STORE_E_NONE);
	assert_int_equal(ASK(f, store_verifier_get, STR("nobody@example.org"), STORE_SHA_1), STORE_E_NONE);
	lacking_verifiers(f, 1, 1, 2); /* bob has SHA-1 and SHA-256, alice none */
}

static void updates(struct fixture *f)
{
	struct store_verifier three[STORE_VERIFIER_KINDS] = {[STORE_SHA_512] = verifier(64)};
	struct store_account row = {
		.jid = STR("bob@example.org"), .disabled = true, .name = STR("B"), .verifiers = three};

	assert_int_equal(ASK(f, store_account_update, &row,
				 STORE_ACCOUNT_DISABLED | STORE_ACCOUNT_NAME | STORE_ACCOUNT_GROUPS |
					 STORE_ACCOUNT_VERIFIERS),
		0);
	assert_int_equal(ASK(f, store_account_get, STR("bob@example.org")), 0);
	assert_true(f->req.accounts->rows[0].disabled);
	assert_str(f->req.accounts->rows[0].name, "B");
	assert_str(f->req.accounts->rows[0].mail, "a@mail");
	assert_int_equal(f->req.accounts->rows[0].groups_len, 0);
	assert_int_equal(ASK(f, store_verifier_get, STR("bob@example.org"), STORE_SHA_256), STORE_E_NONE);
	assert_int_equal(ASK(f, store_verifier_get, STR("bob@example.org"), STORE_SHA_512), 0);
	lacking_verifiers(f, 1, 1, 1); /* who may not log in does not count */
	row.jid = STR("nobody@example.org");
	assert_int_equal(ASK(f, store_account_update, &row, STORE_ACCOUNT_NAME), STORE_E_NONE);
}

static void a_removed_address_is_never_given_again(struct fixture *f)
{
	struct store_roster_item item = {.contact = STR("alice@example.org")};

	assert_int_equal(ASK(f, store_roster_put, STR("bob@example.org"), &item, 1, 1), 0);
	assert_int_equal(ASK(f, store_account_remove, STR("bob@example.org")), 0);
	assert_int_equal(ASK(f, store_account_remove, STR("bob@example.org")), STORE_E_NONE);
	assert_int_equal(ASK(f, store_account_get, STR("bob@example.org")), STORE_E_NONE);
	assert_int_equal(ASK(f, store_verifier_get, STR("bob@example.org"), STORE_SHA_512), STORE_E_NONE);
	assert_int_equal(add(f, "id-4", "bob@example.org", NULL), STORE_E_EXISTS);
	assert_int_equal(ASK(f, store_roster_load, STR("bob@example.org")), 0);
	assert_int_equal(f->req.roster->len, 0);
	assert_int_equal(ASK(f, store_account_all), 0);
	assert_int_equal(f->req.accounts->len, 1);
}

static void rows_of_one_call_fail_alone(struct fixture *f)
{
	struct store_account rows[3] = {{.person_id = STR("p1"), .jid = STR("new1@example.org")},
		{.person_id = STR("p2"), .jid = STR("alice@example.org")},
		{.person_id = STR("p3"), .jid = STR("new2@example.org")}};
	struct str bad = STR("a\x1f"
			     "b");

	assert_int_equal(ASK(f, store_account_add, rows, 3), STORE_E_EXISTS);
	assert_int_equal(f->req.outcomes[0], 0);
	assert_int_equal(f->req.outcomes[1], STORE_E_EXISTS);
	assert_int_equal(f->req.outcomes[2], 0);
	assert_int_equal(ASK(f, store_account_all), 0);
	assert_int_equal(f->req.accounts->len, 3);
	rows[0].groups = &bad;
	rows[0].groups_len = 1;
	assert_int_equal(store_account_add(f->store, &f->req, rows, 1), -EINVAL);
}

static void rosters(struct fixture *f)
{
	struct str owner = STR("o@example.org");
	struct store_roster_item items[] = {{.contact = STR("b@x"),
						    .name = STR("B"),
						    .groups = groups,
						    .groups_len = 2,
						    .subscription = STORE_SUB_BOTH},
		{.contact = STR("a@x"),
			.ask = true,
			.approved = true,
			.hidden = true,
			.pending_in = STR("<presence/>")}};
	const struct store_roster *r;

	assert_int_equal(ASK(f, store_roster_load, owner), 0);
	assert_true(f->req.roster->version == 0 && f->req.roster->len == 0);
	assert_int_equal(ASK(f, store_roster_put, owner, items, 2, 7), 0);
	assert_int_equal(ASK(f, store_roster_load, owner), 0);
	r = f->req.roster;
	assert_true(r->version == 7 && r->len == 2);
	assert_str(r->items[0].contact, "a@x");
	assert_true(r->items[0].ask && r->items[0].approved && r->items[0].hidden);
	assert_str(r->items[0].pending_in, "<presence/>");
	assert_int_equal(r->items[0].groups_len, 0);
	assert_str(r->items[1].groups[0], "staff");
	assert_int_equal(r->items[1].subscription, STORE_SUB_BOTH);
	items[0].groups_len = 0;
	assert_int_equal(ASK(f, store_roster_put, owner, items, 1, 8), 0);
	assert_int_equal(ASK(f, store_roster_delete, owner, STR("a@x"), 9), 0);
	assert_int_equal(ASK(f, store_roster_load, owner), 0);
	assert_true(f->req.roster->version == 9 && f->req.roster->len == 1);
	assert_int_equal(f->req.roster->items[0].groups_len, 0);
	/* since 8: a@x has gone; before the first change nothing is known */
	assert_int_equal(ASK(f, store_roster_changes, owner, 8), 0);
	assert_true(f->req.changes->complete && f->req.changes->len == 2);
	assert_str(f->req.changes->rows[1].contact, "a@x");
	assert_int_equal(f->req.changes->rows[1].version, 9);
	assert_int_equal(ASK(f, store_roster_changes, owner, 6), 0);
	assert_false(f->req.changes->complete);
	for (uint64_t version = 10; version < 70; version++) {
		char name[16];

		items[0].contact = str_of(name, (size_t)snprintf(name, sizeof(name), "c%u@x", (unsigned)version));
		assert_int_equal(ASK(f, store_roster_put, owner, items, 1, version), 0);
	}
	assert_int_equal(ASK(f, store_roster_changes, owner, 18), 0);
	assert_false(f->req.changes->complete);
	assert_int_equal(ASK(f, store_roster_changes, owner, 19), 0);
	assert_true(f->req.changes->complete && f->req.changes->len == 51);
}

static void block_lists(struct fixture *f)
{
	struct str owner = STR("o@example.org"), jids[] = {STR("spam.example"), STR("a@x"), STR("a@x")};

	assert_int_equal(ASK(f, store_block_put, owner, jids, 3), 0);
	assert_int_equal(ASK(f, store_block_load, owner), 0);
	assert_int_equal(f->req.names->len, 2);
	assert_str(f->req.names->names[0], "a@x");
	assert_int_equal(ASK(f, store_block_delete, owner, jids, 1), 0);
	assert_int_equal(ASK(f, store_block_load, owner), 0);
	assert_int_equal(f->req.names->len, 1);
	assert_int_equal(ASK(f, store_block_delete, owner, NULL, 0), 0);
	assert_int_equal(ASK(f, store_block_load, owner), 0);
	assert_int_equal(f->req.names->len, 0);
}

static void has_none(struct fixture *f, const char *owner)
{
	const struct store_roster *r;

	assert_int_equal(ASK(f, store_roster_load, str_from(owner)), 0);
	r = f->req.roster;
	assert_int_equal(r->len, 1);
	assert_str(r->items[0].contact, "leaver@example.org");
	assert_true(r->items[0].subscription == STORE_SUB_NONE && !r->items[0].ask && r->items[0].pending_in.len == 0);
	assert_true(r->version > 7);
	assert_int_equal(ASK(f, store_roster_changes, str_from(owner), 7), 0);
	assert_true(f->req.changes->complete && f->req.changes->len == 2);
	assert_str(f->req.changes->rows[1].contact, "leaver@example.org");
}

static void a_removed_account_leaves_others_rosters(struct fixture *f)
{
	struct str leaver = STR("leaver@example.org");
	struct store_roster_item own[] = {{.contact = STR("asked@x"), .ask = true},
		{.contact = STR("asks@x"), .hidden = true, .pending_in = STR("<presence/>")},
		{.contact = STR("friend@x"), .subscription = STORE_SUB_BOTH},
		{.contact = STR("listed@x")},
		{.contact = STR("outside@component"), .subscription = STORE_SUB_TO}};
	struct store_roster_item asked = {.contact = leaver, .hidden = true, .pending_in = STR("<presence/>")};
	struct store_roster_item asks = {.contact = leaver, .ask = true};
	struct store_roster_item friend = {
		.contact = leaver, .name = STR("L"), .groups = groups, .groups_len = 2, .subscription = STORE_SUB_BOTH};
	struct store_roster_item listed = {.contact = leaver, .name = STR("L")};

	assert_int_equal(add(f, "id-leaver", "leaver@example.org", NULL), 0);
	assert_int_equal(ASK(f, store_roster_put, leaver, own, 5, 7), 0);
	assert_int_equal(ASK(f, store_roster_put, STR("asked@x"), &asked, 1, 7), 0);
	assert_int_equal(ASK(f, store_roster_put, STR("asks@x"), &asks, 1, 7), 0);
	assert_int_equal(ASK(f, store_roster_put, STR("friend@x"), &friend, 1, 7), 0);
	assert_int_equal(ASK(f, store_roster_put, STR("listed@x"), &listed, 1, 7), 0);
	assert_int_equal(ASK(f, store_account_remove, leaver), 0);
	assert_int_equal(f->req.roster->len, 5); /* as it was */
	assert_str(f->req.roster->items[2].contact, "friend@x");
	assert_int_equal(f->req.roster->items[2].subscription, STORE_SUB_BOTH);
	assert_true(f->req.roster->items[0].ask && f->req.roster->items[1].pending_in.len > 0);
	has_none(f, "asks@x");
	has_none(f, "friend@x");
	assert_int_equal(ASK(f, store_roster_load, STR("friend@x")), 0);
	assert_str(f->req.roster->items[0].name, "L");
	assert_int_equal(f->req.roster->items[0].groups_len, 2);
	assert_int_equal(ASK(f, store_roster_load, STR("asked@x")), 0);
	assert_true(f->req.roster->len == 0 && f->req.roster->version > 7);
	assert_int_equal(ASK(f, store_roster_load, STR("listed@x")), 0);
	assert_true(f->req.roster->len == 1 && f->req.roster->version == 7);
	assert_int_equal(ASK(f, store_roster_load, STR("outside@component")), 0);
	assert_true(f->req.roster->len == 0 && f->req.roster->version == 0);
}

static void what_a_login_asks_for(struct fixture *f)
{
	struct str owner = STR("one@example.org"), blocked = STR("spam.example"), always = STR("boss@x");
	struct store_roster_item item = {.contact = STR("b@x"), .name = STR("B"), .groups = groups, .groups_len = 2};
	struct store_prefs prefs = {.fallback = STORE_KEEP_NONE, .always = &always, .always_len = 1};
	struct store_vcard card = {.xml = STR("<vCard/>"), .photo = STR("cafe")};
	const struct store_user *u;

	assert_int_equal(ASK(f, store_user_load, owner), 0);
	u = f->req.user;
	assert_true(u->roster->version == 0 && u->roster->len == 0 && u->blocks->len == 0);
	assert_true(u->prefs == NULL && u->photo.len == 0);
	assert_int_equal(ASK(f, store_roster_put, owner, &item, 1, 7), 0);
	assert_int_equal(ASK(f, store_block_put, owner, &blocked, 1), 0);
	assert_int_equal(ASK(f, store_prefs_put, owner, &prefs), 0);
	assert_int_equal(ASK(f, store_vcard_put, owner, &card), 0);
	assert_int_equal(ASK(f, store_user_load, owner), 0);
	u = f->req.user;
	assert_true(u->roster->version == 7 && u->roster->len == 1 && u->roster->items[0].groups_len == 2);
	assert_str(u->roster->items[0].contact, "b@x");
	assert_int_equal(u->blocks->len, 1);
	assert_str(u->blocks->names[0], "spam.example");
	assert_true(u->prefs->fallback == STORE_KEEP_NONE && u->prefs->always_len == 1 && u->prefs->never_len == 0);
	assert_str(u->prefs->always[0], "boss@x");
	assert_str(u->photo, "cafe");
	assert_int_equal(ASK(f, store_user_load, STR("another@example.org")), 0);
	assert_true(f->req.user->roster->len == 0 && f->req.user->photo.len == 0);
}

/* A note can be lost, where the backend fails: it is made until it is there. */
static void visit(struct fixture *f, struct str owner, uint64_t utc_us)
{
	do {
		store_visit_note(f->store, owner, utc_us);
		assert_int_equal(ASK(f, store_visit_get, owner), 0);
	} while (f->kind == FAKE_FAULTY && f->req.visit->login_us != utc_us);
}

static void greeted(struct fixture *f, struct str owner, struct str motd)
{
	do {
		store_visit_note_greeted(f->store, owner, motd);
		assert_int_equal(ASK(f, store_visit_get, owner), 0);
	} while (f->kind == FAKE_FAULTY && !f->req.visit->welcomed);
}

static void last_seen(struct fixture *f)
{
	assert_int_equal(ASK(f, store_seen_get, STR("visitor@example.org")), 0);
	assert_int_equal(f->req.number, 0);
	do {
		store_seen_note(f->store, STR("visitor@example.org"), 8);
		assert_int_equal(ASK(f, store_seen_get, STR("visitor@example.org")), 0);
	} while (f->kind == FAKE_FAULTY && f->req.number != 8);
	assert_int_equal(f->req.number, 8);
	store_seen_note(f->store, STR("nobody@example.org"), 8);
	assert_int_equal(ASK(f, store_seen_get, STR("nobody@example.org")), 0);
	assert_int_equal(f->req.number, 0);
}

static void switches(struct fixture *f)
{
	struct store_switch s = {.id = STR("L-1"), .what = STR("files"), .scope = STR("group"), .name = STR("sales"),
		.versions = STR(""), .reason = STR("why"), .by = STR("root"), .except = STR("it"), .start_us = 5, .end_us = 9};
	const struct store_switch *row;

	assert_int_equal(ASK(f, store_switch_put, &s), 0);
	s.id = STR("L-0");
	s.end_us = 0;
	s.start_us = 6;
	assert_int_equal(ASK(f, store_switch_put, &s), 0);
	assert_int_equal(ASK(f, store_switch_all), 0);
	assert_int_equal(f->req.switches->len, 2);
	row = &f->req.switches->rows[0];
	assert_str(row->id, "L-1");
	assert_str(row->what, "files");
	assert_str(row->scope, "group");
	assert_str(row->name, "sales");
	assert_str(row->versions, "");
	assert_str(row->reason, "why");
	assert_str(row->by, "root");
	assert_str(row->except, "it");
	assert_true(row->start_us == 5 && row->end_us == 9);
	assert_int_equal(ASK(f, store_switch_delete, STR("L-1")), 0);
	assert_int_equal(ASK(f, store_switch_delete, STR("L-1")), 0);
	assert_int_equal(ASK(f, store_switch_all), 0);
	assert_int_equal(f->req.switches->len, 1);
	assert_str(f->req.switches->rows[0].id, "L-0");
	assert_int_equal(ASK(f, store_switch_delete, STR("L-0")), 0);
}

static void silences(struct fixture *f)
{
	struct store_silence s = {.owner = STR("quiet@example.org"), .cause = STR("asked"), .since_us = 5, .until_us = 9, .peace_ms = 3,
		.many = 7, .refused = 8, .told = true};
	const struct store_silence *row;

	assert_int_equal(add(f, "id-quiet", "quiet@example.org", NULL), 0);
	assert_int_equal(ASK(f, store_silence_put, &s), 0);
	s.cause = STR("senders");
	assert_int_equal(ASK(f, store_silence_put, &s), 0);
	s.owner = STR("nobody@example.org"); /* no account */
	assert_int_equal(ASK(f, store_silence_put, &s), 0);
	assert_int_equal(ASK(f, store_silence_all), 0);
	assert_int_equal(f->req.silences->len, 1);
	row = &f->req.silences->rows[0];
	assert_str(row->owner, "quiet@example.org");
	assert_str(row->cause, "senders");
	assert_true(row->since_us == 5 && row->until_us == 9 && row->peace_ms == 3 && row->many == 7 && row->refused == 8 && row->told);
	assert_int_equal(ASK(f, store_account_remove, STR("quiet@example.org")), 0);
	assert_int_equal(ASK(f, store_silence_all), 0);
	assert_int_equal(f->req.silences->len, 0);
	assert_int_equal(add(f, "id-quieter", "quieter@example.org", NULL), 0);
	if (f->kind == FAKE_FAULTY) /* a note may fail there */
		return;
	s.owner = STR("quieter@example.org");
	store_silence_note(f->store, &s);
	assert_int_equal(ASK(f, store_silence_put, &(struct store_silence){.owner = STR("none@x"), .cause = STR("asked")}), 0);
	assert_int_equal(ASK(f, store_silence_all), 0);
	assert_int_equal(f->req.silences->len, 1);
	store_silence_note_end(f->store, s.owner);
	assert_int_equal(ASK(f, store_silence_put, &(struct store_silence){.owner = STR("none@x"), .cause = STR("asked")}), 0);
	assert_int_equal(ASK(f, store_silence_all), 0);
	assert_int_equal(f->req.silences->len, 0);
}

static void privacy(struct fixture *f)
{
	struct store_privacy p = {.reach = 1, .last_activity = 2};

	assert_int_equal(add(f, "id-private", "private@example.org", NULL), 0);
	assert_int_equal(ASK(f, store_user_load, STR("private@example.org")), 0);
	assert_true(!f->req.user->privacy.reach && !f->req.user->privacy.last_activity);
	assert_int_equal(ASK(f, store_privacy_put, STR("private@example.org"), &p), 0);
	p.reach = 3;
	assert_int_equal(ASK(f, store_privacy_put, STR("private@example.org"), &p), 0);
	assert_int_equal(ASK(f, store_user_load, STR("private@example.org")), 0);
	assert_true(f->req.user->privacy.reach == 3 && f->req.user->privacy.last_activity == 2);
	assert_int_equal(ASK(f, store_account_remove, STR("private@example.org")), 0);
	assert_int_equal(ASK(f, store_user_load, STR("private@example.org")), 0);
	assert_int_equal(f->req.user->privacy.reach, 0);
}

static void visits_and_notices(struct fixture *f)
{
	struct store_notice motd = {.name = STR("motd"), .text = STR("Tea."), .id = STR("id"), .seq = 7, .utc_us = 9};

	assert_int_equal(add(f, "id-visitor", "visitor@example.org", NULL), 0);
	assert_int_equal(ASK(f, store_visit_get, STR("visitor@example.org")), 0);
	assert_int_equal(f->req.visit->logins, 0);
	visit(f, STR("visitor@example.org"), 5);
	greeted(f, STR("visitor@example.org"), STR("id"));
	visit(f, STR("visitor@example.org"), 6);
	store_visit_note(f->store, STR("nobody@example.org"), 6);
	assert_int_equal(ASK(f, store_visit_get, STR("visitor@example.org")), 0);
	assert_true(f->req.visit->login_us == 6 && f->req.visit->logins == 2 && f->req.visit->welcomed);
	assert_str(f->req.visit->motd, "id");
	assert_int_equal(ASK(f, store_visit_get, STR("nobody@example.org")), 0);
	assert_int_equal(f->req.visit->logins, 0);
	last_seen(f);

	assert_int_equal(ASK(f, store_notice_put, &motd), 0);
	motd.text = STR("More tea.");
	assert_int_equal(ASK(f, store_notice_put, &motd), 0);
	assert_int_equal(ASK(f, store_notice_all), 0);
	assert_int_equal(f->req.notices->len, 1);
	assert_str(f->req.notices->rows[0].text, "More tea.");
	assert_true(f->req.notices->rows[0].seq == 7 && f->req.notices->rows[0].utc_us == 9);
	assert_int_equal(ASK(f, store_notice_delete, STR("motd")), 0);
	assert_int_equal(ASK(f, store_notice_all), 0);
	assert_int_equal(f->req.notices->len, 0);
}

static void rooms(struct fixture *f)
{
	struct store_affiliation people[] = {{.jid = STR("a@x"), .affiliation = 4},
		{.jid = STR("b@x"), .affiliation = 2, .nick = STR("bee"), .reason = STR("likes tea")}};
	struct store_room room = {.jid = STR("tea@rooms.x"), .config = STR("one"), .secret = STR("00"),
		.subject = STR("Tea"), .subject_from = STR("tea@rooms.x/a"), .subject_id = STR("id"), .subject_seq = 7,
		.subject_us = 9, .affiliations = people, .affiliations_len = 2};

	assert_int_equal(ASK(f, store_room_put, &room), 0);
	people[0].affiliation = STORE_AFFILIATION_NONE;
	room.affiliations_len = 1; /* what is not given stays */
	room.config = STR("two");
	assert_int_equal(ASK(f, store_room_put, &room), 0);
	assert_int_equal(ASK(f, store_room_all), 0);
	assert_int_equal(f->req.rooms->len, 1);
	assert_str(f->req.rooms->rows[0].config, "two");
	assert_int_equal(f->req.rooms->rows[0].subject_seq, 7);
	assert_int_equal(f->req.rooms->rows[0].affiliations_len, 1);
	assert_str(f->req.rooms->rows[0].affiliations[0].nick, "bee");
	assert_str(f->req.rooms->rows[0].affiliations[0].reason, "likes tea");
	assert_int_equal(ASK(f, store_room_delete, STR("tea@rooms.x")), 0);
	assert_int_equal(ASK(f, store_room_all), 0);
	assert_int_equal(f->req.rooms->len, 0);
}

static struct store_message message(uint64_t seq, const char *id)
{
	return (struct store_message){.owner = STR("o@example.org"),
		.seq = seq,
		.id = str_from(id),
		.time_us = 42,
		.from = STR("s@x/r"),
		.kind = 3,
		.xml = STR("<message>h\u00E9</message>")};
}

static void offline_messages(struct fixture *f)
{
	struct str owner = STR("o@example.org"), ids[] = {STR("m1"), STR("m9")};
	struct store_message m[] = {
		message(12, "m2"), message(11, "m1"), message(13, "m3"), message(14, "m4")};

	assert_int_equal(ASK(f, store_message_put, STORE_OFFLINE, m, 2, 3, 12), 0);
	assert_int_equal(
		ASK(f, store_message_put, STORE_OFFLINE, m, 2, 3, 11), 0); /* again: no second copies */
	assert_int_equal(ASK(f, store_message_put, STORE_OFFLINE, m + 2, 2, 3, 14), STORE_E_FULL);
	assert_int_equal(ASK(f, store_message_count, STORE_OFFLINE, owner), 0);
	assert_int_equal(f->req.number, 2); /* neither of the two */
	assert_int_equal(ASK(f, store_message_put, STORE_OFFLINE, m + 2, 1, 3, 13), 0);
	assert_int_equal(ASK(f, store_message_load, STORE_OFFLINE, owner, 0, 0), 0);
	assert_int_equal(f->req.messages->len, 3);
	assert_str(f->req.messages->rows[0].id, "m1");
	assert_str(f->req.messages->rows[0].from, "s@x/r");
	assert_str(f->req.messages->rows[0].xml, "<message>h\u00E9</message>");
	assert_true(f->req.messages->rows[0].seq == 11 && f->req.messages->rows[0].kind == 3);
	assert_int_equal(f->req.messages->rows[0].time_us, 42);
	assert_int_equal(ASK(f, store_message_load, STORE_OFFLINE, owner, 11, 1), 0);
	assert_int_equal(f->req.messages->len, 1);
	assert_str(f->req.messages->rows[0].id, "m2");
	assert_int_equal(ASK(f, store_message_delete, owner, ids, 2, 0), 0);
	assert_int_equal(ASK(f, store_message_count, STORE_OFFLINE, owner), 0);
	assert_int_equal(f->req.number, 2);
	assert_int_equal(ASK(f, store_message_owners, STORE_OFFLINE), 0);
	assert_int_equal(f->req.names->len, 1);
	assert_str(f->req.names->names[0], "o@example.org");
}

static void spooled_messages(struct fixture *f)
{
	struct str owner = STR("o@example.org");
	struct store_message m[] = {message(20, "s1"), message(21, "s2"), message(22, "s3")};

	m[0].session = m[1].session = STR("desk");
	m[2].session = STR("phone");
	assert_int_equal(ASK(f, store_message_put, STORE_SPOOL, m, 3, 0, 0), 0);
	assert_int_equal(ASK(f, store_message_count, STORE_SPOOL, owner), 0);
	assert_int_equal(f->req.number, 3);
	assert_int_equal(ASK(f, store_message_unspool, owner, STR("desk")), 0);
	assert_int_equal(ASK(f, store_message_count, STORE_SPOOL, owner), 0);
	assert_int_equal(f->req.number, 1);
	assert_int_equal(ASK(f, store_message_unspool, STR_NONE, STR_NONE), 0);
	assert_int_equal(ASK(f, store_message_load, STORE_OFFLINE, owner, 19, 0), 0);
	assert_int_equal(f->req.messages->len, 3);
	assert_int_equal(f->req.messages->rows[2].session.len, 0);
	assert_int_equal(ASK(f, store_message_owners, STORE_SPOOL), 0);
	assert_int_equal(f->req.names->len, 0);
}

static void the_applied_sequence_only_rises(struct fixture *f)
{
	assert_int_equal(store_applied_seq(f->store), 0); /* as it was at the start */
	fixture_reopen(f);
	assert_int_equal(store_applied_seq(f->store), 13);
	assert_int_equal(ASK(f, store_commit_applied, 99), 0);
	assert_int_equal(ASK(f, store_commit_applied, 50), 0);
	fixture_reopen(f);
	assert_int_equal(store_applied_seq(f->store), 99);
}

static struct store_invite invitation(const char *hash, const char *id, const char *jid)
{
	static const struct str both[] = {STR("one"), STR("two")};

	return (struct store_invite){.token_hash = str_from(hash),
		.id = str_from(id),
		.domain = STR("example.org"),
		.jid = str_from(jid),
		.groups = both,
		.groups_len = 2,
		.made_by = STR("root"),
		.created_us = 1000,
		.expires_us = 5000};
}

static int redeem(struct fixture *f, const char *hash, const char *jid, uint64_t now_us)
{
	struct store_verifier three[STORE_VERIFIER_KINDS] = {[STORE_SHA_512] = verifier(64)};
	struct store_account row = {
		.person_id = str_from(jid), .jid = str_from(jid), .created_us = now_us, .verifiers = three};

	return ASK(f, store_invite_redeem, str_from(hash), &row);
}

static void invitations(struct fixture *f)
{
	struct store_invite any = invitation("hash-1", "id-1", ""), her = invitation("hash-2", "id-2", "her@example.org"),
			    third = invitation("hash-3", "id-3", ""), old = invitation("hash-4", "id-4", "");
	uint64_t version = store_invites_version(f->store);

	assert_int_equal(ASK(f, store_invite_add, &any, 2, SIZE_MAX), 0);
	assert_int_equal(ASK(f, store_invite_add, &her, 2, SIZE_MAX), 0);
	assert_int_equal(ASK(f, store_invite_add, &third, 2, SIZE_MAX), STORE_E_FULL);
	assert_int_equal(ASK(f, store_invite_add, &third, 9, 2), STORE_E_MANY);
	third.jid = STR("her@example.org");
	assert_int_equal(ASK(f, store_invite_add, &third, 9, SIZE_MAX), STORE_E_EXISTS); /* kept for another */
	third.jid = STR("bob@example.org");
	assert_int_equal(ASK(f, store_invite_add, &third, 9, SIZE_MAX), STORE_E_EXISTS); /* removed, never given again */
	assert_true(store_invites_version(f->store) != version);
	assert_int_equal(ASK(f, store_invite_find, STR("hash-2")), 0);
	assert_str(f->req.invites->rows[0].id, "id-2");
	assert_str(f->req.invites->rows[0].jid, "her@example.org");
	assert_int_equal(f->req.invites->rows[0].groups_len, 2);
	assert_int_equal(ASK(f, store_invite_find, STR("hash-9")), STORE_E_NONE);

	assert_int_equal(redeem(f, "hash-1", "her@example.org", 2000), STORE_E_EXISTS);
	assert_int_equal(redeem(f, "hash-1", "him@example.org", 2000), 0);
	assert_int_equal(redeem(f, "hash-1", "two@example.org", 2000), STORE_E_NONE); /* one account each */
	assert_int_equal(ASK(f, store_account_get, STR("two@example.org")), STORE_E_NONE);
	assert_int_equal(ASK(f, store_verifier_get, STR("him@example.org"), STORE_SHA_512), 0);
	assert_int_equal(ASK(f, store_invite_find, STR("hash-1")), 0);
	assert_int_equal(f->req.invites->rows[0].used_us, 2000);
	assert_str(f->req.invites->rows[0].used_by, "him@example.org");

	assert_int_equal(ASK(f, store_invite_revoke, STR("id-1"), 2000), STORE_E_NONE); /* it was used */
	assert_int_equal(ASK(f, store_invite_revoke, STR("id-2"), 6000), STORE_E_NONE); /* it has run out */
	assert_int_equal(ASK(f, store_invite_revoke, STR("id-2"), 3000), 0);
	assert_int_equal(redeem(f, "hash-2", "her@example.org", 3000), STORE_E_NONE);
	assert_int_equal(ASK(f, store_account_get, STR("her@example.org")), STORE_E_NONE);
	old.created_us = 40ULL * 24 * 3600 * 1000000; /* the others are forgotten */
	old.expires_us = old.created_us + 1000;
	assert_int_equal(ASK(f, store_invite_add, &old, 1, SIZE_MAX), 0);
	assert_int_equal(ASK(f, store_invite_all), 0);
	assert_int_equal(f->req.invites->len, 1);
	third.created_us = old.created_us;
	third.expires_us = old.expires_us;
	third.jid = STR("");
	assert_int_equal(ASK(f, store_invite_add, &third, 9, 1), STORE_E_MANY);
	third.made_by = STR("somebody else");
	assert_int_equal(ASK(f, store_invite_add, &third, 9, 1), 0);
}

/* A failed request keeps nothing: asked again, it does what it would have done at first. */
static void on_a_backend(void **state)
{
	const enum fake_kind *kind = *state;
	struct fixture f;

	fixture_open(&f, *kind);
	accounts(&f);
	verifiers(&f);
	updates(&f);
	a_removed_address_is_never_given_again(&f);
	rows_of_one_call_fail_alone(&f);
	invitations(&f);
	rosters(&f);
	rooms(&f);
	visits_and_notices(&f);
	switches(&f);
	silences(&f);
	privacy(&f);
	block_lists(&f);
	what_a_login_asks_for(&f);
	a_removed_account_leaves_others_rosters(&f);
	offline_messages(&f);
	spooled_messages(&f);
	the_applied_sequence_only_rises(&f);
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
