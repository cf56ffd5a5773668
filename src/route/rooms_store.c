/* Rooms that stay: read at the start, written when something of them changes. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "route/history.h"
#include "route/rooms_board.h"
#include "route/rooms_hall.h"
#include "route/rooms_row.h"

enum {
	LOCKED_US = 300 * 1000000,
	LOCKED_TICKS = 10, /* seconds between two looks at it */
};

/* ---- writing ----
 *
 * One write of a room is under way at a time; what changes meanwhile goes with the next. A write that fails is made
 * again a second later, whole: until then the entries of the record that it came from are held (applied.h), so that a
 * crash brings them again. */

/* The entry of the record a change came from. */
struct held {
	struct held *next;
	struct hold *hold; /* counted */
};

struct save {
	struct store_req req;
	struct home *home;
	struct held *held;
	struct save *next; /* home->unforgotten */
	size_t len;
	char jid[];
};

static void held_free(struct held *held)
{
	while (held) {
		struct held *next = held->next;

		hold_unref(held->hold);
		free(held);
		held = next;
	}
}

/* Without memory the hold is kept for good, and the record brings the entry again. */
static void room_hold(struct room *r, struct hold *hold)
{
	struct held *held = hold ? malloc(sizeof(*held)) : NULL;

	if (hold)
		hold_ref(hold);
	if (!held)
		return;
	*held = (struct held){.next = r->held, .hold = hold};
	r->held = held;
}

static struct save *save_new(struct home *h, struct str jid, store_done_fn *done)
{
	struct save *s = calloc(1, sizeof(*s) + jid.len);

	if (!s)
		return NULL;
	s->home = h;
	s->len = jid.len;
	memcpy(s->jid, jid.data, jid.len);
	store_req_init(&s->req, done, s);
	return s;
}

static void save_free(struct save *s)
{
	store_req_release(&s->req);
	held_free(s->held);
	free(s);
}

/* To be made again: by rooms_tick(). */
static void save_failed(struct room *r, struct save *s)
{
	struct held **end = &s->held;

	while (*end)
		end = &(*end)->next;
	*end = r->held;
	r->held = s->held;
	s->held = NULL;
	r->resave = true;
	s->home->rooms_unsaved = true;
}

static void on_saved(struct store_req *req, int result)
{
	struct save *s = req->owner;
	struct home *h = s->home;
	struct room *r = map_get(&h->rooms, str_of(s->jid, s->len));

	if (result)
		log_error("the store did not keep a change of a room (%d); it is tried again", result);
	if (r) {
		r->saving = false;
		if (result)
			save_failed(r, s);
		else if (!r->resave)
			rooms_save(h, r, NULL);
	}
	save_free(s);
}

static int save_room(struct home *h, struct room *r, struct store_affiliation *rows, size_t len)
{
	struct buf config = BUF_INIT(0), secret = BUF_INIT(0);
	struct save *s = save_new(h, r->jid, on_saved);
	struct store_room row;
	int result = -ENOMEM;

	rooms_row_put(&row, r, &config, &secret);
	row.affiliations = rows;
	row.affiliations_len = len;
	row.whole = r->resave;
	if (s && !buf_failed(&config) && !buf_failed(&secret))
		result = store_room_put(h->route->env.store, &s->req, &row);
	if (result == 0) {
		s->held = r->held;
		r->held = NULL;
	} else if (s) {
		save_free(s);
	}
	buf_done(&config);
	buf_done(&secret);
	return result;
}

/* ---- forgetting ---- */

static void forget_ask(struct save *s);

static void on_forgotten(struct store_req *req, int result)
{
	struct save *s = req->owner;

	if (result == 0) {
		save_free(s);
		return;
	}
	log_error("the store did not forget a room (%d); it is tried again", result);
	s->next = s->home->unforgotten;
	s->home->unforgotten = s;
}

static void forget_ask(struct save *s)
{
	if (store_room_delete(s->home->route->env.store, &s->req, str_of(s->jid, s->len)))
		on_forgotten(&s->req, -ENOMEM);
}

