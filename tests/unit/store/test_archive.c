/* Archives: one row for two owners, pages from both ends, filters, clearing away; on every backend. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib.h"

#define ALICE "alice@example.org"
#define BOB "bob@example.org"
#define BOTH (STORE_VIEW_SENDER | STORE_VIEW_RECIPIENT)

static char id_text[64][24];

/* 22 characters, as the record's ids have. */
static struct str id_of(uint64_t seq)
{
	char *text = id_text[seq % 64];

	snprintf(text, 24, "id-%019llu", (unsigned long long)seq);
	return str_of(text, 22);
}

static struct store_archived row(uint64_t seq, const char *from, const char *to, unsigned views)
{
	return (struct store_archived){.seq = seq,
		.id = id_of(seq),
		.time_us = seq * 1000,
		.from = str_from(from),
		.to = str_from(to),
		.views = views,
		.xml = STR("<message>h\u00E9</message>")};
}

/* As route/ does it: the batch is built once, and put until it is in. */
static void put(struct fixture *f, const struct store_archived *rows, size_t len)
{
	int answer;

	store_req_release(&f->req);
	assert_int_equal(store_archive_begin(&f->req), 0);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(store_archive_add(&f->req, &rows[i]), 0);
	do
		answer = fixture_answer(f, store_archive_put(f->store, &f->req));
	while (answer == STORE_E_FAILED && f->kind == FAKE_FAULTY);
	assert_int_equal(answer, 0);
}

static void put_one(struct fixture *f, uint64_t seq, const char *from, const char *to, unsigned views)
{
	struct store_archived one = row(seq, from, to, views);

	put(f, &one, 1);
}

static struct store_archive_query of(const char *owner)
{
	return (struct store_archive_query){.owner = str_from(owner), .max = 10};
}

/* The page holds the rows from..to, one after the other. */
static void check_page(
	struct fixture *f, const struct store_archive_query *query, uint64_t from, uint64_t to, bool complete)
{
	const struct store_archive_page *page;

	assert_int_equal(ASK(f, store_archive_load, query), 0);
	page = f->req.page;
	assert_int_equal(page->len, to + 1 - from);
	for (size_t i = 0; i < page->len; i++)
		assert_int_equal(page->rows[i].seq, from + i);
	assert_int_equal(page->complete, complete);
}

static void check_none(struct fixture *f, const struct store_archive_query *query)
{
	check_page(f, query, 1, 0, true);
}

/* 1..30 between Alice and Bob, odd ones from Alice; 31 to Carol. */
static void fill(struct fixture *f)
{
	struct store_archived rows[31];

	for (uint64_t i = 1; i <= 30; i++)
		rows[i - 1] =
			i % 2 ? row(i, ALICE "/desk", BOB, BOTH) : row(i, BOB "/phone", ALICE "/desk", BOTH);
	rows[30] = row(31, ALICE "/home", "carol@example.org", BOTH);
	put(f, rows, 31);
	put(f, rows, 31); /* the record again */
}

static void pages_go_both_ways(struct fixture *f)
{
	struct store_archive_query q = of(ALICE);

	check_page(f, &q, 1, 10, false);
	assert_str(f->req.page->rows[0].xml, "<message>h\u00E9</message>");
	assert_int_equal(f->req.page->rows[4].time_us, 5000);
	q.after_page = id_of(10);
	check_page(f, &q, 11, 20, false);
	q.after_page = id_of(21);
	check_page(f, &q, 22, 31, true);
	q.after_page = id_of(31);
	check_none(f, &q);
	q = of(ALICE);
	q.newest = true;
	check_page(f, &q, 22, 31, false);
	q.before_page = id_of(22);
	check_page(f, &q, 12, 21, false);
	q.before_page = id_of(5);
	check_page(f, &q, 1, 4, true);
	q = of(BOB);
	q.after_page = id_of(28);
	check_page(f, &q, 29, 30, true);
	q.max_bytes = 1;
	check_page(f, &q, 29, 29, false);
}

