/* Rooms and their affiliations. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

static void affiliation_read(sqlite3_stmt *st, struct store_affiliation *a, struct arena *arena)
{
	*a = (struct store_affiliation){
		.jid = sq_column_str(st, 0, arena),
		.affiliation = (uint8_t)sq_column_u64(st, 1),
		.nick = sq_column_str(st, 2, arena),
		.reason = sq_column_str(st, 3, arena),
	};
}

static int affiliations_read(struct sq *q, struct store_req *req, struct store_room *room)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_affiliation)};
	sqlite3_stmt *st = sq_get(q, SQ_AFFILIATION_OF);
	void *item;
	bool row;
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, room->jid);
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		item = sq_rows_add(&rows);
		if (!item) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		affiliation_read(st, item, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &item);
	if (r == 0) {
		room->affiliations = item;
		room->affiliations_len = rows.len;
	}
	return r;
}

static void room_read(sqlite3_stmt *st, struct store_room *room, struct arena *arena)
{
	*room = (struct store_room){
		.jid = sq_column_str(st, 0, arena),
		.config = sq_column_str(st, 1, arena),
		.secret = sq_column_str(st, 2, arena),
		.subject = sq_column_str(st, 3, arena),
		.subject_from = sq_column_str(st, 4, arena),
		.subject_id = sq_column_str(st, 5, arena),
		.subject_seq = sq_column_u64(st, 6),
		.subject_us = sq_column_u64(st, 7),
		.subject_bare = sq_column_str(st, 8, arena),
		.vcard = sq_column_str(st, 9, arena),
		.created_us = sq_column_u64(st, 10),
		.saved_seq = sq_column_u64(st, 11),
		.creator = sq_column_str(st, 12, arena),
	};
}

static int rooms_read(struct sq *q, struct store_req *req, struct store_room **out, size_t *out_len)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_room)};
	sqlite3_stmt *st = sq_get(q, SQ_ROOM_ALL);
	void *item;
	bool row;
	int r;

	if (!st)
		return -EIO;
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		item = sq_rows_add(&rows);
		if (!item) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		room_read(st, item, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &item);
	if (r == 0) {
		*out = item;
		*out_len = rows.len;
	}
	return r;
}

int sq_room_all(struct sq *q, struct store_req *req)
{
	struct store_rooms *out = arena_zalloc(req->arena, sizeof(*out));
	struct store_room *rows = NULL;
	int r = out ? rooms_read(q, req, &rows, &out->len) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < out->len; i++)
		r = affiliations_read(q, req, &rows[i]);
	if (r)
		return r;
	out->rows = rows;
	req->rooms = out;
	return 0;
}

static int affiliation_write(struct sq *q, struct str room, const struct store_affiliation *a)
{
	bool gone = a->affiliation == STORE_AFFILIATION_NONE;
	sqlite3_stmt *st = sq_get(q, gone ? SQ_AFFILIATION_DELETE : SQ_AFFILIATION_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, room);
	sq_bind_str(st, 2, a->jid);
	if (!gone) {
		sq_bind_u64(st, 3, a->affiliation);
		sq_bind_str(st, 4, a->nick);
		sq_bind_str(st, 5, a->reason);
	}
	return sq_exec(q, st);
}

static int exec_with(struct sq *q, enum sq_query query, struct str jid)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, jid);
	return sq_exec(q, st);
}

int sq_room_put(struct sq *q, struct store_req *req)
{
	const struct store_room *room = req->args->room;
	sqlite3_stmt *st = sq_get(q, SQ_ROOM_PUT);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, room->jid);
	sq_bind_str(st, 2, room->config);
	sq_bind_str(st, 3, room->secret);
	sq_bind_str(st, 4, room->subject);
	sq_bind_str(st, 5, room->subject_from);
	sq_bind_str(st, 6, room->subject_id);
	sq_bind_u64(st, 7, room->subject_seq);
	sq_bind_u64(st, 8, room->subject_us);
	sq_bind_str(st, 9, room->subject_bare);
	sq_bind_str(st, 10, room->vcard);
	sq_bind_u64(st, 11, room->created_us);
	sq_bind_u64(st, 12, room->saved_seq);
	sq_bind_str(st, 13, room->creator);
	r = sq_exec(q, st);
	if (r == 0 && room->whole)
		r = exec_with(q, SQ_AFFILIATION_CLEAR, room->jid);
	for (size_t i = 0; r == 0 && i < room->affiliations_len; i++)
		r = affiliation_write(q, room->jid, &room->affiliations[i]);
	return r;
}

int sq_room_delete(struct sq *q, struct store_req *req)
{
	int r = exec_with(q, SQ_ROOM_DELETE, req->args->owner);

	if (r == 0)
		r = exec_with(q, SQ_AFFILIATION_CLEAR, req->args->owner);
	if (r == 0)
		r = exec_with(q, SQ_OWNER_LEAVE, req->args->owner);
	if (r == 0 && sqlite3_changes(q->db))
		sq_peers_forget(q);
	return r;
}
