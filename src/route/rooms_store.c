/* Rooms that stay: read at the start, written when something of them changes. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "route/rooms_board.h"
#include "route/rooms_hall.h"

/* ---- writing ---- */

struct save {
	struct store_req req;
};

static void on_saved(struct store_req *req, int result)
{
	if (result)
		log_error("the store did not keep a change of a room (%d)", result);
	store_req_release(req);
	free(req->owner);
}

static struct save *save_new(void)
{
	struct save *s = calloc(1, sizeof(*s));

	if (s)
		store_req_init(&s->req, on_saved, s);
	return s;
}

static void save_sent(struct save *s, int result)
{
	if (result == 0)
		return;
	log_error("no memory to keep a change of a room");
	if (s)
		store_req_release(&s->req);
	free(s);
}

static size_t unsaved_rows(const struct room *r, struct store_affiliation *rows)
{
	struct map_slot *slot;
	size_t n = 0;

	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));) {
		const struct affiliated *a = slot->value;

		if (!a->unsaved)
			continue;
		if (rows)
			rows[n] = (struct store_affiliation){.jid = a->jid,
				.nick = a->nick,
				.reason = a->reason,
				.affiliation = (uint8_t)a->affiliation};
		n++;
	}
	return n;
}

static void row_fill(struct store_room *row, const struct room *r, struct buf *config, struct buf *secret)
{
	config_put_text(config, &r->config);
	hex_put(secret, r->secret, sizeof(r->secret));
	*row = (struct store_room){.jid = r->jid,
		.config = buf_view(config),
		.secret = buf_view(secret),
		.subject = r->subject,
		.subject_from = r->subject_from,
		.subject_id = str_of(r->subject_stamp.id, r->subject_stamp.seq ? STAMP_ID : 0),
		.subject_seq = r->subject_stamp.seq,
		.subject_us = r->subject_stamp.time_us};
}

static int save_room(struct home *h, const struct room *r, struct store_affiliation *rows, size_t len)
{
	struct buf config = BUF_INIT(0), secret = BUF_INIT(0);
	struct save *s = save_new();
	struct store_room row;
	int result = -ENOMEM;

	row_fill(&row, r, &config, &secret);
	row.affiliations = rows;
	row.affiliations_len = len;
	if (s && !buf_failed(&config) && !buf_failed(&secret))
		result = store_room_put(h->route->env.store, &s->req, &row);
	save_sent(s, result);
	buf_done(&config);
	buf_done(&secret);
	return result;
}

static void forget_room(struct home *h, struct room *r)
{
	struct save *s = save_new();
	struct map_slot *slot;

	save_sent(s, s ? store_room_delete(h->route->env.store, &s->req, r->jid) : -ENOMEM);
	r->kept = false;
	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));)
		((struct affiliated *)slot->value)->unsaved = true;
}

void rooms_save(struct home *h, struct room *r)
{
	bool keep = r->config.persistent && !r->locked && !r->destroyed;
	size_t len = keep ? unsaved_rows(r, NULL) : 0;
	struct store_affiliation *rows;

	if (!keep && r->kept)
		forget_room(h, r);
	if (!keep || (r->kept && !r->changed && len == 0))
		return;
	rows = calloc(len + 1, sizeof(*rows));
	if (rows) {
		unsaved_rows(r, rows);
		if (save_room(h, r, rows, len) == 0) {
			r->kept = true;
			room_saved(r);
		}
	}
	free(rows);
}

/* ---- reading ---- */

static bool room_fill(struct room *r, const struct store_room *row)
{
	bool ok = config_take_text(&r->config, row->config) && room_set_text(&r->subject, row->subject) &&
		  room_set_text(&r->subject_from, row->subject_from);

	if (!hex_parse(row->secret, r->secret, sizeof(r->secret)))
		log_warn("the secret of a room is damaged: its occupant ids change");
	if (row->subject_seq && row->subject_id.len == STAMP_ID) {
		r->subject_stamp.seq = row->subject_seq;
		r->subject_stamp.time_us = row->subject_us;
		memcpy(r->subject_stamp.id, row->subject_id.data, STAMP_ID);
	}
	for (size_t i = 0; ok && i < row->affiliations_len; i++) {
		const struct store_affiliation *a = &row->affiliations[i];

		if (a->affiliation <= AFFILIATION_OWNER)
			ok = room_affiliate(r, a->jid, (enum affiliation)a->affiliation, a->nick, a->reason);
	}
	room_saved(r);
	r->kept = true;
	return ok;
}

static int rooms_take(struct route *route, const struct store_rooms *rooms)
{
	for (size_t i = 0; i < rooms->len; i++) {
		struct room *r = hall_room_new(home_of(route, rooms->rows[i].jid), rooms->rows[i].jid);

		if (!r)
			return -ENOMEM;
		r->affiliations_max = SIZE_MAX;
		if (!room_fill(r, &rooms->rows[i]))
			return -ENOMEM;
		r->affiliations_max = route->settings->rooms_affiliations_max;
		board_put(route->board, r);
	}
	return 0;
}

int rooms_load(struct route *r)
{
	struct store_req req;
	int result;

	store_req_init(&req, NULL, NULL);
	result = store_room_all(r->env.store, &req);
	if (result == 0)
		result = store_wait(&req) ? -EIO : rooms_take(r, req.rooms);
	store_req_release(&req);
	return result;
}

void rooms_done(struct home *h)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&h->rooms, &i));)
		room_free(slot->value);
	map_done(&h->rooms);
}
