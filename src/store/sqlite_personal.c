/* Private XML (XEP-0049), vCards (XEP-0054), capabilities (XEP-0115). */
#include <errno.h>

#include "store/sqlite.h"

/* A bound statement with at most one text -> req->text. */
static int text_read(struct sq *q, sqlite3_stmt *st, struct store_req *req)
{
	struct str *out;
	bool row;
	int r = sq_step(q, st, &row);

	req->text = NULL;
	if (r || !row)
		return r;
	out = arena_zalloc(req->arena, sizeof(*out));
	if (out)
		*out = sq_column_str(st, 0, req->arena);
	sqlite3_reset(st);
	req->text = out;
	return out ? 0 : -ENOMEM;
}

/* --- private XML --- */

int sq_private_get(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_PRIVATE_GET);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_str(st, 2, req->args->other);
	sq_bind_str(st, 3, req->args->text);
	return text_read(q, st, req);
}

int sq_private_all(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_PRIVATE_ALL);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	return sq_names_read(q, st, req);
}

static int private_write(struct sq *q, struct str owner, const struct store_private *row)
{
	sqlite3_stmt *st = sq_get(q, SQ_PRIVATE_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	sq_bind_str(st, 2, row->ns);
	sq_bind_str(st, 3, row->name);
	sq_bind_str(st, 4, row->xml);
	return sq_exec(q, st);
}

int sq_private_put(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	sqlite3_stmt *st = sq_get(q, SQ_PRIVATE_BYTES);
	uint64_t bytes = 0;
	int r = st ? 0 : -EIO;

	for (size_t i = 0; r == 0 && i < args->len; i++)
		r = private_write(q, args->owner, &args->privates[i]);
	if (r)
		return r;
	sq_bind_str(st, 1, args->owner);
	r = sq_number(q, st, &bytes);
	return r == 0 && bytes > args->number ? STORE_E_FULL : r;
}

/* --- vCards --- */

static int vcard_read(struct sq *q, struct store_req *req, enum sq_query query)
{
	sqlite3_stmt *st = sq_get(q, query);
	struct store_vcard *out;
	bool row;
	int r;

	req->vcard = NULL;
	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r;
	out = arena_zalloc(req->arena, sizeof(*out));
	if (out) {
		out->photo = sq_column_str(st, 0, req->arena);
		out->stamp.seq = sq_column_u64(st, 1);
		out->stamp.time_us = sq_column_u64(st, 2);
		out->stamp.id = sq_column_str(st, 3, req->arena);
		out->xml = sq_column_str(st, 4, req->arena);
	}
	sqlite3_reset(st);
	req->vcard = out;
	return out ? 0 : -ENOMEM;
}

int sq_vcard_get(struct sq *q, struct store_req *req)
{
	return vcard_read(q, req, SQ_VCARD_GET);
}

int sq_photo_get(struct sq *q, struct store_req *req)
{
	return vcard_read(q, req, SQ_PHOTO_GET);
}

int sq_vcard_put(struct sq *q, struct store_req *req)
{
	const struct store_vcard *row = req->args->vcard;
	sqlite3_stmt *st = sq_get(q, SQ_VCARD_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_str(st, 2, row->photo);
	sq_bind_u64(st, 3, row->stamp.seq);
	sq_bind_u64(st, 4, row->stamp.time_us);
	sq_bind_str(st, 5, row->stamp.id);
	sq_bind_str(st, 6, row->xml);
	return sq_exec(q, st);
}

/* --- capabilities --- */

int sq_caps_get(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_CAPS_GET);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_str(st, 2, req->args->other);
	return text_read(q, st, req);
}

int sq_caps_put(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_CAPS_PUT), *trim = sq_get(q, SQ_CAPS_TRIM);
	int r;

	if (!st || !trim)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_str(st, 2, req->args->other);
	sq_bind_str(st, 3, req->args->text);
	r = sq_exec(q, st);
	if (r)
		return r;
	sq_bind_u64(trim, 1, req->args->limit);
	return sq_exec(q, trim);
}
