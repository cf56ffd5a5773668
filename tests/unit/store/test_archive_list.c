/* What an owner has of the archive, in numbers that fill blocks and turn parts: put in any order, found whole, also
 * after a clean end, a crash and an upgrade; taken back; cleared away. */
#include "check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib.h"
#include "store/tomb.h"

enum {
	ROWS = 24000,
	STEP = 100, /* between two numbers, so that others fit in */
	BATCH = 1000,
	PEOPLE = 150,
};

#define BOTH (STORE_VIEW_SENDER | STORE_VIEW_RECIPIENT)
#define XML "<message from='%s/x' to='%s' type='chat' id='own-%llu'><body>secret</body></message>"

struct text {
	char id[24], from[40], to[40], own[32], xml[200];
};

static struct str name_of(uint64_t person, char out[40])
{
	snprintf(out, 40, "p%llu@example.org", (unsigned long long)person);
	return str_from(out);
}

static bool uneven; /* times, in the test about them */

/* For an hour many at a time, then less and less. */
static uint64_t time_of(uint64_t seq)
{
	uint64_t n = seq / STEP, busy = ROWS / 2;

	if (!uneven)
		return seq;
	return n < busy ? 1000 + n / 50 : 1000 + busy / 50 + (n - busy) * (n - busy);
}

/* Row n is from one to another; everybody has some, person 0 every third. */
static uint64_t author_of(uint64_t seq)
{
	uint64_t n = seq / STEP;

	return n % 3 ? 1 + n % (PEOPLE - 1) : 0;
}

static uint64_t recipient_of(uint64_t seq)
{
	uint64_t n = seq / STEP, other = 1 + n % (PEOPLE - 1);

	return n % 3 ? (other * 7) % PEOPLE : other;
}

static struct store_archived row_of(uint64_t seq, struct text *t)
{
	snprintf(t->id, sizeof(t->id), "id-%019llu", (unsigned long long)seq);
	snprintf(t->own, sizeof(t->own), "own-%llu", (unsigned long long)seq);
	name_of(author_of(seq), t->from);
	name_of(recipient_of(seq), t->to);
	snprintf(t->xml, sizeof(t->xml), XML, t->from, t->to, (unsigned long long)seq);
	return (struct store_archived){.seq = seq,
		.id = str_of(t->id, 22),
		.time_us = time_of(seq),
		.from = str_from(t->from),
		.to = str_from(t->to),
		.own = str_from(t->own),
		.views = BOTH,
		.xml = str_from(t->xml)};
}

static void put_rows(struct fixture *f, uint64_t first, uint64_t step, size_t len)
{
	int answer;

	store_req_release(&f->req);
	assert_int_equal(store_archive_begin(&f->req), 0);
	for (size_t i = 0; i < len; i++) {
		struct text t;
		struct store_archived row = row_of(first + i * step, &t);

		assert_int_equal(store_archive_add(&f->req, &row), 0);
	}
	do
		answer = fixture_answer(f, store_archive_put(f->store, &f->req));
	while (answer == STORE_E_FAILED && f->kind == FAKE_FAULTY);
	assert_int_equal(answer, 0);
}

/* Batches change places, as those of several loops do. */
static void fill(struct fixture *f)
{
	for (uint64_t at = 0; at < ROWS; at += 2 * BATCH) {
		put_rows(f, (at + BATCH + 1) * STEP, STEP, BATCH);
		put_rows(f, (at + 1) * STEP, STEP, BATCH);
	}
}

static bool has(uint64_t seq, uint64_t person)
{
	return author_of(seq) == person || recipient_of(seq) == person;
}

/* All pages from one end hold what there is, once and in order: rows first, first + STEP, ... and `extra`. */
static void check_all(struct fixture *f, uint64_t person, uint64_t first, uint64_t extra, bool newest)
{
	char owner[40], edge[24];
	struct store_archive_query q = {.owner = name_of(person, owner), .max = 700, .newest = newest};
	uint64_t low = first, high = ROWS * STEP;
	bool complete = false;

	while (!complete) {
		const struct store_archive_page *page;

		assert_int_equal(ASK(f, store_archive_load, &q), 0);
		page = f->req.page;
		complete = page->complete;
		for (size_t i = 0; i < page->len; i++) {
			uint64_t seq = page->rows[newest ? page->len - 1 - i : i].seq;

			if (extra && seq == extra) {
				extra = 0;
				continue;
			}
			while (!has(newest ? high : low, person))
				newest ? (high -= STEP) : (low += STEP);
			assert_int_equal(seq, newest ? high : low);
			newest ? (high -= STEP) : (low += STEP);
		}
		if (page->len)
			snprintf(edge, sizeof(edge), "%.*s", STR_FMT(page->rows[newest ? 0 : page->len - 1].id));
		q.after_page = newest ? STR_NONE : str_from(edge);
		q.before_page = newest ? str_from(edge) : STR_NONE;
	}
	for (; low <= high; low += STEP)
		assert_false(has(low, person));
	assert_int_equal(extra, 0);
}

