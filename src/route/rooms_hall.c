#include "route/rooms_hall.h"

#include <stdlib.h>

#include "base/log.h"
#include "route/answer.h"
#include "route/deliver.h"
#include "route/iq.h"
#include "route/message.h"
#include "route/reread.h"
#include "route/rooms_archive.h"
#include "route/rooms_board.h"
#include "route/sight.h"

enum {
	LOOPS_MAX = 64,
};

/* The same bytes for sessions whose users live on one loop. */
struct volley {
	struct task task;
	struct route *route;
	struct blob *blob;
	struct hold *hold;
	struct origin *author; /* counted; whose doing it is; NULL: nobody's */
	struct kept kept;
	bool note;
	struct arena *reread; /* once it has been asked whom it is from: */
	struct jid from;
	bool single; /* it is not for all who are in the room */
	size_t len, used;
	struct origin *origins[]; /* counted */
};

/* ---- who is blocked (XEP-0191 3.3) ---- */

/* What a person has not been given: on its way back to the room. */
struct bounce {
	struct task task;
	struct route *route;
	struct blob *blob;
	size_t len;
	char full[];
};

static void run_bounce(struct task *task)
{
	struct bounce *b = container_of(task, struct bounce, task);
	struct home *h = home_here(b->route);
	struct arena *arena = NULL;
	const struct node *stanza = reread_stanza(blob_view(b->blob), &arena);
	struct room *r = stanza ? map_get(&h->rooms, jid_split(node_attr(stanza, STR("from"))).bare) : NULL;
	struct hall hall;

	if (r) {
		hall_init(&hall, h, NULL);
		room_refused(r, str_of(b->full, b->len), stanza, &hall.sink);
	}
	arena_free(arena);
	blob_unref(b->blob);
	free(b);
}

static void bounce(const struct volley *v, const struct origin *by)
{
	struct str full = by->jid.full;
	struct bounce *b = malloc(sizeof(*b) + full.len);

	if (!b) {
		log_error("out of memory: nobody learns that a room's words were not taken");
		return;
	}
	*b = (struct bounce){.task = {.run = run_bounce}, .route = v->route, .blob = blob_ref(v->blob), .len = full.len};
	memcpy(b->full, full.data, full.len);
	loop_post(home_of(v->route, v->from.bare)->loop, &b->task);
}

/* Nothing from a blocked room, nor from a blocked occupant. What is said is read for it only where somebody blocks anybody,
 * and once. */
static bool is_blocked(const struct user *u, struct volley *v)
{
	const struct node *stanza;

	if (u->blocked.len == 0)
		return false;
	if (!v->reread) {
		stanza = reread_stanza(blob_view(v->blob), &v->reread);
		v->from = jid_split(stanza ? node_attr(stanza, STR("from")) : STR(""));
		v->single = stanza && !str_is(node_attr(stanza, STR("type")), "groupchat");
	}
	return user_blocks(u, &v->from);
}

static bool is_kept_out(const struct user *u, struct volley *v, const struct origin *to)
{
	bool blocked = is_blocked(u, v);

	if (blocked && v->note && v->single)
		bounce(v, to);
	return blocked;
}

static void volley_give(struct home *h, struct volley *v, const struct receipt *receipt)
{
	struct goods g = {.blob = v->blob, .hold = v->hold, .note = v->note, .author = v->author ? v->author->jid.bare : STR("")};

	for (size_t i = 0; i < v->used; i++) {
		struct user *u = user_find(h, v->origins[i]->jid.bare);
		struct session *s = u ? session_by_origin(u, v->origins[i]) : NULL;

		if (!s || is_kept_out(u, v, v->origins[i]))
			continue;
		if (!v->note) /* presence says whom it is for; there are clients that ask */
			g.blob = presence_blob_to(h, v->blob, v->origins[i]->jid.full);
		if (g.blob)
			deliver(s, &g, receipt);
		if (!v->note)
			blob_unref(g.blob);
	}
}