static void filters_narrow(struct fixture *f)
{
	struct store_archive_query q = of(ALICE);

	q.with = STR("carol@example.org");
	check_page(f, &q, 31, 31, true);
	q.with = STR(BOB "/phone");
	q.max = 1;
	check_page(f, &q, 2, 2, false);
	q.with = STR(BOB "/none");
	check_none(f, &q);
	q.with = STR("nobody@example.org");
	check_none(f, &q);
	q = of(ALICE);
	q.start_us = 4001;
	q.end_us = 7000;
	check_page(f, &q, 5, 7, true);
	q = of(ALICE);
	q.after = id_of(3);
	q.before = id_of(6);
	check_page(f, &q, 4, 5, true);
	q.with = STR(BOB);
	check_page(f, &q, 4, 5, true);
	q.after = id_of(6);
	check_none(f, &q);
	q = of(ALICE);
	q.count = true;
	assert_int_equal(ASK(f, store_archive_load, &q), 0);
	assert_int_equal(f->req.page->count, 31);
	q.with = STR(BOB);
	assert_int_equal(ASK(f, store_archive_load, &q), 0);
	assert_int_equal(f->req.page->count, 30);
}

static void ids_are_found_or_missed(struct fixture *f)
{
	struct str ids[] = {id_of(9), id_of(4), id_of(9)}, other[] = {id_of(4), STR("no such id")};
	struct str carols[] = {id_of(31)};
	struct store_archive_query q = of(ALICE);

	q.ids = ids;
	q.ids_len = 3;
	assert_int_equal(ASK(f, store_archive_load, &q), 0);
	assert_int_equal(f->req.page->len, 2);
	assert_true(f->req.page->rows[0].seq == 4 && f->req.page->rows[1].seq == 9 && f->req.page->complete);
	q.ids = other;
	q.ids_len = 2;
	assert_int_equal(ASK(f, store_archive_load, &q), STORE_E_NONE);
	q = of(BOB);
	q.ids = carols; /* there, but in nobody's archive but Alice's and Carol's */
	q.ids_len = 1;
	assert_int_equal(ASK(f, store_archive_load, &q), STORE_E_NONE);
	q = of(BOB);
	q.before_page = id_of(31);
	assert_int_equal(ASK(f, store_archive_load, &q), STORE_E_NONE);
	q = of("nobody@example.org");
	check_none(f, &q);
	q.after = id_of(1);
	assert_int_equal(ASK(f, store_archive_load, &q), STORE_E_NONE);
	q = of(ALICE);
	q.edges = true;
	assert_int_equal(ASK(f, store_archive_load, &q), 0);
	assert_true(f->req.page->len == 2 && f->req.page->rows[0].seq == 1 && f->req.page->rows[1].seq == 31);
	q = of("carol@example.org");
	q.edges = true;
	check_page(f, &q, 31, 31, true);
}

/* Far apart, so that they lie in different parts of the index of ids. */
static void old_ids_are_found_among_many_parts(struct fixture *f)
{
	struct store_archive_query q = of("deep@example.org");

	for (uint64_t i = 1; i <= 5; i++)
		put_one(f, i << 20, "deep@example.org/a", BOB, STORE_VIEW_SENDER);
	q.after_page = id_of(1 << 20);
	q.max = 1;
	check_page(f, &q, 2 << 20, 2 << 20, false);
	q.after_page = id_of(4 << 20);
	check_page(f, &q, 5 << 20, 5 << 20, true);
	q = of("deep@example.org");
	q.start_us = (UINT64_C(4) << 20) * 1000 + 1;
	check_page(f, &q, 5 << 20, 5 << 20, true);
}

static void views_are_apart(struct fixture *f)
{
	struct store_archive_query q = of("dora@example.org");

	put_one(f, 100, "dora@example.org/a", "emil@example.org", STORE_VIEW_SENDER);
	put_one(f, 101, "emil@example.org/a", "dora@example.org", STORE_VIEW_SENDER);
	put_one(f, 102, "dora@example.org/a", "dora@example.org/b", BOTH);
	put_one(f, 103, "dora@example.org/a", "emil@example.org", 0);
	assert_int_equal(ASK(f, store_archive_load, &q), 0);
	assert_int_equal(f->req.page->len, 2);
	assert_true(f->req.page->rows[0].seq == 100 && f->req.page->rows[1].seq == 102);
	q.with = STR("dora@example.org");
	check_page(f, &q, 102, 102, true);
	q.with = STR("dora@example.org/a");
	check_page(f, &q, 102, 102, true);
	q.with = STR("dora@example.org/c");
	check_none(f, &q);
	q = of("emil@example.org");
	check_page(f, &q, 101, 101, true);
}