static void check_everybody(struct fixture *f, uint64_t first, uint64_t extra, uint64_t extras)
{
	for (uint64_t person = 0; person < PEOPLE; person += 7)
		check_all(f, person, first, person == extras ? extra : 0, person % 2);
}

/* The file as a crash leaves it: nothing of what is in memory has been written. */
static void crash(struct fixture *f)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char from[128], to[128];

	for (size_t i = 0; i < 2; i++) {
		snprintf(from, sizeof(from), "%s%s", f->path, ends[i]);
		snprintf(to, sizeof(to), "%s.x%s", f->path, ends[i]);
		fixture_copy_file(from, to);
	}
	store_req_release(&f->req);
	f->store = store_close(f->store);
	for (size_t i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "%s.x%s", f->path, ends[i]);
		snprintf(to, sizeof(to), "%s%s", f->path, ends[i]);
		fixture_move_file(from, to);
	}
	fixture_reopen(f);
}

static void count_is(struct fixture *f, uint64_t person, uint64_t with, uint64_t wanted)
{
	char owner[40], other[40];
	struct store_archive_query q = {.owner = name_of(person, owner), .count = true};

	if (with)
		q.with = name_of(with, other);
	assert_int_equal(ASK(f, store_archive_load, &q), 0);
	assert_int_equal(f->req.page->count, wanted);
}

static uint64_t count_of(uint64_t person, uint64_t with)
{
	uint64_t count = 0;

	for (uint64_t seq = STEP; seq <= ROWS * STEP; seq += STEP)
		count += has(seq, person) && (!with || has(seq, with));
	return count;
}

static void filled(struct fixture *f, enum fake_kind kind)
{
	fixture_open(f, kind);
	fill(f);
}

static void nothing_is_missed_and_nothing_comes_twice(void **state)
{
	struct fixture f;

	(void)state;
	filled(&f, FAKE_PLAIN);
	check_everybody(&f, STEP, 0, 0);
	fill(&f); /* the record again */
	check_everybody(&f, STEP, 0, 0);
	count_is(&f, 0, 0, count_of(0, 0));
	count_is(&f, 0, 8, count_of(0, 8));
	fixture_reopen(&f);
	check_everybody(&f, STEP, 0, 0);
	fixture_close(&f);
}

/* The one row that begins (ends) what person 0 has since (up to) that time; 0: there is none. */
static void since_is(struct fixture *f, uint64_t time_us, bool until, uint64_t wanted)
{
	struct store_archive_query q = {.owner = STR("p0@example.org"), .max = 1, .newest = until};

	*(until ? &q.end_us : &q.start_us) = time_us;
	assert_int_equal(ASK(f, store_archive_load, &q), 0);
	assert_int_equal(f->req.page->len, wanted != 0);
	if (wanted)
		assert_int_equal(f->req.page->rows[0].seq, wanted);
}

/* However unevenly they come, in blocks and in memory: the first and the last, and what is between. */
static void check_times(struct fixture *f)
{
	uint64_t before = 0, seq = STEP;

	for (; seq <= ROWS * STEP; seq += STEP) {
		uint64_t next = time_of(seq);
		bool look = before && next != time_of(before) && (seq < 300 * STEP || seq / STEP % 997 < 8 || seq > (ROWS - 300) * STEP);

		if (!has(seq, 0))
			continue;
		if (look) {
			since_is(f, time_of(before) + 1, false, seq);
			since_is(f, next, false, seq);
			since_is(f, next - 1, true, before);
		}
		before = seq;
	}
	since_is(f, 1, false, 3 * STEP);
	since_is(f, 999, true, 0);
	since_is(f, time_of(before), true, before);
	since_is(f, time_of(before) + 1, false, 0);
}

static void a_date_is_found_however_unevenly_messages_come(void **state)
{
	struct fixture f;

	(void)state;
	uneven = true;
	filled(&f, FAKE_PLAIN);
	check_times(&f);
	fixture_reopen(&f);
	check_times(&f);
	fixture_close(&f);
	uneven = false;
}

