/* What hashes of capabilities stand for, as clients have said and administrators have confirmed. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

/* How a claim fits what is known of its hash. */
enum fit {
	FIT_NEW,
	FIT_SAME,
	FIT_VARIES,      /* of another version of the same product */
	FIT_CONTRADICTS, /* of another product */
	FIT_FAILED,
};

static enum fit fit_of(struct sq *q, const struct store_caps_client *c)
{
	sqlite3_stmt *st = sq_get(q, SQ_CAPS_CLIENT_GET);
	enum fit fit = FIT_NEW;
	bool row;

	if (!st)
		return FIT_FAILED;
	sq_bind_str(st, 1, c->hash);
	if (sq_step(q, st, &row))
		return FIT_FAILED;
	if (!row)
		return FIT_NEW;
	if (!str_eq_nocase(sq_column_view(st, 0), c->product))
		fit = FIT_CONTRADICTS;
	else if (sq_column_u64(st, 3) || !str_eq(sq_column_view(st, 1), c->version))
		fit = FIT_VARIES;
	else
		fit = FIT_SAME;
	sqlite3_reset(st);
	return fit;
}

static int caps_trim(struct sq *q, size_t max)
{
	sqlite3_stmt *st = sq_get(q, SQ_CAPS_CLIENT_TRIM);
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, max);
	r = sq_exec(q, st);
	if (r == 0 && sqlite3_changes(q->db))
		r = sq_do(q, SQ_VOUCHER_ORPHANS);
	return r;
}

static int caps_add(struct sq *q, const struct store_caps_client *c, size_t max)
{
	sqlite3_stmt *st = sq_get(q, SQ_CAPS_CLIENT_ADD);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, c->hash);
	sq_bind_str(st, 2, c->product);
	sq_bind_str(st, 3, c->version);
	sq_bind_str(st, 4, c->os);
	sq_bind_str(st, 5, c->node);
	sq_bind_u64(st, 6, c->last_us);
	r = sq_exec(q, st);
	return r ? r : caps_trim(q, max);
}

static int caps_see(struct sq *q, const struct store_caps_client *c, enum fit fit)
{
	sqlite3_stmt *st = sq_get(q, SQ_CAPS_CLIENT_SEE);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, c->hash);
	sq_bind_u64(st, 2, c->last_us);
	sq_bind_u64(st, 3, fit == FIT_CONTRADICTS);
	sq_bind_u64(st, 4, fit == FIT_VARIES);
	return sq_exec(q, st);
}

static int caps_vouch(struct sq *q, struct str hash, struct str owner)
{
	sqlite3_stmt *st = sq_get(q, SQ_VOUCHER_ADD);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, hash);
	sq_bind_str(st, 2, owner);
	sq_bind_u64(st, 3, STORE_VOUCHERS_MAX);
	return sq_exec(q, st);
}

int sq_caps_client_note(struct sq *q, struct store_req *req)
{
	const struct store_caps_client *c = req->args->caps_client;
	enum fit fit = fit_of(q, c);
	int r;

	if (fit == FIT_FAILED)
		return -EIO;
	r = fit == FIT_NEW ? caps_add(q, c, req->args->limit) : caps_see(q, c, fit);
	return r || fit == FIT_CONTRADICTS ? r : caps_vouch(q, c->hash, req->args->text);
}

int sq_caps_client_put(struct sq *q, struct store_req *req)
{
	const struct store_caps_client *c = req->args->caps_client;
	sqlite3_stmt *st = sq_get(q, SQ_CAPS_CLIENT_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, c->hash);
	sq_bind_str(st, 2, c->product);
	sq_bind_str(st, 3, c->version);
	sq_bind_str(st, 4, c->os);
	sq_bind_u64(st, 5, c->state);
	sq_bind_u64(st, 6, c->first_us);
	return sq_exec(q, st);
}

int sq_caps_client_delete(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_CAPS_CLIENT_DELETE);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	r = sq_exec(q, st);
	if (r == 0 && sqlite3_changes(q->db) == 0)
		return STORE_E_NONE;
	return r ? r : sq_do(q, SQ_VOUCHER_ORPHANS);
}

int sq_caps_client_all(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_caps_client)};
	struct store_caps_clients *out = arena_zalloc(req->arena, sizeof(*out));
	sqlite3_stmt *st = sq_get(q, SQ_CAPS_CLIENT_ALL);
	struct store_caps_client *c;
	void *items;
	bool row;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		c = sq_rows_add(&rows);
		if (!c) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		*c = (struct store_caps_client){
			.hash = sq_column_str(st, 0, req->arena),
			.product = sq_column_str(st, 1, req->arena),
			.version = sq_column_str(st, 2, req->arena),
			.os = sq_column_str(st, 3, req->arena),
			.node = sq_column_str(st, 4, req->arena),
			.state = (uint8_t)sq_column_u64(st, 5),
			.varies = sq_column_u64(st, 6) != 0,
			.contradicted = sq_column_u64(st, 7),
			.first_us = sq_column_u64(st, 8),
			.last_us = sq_column_u64(st, 9),
			.accounts = sq_column_u64(st, 10),
		};
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &items);
	if (r)
		return r;
	*out = (struct store_caps_clients){.rows = items, .len = rows.len};
	req->caps_clients = out;
	return 0;
}
