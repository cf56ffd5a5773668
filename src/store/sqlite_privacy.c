/* What people have chosen for themselves, where they may. */
#include <errno.h>

#include "store/sqlite.h"

int sq_privacy_put(struct sq *q, struct store_req *req)
{
	const struct store_privacy *p = req->args->privacy;
	sqlite3_stmt *st = sq_get(q, SQ_PRIVACY_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_u64(st, 2, p->reach);
	sq_bind_u64(st, 3, p->last_activity);
	return sq_exec(q, st);
}

int sq_privacy_get(struct sq *q, struct str owner, struct store_privacy *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_PRIVACY_GET);
	bool row;
	int r;

	*out = (struct store_privacy){};
	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r;
	*out = (struct store_privacy){.reach = sq_column_u64(st, 0), .last_activity = sq_column_u64(st, 1)};
	sqlite3_reset(st);
	return 0;
}
