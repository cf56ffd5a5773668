/* The copy is made from one read transaction: in WAL mode that holds back nobody, and the source cannot change under it,
 * so that it need not begin again however much is written meanwhile. */
#include "store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	COPY_PAGES = 256, /* a step: a megabyte */
	BUSY_MS = 10000,
};

struct store_copy {
	sqlite3 *source;
};

/* This connection writes and checkpoints nothing; it may have to make the index of the -wal file when no server runs. */
static const char source_settings[] = "PRAGMA query_only = ON;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA wal_autocheckpoint = 0;"
				      "BEGIN;"
				      "SELECT count(*) FROM meta;";
static const char target_settings[] = "PRAGMA journal_mode = OFF;"
				      "PRAGMA synchronous = OFF;";

static int copy_fail(sqlite3 *db, const char *path, struct err *err)
{
	return err_set(err, -EIO, "store '%s': %s", path, db ? sqlite3_errmsg(db) : "no memory");
}

int store_copy_open(struct store_copy **out, const char *path, struct err *err)
{
	struct store_copy *c = calloc(1, sizeof(*c));
	int r = 0;

	if (!c)
		return err_set(err, -ENOMEM, "store '%s': no memory", path);
	if (access(path, F_OK))
		r = err_errno(err, "store '%s'", path);
	else if (sqlite3_open_v2(path, &c->source, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
			 NULL) != SQLITE_OK)
		r = copy_fail(c->source, path, err);
	if (r == 0) {
		sqlite3_busy_timeout(c->source, BUSY_MS);
		sqlite3_db_config(c->source, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		if (sqlite3_exec(c->source, source_settings, NULL, NULL, NULL) != SQLITE_OK)
			r = copy_fail(c->source, path, err);
	}
	if (r)
		c = store_copy_free(c);
	else
		*out = c;
	return r;
}

static int copy_steps(sqlite3_backup *backup, void (*moved)(void *owner, uint64_t done, uint64_t all), void *owner)
{
	int code;

	do {
		code = sqlite3_backup_step(backup, COPY_PAGES);
		if (moved && (code == SQLITE_OK || code == SQLITE_DONE))
			moved(owner,
				(uint64_t)(sqlite3_backup_pagecount(backup) - sqlite3_backup_remaining(backup)),
				(uint64_t)sqlite3_backup_pagecount(backup));
	} while (code == SQLITE_OK);
	return code;
}

static int copy_number(sqlite3 *db, const char *text, uint64_t *out)
{
	sqlite3_stmt *st;
	int r = sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK ? 0 : -EIO;

	if (r)
		return r;
	if (sqlite3_step(st) == SQLITE_ROW)
		*out = (uint64_t)sqlite3_column_int64(st, 0);
	else
		r = -EIO;
	sqlite3_finalize(st);
	return r;
}

/* The same transaction answers what the copy holds. */
static int copy_describe(const struct store_copy *c, struct store_copied *out)
{
	uint64_t schema = 0, applied = 0;
	int r = copy_number(c->source, "SELECT coalesce(max(version), 0) FROM schema", &schema);

	if (r == 0)
		r = copy_number(c->source, "SELECT value FROM meta WHERE name = 'applied_seq'", &applied);
	*out = (struct store_copied){.applied_seq = applied, .schema = (unsigned)schema};
	return r;
}

static int copy_sync(const char *path, struct err *err)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? err_errno(err, "%s", path) : 0;
}

static int copy_into(const struct store_copy *c, sqlite3 *target, const char *path,
	void (*moved)(void *owner, uint64_t done, uint64_t all), void *owner, struct err *err)
{
	sqlite3_backup *backup;
	int code = sqlite3_exec(target, target_settings, NULL, NULL, NULL);

	if (code == SQLITE_OK) {
		backup = sqlite3_backup_init(target, "main", c->source, "main");
		code = backup ? copy_steps(backup, moved, owner) : SQLITE_ERROR;
		sqlite3_backup_finish(backup);
	}
	return code == SQLITE_DONE ? 0 : err_set(err, -EIO, "%s: %s", path, sqlite3_errmsg(target));
}

int store_copy_write(struct store_copy *c, const char *path, void (*moved)(void *owner, uint64_t done, uint64_t all),
	void *owner, struct store_copied *out, struct err *err)
{
	AUTO(auto_close) int made = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	sqlite3 *target = NULL;
	int r;

	if (made < 0)
		return err_errno(err, "%s", path);
	if (sqlite3_open_v2(path, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		r = copy_fail(target, path, err);
	else
		r = copy_into(c, target, path, moved, owner, err);
	sqlite3_close(target);
	if (r == 0 && copy_describe(c, out))
		r = copy_fail(c->source, path, err);
	return r ? r : copy_sync(path, err);
}

struct store_copy *store_copy_free(struct store_copy *c)
{
	if (c)
		sqlite3_close(c->source);
	free(c);
	return NULL;
}
