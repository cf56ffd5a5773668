/* Mails on their way out. What is due is found by an index over those that wait; that somebody was told stays when the text
 * has gone. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

static const uint64_t kept_us = 400ULL * 24 * 3600 * 1000000; /* what has ended */

static int number_of(struct sq *q, sqlite3_stmt *st, uint64_t *out)
{
	*out = 0;
	return st ? sq_number(q, st, out) : -EIO;
}

static int was_told(struct sq *q, const struct store_mail *m, uint64_t since_us, bool *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_MAIL_TOLD);
	uint64_t n;
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, m->person);
	sq_bind_str(st, 2, m->purpose);
	sq_bind_str(st, 3, m->about);
	sq_bind_str(st, 4, m->stage);
	sq_bind_str(st, 5, m->address);
	sq_bind_u64(st, 6, since_us);
	r = number_of(q, st, &n);
	*out = n > 0;
	return r;
}

static int mail_insert(struct sq *q, const struct store_mail *m)
{
	sqlite3_stmt *st = sq_get(q, SQ_MAIL_ADD);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, m->id);
	sq_bind_str(st, 2, m->purpose);
	sq_bind_str(st, 3, m->about);
	sq_bind_str(st, 4, m->stage);
	sq_bind_str(st, 5, m->person);
	sq_bind_str(st, 6, m->jid);
	sq_bind_str(st, 7, m->address);
	sq_bind_str(st, 8, m->language);
	sq_bind_str(st, 9, m->subject);
	sq_bind_str(st, 10, m->body);
	sq_bind_u64(st, 11, m->created_us);
	sq_bind_u64(st, 12, m->due_us);
	return sq_exec(q, st);
}

static int forget_old(struct sq *q, uint64_t now_us)
{
	sqlite3_stmt *st = sq_get(q, SQ_MAIL_FORGET);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, now_us > kept_us ? now_us - kept_us : 0);
	return sq_exec(q, st);
}

/* Asked where it is added, on the one thread that adds: nobody is told twice, and the ceiling holds. */
int sq_mail_add(struct sq *q, struct store_req *req)
{
	const struct store_mail *m = req->args->mail;
	uint64_t open = 0;
	bool told = false;
	int r = forget_old(q, m->created_us);

	if (r == 0 && req->args->number != UINT64_MAX)
		r = was_told(q, m, req->args->number, &told);
	if (r || told)
		return r ? r : STORE_E_EXISTS;
	r = number_of(q, sq_get(q, SQ_MAIL_OPEN_COUNT), &open);
	if (r || open >= req->args->limit)
		return r ? r : STORE_E_FULL;
	return mail_insert(q, m);
}

int sq_mail_mark(struct sq *q, struct store_req *req)
{
	const struct store_mail *m = req->args->mail;
	sqlite3_stmt *st = sq_get(q, SQ_MAIL_MARK);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, m->id);
	sq_bind_u64(st, 2, m->state);
	sq_bind_u64(st, 3, m->tries);
	sq_bind_str(st, 4, m->error);
	sq_bind_u64(st, 5, m->due_us);
	sq_bind_u64(st, 6, m->ended_us);
	return sq_exec(q, st);
}

static int change(struct sq *q, struct store_req *req, enum sq_query query)
{
	sqlite3_stmt *st = sq_get(q, query);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_u64(st, 2, req->args->number);
	r = sq_exec(q, st);
	return r == 0 && sqlite3_changes(q->db) == 0 ? STORE_E_NONE : r;
}

int sq_mail_open(struct sq *q, struct store_req *req)
{
	return change(q, req, SQ_MAIL_RETRY);
}

int sq_mail_drop(struct sq *q, struct store_req *req)
{
	return change(q, req, SQ_MAIL_DROP);
}

static void mail_read(sqlite3_stmt *st, struct store_mail *m, struct arena *arena)
{
	*m = (struct store_mail){
		.id = sq_column_str(st, 0, arena),
		.purpose = sq_column_str(st, 1, arena),
		.about = sq_column_str(st, 2, arena),
		.stage = sq_column_str(st, 3, arena),
		.person = sq_column_str(st, 4, arena),
		.jid = sq_column_str(st, 5, arena),
		.address = sq_column_str(st, 6, arena),
		.language = sq_column_str(st, 7, arena),
		.subject = sq_column_str(st, 8, arena),
		.state = (uint8_t)sq_column_u64(st, 9),
		.tries = sq_column_u64(st, 10),
		.error = sq_column_str(st, 11, arena),
		.created_us = sq_column_u64(st, 12),
		.due_us = sq_column_u64(st, 13),
		.ended_us = sq_column_u64(st, 14),
		.body = sq_column_str(st, 15, arena),
	};
}

static int mails_read(struct sq *q, sqlite3_stmt *st, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_mail)};
	struct store_mails *out = arena_zalloc(req->arena, sizeof(*out));
	void *item;
	bool row;
	int r;

	if (!out)
		return -ENOMEM;
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		item = sq_rows_add(&rows);
		if (!item) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		mail_read(st, item, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &item);
	if (r)
		return r;
	*out = (struct store_mails){.rows = item, .len = rows.len};
	req->mails = out;
	return 0;
}

int sq_mail_due(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_MAIL_DUE);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, req->args->number);
	sq_bind_u64(st, 2, req->args->limit);
	return mails_read(q, st, req);
}

int sq_mail_list(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_MAIL_LIST);

	if (!st)
		return -EIO;
	sqlite3_bind_int(st, 1, req->args->number < STORE_MAIL_STATES ? (int)req->args->number : -1);
	sq_bind_u64(st, 2, req->args->owner.len != 0);
	sq_bind_u64(st, 3, req->args->limit);
	sq_bind_str(st, 4, req->args->owner);
	return mails_read(q, st, req);
}

int sq_mail_get(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_MAIL_GET);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	r = mails_read(q, st, req);
	return r == 0 && req->mails->len == 0 ? STORE_E_NONE : r;
}

int sq_mail_count(struct sq *q, struct store_req *req)
{
	struct store_mail_counts *out = arena_zalloc(req->arena, sizeof(*out));
	sqlite3_stmt *st = sq_get(q, SQ_MAIL_COUNT);
	bool row;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		uint64_t state = sq_column_u64(st, 0);

		if (state < STORE_MAIL_STATES)
			out->count[state] = sq_column_u64(st, 1);
		if (state == STORE_MAIL_QUEUED)
			out->due_us = sq_column_u64(st, 2);
	}
	if (r == 0)
		req->mail_counts = out;
	return r;
}