/* A name that is in use again is written whole with the room that has it; its archive begins with that room. */
static void forget_again(struct home *h)
{
	struct save *s = h->unforgotten;

	h->unforgotten = NULL;
	while (s) {
		struct save *next = s->next;
		const struct room *r = map_get(&h->rooms, str_of(s->jid, s->len));

		store_req_release(&s->req);
		store_req_init(&s->req, on_forgotten, s);
		if (r && r->kept)
			save_free(s);
		else
			forget_ask(s);
		s = next;
	}
}

void rooms_forget(struct home *h, struct room *r, struct hold *hold)
{
	struct save *s = save_new(h, r->jid, on_forgotten);

	history_flush(h); /* what is gathered for its archive goes before */
	if (!s) {
		log_error("no memory to forget a room");
		return;
	}
	room_hold(r, hold);
	s->held = r->held;
	r->held = NULL;
	r->kept = false;
	r->resave = true; /* should it be kept again */
	forget_ask(s);
}

/* ---- when ---- */

void rooms_save(struct home *h, struct room *r, struct hold *hold)
{
	bool keep = r->config.persistent && !r->locked && !r->destroyed;
	size_t len = keep || r->kept ? rooms_row_people(r, NULL) : 0;
	struct store_affiliation *rows;

	if (!(keep || r->kept) || (r->kept && !r->changed && !r->resave && len == 0))
		return;
	room_hold(r, hold);
	if (r->saving)
		return;
	rows = calloc(len + 1, sizeof(*rows));
	if (rows)
		rooms_row_people(r, rows);
	if (rows && save_room(h, r, rows, len) == 0) {
		r->kept = r->saving = true;
		r->resave = false;
		room_saved(r);
	} else {
		log_error("no memory to keep a change of a room; it is tried again");
		r->resave = true;
		h->rooms_unsaved = true;
	}
	free(rows);
}

/* 10.1.2: a room that its founder never opens keeps its name from others for so long. Requests between occupants have
 * their time, too. */
static void expire(struct home *h)
{
	uint64_t now = clock_utc_us();
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&h->rooms, &i));) {
		struct room *r = slot->value;
		struct hall hall;

		if (r->ask_count) {
			hall_init(&hall, h, NULL);
			room_asks_settle(r, loop_seconds(h->loop), &hall.sink);
		}
		if (!r->locked || now < r->created_us + LOCKED_US)
			continue;
		hall_init(&hall, h, NULL);
		room_expire(r, &hall.sink);
		hall_leave(&hall, r);
		i = 0; /* the map has changed */
	}
}

void rooms_tick(struct home *h)
{
	struct map_slot *slot;

	if (++h->rooms_ticks % LOCKED_TICKS == 0)
		expire(h);

	if (h->unforgotten)
		forget_again(h);
	if (!h->rooms_unsaved)
		return;
	h->rooms_unsaved = false;
	for (size_t i = 0; (slot = map_next(&h->rooms, &i));) {
		struct room *r = slot->value;

		if (r->resave && (r->kept || r->config.persistent))
			rooms_save(h, r, NULL);
	}
}

/* ---- reading ---- */

/* It was to end with the last one in it, and nobody is in it now. */
static int room_end(struct route *route, struct room *r)
{
	struct store_req req;
	int result;

	store_req_init(&req, NULL, NULL);
	result = store_room_delete(route->env.store, &req, r->jid);
	if (result == 0)
		result = store_wait(&req) ? -EIO : 0;
	store_req_release(&req);
	map_del(&home_of(route, r->jid)->rooms, r->jid);
	room_free(r);
	return result;
}

static int rooms_take(struct route *route, const struct store_rooms *rooms)
{
	for (size_t i = 0; i < rooms->len; i++) {
		struct room *r = hall_room_new(home_of(route, rooms->rows[i].jid), rooms->rows[i].jid);

		if (!r)
			return -ENOMEM;
		r->affiliations_max = SIZE_MAX;
		if (!rooms_row_take(r, &rooms->rows[i]))
			return -ENOMEM;
		r->affiliations_max = route->settings->rooms_affiliations_max;
		if (!r->config.persistent) {
			int result = room_end(route, r);

			if (result)
				return result;
			continue;
		}
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

	for (size_t i = 0; (slot = map_next(&h->rooms, &i));) {
		held_free(((struct room *)slot->value)->held);
		room_free(slot->value);
	}
	map_done(&h->rooms);
	while (h->unforgotten) {
		struct save *s = h->unforgotten;

		h->unforgotten = s->next;
		save_free(s);
	}
}
