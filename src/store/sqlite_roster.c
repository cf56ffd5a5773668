/* Rosters and block lists. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/sqlite.h"

static int version_read(struct sq *q, struct str owner, uint64_t *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_ROSTER_VERSION_GET);
	bool row;
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r;
	*out = sq_column_u64(st, 0);
	return sq_exec(q, st);
}

static int version_write(struct sq *q, struct str owner, uint64_t version)
{
	sqlite3_stmt *st = sq_get(q, SQ_ROSTER_VERSION_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	sq_bind_u64(st, 2, version);
	return sq_exec(q, st);
}

static void item_read(sqlite3_stmt *st, struct store_roster_item *item, struct arena *arena)
{
	*item = (struct store_roster_item){
		.contact = sq_column_str(st, 0, arena),
		.name = sq_column_str(st, 1, arena),
		.subscription = (uint8_t)sq_column_u64(st, 3),
		.ask = sq_column_u64(st, 4) != 0,
		.approved = sq_column_u64(st, 5) != 0,
		.hidden = sq_column_u64(st, 6) != 0,
		.pending_in = sq_column_str(st, 7, arena),
	};
	item->groups = sq_names_split(arena, sq_column_str(st, 2, arena), &item->groups_len);
}

static int items_read(struct sq *q, struct store_req *req, struct store_roster *out)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_roster_item)};
	sqlite3_stmt *st = sq_get(q, SQ_ROSTER_LOAD);
	void *item;
	bool row;
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		item = sq_rows_add(&rows);
		if (!item) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		item_read(st, item, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &item);
	if (r == 0) {
		out->items = item;
		out->len = rows.len;
	}
	return r;
}

int sq_roster_load(struct sq *q, struct store_req *req)
{
	struct store_roster *out = arena_zalloc(req->arena, sizeof(*out));
	int r = out ? version_read(q, req->args->owner, &out->version) : -ENOMEM;

	req->roster = out;
	return r ? r : items_read(q, req, out);
}

static int item_write(struct sq *q, struct store_req *req, const struct store_roster_item *item)
{
	const struct store_args *args = req->args;
	sqlite3_stmt *st = sq_get(q, SQ_ROSTER_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, args->owner);
	sq_bind_str(st, 2, item->contact);
	sq_bind_str(st, 3, item->name);
	sq_bind_str(st, 4, sq_names_join(req->arena, item->groups, item->groups_len));
	sq_bind_u64(st, 5, item->subscription);
	sq_bind_u64(st, 6, item->ask);
	sq_bind_u64(st, 7, item->approved);
	sq_bind_u64(st, 8, item->hidden);
	sq_bind_str(st, 9, item->pending_in);
	return sq_exec(q, st);
}

int sq_roster_put(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	int r = 0;

	for (size_t i = 0; r == 0 && i < args->len; i++) {
		r = item_write(q, req, &args->items[i]);
		if (r == 0)
			r = sq_roster_log(q, args->owner, args->items[i].contact, args->number);
	}
	return r ? r : version_write(q, args->owner, args->number);
}

static int exec_with_two(struct sq *q, enum sq_query query, struct str owner, struct str name)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	sq_bind_str(st, 2, name);
	return sq_exec(q, st);
}

int sq_roster_delete(struct sq *q, struct store_req *req)
{
	int r = exec_with_two(q, SQ_ROSTER_DELETE, req->args->owner, req->args->other);

	if (r == 0)
		r = sq_roster_log(q, req->args->owner, req->args->other, req->args->number);
	return r ? r : version_write(q, req->args->owner, req->args->number);
}

/* By the clock, as everywhere: no version is given twice. */
int sq_roster_step(struct sq *q, struct str owner, struct str contact)
{
	uint64_t version = 0, now = clock_utc_us();
	int r = version_read(q, owner, &version);

	version = now > version ? now : version + 1;
	if (r == 0)
		r = sq_roster_log(q, owner, contact, version);
	return r ? r : version_write(q, owner, version);
}

int sq_block_load(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_BLOCK_LOAD);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	return sq_names_read(q, st, req);
}

int sq_block_put(struct sq *q, struct store_req *req)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < req->args->len; i++)
		r = exec_with_two(q, SQ_BLOCK_PUT, req->args->owner, req->args->names[i]);
	return r;
}

int sq_block_delete(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st;
	int r = 0;

	if (req->args->len == 0) {
		st = sq_get(q, SQ_BLOCK_CLEAR);
		if (!st)
			return -EIO;
		sq_bind_str(st, 1, req->args->owner);
		return sq_exec(q, st);
	}
	for (size_t i = 0; r == 0 && i < req->args->len; i++)
		r = exec_with_two(q, SQ_BLOCK_DELETE, req->args->owner, req->args->names[i]);
	return r;
}
