/* An account goes: what other rosters here have of subscriptions with it ends with it, in the same transaction (XEP-0077 section
 * 3.2; RFC 6121 A.3.2 and A.3.4, both). Whose rosters these are stands in its own: two rosters of one server mirror each
 * other. So a removal looks at as many rows as the account had contacts, and at no other. */
#include <errno.h>

#include "store/sqlite.h"

static bool is_linked(const struct store_roster_item *item)
{
	return item->subscription || item->ask || item->pending_in.len;
}

static int change(struct sq *q, enum sq_query query, struct str owner, struct str contact)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	sq_bind_str(st, 2, contact);
	return sq_exec(q, st);
}

/* Nothing where the contact has no roster here, or knows of no subscription. */
static int part(struct sq *q, struct str owner, struct str gone)
{
	int r = change(q, SQ_ROSTER_PART, owner, gone);

	if (r || sqlite3_changes(q->db) == 0)
		return r;
	r = change(q, SQ_ROSTER_PART_HIDDEN, owner, gone);
	return r ? r : sq_roster_step(q, owner, gone);
}

int sq_roster_leave(struct sq *q, struct store_req *req)
{
	int r = sq_roster_load(q, req);

	for (size_t i = 0; r == 0 && i < req->roster->len; i++)
		if (is_linked(&req->roster->items[i]))
			r = part(q, req->roster->items[i].contact, req->args->owner);
	return r;
}