static void volley_free(struct volley *v)
{
	for (size_t i = 0; i < v->used; i++)
		origin_unref(v->origins[i]);
	arena_free(v->reread);
	blob_unref(v->blob);
	hold_unref(v->hold);
	origin_unref(v->author);
	free(v);
}

static void run_volley(struct task *task)
{
	struct volley *v = container_of(task, struct volley, task);
	struct home *h = home_here(v->route);
	struct arena *arena = arena_new(0);
	const struct receipt *receipt = arena ? kept_receipt(&v->kept, arena, h->record) : NULL;

	if (receipt)
		volley_give(h, v, receipt);
	arena_free(arena);
	volley_free(v);
}

static struct volley *volley_new(const struct hall *hall, size_t len, struct blob *blob,
	const struct kept *kept, enum room_goods goods)
{
	struct volley *v = malloc(sizeof(*v) + len * sizeof(struct origin *));

	if (!v)
		return NULL;
	*v = (struct volley){.task = {.run = run_volley},
		.route = hall->home->route,
		.blob = blob_ref(blob),
		.hold = hold_ref(hall->parcel ? hall->parcel->hold : NULL),
		.author = hall->parcel ? origin_ref(hall->parcel->origin) : NULL,
		.kept = *kept,
		.note = goods == ROOM_GOODS_MESSAGE,
		.len = len};
	return v;
}

/* A wall that went up after both had entered. */
static bool is_walled(const struct hall *hall, const struct seat *to, enum room_goods goods)
{
	enum wall_kind kind = goods == ROOM_GOODS_MESSAGE ? WALL_MESSAGE : WALL_PRESENCE;

	return hall->parcel && hall->home->walled &&
	       !sight_is_open(hall->home, hall->parcel->origin->jid.bare, to->jid.bare, kind);
}

static void volley_add(struct volley *v, const struct seat *s)
{
	v->origins[v->used++] = origin_ref(s->owner);
}

static struct kept kept_of(const struct room_stamp *stamp)
{
	struct kept k = {.seq = stamp->seq, .time_us = stamp->time_us};

	_Static_assert((int)STAMP_ID == (int)RECORD_ID, "a stamp holds a record id");
	memcpy(k.id, stamp->id, RECORD_ID);
	return k;
}

/* Who has come is on the board before anybody hears of it, so that policy is asked about him when he is written to at once.
 * Once a request: where many go, the rest follows in hall_leave(). */
static void post_early(struct hall *hall, struct room *r)
{
	if (!r->moved || hall->posted)
		return;
	board_put(hall->home->route->board, r);
	r->moved = false;
	hall->posted = true;
}

static void hall_send(struct room_sink *sink, const struct seat *const *seats, size_t len, struct str xml,
	const struct room_stamp *stamp, enum room_goods goods)
{
	struct hall *hall = container_of(sink, struct hall, sink);
	struct volley *volleys[LOOPS_MAX] = {NULL};
	struct blob *blob = blob_new(xml);
	struct kept kept = kept_of(stamp);

	if (len)
		post_early(hall, seats[0]->occupant->room);
	for (size_t i = 0; blob && i < len; i++) {
		const struct origin *o = seats[i]->owner;
		struct volley **v = &volleys[loop_index(o->home)];

		if (is_walled(hall, seats[i], goods))
			continue;
		if (!*v)
			*v = volley_new(hall, len - i, blob, &kept, goods);
		if (*v)
			volley_add(*v, seats[i]);
		else
			log_error("out of memory: what a room says does not reach all");
	}
	for (unsigned i = 0; i < hall->home->route->count; i++)
		if (volleys[i])
			loop_post(hall->home->route->home[i].loop, &volleys[i]->task);
	blob_unref(blob);
}

/* ---- to somebody who may not be there ---- */

/* On its way like any message of the one who caused it; nobody is told when it cannot arrive. */
static struct parcel *make_parcel(const struct hall *hall, struct arena *arena, struct node *stanza,
	struct str to, const struct room_stamp *stamp)
{
	struct jid jid = jid_split(to), room = jid_split(hall->parcel->to.bare);
	struct parcel *p = parcel_new(arena, stanza, PARCEL_MESSAGE);
	struct jid *by;

