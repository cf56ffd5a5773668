/* Archives: tombstones, and clearing away. */
#include <errno.h>

#include "store/sqlite.h"

int sq_archive_retract(struct sq *q, struct store_req *req)
{
	const struct store_archived *row = req->args->archived;
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_REPLACE);
	uint64_t owner = 0, seq = 0;
	int r = st ? sq_owner_find(q, req->args->owner, &owner) : -EIO;

	if (r == 0)
		r = owner ? sq_archive_seq(q, owner, row->id, &seq) : STORE_E_NONE;
	if (r)
		return r;
	sq_bind_u64(st, 1, seq);
	sq_bind_str(st, 2, row->xml);
	return sq_exec(q, st);
}

int sq_archive_leave(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_OWNER_LEAVE);

	if (!st)
		return -EIO;
	sq_peers_forget(q);
	sq_bind_str(st, 1, req->args->owner);
	return sq_exec(q, st);
}

/* ---- clearing away ---- */

static int sweep_one(struct sq *q, enum sq_query query, uint64_t value, size_t limit, uint64_t *gone)
{
	sqlite3_stmt *st = sq_get(q, query);
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, value);
	sq_bind_u64(st, 2, limit);
	r = sq_exec(q, st);
	if (r == 0)
		*gone += (uint64_t)sqlite3_changes(q->db);
	return r;
}

/* Of an owner who has gone: rows that only he had go, others stay for the other side. */
static int sweep_owner(struct sq *q, uint64_t owner, size_t limit, uint64_t *gone)
{
	static const enum sq_query steps[] = {SQ_ARCHIVE_DROP_SENT, SQ_ARCHIVE_DROP_RECEIVED,
		SQ_ARCHIVE_HIDE_SENT, SQ_ARCHIVE_HIDE_RECEIVED};
	uint64_t before = *gone;
	sqlite3_stmt *st;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = sweep_one(q, steps[i], owner, limit, gone);
	if (r || *gone > before)
		return r;
	st = sq_get(q, SQ_OWNER_DELETE);
	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, owner);
	++*gone;
	return sq_exec(q, st);
}

int sq_archive_sweep(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	sqlite3_stmt *st = sq_get(q, SQ_OWNER_GONE);
	uint64_t gone = 0, owner = 0;
	int r = st ? 0 : -EIO;

	if (r == 0 && args->number)
		r = sweep_one(q, SQ_ARCHIVE_EXPIRE, args->number, args->limit, &gone);
	if (r == 0)
		r = sq_number(q, st, &owner);
	if (r == 0 && owner)
		r = sweep_owner(q, owner, args->limit, &gone);
	req->number = gone;
	return r;
}
