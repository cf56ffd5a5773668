/* What is switched off. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

int sq_switch_put(struct sq *q, struct store_req *req)
{
	const struct store_switch *s = req->args->off;
	const struct str texts[] = {s->id, s->what, s->scope, s->name, s->versions, s->reason, s->by, s->except};
	sqlite3_stmt *st = sq_get(q, SQ_SWITCH_PUT);
	int at = 0;

	if (!st)
		return -EIO;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		sq_bind_str(st, ++at, texts[i]);
	sq_bind_u64(st, ++at, s->start_us);
	sq_bind_u64(st, ++at, s->end_us);
	return sq_exec(q, st);
}

int sq_switch_delete(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_SWITCH_DELETE);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	return sq_exec(q, st);
}

static void switch_read(sqlite3_stmt *st, struct store_switch *s, struct arena *arena)
{
	*s = (struct store_switch){
		.id = sq_column_str(st, 0, arena),
		.what = sq_column_str(st, 1, arena),
		.scope = sq_column_str(st, 2, arena),
		.name = sq_column_str(st, 3, arena),
		.versions = sq_column_str(st, 4, arena),
		.reason = sq_column_str(st, 5, arena),
		.by = sq_column_str(st, 6, arena),
		.except = sq_column_str(st, 7, arena),
		.start_us = sq_column_u64(st, 8),
		.end_us = sq_column_u64(st, 9),
	};
}

int sq_switch_all(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_switch)};
	struct store_switches *all = arena_zalloc(req->arena, sizeof(*all));
	sqlite3_stmt *st = sq_get(q, SQ_SWITCH_ALL);
	void *item;
	bool row;
	int r;

	if (!st || !all)
		return st ? -ENOMEM : -EIO;
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		item = sq_rows_add(&rows);
		if (!item) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		switch_read(st, item, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &item);
	if (r)
		return r;
	*all = (struct store_switches){.rows = item, .len = rows.len};
	req->switches = all;
	return 0;
}