	if (!p)
		return NULL;
	by = arena_alloc(p->arena, sizeof(*by));
	if (by)
		*by = jid_dup(p->arena, &room);
	p->by_room = by;
	p->to = jid_dup(p->arena, &jid);
	node_set_attr(p->arena, stanza, STR("to"), p->to.full);
	p->has_to = true;
	p->type = p->type.data ? p->type : STR("");
	p->id = p->id.data ? p->id : STR("");
	p->origin = origin_ref(hall->parcel->origin);
	p->class = CLASS_CONTENT;
	p->route = hall->home->route;
	memcpy(p->record_id, stamp->id, STAMP_ID);
	p->receipt = record_receipt_stored(p->arena, stamp->seq, stamp->time_us, str_of(stamp->id, STAMP_ID));
	if (!p->receipt || arena_is_full(p->arena)) {
		parcel_unref(p);
		return NULL;
	}
	p->hold = hold_ref(hall->parcel->hold);
	return p;
}

static void hall_post(struct room_sink *sink, struct str bare, struct str xml, const struct room_stamp *stamp)
{
	struct hall *hall = container_of(sink, struct hall, sink);
	struct arena *arena = NULL;
	struct node *stanza = hall->parcel && stamp->seq ? reread_stanza(xml, &arena) : NULL;
	struct parcel *p = stanza ? make_parcel(hall, arena, stanza, bare, stamp) : NULL;

	if (p)
		message_pass(p);
	else
		log_error("an invitation could not be sent on");
}

/* ---- to the one who asks ---- */

/* Behind what the room has said before it (10.9: who destroys a room learns that he is out, then that it is done). */
struct result {
	struct task task;
	struct parcel *parcel; /* a reference */
	struct blob *blob;
};

static void run_result(struct task *task)
{
	struct result *r = container_of(task, struct result, task);
	struct origin *o = r->parcel->origin;

	o->answer(o, r->parcel->port, r->blob);
	blob_unref(r->blob);
	parcel_unref(r->parcel);
	free(r);
}

static void result_post(struct parcel *p, struct blob *blob)
{
	struct result *r = malloc(sizeof(*r));

	if (!r) {
		log_error("out of memory: an answer of a room is lost");
		return;
	}
	*r = (struct result){.task = {.run = run_result}, .parcel = parcel_ref(p), .blob = blob_ref(blob)};
	loop_post(p->origin->home, &r->task);
}

static void hall_result(struct room_sink *sink, struct str payload)
{
	struct hall *hall = container_of(sink, struct hall, sink);
	struct parcel *p = hall->parcel;
	struct buf text = BUF_INIT(0);
	struct blob *b;

	iq_put_result(&text, p);
	buf_str(&text, payload);
	buf_lit(&text, "</iq>");
	b = buf_failed(&text) ? NULL : blob_new(buf_view(&text));
	if (b)
		result_post(p, b);
	blob_unref(b);
	buf_done(&text);
}

static void hall_card(struct room_sink *sink)
{
	container_of(sink, struct hall, sink)->card = true;
}

static void hall_answer(struct room_sink *sink, struct str xml)
{
	struct blob *b = blob_new(xml);

	if (b)
		result_post(container_of(sink, struct hall, sink)->parcel, b);
	blob_unref(b);
}

bool rooms_may_meet(const struct home *h, struct str a, struct str b)
{
	return may_see(h, a, b) && may_see(h, b, a) && sight_is_open(h, a, b, WALL_MESSAGE) &&
	       sight_is_open(h, b, a, WALL_MESSAGE);
}

static bool hall_may_meet(struct room_sink *sink, struct str a, struct str b)
{
	return rooms_may_meet(container_of(sink, struct hall, sink)->home, a, b);
}

static bool hall_is_account(struct room_sink *sink, struct str bare)
{
	return user_exists(container_of(sink, struct hall, sink)->home, bare);
}

