/* Which programs people use. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

static void bind_client(sqlite3_stmt *st, const struct store_client *c)
{
	const struct str texts[] = {
		c->product, c->version, c->os, c->device, c->caps, c->node, c->agent, c->ja4, c->resource, c->address};
	int at = 0;

	sq_bind_str(st, ++at, c->owner);
	sq_bind_str(st, ++at, c->key);
	sq_bind_u64(st, ++at, c->class);
	sq_bind_u64(st, ++at, c->basis);
	sq_bind_u64(st, ++at, c->confidence);
	sq_bind_u64(st, ++at, c->contradictions);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		sq_bind_str(st, ++at, texts[i]);
	sq_bind_u64(st, ++at, c->sessions);
	sq_bind_u64(st, ++at, c->last_us);
	for (size_t i = 0; i < STORE_USES; i++)
		sq_bind_u64(st, ++at, c->uses[i]);
	sq_bind_u64(st, ++at, c->auth);
	sq_bind_str(st, ++at, c->mechanism);
	sq_bind_str(st, ++at, c->tls);
}

static int exec_keys(struct sq *q, enum sq_query query, struct str owner, struct str key, struct str other)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	sq_bind_str(st, 2, key);
	if (other.len)
		sq_bind_str(st, 3, other);
	return sq_exec(q, st);
}

/* The session counted as one of another row until more was known of it. */
static int leave_row(struct sq *q, const struct store_client *c, struct str was)
{
	int r = exec_keys(q, SQ_CLIENT_PART, c->owner, was, STR_NONE);

	if (r == 0)
		r = exec_keys(q, SQ_CLIENT_MERGE, c->owner, was, c->key);
	return r ? r : exec_keys(q, SQ_CLIENT_DROP, c->owner, was, STR_NONE);
}

/* They are put in order only when there are too many. */
static int trim_rows(struct sq *q, struct str owner, size_t max)
{
	sqlite3_stmt *st = sq_get(q, SQ_CLIENT_COUNT);
	uint64_t count = 0;
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	r = sq_number(q, st, &count);
	if (r || count <= max)
		return r;
	st = sq_get(q, SQ_CLIENT_TRIM);
	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	sq_bind_u64(st, 2, max);
	return sq_exec(q, st);
}

int sq_client_note(struct sq *q, struct store_req *req)
{
	const struct store_client *c = req->args->client;
	sqlite3_stmt *st = sq_get(q, SQ_CLIENT_NOTE);
	int r;

	if (!st)
		return -EIO;
	bind_client(st, c);
	r = sq_exec(q, st);
	if (r == 0 && req->args->text.len)
		r = leave_row(q, c, req->args->text);
	if (r == 0 && c->sessions)
		r = trim_rows(q, c->owner, req->args->limit);
	return r;
}

int sq_client_sweep(struct sq *q, struct store_req *req)
{
	static const enum sq_query sweeps[] = {SQ_CLIENT_SWEEP, SQ_DEVICE_SWEEP};
	int r = 0;

	for (size_t i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]) && r == 0; i++) {
		sqlite3_stmt *st = sq_get(q, sweeps[i]);

		if (!st)
			return -EIO;
		sq_bind_u64(st, 1, req->args->number);
		r = sq_exec(q, st);
	}
	return r;
}

static void client_read(sqlite3_stmt *st, struct store_client *c, struct arena *arena)
{
	*c = (struct store_client){
		.owner = sq_column_str(st, 0, arena),
		.key = sq_column_str(st, 1, arena),
		.class = (uint8_t)sq_column_u64(st, 2),
		.basis = (uint8_t)sq_column_u64(st, 3),
		.confidence = (uint8_t)sq_column_u64(st, 4),
		.contradictions = (uint32_t)sq_column_u64(st, 5),
		.product = sq_column_str(st, 6, arena),
		.version = sq_column_str(st, 7, arena),
		.version_before = sq_column_str(st, 8, arena),
		.version_us = sq_column_u64(st, 9),
		.os = sq_column_str(st, 10, arena),
		.device = sq_column_str(st, 11, arena),
		.caps = sq_column_str(st, 12, arena),
		.node = sq_column_str(st, 13, arena),
		.agent = sq_column_str(st, 14, arena),
		.ja4 = sq_column_str(st, 15, arena),
		.resource = sq_column_str(st, 16, arena),
		.address = arena_dup(arena, str_trim(sq_column_view(st, 17))),
		.networks = sq_column_u64(st, 18),
		.first_us = sq_column_u64(st, 19),
		.last_us = sq_column_u64(st, 20),
		.sessions = sq_column_u64(st, 21),
	};
	for (int i = 0; i < STORE_USES; i++)
		c->uses[i] = sq_column_u64(st, 22 + i);
	c->mechanism = sq_column_str(st, 22 + STORE_USES, arena);
	c->tls = sq_column_str(st, 23 + STORE_USES, arena);
}