static void a_crash_takes_nothing(void **state)
{
	struct fixture f;

	(void)state;
	filled(&f, FAKE_PLAIN);
	crash(&f);
	check_everybody(&f, STEP, 0, 0);
	fill(&f);
	crash(&f);
	check_everybody(&f, STEP, 0, 0);
	fixture_close(&f);
}

static void a_disk_that_fails_takes_nothing(void **state)
{
	struct fixture f;

	(void)state;
	filled(&f, FAKE_FAULTY);
	check_everybody(&f, STEP, 0, 0);
	fixture_reopen(&f);
	check_everybody(&f, STEP, 0, 0);
	fixture_close(&f);
}

static void what_comes_late_finds_its_place(void **state)
{
	uint64_t late = 3003 * STEP + 1; /* its part has passed it long ago; of person 0 and of one who is not looked at */
	struct fixture f;

	(void)state;
	filled(&f, FAKE_PLAIN);
	put_rows(&f, late, 1, 1);
	assert_true(has(late, 0));
	check_everybody(&f, STEP, late, 0);
	crash(&f);
	check_everybody(&f, STEP, late, 0);
	fixture_close(&f);
}

static void what_is_old_goes_from_blocks_and_rows(void **state)
{
	struct fixture f;
	uint64_t gone = 5000;

	(void)state;
	filled(&f, FAKE_PLAIN);
	do
		assert_int_equal(ASK(&f, store_archive_sweep, gone * STEP + 1, 700), 0);
	while (f.req.number);
	check_everybody(&f, (gone + 1) * STEP, 0, 0);
	fixture_close(&f);
}

static uint64_t rows_in(const struct fixture *f, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	uint64_t number;

	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	number = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return number;
}

static void of_one_who_has_gone_nothing_stays_but_what_others_have(void **state)
{
	char owner[40];
	struct fixture f;

	(void)state;
	filled(&f, FAKE_PLAIN);
	assert_int_equal(ASK(&f, store_archive_leave, name_of(0, owner)), 0);
	do
		assert_int_equal(ASK(&f, store_archive_sweep, 0, 700), 0);
	while (f.req.number);
	assert_int_equal(rows_in(&f, "SELECT count(*) FROM archive_owner WHERE jid IS NULL OR jid = 'p0@example.org'"), 0);
	assert_int_equal(rows_in(&f, "SELECT count(*) FROM archive_list WHERE owner NOT IN (SELECT owner_id FROM "
				     "archive_owner)"), 0);
	check_all(&f, 8, STEP, 0, false);
	check_all(&f, 15, STEP, 0, true);
	count_is(&f, 0, 0, 0);
	fixture_close(&f);
}

/* As the schema's step leaves it: no lists yet. */
static void lists_are_made_of_the_rows_that_are_there(void **state)
{
	static const char back[] = "DELETE FROM archive_list; DELETE FROM archive_listed";
	struct fixture f;
	sqlite3 *db;

	(void)state;
	filled(&f, FAKE_PLAIN);
	store_req_release(&f.req);
	f.store = store_close(f.store);
	assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, back, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	fixture_reopen(&f);
	check_everybody(&f, STEP, 0, 0);
	fixture_close(&f);
}

/* ---- taking back ---- */

/* A row from the same to the same as `seq`, with number `by`, that takes back `id`. */
static void take_back(struct fixture *f, uint64_t seq, uint64_t by, const char *id, unsigned views)
{
	struct text t;
	struct store_archived row = row_of(seq, &t);

	row.seq = row.time_us = by;
	snprintf(t.id, sizeof(t.id), "id-%019llu", (unsigned long long)by);
	row.own = STR("another");
	row.retracts = str_from(id);
	row.stone = STR("<retracted xmlns='urn:xmpp:message-retract:1' id='r'/>");
	row.views = views;
	store_req_release(&f->req);
	assert_int_equal(store_archive_begin(&f->req), 0);
	assert_int_equal(store_archive_add(&f->req, &row), 0);
	assert_int_equal(fixture_answer(f, store_archive_put(f->store, &f->req)), 0);
}

static bool shows_secret(struct fixture *f, uint64_t person, uint64_t seq)
{
	char owner[40], id[24];
	struct str ids[1];
	struct store_archive_query q = {.owner = name_of(person, owner), .max = 1, .ids = ids, .ids_len = 1};

	snprintf(id, sizeof(id), "id-%019llu", (unsigned long long)seq);
	ids[0] = str_of(id, 22);
	assert_int_equal(ASK(f, store_archive_load, &q), 0);
	assert_int_equal(f->req.page->len, 1);
	return memmem(f->req.page->rows[0].xml.data, f->req.page->rows[0].xml.len, "secret", 6) != NULL;
}

