#include "check.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib.h"
#include "store/sqlite.h"

struct fake {
	struct store_backend base;
	struct store_backend *inner;
	enum fake_kind kind;
	unsigned runs, commits;
};

static struct fake *fake_of(struct store_backend *b)
{
	return container_of(b, struct fake, base);
}

static int fake_begin(struct store_backend *b)
{
	struct store_backend *inner = fake_of(b)->inner;

	return inner->ops->begin(inner);
}

static int fake_run(struct store_backend *b, struct store_req *req)
{
	struct fake *f = fake_of(b);

	if (f->kind == FAKE_SLOW)
		usleep(200);
	if (f->kind == FAKE_FAULTY && ++f->runs % 5 == 0)
		return -EIO;
	return f->inner->ops->run(f->inner, req);
}

static int fake_commit(struct store_backend *b)
{
	struct fake *f = fake_of(b);

	if (f->kind == FAKE_SLOW)
		usleep(2000);
	if (f->kind == FAKE_FAULTY && ++f->commits % 7 == 0) {
		f->inner->ops->rollback(f->inner);
		return -EIO;
	}
	return f->inner->ops->commit(f->inner);
}

static void fake_rollback(struct store_backend *b)
{
	struct store_backend *inner = fake_of(b)->inner;

	inner->ops->rollback(inner);
}

static struct store_backend *fake_free(struct store_backend *b)
{
	struct fake *f = fake_of(b);

	f->inner->ops->free(f->inner);
	free(f);
	return NULL;
}

static const struct store_backend_ops fake_ops = {
	.begin = fake_begin,
	.run = fake_run,
	.commit = fake_commit,
	.rollback = fake_rollback,
	.free = fake_free,
};

static struct store_backend *fake_new(struct store_backend *inner, enum fake_kind kind)
{
	struct fake *f = calloc(1, sizeof(*f));

	*f = (struct fake){.base.ops = &fake_ops, .inner = inner, .kind = kind};
	return &f->base;
}

void fixture_reopen(struct fixture *f)
{
	struct store_options options = {.path = f->path, .create = true};
	struct store_backend *writer, *reader[STORE_READERS];
	uint64_t applied;
	struct err err;
	int lock;

	store_close(f->store);
	if (f->kind == FAKE_PLAIN) {
		assert_int_equal(store_open(&f->store, &options, &err), 0);
		return;
	}
	assert_int_equal(store_lock(&lock, f->path, &err), 0);
	assert_int_equal(store_sqlite_open(&writer, &options, NULL, &err), 0);
	assert_int_equal(store_sqlite_applied(writer, &applied), 0);
	for (size_t i = 0; i < STORE_READERS; i++) {
		assert_int_equal(store_sqlite_open(&reader[i], &options, writer, &err), 0);
		reader[i] = fake_new(reader[i], f->kind);
	}
	assert_int_equal(store_start(&f->store, fake_new(writer, f->kind), reader, applied, lock), 0);
}

void fixture_open(struct fixture *f, enum fake_kind kind)
{
	*f = (struct fixture){.kind = kind, .dir = "/tmp/test-store-XXXXXX"};
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/gatehouse.db", f->dir);
	fixture_reopen(f);
	store_req_init(&f->req, NULL, NULL);
}

static void files_remove(struct fixture *f)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
	char path[128];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
		unlink(path);
	}
}

void fixture_from_version(struct fixture *f, unsigned version, const char *sql)
{
	struct err err = {};
	struct sq q = {};

	store_req_release(&f->req);
	f->store = store_close(f->store);
	files_remove(f);
	assert_int_equal(sqlite3_open(f->path, &q.db), SQLITE_OK);
	assert_int_equal(sq_migrate_to(&q, f->path, version, &err), 0);
	assert_int_equal(sqlite3_exec(q.db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(q.db);
	fixture_reopen(f);
}

void fixture_from_first_version(struct fixture *f, const char *sql)
{
	char first[8192] = "";
	FILE *in = fopen(SCHEMA_1, "r");
	sqlite3 *db;

	assert_non_null(in);
	assert_in_range(fread(first, 1, sizeof(first) - 1, in), 1000, sizeof(first) - 2);
	fclose(in);
	store_req_release(&f->req);
	f->store = store_close(f->store);
	files_remove(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, first, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	fixture_reopen(f);
}

void fixture_close(struct fixture *f)
{
	store_req_release(&f->req);
	store_close(f->store);
	files_remove(f);
	assert_int_equal(rmdir(f->dir), 0);
}

int fixture_answer(struct fixture *f, int call)
{
	assert_int_equal(call, 0);
	return store_wait(&f->req);
}

enum fake_kind fixture_kinds[FAKE_KINDS] = {FAKE_PLAIN, FAKE_SLOW, FAKE_FAULTY};

void fixture_copy_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	char block[65536];
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(block, 1, sizeof(block), in)) > 0)
		assert_int_equal(fwrite(block, 1, n, out), n);
	assert_int_equal(ferror(in), 0);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

void fixture_move_file(const char *from, const char *to)
{
	if (rename(from, to))
		assert_int_equal(unlink(to) && errno != ENOENT, 0);
}

void fixture_sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t fixture_number(const char *path, const char *query)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t number;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	number = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return number;
}