static sqlite3_stmt *list_begin(struct sq *q, const struct store_client_query *query)
{
	bool one = query->owner.len > 0;
	sqlite3_stmt *st = sq_get(q, one ? SQ_CLIENT_OF : SQ_CLIENT_LIST);

	if (!st)
		return NULL;
	sq_bind_str(st, 1, one ? query->owner : query->after_owner);
	sq_bind_str(st, 2, query->after_key);
	sq_bind_str(st, 3, query->product);
	sq_bind_str(st, 4, query->agent);
	sq_bind_u64(st, 5, query->since_us);
	sq_bind_u64(st, 6, query->limit + 1); /* one more says whether there are more */
	return st;
}

int sq_client_list(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_client)};
	const struct store_client_query *query = req->args->clients;
	struct store_clients *out = arena_zalloc(req->arena, sizeof(*out));
	sqlite3_stmt *st = list_begin(q, query);
	void *item;
	bool row;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	out->complete = true;
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		if (rows.len == query->limit) {
			out->complete = false;
			continue;
		}
		item = sq_rows_add(&rows);
		if (!item) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		client_read(st, item, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &item);
	if (r)
		return r;
	out->rows = item;
	out->len = rows.len;
	req->clients = out;
	return 0;
}

/* ---- how many were up to date ---- */

static int trim_posture(struct sq *q, uint64_t before_us)
{
	sqlite3_stmt *st = sq_get(q, SQ_POSTURE_TRIM);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, before_us);
	return sq_exec(q, st);
}

int sq_posture_put(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_POSTURE_PUT);
	int r = st ? 0 : -EIO;

	for (size_t i = 0; r == 0 && i < req->args->len; i++) {
		const struct store_posture *p = &req->args->posture[i];

		sq_bind_u64(st, 1, p->taken_us);
		sq_bind_str(st, 2, p->product);
		sq_bind_str(st, 3, p->baseline);
		sq_bind_u64(st, 4, p->seen);
		sq_bind_u64(st, 5, p->above);
		sq_bind_u64(st, 6, p->excepted);
		r = sq_exec(q, st);
	}
	return r ? r : trim_posture(q, req->args->number);
}

int sq_posture_all(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_posture)};
	struct store_postures *out = arena_zalloc(req->arena, sizeof(*out));
	sqlite3_stmt *st = sq_get(q, SQ_POSTURE_ALL);
	struct store_posture *p;
	void *items;
	bool row;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	sq_bind_u64(st, 1, req->args->number);
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		p = sq_rows_add(&rows);
		if (!p) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		*p = (struct store_posture){
			.taken_us = sq_column_u64(st, 0),
			.product = sq_column_str(st, 1, req->arena),
			.baseline = sq_column_str(st, 2, req->arena),
			.seen = sq_column_u64(st, 3),
			.above = sq_column_u64(st, 4),
			.excepted = sq_column_u64(st, 5),
		};
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &items);
	if (r)
		return r;
	*out = (struct store_postures){.rows = items, .len = rows.len};
	req->postures = out;
	return 0;
}

/* ---- who was refused ---- */

static int refusal_run(struct sq *q, enum sq_query query, const struct store_refusal *f)
{
	const struct str key[] = {f->kind, f->owner, f->address, f->product, f->version, f->rule};
	sqlite3_stmt *st = sq_get(q, query);
	int at = 0;

	if (!st)
		return -EIO;
	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++)
		sq_bind_str(st, ++at, key[i]);
	sq_bind_u64(st, ++at, f->last_us);
	sq_bind_str(st, ++at, f->reason);
	sq_bind_u64(st, ++at, f->count ? f->count : 1);
	return sq_exec(q, st);
}

static int refusal_trim(struct sq *q, struct str kind, size_t max)
{
	sqlite3_stmt *st = sq_get(q, SQ_REFUSAL_TRIM);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, max);
	sq_bind_str(st, 2, kind);
	return sq_exec(q, st);
}

int sq_refusal_note(struct sq *q, struct store_req *req)
{
	const struct store_refusal *f = req->args->refusal;
	int r = refusal_run(q, SQ_REFUSAL_AGAIN, f);

	if (r || sqlite3_changes(q->db))
		return r;
	r = refusal_run(q, SQ_REFUSAL_ADD, f);
	return r ? r : refusal_trim(q, f->kind, req->args->limit);
}

int sq_refusal_all(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_refusal)};
	struct store_refusals *out = arena_zalloc(req->arena, sizeof(*out));
	sqlite3_stmt *st = sq_get(q, SQ_REFUSAL_ALL);
	struct store_refusal *f;
	void *items;
	bool row;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	sq_bind_u64(st, 1, req->args->number);
	sq_bind_u64(st, 2, req->args->limit);
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		f = sq_rows_add(&rows);
		if (!f) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		*f = (struct store_refusal){
			.kind = sq_column_str(st, 0, req->arena),
			.owner = sq_column_str(st, 1, req->arena),
			.address = sq_column_str(st, 2, req->arena),
			.product = sq_column_str(st, 3, req->arena),
			.version = sq_column_str(st, 4, req->arena),
			.rule = sq_column_str(st, 5, req->arena),
			.reason = sq_column_str(st, 6, req->arena),
			.count = sq_column_u64(st, 7),
			.first_us = sq_column_u64(st, 8),
			.last_us = sq_column_u64(st, 9),
		};
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &items);
	if (r)
		return r;
	*out = (struct store_refusals){.rows = items, .len = rows.len};
	req->refusals = out;
	return 0;
}