static void an_author_takes_back_what_he_said_and_nobody_else(void **state)
{
	uint64_t old = 21000 * STEP, new = (ROWS + 1) * STEP, by = (ROWS + 2) * STEP;
	struct fixture f;
	char own[32];

	(void)state;
	filled(&f, FAKE_PLAIN);
	put_rows(&f, new, 1, 1); /* in the tail; `old` is in a block */
	snprintf(own, sizeof(own), "own-%llu", (unsigned long long)old);
	take_back(&f, old + STEP, by, own, BOTH); /* another author */
	take_back(&f, old, by + 1, "own-1", BOTH);
	assert_true(shows_secret(&f, 0, old));
	take_back(&f, old, by + 2, own, 0); /* is itself in no archive */
	assert_false(shows_secret(&f, 0, old));
	assert_false(shows_secret(&f, 1 + 21000 % (PEOPLE - 1), old));
	assert_true(shows_secret(&f, 0, old - 3 * STEP));
	snprintf(own, sizeof(own), "own-%llu", (unsigned long long)new);
	take_back(&f, new, by + 3, own, BOTH);
	take_back(&f, new, by + 4, own, BOTH);
	fixture_reopen(&f);
	assert_false(shows_secret(&f, 1 + (ROWS + 1) % (PEOPLE - 1), new));
	assert_false(shows_secret(&f, 0, old));
	fixture_close(&f);
}

/* Beyond what is looked through in any case. */
static void what_was_said_long_ago_is_taken_back(void **state)
{
	enum { MANY = 26000 };
	struct fixture f;
	struct text t;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	for (uint64_t at = 1; at < MANY; at += BATCH) {
		store_req_release(&f.req);
		assert_int_equal(store_archive_begin(&f.req), 0);
		for (uint64_t n = at; n < at + BATCH; n++) {
			struct store_archived row = row_of(n * STEP, &t);

			row.from = STR("p0@example.org");
			row.to = STR("p1@example.org");
			snprintf(t.xml, sizeof(t.xml), XML, "p0@example.org", "p1@example.org", (unsigned long long)n * STEP);
			row.xml = str_from(t.xml);
			assert_int_equal(store_archive_add(&f.req, &row), 0);
		}
		assert_int_equal(fixture_answer(&f, store_archive_put(f.store, &f.req)), 0);
	}
	assert_true(shows_secret(&f, 1, STEP));
	for (uint64_t n = 1; n < 3; n++) {
		char own[32];
		struct store_archived row = row_of((MANY + n) * STEP, &t);

		snprintf(own, sizeof(own), "own-%llu", (unsigned long long)n * STEP);
		row.from = STR("p0@example.org");
		row.to = STR("p1@example.org");
		row.retracts = str_from(own);
		row.stone = STR("<retracted xmlns='urn:xmpp:message-retract:1' id='r'/>");
		store_req_release(&f.req);
		assert_int_equal(store_archive_begin(&f.req), 0);
		assert_int_equal(store_archive_add(&f.req, &row), 0);
		assert_int_equal(fixture_answer(&f, store_archive_put(f.store, &f.req)), 0);
	}
	assert_false(shows_secret(&f, 1, STEP));
	assert_false(shows_secret(&f, 0, 2 * STEP));
	assert_true(shows_secret(&f, 0, 3 * STEP));
	fixture_close(&f);
}

static void wait_for(struct fixture *f, const char *id, uint64_t seq, const char *from, const char *xml)
{
	struct store_message m = {.owner = STR("p1@example.org"),
		.id = str_from(id),
		.seq = seq,
		.time_us = seq,
		.from = str_from(from),
		.xml = str_from(xml)};

	assert_int_equal(ASK(f, store_message_put, STORE_OFFLINE, &m, 1, 0, 0), 0);
}

#define WAITS(from, id, text)                                                                                          \
	"<message from='" from "' to='p1@example.org' type='chat' id='" id "'><body>" text "</body></message>"

