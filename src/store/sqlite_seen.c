/* When people's last session ended, or their present one began (XEP-0012). */
#include <errno.h>

#include "store/sqlite.h"

int sq_seen_put(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_SEEN_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_u64(st, 2, req->args->number);
	return sq_exec(q, st);
}

int sq_seen_get(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_SEEN_GET);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	req->number = 0;
	return sq_number(q, st, &req->number);
}
