/* Logins, and what is said to everybody. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

int sq_visit_put(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_VISIT_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_u64(st, 2, req->args->number);
	return sq_exec(q, st);
}

int sq_visit_greet(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_VISIT_GREET);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_str(st, 2, req->args->other);
	return sq_exec(q, st);
}

int sq_visit_get(struct sq *q, struct store_req *req)
{
	struct store_visit *visit = arena_zalloc(req->arena, sizeof(*visit));
	sqlite3_stmt *st = sq_get(q, SQ_VISIT_GET);
	bool row;
	int r;

	if (!st || !visit)
		return st ? -ENOMEM : -EIO;
	sq_bind_str(st, 1, req->args->owner);
	while ((r = sq_step(q, st, &row)) == 0 && row)
		*visit = (struct store_visit){
			.login_us = sq_column_u64(st, 0),
			.logins = sq_column_u64(st, 1),
			.motd = sq_column_str(st, 2, req->arena),
			.welcomed = sq_column_u64(st, 3),
		};
	if (r == 0)
		req->visit = visit;
	return r;
}

int sq_notice_put(struct sq *q, struct store_req *req)
{
	const struct store_notice *n = req->args->notice;
	sqlite3_stmt *st = sq_get(q, SQ_NOTICE_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, n->name);
	sq_bind_str(st, 2, n->text);
	sq_bind_str(st, 3, n->id);
	sq_bind_u64(st, 4, n->seq);
	sq_bind_u64(st, 5, n->utc_us);
	return sq_exec(q, st);
}

int sq_notice_delete(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_NOTICE_DELETE);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	return sq_exec(q, st);
}

int sq_notice_all(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_notice)};
	struct store_notices *all = arena_zalloc(req->arena, sizeof(*all));
	sqlite3_stmt *st = sq_get(q, SQ_NOTICE_ALL);
	struct store_notice *n;
	void *items;
	bool row;
	int r;

	if (!st || !all)
		return st ? -ENOMEM : -EIO;
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		n = sq_rows_add(&rows);
		if (!n) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		*n = (struct store_notice){
			.name = sq_column_str(st, 0, req->arena),
			.text = sq_column_str(st, 1, req->arena),
			.id = sq_column_str(st, 2, req->arena),
			.seq = sq_column_u64(st, 3),
			.utc_us = sq_column_u64(st, 4),
		};
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &items);
	if (r)
		return r;
	all->rows = items;
	all->len = rows.len;
	req->notices = all;
	return 0;
}