static void what_comes_again_is_judged(struct fixture *f)
{
	struct str never[] = {STR("fritz@example.org")}, blocked[] = {STR("gast@example.org/x"), STR("unten.example")};
	struct store_prefs prefs = {.fallback = STORE_KEEP_ROSTER, .never = never, .never_len = 1};
	struct store_roster_item item = {.contact = STR("hanna@example.org")};
	struct str owner = STR("ida@example.org");
	struct store_archive_query q = of("ida@example.org");

	assert_int_equal(ASK(f, store_prefs_load, owner), 0);
	assert_null(f->req.prefs);
	assert_int_equal(ASK(f, store_prefs_put, owner, &prefs), 0);
	assert_int_equal(ASK(f, store_prefs_load, owner), 0);
	assert_int_equal(f->req.prefs->fallback, STORE_KEEP_ROSTER);
	assert_int_equal(f->req.prefs->always_len, 0);
	assert_str(f->req.prefs->never[0], "fritz@example.org");
	assert_int_equal(ASK(f, store_roster_put, owner, &item, 1, 1), 0);
	assert_int_equal(ASK(f, store_block_put, owner, blocked, 2), 0);
	put_one(f, 200, "fritz@example.org/a", "ida@example.org", BOTH | STORE_VIEW_JUDGE);
	put_one(f, 201, "stranger@example.org/a", "ida@example.org", BOTH | STORE_VIEW_JUDGE);
	put_one(f, 202, "hanna@example.org/a", "ida@example.org", BOTH | STORE_VIEW_JUDGE);
	put_one(f, 203, "ida@example.org/a", "gast@example.org/x", BOTH | STORE_VIEW_JUDGE);
	put_one(f, 204, "ida@example.org/a", "otto@tief.unten.example", BOTH | STORE_VIEW_JUDGE);
	put_one(f, 205, "ida@example.org/a", "otto@nichtunten.example", BOTH | STORE_VIEW_JUDGE);
	check_page(f, &q, 202, 202, true);
	q = of("otto@nichtunten.example");
	check_page(f, &q, 205, 205, true);
	q = of("otto@tief.unten.example"); /* below a domain that is blocked */
	check_none(f, &q);
	q = of("fritz@example.org");
	check_page(f, &q, 200, 200, true);
	q = of("gast@example.org"); /* whom one has blocked one cannot have written to */
	check_none(f, &q);
}

/* Brought from elsewhere: later numbers, earlier times, in an archive of its own. */
static void times_of_before_have_later_numbers(struct fixture *f)
{
	struct store_archive_query q = of("neu@example.org");
	struct store_archive_query others = of("ida@example.org");

	for (uint64_t i = 0; i < 6; i++) {
		struct store_archived one = row(210 + i, "neu@example.org/a", BOB, STORE_VIEW_SENDER);

		one.time_us = 100 + i * 10;
		put(f, &one, 1);
	}
	put_one(f, 220, "neu@example.org/a", BOB, BOTH);
	q.max = 6;
	check_page(f, &q, 210, 215, false);
	q.start_us = 120;
	q.end_us = 140;
	check_page(f, &q, 212, 214, true);
	q.start_us = 121;
	q.end_us = 0;
	q.max = 3;
	check_page(f, &q, 213, 215, false);
	q.start_us = 151;
	check_page(f, &q, 220, 220, true);
	q.start_us = 0;
	q.end_us = 99;
	check_none(f, &q);
	others.start_us = 201 * 1000;
	others.end_us = 202 * 1000;
	check_page(f, &others, 202, 202, true);
}

static void sweep_all(struct fixture *f, uint64_t before_us)
{
	do
		assert_int_equal(ASK(f, store_archive_sweep, before_us, 3), 0);
	while (f->req.number);
}

static void old_rows_go_in_steps(struct fixture *f)
{
	struct store_archive_query q = of(ALICE);

	assert_int_equal(ASK(f, store_archive_sweep, 8000, 3), 0);
	assert_int_equal(f->req.number, 3);
	check_page(f, &q, 4, 13, false);
	sweep_all(f, 8000);
	check_page(f, &q, 8, 17, false);
	q.after_page = id_of(7);
	assert_int_equal(ASK(f, store_archive_load, &q), STORE_E_NONE);
}

