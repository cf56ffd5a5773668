/* Reading ahead: the pages that the system is asked for are those on which the rows, and the blocks of the list, stand.
 * posix_fadvise() is this file's. */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib.h"

enum {
	ROWS = 16000,
	BATCH = 1000,
	PAGE = 4096,
	ASKED_MAX = 4096,
	OWN = 4, /* every so many is of the one who is asked about */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static off_t asked[ASKED_MAX];
static size_t asked_len;

int posix_fadvise(int fd, off_t from, off_t len, int advice)
{
	(void)fd;
	pthread_mutex_lock(&lock);
	if (advice == POSIX_FADV_WILLNEED && len == PAGE && asked_len < ASKED_MAX)
		asked[asked_len++] = from / PAGE;
	pthread_mutex_unlock(&lock);
	return 0;
}

static bool was_asked(off_t page)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < asked_len; i++)
		found = found || asked[i] == page;
	pthread_mutex_unlock(&lock);
	return found;
}

static void id_of(uint64_t seq, char out[24])
{
	snprintf(out, 24, "identifier%012llu", (unsigned long long)seq);
}

static void put(struct fixture *f, uint64_t first)
{
	static char xml[400];
	char id[24], to[40];

	store_req_release(&f->req);
	assert_int_equal(store_archive_begin(&f->req), 0);
	memset(xml, 'x', sizeof(xml));
	for (uint64_t seq = first; seq < first + BATCH; seq++) {
		struct store_archived row = {.seq = seq, .time_us = seq, .views = STORE_VIEW_SENDER | STORE_VIEW_RECIPIENT};

		id_of(seq, id);
		snprintf(to, sizeof(to), "other%u@example.org", (unsigned)(seq % 37));
		row.id = str_from(id);
		row.from = seq % OWN ? STR("nobody@example.org/x") : STR("me@example.org/x");
		row.to = str_from(to);
		row.xml = str_of(xml, sizeof(xml));
		assert_int_equal(store_archive_add(&f->req, &row), 0);
	}
	assert_int_equal(fixture_answer(f, store_archive_put(f->store, &f->req)), 0);
}

/* All of it in the file itself, and a reader that has seen nothing. */
static void begin(struct fixture *f)
{
	fixture_open(f, FAKE_PLAIN);
	for (uint64_t seq = 1; seq < ROWS; seq += BATCH)
		put(f, seq);
	fixture_reopen(f);
	asked_len = 0;
}

static void ask(struct fixture *f, const struct store_archive_query *query, int wanted)
{
	asked_len = 0;
	store_req_release(&f->req);
	assert_int_equal(fixture_answer(f, store_archive_load(f->store, &f->req, query)), wanted);
}

/* The page of the file on which the bytes stand first. */
static off_t page_with(struct fixture *f, const char *bytes)
{
	char page[PAGE];
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);
	off_t at = 0;

	assert_true(fd >= 0);
	while (pread(fd, page, PAGE, at * PAGE) == PAGE && !memmem(page, PAGE, bytes, strlen(bytes)))
		at++;
	close(fd);
	return at;
}

static void rows_are_asked_for(void **state)
{
	struct store_archive_query query = {.owner = STR("me@example.org"), .max = 50, .newest = true};
	struct fixture f;
	char id[24];

	(void)state;
	begin(&f);
	for (unsigned turn = 0; turn < 3; turn++) { /* the last, somewhere, the first */
		id_of(turn == 1 ? 9000 : 300, id);
		query.before_page = turn ? str_from(id) : STR_NONE;
		ask(&f, &query, 0);
		assert_int_equal(f.req.page->len, 50);
		assert_in_range(asked_len, 20, 200); /* 200 rows, seven on a page, and those that lead there */
		for (size_t i = 0; i < 50; i++) {
			snprintf(id, sizeof(id), "%.*s", STR_FMT(f.req.page->rows[i].id));
			assert_true(was_asked(page_with(&f, id)));
		}
	}
	fixture_close(&f);
}

static size_t pages_of_list(struct fixture *f, size_t *out_asked)
{
	size_t len = 0;
	sqlite3_stmt *st;
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT pageno FROM dbstat WHERE name = 'archive_list'", -1, &st, NULL), 0);
	for (*out_asked = 0; sqlite3_step(st) == SQLITE_ROW; len++)
		*out_asked += was_asked(sqlite3_column_int64(st, 0) - 1);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return len;
}

/* Who looks for what is not there reads all of his list: 4000 entries, 72 blocks, four or so on a page. */
static void blocks_are_asked_for(void **state)
{
	struct store_archive_query query = {.owner = STR("me@example.org"), .max = 50, .after_page = STR("none")};
	struct fixture f;
	size_t all, found;

	(void)state;
	begin(&f);
	ask(&f, &query, STORE_E_NONE);
	all = pages_of_list(&f, &found);
	assert_in_range(found, 15, all);
	assert_true(found < all / 2); /* and nobody else's */
	query = (struct store_archive_query){.owner = STR("me@example.org"), .count = true};
	ask(&f, &query, 0);
	assert_int_equal(f.req.page->count, ROWS / OWN);
	pages_of_list(&f, &found);
	assert_in_range(found, 15, all);
	query.owner = STR("stranger@example.org");
	ask(&f, &query, 0);
	assert_int_equal(asked_len, 0);
	fixture_close(&f);
}

/* What is read ahead is a hint: a file in which something else stands there does no harm. */
static void a_damaged_file_is_survived(void **state)
{
	struct store_archive_query query = {.owner = STR("me@example.org"), .max = 50, .newest = true};
	unsigned seed = 5;
	struct fixture f;
	off_t pages;
	int fd;

	(void)state;
	begin(&f);
	fd = open(f.path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	pages = lseek(fd, 0, SEEK_END) / PAGE;
	ask(&f, &query, 0); /* what SQLite needs is in its memory now, */
	for (unsigned turn = 0; turn < 400; turn++) { /* and what is read here is not */
		off_t page = 1 + rand_r(&seed) % (pages - 1);
		uint8_t bytes[PAGE], old[PAGE];

		assert_int_equal(pread(fd, old, PAGE, page * PAGE), PAGE);
		memcpy(bytes, old, PAGE);
		for (unsigned i = 0; i < 40; i++)
			bytes[rand_r(&seed) % (i % 2 ? PAGE : 64)] = (uint8_t)rand_r(&seed);
		assert_int_equal(pwrite(fd, bytes, PAGE, page * PAGE), PAGE);
		asked_len = 0;
		store_req_release(&f.req);
		(void)fixture_answer(&f, store_archive_load(f.store, &f.req, &query));
		assert_int_equal(pwrite(fd, old, PAGE, page * PAGE), PAGE);
	}
	ask(&f, &query, 0);
	assert_int_equal(f.req.page->len, 50);
	fixture_close(&f);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_asked_for),
		cmocka_unit_test(blocks_are_asked_for),
		cmocka_unit_test(a_damaged_file_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