void hall_init(struct hall *hall, struct home *h, struct parcel *p)
{
	*hall = (struct hall){.sink = {.send = hall_send,
				      .post = hall_post,
				      .keep = hall_keep,
				      .retract = hall_retract,
				      .result = hall_result,
				      .card = hall_card,
				      .answer = hall_answer,
				      .may_meet = hall_may_meet,
				      .may_be_called = hall_may_be_called,
				      .is_account = hall_is_account,
				      .may_name_group = hall_may_name_group,
				      .each_in_groups = hall_each_in_groups},
		.home = h,
		.parcel = p};
}

/* ---- the room's place ---- */

static void take_origin(void *owner)
{
	origin_ref(owner);
}

static void release_origin(void *owner)
{
	origin_unref(owner);
}

void hall_limit(const struct home *h, struct room *r)
{
	r->affiliations_max = h->settings->rooms_affiliations_max;
	r->seats_max = h->settings->rooms_sessions_max;
	r->history_bytes_max = h->settings->rooms_history_bytes;
	r->presence_bytes_max = h->settings->rooms_presence_bytes;
	r->alike = h->settings->names_rooms != SETTINGS_NAMES_REFUSE;
}

struct room *hall_room_new(struct home *h, struct str bare)
{
	struct room *r = room_new(bare);

	if (!r)
		return NULL;
	r->in_groups = rooms_in_groups;
	r->home = h;
	r->take = take_origin;
	r->release = release_origin;
	hall_limit(h, r);
	if (map_put(&h->rooms, r->jid, r))
		return room_free(r);
	return r;
}

#define NO_MEMORY "There is no memory for a room now."

/* NULL: it counts from now on. Or why it may not be. */
static const char *claim_room(struct home *h, const struct parcel *p)
{
	const struct settings *settings = h->settings;
	struct str creator = p->origin->jid.bare;
	size_t share = rooms_is_admin(h, creator) ? SIZE_MAX : settings->rooms_max_by_person;

	switch (board_claim(h->route->board, p->to.bare, creator, settings->rooms_max, share)) {
	case BOARD_CLAIMED:
		return NULL;
	case BOARD_E_FULL:
		return "There are too many rooms.";
	case BOARD_E_PERSON_FULL:
		return "You have as many rooms as one may have.";
	case BOARD_E_MEMORY:
		break;
	}
	return NO_MEMORY;
}

struct room *hall_found(struct home *h, const struct parcel *p, const char **out_fault)
{
	struct str creator = p->origin->jid.bare;
	const char *fault = claim_room(h, p);
	struct room *r = fault ? NULL : hall_room_new(h, p->to.bare);

	if (!fault && !r) {
		board_drop(h->route->board, p->to.bare);
		fault = NO_MEMORY;
	}
	if (!r) {
		*out_fault = fault;
		return NULL;
	}
	r->locked = r->moved = r->recalled = true;
	r->created_us = receipt_time_us(p->receipt);
	rooms_forget(h, r, NULL);
	if (!room_set_text(&r->creator, creator) || !room_affiliate(r, creator, AFFILIATION_OWNER, STR(""), STR("")))
		r->destroyed = true;
	return r;
}

/* What is saved now has this entry in it. */
static void note_seq(const struct hall *hall, struct room *r)
{
	const struct receipt *receipt = hall->parcel ? hall->parcel->receipt : NULL;

	if (receipt && !receipt_is_signal(receipt) && receipt_seq(receipt) > r->saved_seq)
		r->saved_seq = receipt_seq(receipt);
}

void hall_leave(struct hall *hall, struct room *r)
{
	struct home *h = hall->home;
	struct board *board = h->route->board;

	if (r->moved || hall->posted)
		room_asks_settle(r, loop_seconds(h->loop), &hall->sink);
	if (room_is_over(r)) {
		rooms_forget(h, r, hall->parcel ? hall->parcel->hold : NULL);
		map_del(&h->rooms, r->jid);
		board_drop(board, r->jid);
		room_free(r);
		return;
	}
	note_seq(hall, r);
	rooms_save(h, r, hall->parcel ? hall->parcel->hold : NULL);
	if (r->moved) {
		board_put(board, r);
		r->moved = false;
	}
}