static void a_removed_account_has_no_archive_and_others_keep_theirs(struct fixture *f)
{
	struct store_account account = {.person_id = STR("p-alice"), .jid = STR(ALICE)};
	struct store_archive_query q = of(ALICE);

	assert_int_equal(ASK(f, store_account_add, &account, 1), 0);
	assert_int_equal(ASK(f, store_account_remove, STR(ALICE)), 0);
	check_none(f, &q);
	put_one(f, 300, ALICE "/desk", BOB, BOTH); /* was under way */
	check_none(f, &q);
	sweep_all(f, 0);
	q = of(BOB);
	q.with = STR(ALICE);
	q.newest = true;
	q.max = 3;
	assert_int_equal(ASK(f, store_archive_load, &q), 0);
	assert_int_equal(f->req.page->rows[2].seq, 300);
	assert_int_equal(f->req.page->rows[1].seq, 30);
}

static void a_tombstone_stands_where_the_message_stood_for_everybody(struct fixture *f)
{
	struct store_archive_query q = of("uwe@example.org");
	struct str owner = STR("vera@example.org"), xml = STR("<message><gone/></message>");

	put_one(f, 401, "uwe@example.org/a", "vera@example.org", BOTH);
	put_one(f, 402, "vera@example.org/a", "uwe@example.org", BOTH);
	put_one(f, 403, "uwe@example.org/a", "wim@example.org", BOTH);
	for (int twice = 0; twice < 2; twice++)
		assert_int_equal(ASK(f, store_archive_retract, owner, id_of(401), xml), 0);
	put_one(f, 401, "uwe@example.org/a", "vera@example.org", BOTH); /* the record again */
	check_page(f, &q, 401, 403, true);
	assert_str(f->req.page->rows[0].xml, "<message><gone/></message>");
	assert_str(f->req.page->rows[1].xml, "<message>h\u00E9</message>");
	assert_true(f->req.page->rows[0].time_us == 401000 && str_eq(f->req.page->rows[0].id, id_of(401)));
	q.owner = owner;
	check_page(f, &q, 401, 402, true);
	assert_str(f->req.page->rows[0].xml, "<message><gone/></message>");
	assert_int_equal(ASK(f, store_archive_retract, owner, id_of(403), xml), STORE_E_NONE);
	assert_int_equal(ASK(f, store_archive_retract, STR("nobody@example.org"), id_of(401), xml), STORE_E_NONE);
}

static void a_room_that_was_destroyed_leaves_nothing_to_the_next_of_its_name(struct fixture *f)
{
	struct str room = STR("hall@rooms.example.org");
	struct store_archive_query q = of("hall@rooms.example.org");

	put_one(f, 501, "hall@rooms.example.org/nick", "hall@rooms.example.org", STORE_VIEW_SENDER);
	check_page(f, &q, 501, 501, true);
	assert_int_equal(ASK(f, store_archive_leave, room), 0);
	check_none(f, &q);
	put_one(f, 502, "hall@rooms.example.org/nick", "hall@rooms.example.org", STORE_VIEW_SENDER);
	check_page(f, &q, 502, 502, true);
	sweep_all(f, 0);
	check_page(f, &q, 502, 502, true);
	assert_int_equal(ASK(f, store_archive_leave, STR("nobody@rooms.example.org")), 0);
}

static void on_a_backend(void **state)
{
	const enum fake_kind *kind = *state;
	struct fixture f;

	fixture_open(&f, *kind);
	fill(&f);
	pages_go_both_ways(&f);
	filters_narrow(&f);
	ids_are_found_or_missed(&f);
	views_are_apart(&f);
	what_comes_again_is_judged(&f);
	times_of_before_have_later_numbers(&f);
	old_rows_go_in_steps(&f);
	a_removed_account_has_no_archive_and_others_keep_theirs(&f);
	a_tombstone_stands_where_the_message_stood_for_everybody(&f);
	a_room_that_was_destroyed_leaves_nothing_to_the_next_of_its_name(&f);
	old_ids_are_found_among_many_parts(&f);
	fixture_close(&f);
}

static void a_file_without_archives_is_brought_up_to_date(void **state)
{
	struct store_archive_query q = of(ALICE);
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	fixture_from_first_version(&f, "");
	put_one(&f, 1, ALICE "/desk", BOB, BOTH);
	check_page(&f, &q, 1, 1, true);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TESTS(on_a_backend),
		cmocka_unit_test(a_file_without_archives_is_brought_up_to_date),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
