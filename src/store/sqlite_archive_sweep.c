/* Archives: clearing away. */
#include <errno.h>

#include "store/sqlite_archive.h"

int sq_archive_leave(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_OWNER_LEAVE);

	if (!st)
		return -EIO;
	sq_peers_forget(q);
	sq_bind_str(st, 1, req->args->owner);
	return sq_exec(q, st);
}

/* ---- what is too old ---- */

static int exec_two(struct sq *q, enum sq_query query, uint64_t one, uint64_t two)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, one);
	if (sqlite3_bind_parameter_count(st) > 1)
		sq_bind_u64(st, 2, two);
	return sq_exec(q, st);
}

/* Blocks that end before `last` of all who have rows up to there. What is left of others points to nothing, and nobody
 * looks below the first row. */
static int lists_cut(struct sq *q, uint64_t last)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_OWNERS_TO);
	bool row;
	int r = st ? 0 : -EIO;

	if (st)
		sq_bind_u64(st, 1, last);
	while (r == 0 && (r = sq_step(q, st, &row)) == 0 && row)
		r = exec_two(q, SQ_LIST_DELETE_TO, sq_column_u64(st, 0), last);
	if (st)
		sqlite3_reset(st);
	return r;
}

static int sweep_old(struct sq *q, uint64_t before_us, size_t limit, uint64_t *gone)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_EXPIRED);
	uint64_t last = 0;
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, before_us);
	sq_bind_u64(st, 2, limit);
	r = sq_number(q, st, &last);
	if (r || last == 0)
		return r;
	r = lists_cut(q, last);
	if (r == 0)
		r = exec_two(q, SQ_ARCHIVE_DELETE_TO, last, 0);
	if (r == 0)
		*gone += (uint64_t)sqlite3_changes(q->db);
	return r;
}

/* ---- owners who have gone ---- */

/* Rows that only he had go, others stay for the other side. */
static int block_clear(struct sq *q, uint64_t owner, const struct sq_entry *entries, size_t len)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < len; i++) {
		r = exec_two(q, SQ_ARCHIVE_DROP, entries[i].seq, owner);
		if (r == 0 && sqlite3_changes(q->db) == 0)
			r = exec_two(q, SQ_ARCHIVE_HIDE, entries[i].seq, owner);
	}
	return r ? r : exec_two(q, SQ_LIST_DELETE, owner, entries[0].seq);
}

/* The owner's number is free again when nothing bears it: his list is empty, and no entry of his is still to come. */
static int sweep_owner(struct sq *q, uint64_t owner, size_t limit, uint64_t *gone)
{
	struct sq_entry block[SQ_BLOCK];
	bool ready;
	size_t len = 1;
	int r = sq_tail_settle(q, owner, &ready);

	++*gone; /* there is something left to do, even if it has to wait for the next commit */
	if (r || !ready)
		return r;
	while (r == 0 && len && *gone < limit) {
		r = sq_list_first(q, owner, block, &len);
		if (r == 0 && len)
			r = block_clear(q, owner, block, len);
		*gone += len;
	}
	return r || len ? r : exec_two(q, SQ_OWNER_DELETE, owner, 0);
}

int sq_archive_sweep(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	sqlite3_stmt *st = sq_get(q, SQ_OWNER_GONE);
	uint64_t gone = 0, owner = 0;
	int r = st ? 0 : -EIO;

	if (r == 0 && args->number)
		r = sweep_old(q, args->number, args->limit, &gone);
	if (r == 0)
		r = sq_number(q, st, &owner);
	if (r == 0 && owner)
		r = sweep_owner(q, owner, args->limit, &gone);
	req->number = gone;
	return r;
}
