/* From whom strangers are held off for the time being. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

int sq_silence_put(struct sq *q, struct store_req *req)
{
	const struct store_silence *s = req->args->silence;
	const uint64_t numbers[] = {s->since_us, s->until_us, s->peace_ms, s->many, s->refused, s->told};
	sqlite3_stmt *st = sq_get(q, SQ_SILENCE_PUT);
	int at = 2;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, s->owner);
	sq_bind_str(st, 2, s->cause);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sq_bind_u64(st, ++at, numbers[i]);
	return sq_exec(q, st);
}

int sq_silence_delete(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_SILENCE_CLEAR);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	return sq_exec(q, st);
}

static void silence_read(sqlite3_stmt *st, struct store_silence *s, struct arena *arena)
{
	*s = (struct store_silence){
		.owner = sq_column_str(st, 0, arena),
		.cause = sq_column_str(st, 1, arena),
		.since_us = sq_column_u64(st, 2),
		.until_us = sq_column_u64(st, 3),
		.peace_ms = sq_column_u64(st, 4),
		.many = sq_column_u64(st, 5),
		.refused = sq_column_u64(st, 6),
		.told = sq_column_u64(st, 7) != 0,
	};
}

int sq_silence_all(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_silence)};
	struct store_silences *all = arena_zalloc(req->arena, sizeof(*all));
	sqlite3_stmt *st = sq_get(q, SQ_SILENCE_ALL);
	void *item = NULL;
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
		silence_read(st, item, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &item);
	if (r)
		return r;
	*all = (struct store_silences){.rows = item, .len = rows.len};
	req->silences = all;
	return 0;
}
