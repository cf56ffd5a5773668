/* Waiting messages. */
#include <errno.h>

#include "base/cleanup.h"
#include "stanza/xml_out.h"
#include "store/sqlite_archive.h"
#include "store/tomb.h"

enum {
	BURY_MAX = 20000, /* of what waits from one author is looked through */
};

/* Up to `limit` (0: all). */
static int count(struct sq *q, uint8_t queue, struct str owner, size_t limit, uint64_t *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_MESSAGE_COUNT);
	bool row;
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	sq_bind_u64(st, 2, queue);
	sqlite3_bind_int64(st, 3, limit ? (sqlite3_int64)limit : -1);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r;
	*out = sq_column_u64(st, 0);
	return sq_exec(q, st);
}

static int insert(struct sq *q, uint8_t queue, const struct store_message *m, bool *out_new)
{
	sqlite3_stmt *st = sq_get(q, SQ_MESSAGE_PUT);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, m->owner);
	sq_bind_str(st, 2, m->id);
	sq_bind_u64(st, 3, queue);
	sq_bind_u64(st, 4, m->seq);
	sq_bind_str(st, 5, m->session);
	sq_bind_u64(st, 6, m->time_us);
	sq_bind_str(st, 7, m->from);
	sq_bind_u64(st, 8, m->kind);
	sq_bind_str(st, 9, m->xml);
	r = sq_exec(q, st);
	*out_new = r == 0 && sqlite3_changes(q->db) > 0;
	return r;
}

int sq_message_put(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;

	for (size_t i = 0; i < args->len; i++) {
		uint64_t there = 0;
		bool is_new;
		int r = insert(q, args->queue, &args->messages[i], &is_new);

		if (r)
			return r;
		if (!args->limit || !is_new)
			continue;
		r = count(q, args->queue, args->messages[i].owner, args->limit + 1, &there);
		if (r)
			return r;
		if (there > args->limit)
			return STORE_E_FULL;
	}
	return sq_applied_raise(q, args->applied_seq);
}

static void message_read(sqlite3_stmt *st, struct store_message *m, struct arena *arena)
{
	m->session = sq_column_str(st, 0, arena);
	m->seq = sq_column_u64(st, 1);
	m->id = sq_column_str(st, 2, arena);
	m->time_us = sq_column_u64(st, 3);
	m->from = sq_column_str(st, 4, arena);
	m->kind = (uint8_t)sq_column_u64(st, 5);
	m->xml = sq_column_str(st, 6, arena);
}

int sq_message_load(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_message)};
	const struct store_args *args = req->args;
	sqlite3_stmt *st = sq_get(q, SQ_MESSAGE_LOAD);
	struct store_messages *out = arena_zalloc(req->arena, sizeof(*out));
	struct store_message *m;
	void *taken;
	bool row;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	sq_bind_str(st, 1, args->owner);
	sq_bind_u64(st, 2, args->queue);
	sq_bind_u64(st, 3, args->number);
	sqlite3_bind_int64(st, 4, args->limit ? (sqlite3_int64)args->limit : -1);
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		m = sq_rows_add(&rows);
		if (!m) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		m->owner = args->owner;
		message_read(st, m, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &taken);
	if (r == 0)
		*out = (struct store_messages){.rows = taken, .len = rows.len};
	req->messages = out;
	return r;
}

int sq_message_delete(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	sqlite3_stmt *st = sq_get(q, SQ_MESSAGE_DELETE);
	int r = st ? 0 : -EIO;

	for (size_t i = 0; r == 0 && i < args->len; i++) {
		sq_bind_str(st, 1, args->owner);
		sq_bind_str(st, 2, args->names[i]);
		r = sq_exec(q, st);
	}
	return r ? r : sq_applied_raise(q, args->applied_seq);
}

/* The stone of a message that has been delivered to nobody yet, with the id it has in the archive (XEP-0359). */
static int message_replace(struct sq *q, struct str owner, struct str id, struct str xml, struct str inside)
{
	sqlite3_stmt *st = sq_get(q, SQ_MESSAGE_REPLACE);
	struct buf stone = BUF_INIT(0), text = BUF_INIT(0);
	int r = st ? 0 : -EIO;

	buf_str(&text, inside);
	buf_lit(&text, "<stanza-id xmlns='urn:xmpp:sid:0' id='");
	xml_escape(&text, id);
	buf_lit(&text, "' by='");
	xml_escape(&text, owner);
	buf_lit(&text, "'/>");
	tomb_put(&stone, xml, buf_view(&text));
	if (buf_failed(&text) || buf_failed(&stone))
		r = -ENOMEM;
	if (r == 0) {
		sq_bind_str(st, 1, owner);
		sq_bind_str(st, 2, id);
		sq_bind_str(st, 3, buf_view(&stone));
		r = sq_exec(q, st);
	}
	buf_done(&text);
	buf_done(&stone);
	return r;
}

int sq_message_bury(struct sq *q, struct str owner, const struct store_archived *by)
{
	sqlite3_stmt *st = sq_get(q, SQ_MESSAGE_FROM);
	struct str author = jid_split(by->from).bare;
	struct arena *arena = arena_new(0);
	struct str id = STR_NONE, xml = STR_NONE;
	bool row = true, found = false;
	int r = !st ? -EIO : arena ? 0 : -ENOMEM;

	if (r == 0) {
		sq_bind_str(st, 1, owner);
		sq_bind_str(st, 2, author);
		sq_bind_u64(st, 3, BURY_MAX);
	}
	while (r == 0 && !found && (r = sq_step(q, st, &row)) == 0 && row) {
		id = sq_column_view(st, 0);
		xml = sq_column_view(st, 1);
		found = tomb_fits(xml, author, by->retracts, str_eq(id, by->retracts));
	}
	if (r == 0 && found) {
		id = arena_dup(arena, id);
		xml = arena_dup(arena, xml);
	}
	if (found)
		sqlite3_reset(st);
	if (r == 0 && found && !tomb_is(xml))
		r = arena_is_full(arena) ? -ENOMEM : message_replace(q, owner, id, xml, by->stone);
	arena_free(arena);
	return r;
}

int sq_message_unspool(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_MESSAGE_UNSPOOL);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_str(st, 2, req->args->other);
	r = sq_exec(q, st);
	req->number = (uint64_t)sqlite3_changes(q->db);
	return r;
}

int sq_message_release(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	sqlite3_stmt *st = sq_get(q, SQ_MESSAGE_RELEASE);
	int r = st ? 0 : -EIO;

	for (size_t i = 0; r == 0 && i < args->len; i++) {
		sq_bind_str(st, 1, args->owner);
		sq_bind_str(st, 2, args->names[i]);
		r = sq_exec(q, st);
	}
	return r;
}

int sq_message_count(struct sq *q, struct store_req *req)
{
	return count(q, req->args->queue, req->args->owner, 0, &req->number);
}

int sq_message_owners(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_MESSAGE_OWNERS);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, req->args->queue);
	return sq_names_read(q, st, req);
}
