/* Tokens (XEP-0484). */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

int sq_token_find(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_token)};
	struct store_tokens *all = arena_zalloc(req->arena, sizeof(*all));
	sqlite3_stmt *st = sq_get(q, SQ_TOKEN_FIND);
	struct store_token *t;
	void *items;
	bool row;
	int r;

	if (!st || !all)
		return st ? -ENOMEM : -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_str(st, 2, req->args->other);
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		t = sq_rows_add(&rows);
		if (!t) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		*t = (struct store_token){
			.mechanism = sq_column_str(st, 0, req->arena),
			.seed = sq_column_str(st, 1, req->arena),
			.issued_us = sq_column_u64(st, 2),
			.expires_us = sq_column_u64(st, 3),
			.count = sq_column_u64(st, 4),
			.fresh = sq_column_u64(st, 5) != 0,
		};
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &items);
	if (r)
		return r;
	all->rows = items;
	all->len = rows.len;
	req->tokens = all;
	return 0;
}

/* With owner, key and, where there is one, a third. */
static sqlite3_stmt *of_device(struct sq *q, enum sq_query query, const struct store_token_change *c, const struct str *seed)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (!st)
		return NULL;
	sq_bind_str(st, 1, c->owner);
	sq_bind_str(st, 2, c->key);
	if (seed)
		sq_bind_str(st, 3, *seed);
	return st;
}

/* Changes nothing where the token is not there or was used with that count: then nothing else is done either. */
static int use(struct sq *q, const struct store_token_change *c)
{
	sqlite3_stmt *st = of_device(q, SQ_TOKEN_USE, c, &c->used);
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 4, c->counts);
	sq_bind_u64(st, 5, c->count);
	r = sq_exec(q, st);
	if (r)
		return r;
	if (sqlite3_changes(q->db) == 0)
		return STORE_E_NONE;
	st = of_device(q, SQ_TOKEN_PAST, c, &c->used);
	return st ? sq_exec(q, st) : -EIO;
}

static int drop(struct sq *q, const struct store_token_change *c, bool only_fresh)
{
	sqlite3_stmt *st = of_device(q, SQ_TOKEN_DROP, c, NULL);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 3, only_fresh);
	return sq_exec(q, st);
}

static int put(struct sq *q, const struct store_token_change *c)
{
	sqlite3_stmt *st = of_device(q, SQ_TOKEN_PUT, c, &c->fresh->seed);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 4, c->fresh->mechanism);
	sq_bind_u64(st, 5, c->fresh->issued_us);
	sq_bind_u64(st, 6, c->fresh->expires_us);
	sq_bind_blob(st, 7, c->salt.data, c->salt.len);
	r = sq_exec(q, st);
	st = sq_get(q, SQ_TOKEN_TRIM);
	if (r || !st)
		return r ? r : -EIO;
	sq_bind_str(st, 1, c->owner);
	sq_bind_u64(st, 2, c->max);
	return sq_exec(q, st);
}

int sq_token_change(struct sq *q, struct store_req *req)
{
	const struct store_token_change *c = req->args->tokens;
	int r = c->used.len ? use(q, c) : 0;

	if (r == 0 && (c->drop || c->fresh))
		r = drop(q, c, !c->drop);
	return r == 0 && c->fresh ? put(q, c) : r;
}

int sq_token_clear(struct sq *q, struct store_req *req)
{
	const struct store_token_change all = {.owner = req->args->owner, .key = req->args->other};
	sqlite3_stmt *st;

	if (all.key.len)
		return drop(q, &all, false);
	st = sq_get(q, SQ_TOKEN_CLEAR);
	if (!st)
		return -EIO;
	sq_bind_str(st, 1, all.owner);
	return sq_exec(q, st);
}