/* What still waits for its recipient is taken back, too: what the author wrote, by any of its ids, and nothing else. */
static void what_waits_is_taken_back(void **state)
{
	static const char *const wanted[] = {WAITS("p0@example.org/x", "a", "stays"), WAITS("p0@example.orgy/x", "b", "stays"),
		"<message from='p0@example.org/x' to='p1@example.org' type='chat' id='b'>"
		"<retracted xmlns='urn:xmpp:message-retract:1' id='r'/>"
		"<stanza-id xmlns='urn:xmpp:sid:0' id='wait-3' by='p1@example.org'/></message>",
		WAITS("p2@example.org/x", "b", "stays")};
	struct fixture f;
	struct text t;
	struct store_archived row;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	wait_for(&f, "wait-1", 1, "p0@example.org/x", wanted[0]);
	wait_for(&f, "wait-2", 2, "p0@example.orgy/x", wanted[1]);
	wait_for(&f, "wait-3", 3, "p0@example.org/x", WAITS("p0@example.org/x", "b", "goes"));
	wait_for(&f, "wait-4", 4, "p2@example.org/x", wanted[3]);
	for (uint64_t n = 10; n < 12; n++) { /* the second finds it done */
		row = row_of(n * STEP, &t);
		row.from = STR("p0@example.org/other");
		row.to = STR("p1@example.org");
		row.retracts = n == 10 ? STR("b") : STR("wait-3");
		row.stone = n == 10 ? STR("<retracted xmlns='urn:xmpp:message-retract:1' id='r'/>") : STR("<retracted/>");
		row.views = 0;
		store_req_release(&f.req);
		assert_int_equal(store_archive_begin(&f.req), 0);
		assert_int_equal(store_archive_add(&f.req, &row), 0);
		assert_int_equal(fixture_answer(&f, store_archive_put(f.store, &f.req)), 0);
	}
	assert_int_equal(ASK(&f, store_message_load, STORE_OFFLINE, STR("p1@example.org"), 0, 0), 0);
	assert_int_equal(f.req.messages->len, 4);
	for (size_t i = 0; i < 4; i++)
		assert_str(f.req.messages->rows[i].xml, wanted[i]);
	fixture_close(&f);
}

static void a_tombstone_keeps_addresses_and_nothing_that_was_said(void **state)
{
	struct str xml = STR("<message xmlns:ns1='urn:x' type='chat' ns1:a='said' to='b@y' id='i&apos;1' said='x' from='a&amp;b@y/r' "
			     "xml:lang='de'><body>said</body><x><origin-id xmlns='urn:x' id='none'/></x>"
			     "<origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>");
	struct buf out = BUF_INIT(0);

	(void)state;
	assert_true(tomb_fits(xml, STR("a&b@y"), STR("i'1"), false));
	assert_true(tomb_fits(xml, STR("a&b@y"), STR("o1"), false));
	assert_true(tomb_fits(xml, STR("a&b@y"), STR("other"), true));
	assert_false(tomb_fits(xml, STR("a&b@y"), STR("none"), false));
	assert_false(tomb_fits(xml, STR("a&b@y"), STR(""), false));
	assert_false(tomb_fits(xml, STR("a&b@"), STR("i'1"), true));
	assert_false(tomb_fits(STR("<message/>"), STR("a"), STR("i"), true));
	assert_false(tomb_fits(STR("<message a"), STR("a"), STR("i"), true));
	assert_false(tomb_is(xml));
	tomb_put(&out, xml, STR("<retracted xmlns='urn:xmpp:message-retract:1' id='r'/>"));
	assert_str(buf_view(&out), "<message type='chat' to='b@y' id='i&apos;1' from='a&amp;b@y/r' xml:lang='de'>"
				   "<retracted xmlns='urn:xmpp:message-retract:1' id='r'/></message>");
	assert_true(tomb_is(buf_view(&out)));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_missed_and_nothing_comes_twice),
		cmocka_unit_test(a_date_is_found_however_unevenly_messages_come),
		cmocka_unit_test(a_crash_takes_nothing),
		cmocka_unit_test(a_disk_that_fails_takes_nothing),
		cmocka_unit_test(what_comes_late_finds_its_place),
		cmocka_unit_test(what_is_old_goes_from_blocks_and_rows),
		cmocka_unit_test(of_one_who_has_gone_nothing_stays_but_what_others_have),
		cmocka_unit_test(lists_are_made_of_the_rows_that_are_there),
		cmocka_unit_test(an_author_takes_back_what_he_said_and_nobody_else),
		cmocka_unit_test(what_was_said_long_ago_is_taken_back),
		cmocka_unit_test(what_waits_is_taken_back),
		cmocka_unit_test(a_tombstone_keeps_addresses_and_nothing_that_was_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
