/* Which contacts changed since a version of the roster (RFC 6121 2.6): the last change of each, so many at most. A row
 * without a contact says how far back that reaches: from its version on nothing is missing. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

static int run(struct sq *q, enum sq_query query, struct str owner, struct str contact, uint64_t version)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	sq_bind_str(st, 2, contact);
	sq_bind_u64(st, 3, version);
	return sq_exec(q, st);
}

/* Before the roster itself gets the version. */
int sq_roster_log(struct sq *q, struct str owner, struct str contact, uint64_t version)
{
	static const enum sq_query steps[] = {
		SQ_ROSTER_LOG_BEGIN, SQ_ROSTER_LOG_PUT, SQ_ROSTER_LOG_RAISE, SQ_ROSTER_LOG_TRIM};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = run(q, steps[i], owner, contact, version);
	return r;
}

int sq_roster_changes(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_roster_change)};
	struct store_roster_changes *out = arena_zalloc(req->arena, sizeof(*out));
	sqlite3_stmt *st = sq_get(q, SQ_ROSTER_LOG_GET);
	void *items = NULL;
	bool row;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_u64(st, 2, req->args->number);
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		struct store_roster_change *c = sq_rows_add(&rows);

		if (!c) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		*c = (struct store_roster_change){
			.contact = sq_column_str(st, 0, req->arena), .version = sq_column_u64(st, 1)};
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &items);
	if (r)
		return r;
	for (const struct store_roster_change *c = items; c < (struct store_roster_change *)items + rows.len; c++)
		if (c->contact.len == 0)
			out->complete = c->version <= req->args->number;
	out->rows = items;
	out->len = rows.len;
	req->changes = out;
	return 0;
}
