/* Statements, values and rows. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "store/sqlite.h"

int sq_outcome(struct sq *q, int code)
{
	switch (code & 0xFF) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_FULL:
		log_error("store: no space left");
		return STORE_E_FULL;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_INTERRUPT:
		return STORE_E_LONG;
	default:
		log_error("store: %s (%d)", sqlite3_errmsg(q->db), code);
		return -EIO;
	}
}

sqlite3_stmt *sq_get(struct sq *q, enum sq_query query)
{
	sqlite3_stmt **st = &q->statements[query];

	if (!*st) {
		int code = sqlite3_prepare_v3(q->db, sq_text[query], -1, SQLITE_PREPARE_PERSISTENT, st, NULL);

		if (code != SQLITE_OK) {
			sq_outcome(q, code);
			*st = NULL;
		}
	}
	return *st;
}

/* Binding fails only without memory or with a wrong index; a step after that fails or compares with NULL,
 * which no column is. */
void sq_bind_str(sqlite3_stmt *st, int at, struct str s)
{
	sqlite3_bind_text64(st, at, s.len ? s.data : "", s.len, SQLITE_STATIC, SQLITE_UTF8);
}

void sq_bind_blob(sqlite3_stmt *st, int at, const void *data, size_t len)
{
	sqlite3_bind_blob64(st, at, data, len, SQLITE_STATIC);
}

void sq_bind_u64(sqlite3_stmt *st, int at, uint64_t value)
{
	sqlite3_bind_int64(st, at, (sqlite3_int64)value);
}

int sq_step(struct sq *q, sqlite3_stmt *st, bool *out_row)
{
	int code = sqlite3_step(st), r;

	*out_row = code == SQLITE_ROW;
	if (*out_row)
		return 0;
	r = sq_outcome(q, code);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return r;
}

int sq_exec(struct sq *q, sqlite3_stmt *st)
{
	bool row = true;
	int r = 0;

	while (r == 0 && row)
		r = sq_step(q, st, &row);
	return r;
}

int sq_do(struct sq *q, enum sq_query query)
{
	sqlite3_stmt *st = sq_get(q, query);

	return st ? sq_exec(q, st) : -EIO;
}

int sq_number(struct sq *q, sqlite3_stmt *st, uint64_t *out)
{
	bool row;
	int r = sq_step(q, st, &row);

	if (r || !row)
		return r;
	*out = sq_column_u64(st, 0);
	sqlite3_reset(st);
	return 0;
}

struct str sq_column_view(sqlite3_stmt *st, int at)
{
	const char *text = (const char *)sqlite3_column_text(st, at);

	return str_of(text, (size_t)sqlite3_column_bytes(st, at));
}

struct str sq_column_str(sqlite3_stmt *st, int at, struct arena *arena)
{
	return arena_dup(arena, sq_column_view(st, at));
}

uint64_t sq_column_u64(sqlite3_stmt *st, int at)
{
	return (uint64_t)sqlite3_column_int64(st, at);
}

struct str sq_names_join(struct arena *arena, const struct str *names, size_t len)
{
	size_t bytes = 0;
	char *text, *to;

	for (size_t i = 0; i < len; i++)
		bytes += names[i].len + (i > 0);
	if (bytes == 0)
		return STR_NONE;
	text = to = arena_bytes(arena, bytes);
	for (size_t i = 0; text && i < len; i++) {
		if (i > 0)
			*to++ = '\x1f';
		memcpy(to, names[i].data, names[i].len);
		to += names[i].len;
	}
	return text ? str_of(text, bytes) : STR_NONE;
}

const struct str *sq_names_split(struct arena *arena, struct str text, size_t *out_len)
{
	struct str *names;
	size_t len = text.len > 0, at = 0, end;

	for (size_t i = 0; i < text.len; i++)
		len += text.data[i] == '\x1f';
	names = len ? arena_alloc(arena, len * sizeof(*names)) : NULL;
	*out_len = names ? len : 0;
	for (size_t i = 0; names && i < len; i++) {
		end = str_find(text, '\x1f', at);
		names[i] = str_cut(text, at, end);
		at = end + 1;
	}
	return names;
}

void *sq_rows_add(struct sq_rows *rows)
{
	if (rows->len == rows->cap) {
		size_t cap = rows->cap ? rows->cap * 2 : 16;
		char *data = reallocarray(rows->data, cap, rows->size);

		if (!data)
			return NULL;
		rows->data = data;
		rows->cap = cap;
	}
	return memset(rows->data + rows->size * rows->len++, 0, rows->size);
}

int sq_rows_take(struct sq_rows *rows, struct arena *arena, void **out)
{
	void *copy = arena_alloc(arena, rows->len * rows->size + 1);

	if (!copy)
		return -ENOMEM;
	if (rows->len)
		memcpy(copy, rows->data, rows->len * rows->size);
	*out = copy;
	return 0;
}

void sq_rows_done(struct sq_rows *rows)
{
	free(rows->data);
	rows->data = NULL;
}

int sq_names_read(struct sq *q, sqlite3_stmt *st, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct str)};
	struct store_names *out = arena_zalloc(req->arena, sizeof(*out));
	void *name;
	bool row;
	int r;

	if (!out)
		return -ENOMEM;
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		name = sq_rows_add(&rows);
		if (!name) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		*(struct str *)name = sq_column_str(st, 0, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &name);
	if (r == 0)
		*out = (struct store_names){.names = name, .len = rows.len};
	req->names = out;
	return r;
}
