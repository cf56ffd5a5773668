/* A file of each older version, with a row in each of its tables, is brought up to date: nothing is lost, and the tables are those of a
 * new file. */
#include "check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "lib.h"
#include "store/sqlite.h"

static const char tables[] = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
			     "AND name NOT IN ('schema', 'meta', 'archive_listed') ORDER BY name";

static struct sq open_at(const char *path, unsigned version)
{
	struct err err = {};
	struct sq q = {};

	assert_int_equal(sqlite3_open(path, &q.db), SQLITE_OK);
	if (sq_migrate_to(&q, path, version, &err))
		fail_msg("to version %u: %s", version, err.text);
	return q;
}

static void run(sqlite3 *db, const char *text)
{
	char *fault = NULL;

	if (sqlite3_exec(db, text, NULL, NULL, &fault) != SQLITE_OK)
		fail_msg("%s: %s", text, fault);
}

/* One row of ones and short texts. */
static void fill(sqlite3 *db, const char *table)
{
	char *query = sqlite3_mprintf("SELECT type FROM pragma_table_info('%q') ORDER BY cid", table), text[1024];
	size_t len = (size_t)snprintf(text, sizeof(text), "INSERT INTO %s VALUES (", table);
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &st, NULL), SQLITE_OK);
	for (bool first = true; sqlite3_step(st) == SQLITE_ROW; first = false) {
		const char *type = (const char *)sqlite3_column_text(st, 0);
		const char *value = !strcmp(type, "INTEGER") ? "1" : !strcmp(type, "BLOB") ? "x'00'" : "'x'";

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", first ? "" : ", ", value);
		assert_true(len < sizeof(text));
	}
	sqlite3_finalize(st);
	sqlite3_free(query);
	len += (size_t)snprintf(text + len, sizeof(text) - len, ")");
	assert_true(len < sizeof(text));
	run(db, text);
}

/* A line a table: its name, and what `each` finds of it. */
static char *list(sqlite3 *db, const char *each)
{
	struct buf out = BUF_INIT(1 << 20);
	sqlite3_stmt *st, *one;
	char *query, *copy;

	assert_int_equal(sqlite3_prepare_v2(db, tables, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);

		query = sqlite3_mprintf(each, name);
		assert_int_equal(sqlite3_prepare_v2(db, query, -1, &one, NULL), SQLITE_OK);
		buf_printf(&out, "%s:", name);
		while (sqlite3_step(one) == SQLITE_ROW)
			buf_printf(&out, " %s", (const char *)sqlite3_column_text(one, 0));
		buf_lit(&out, "\n");
		sqlite3_finalize(one);
		sqlite3_free(query);
	}
	sqlite3_finalize(st);
	copy = strndup(out.data, out.len);
	buf_done(&out);
	return copy;
}

static char *columns(sqlite3 *db)
{
	return list(db, "SELECT name || '/' || type FROM pragma_table_info('%q') ORDER BY name");
}

static void fill_all(sqlite3 *db)
{
	char *names = list(db, "SELECT ''"), *rest = names, *line;

	run(db, "BEGIN");
	while ((line = strsep(&rest, ":\n")))
		if (line[0] && line[0] != ' ')
			fill(db, line);
	run(db, "COMMIT");
	free(names);
}

/* Each line of `before`, "name: 1", is one of `after`; a step may have taken a table away. */
static void expect_kept(char *before, const char *after, unsigned version)
{
	char *rest = before, *line;

	while ((line = strsep(&rest, "\n")))
		if (line[0] && !strstr(after, line))
			fail_msg("from version %u: '%s' is not in\n%s", version, line, after);
}

static void each_version_is_brought_up_to_date(void **state)
{
	char path[] = "/tmp/gatehouse-schema-XXXXXX";
	unsigned last = store_schema_version();
	struct sq q = open_at(":memory:", last);
	char *fresh = columns(q.db), *before, *after;
	int fd = mkstemp(path);

	(void)state;
	sqlite3_close(q.db);
	assert_true(fd >= 0);
	for (unsigned version = 1; version < last; version++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		q = open_at(path, version);
		fill_all(q.db);
		before = list(q.db, "SELECT count(*) FROM %s");
		sqlite3_close(q.db);
		q = open_at(path, last);
		after = list(q.db, "SELECT count(*) FROM %s");
		expect_kept(before, after, version);
		free(before);
		before = columns(q.db);
		assert_string_equal(before, fresh);
		sqlite3_close(q.db);
		free(before);
		free(after);
	}
	close(fd);
	unlink(path);
	free(fresh);
}

/* A file of a newer program is left alone. */
static void a_newer_version_is_refused(void **state)
{
	struct sq q = open_at(":memory:", store_schema_version());
	struct err err = {};
	char text[64];

	(void)state;
	snprintf(text, sizeof(text), "INSERT INTO schema VALUES (%u, 1)", store_schema_version() + 1);
	run(q.db, text);
	assert_int_equal(sq_migrate(&q, "a file", &err), STORE_E_NEWER);
	assert_non_null(strstr(err.text, "a file"));
	sqlite3_close(q.db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_version_is_brought_up_to_date),
		cmocka_unit_test(a_newer_version_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
