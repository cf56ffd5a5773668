#include "route/rooms.h"

#include "route/answer.h"
#include "route/directed.h"
#include "route/iq.h"
#include "route/rooms_archive.h"
#include "route/rooms_board.h"
#include "route/rooms_hall.h"
#include "route/presence.h"
#include "route/reread.h"
#include "route/vcard.h"
#include "stanza/ns.h"

/* ---- on the room's loop ---- */

static void refuse(struct parcel *p, const struct room_fault *fault)
{
	answer_error_of_room(p, fault->condition, fault->type, fault->text);
}

static struct room_stamp stamp_of(const struct kept *kept)
{
	struct room_stamp stamp = {.seq = kept->seq, .time_us = kept->time_us};

	memcpy(stamp.id, kept->id, STAMP_ID);
	return stamp;
}

void rooms_request(struct room_request *rq, const struct home *h, struct parcel *p)
{
	struct kept kept;

	*rq = (struct room_request){.stanza = p->stanza,
		.arena = p->arena,
		.from = p->origin->jid,
		.to = p->to,
		.recipient = p->recipient ? p->recipient->jid : STR(""),
		.now = loop_seconds(h->loop),
		.admin = rooms_is_admin(h, p->origin->jid.bare),
		.archives = h->settings->history_enabled,
		.renamed = p->renamed,
		.owner = p->origin};
	kept_take(&kept, p->receipt);
	rq->stamp = stamp_of(&kept);
}

static bool is_entry(const struct parcel *p)
{
	return p->kind == PARCEL_PRESENCE && p->type.len == 0 && p->to.resource.len &&
	       node_child(p->stanza, STR("x"), NS_MUC);
}

/* 10.1: who enters where there is no room makes one. NULL: it was refused. */
static struct room *found_room(struct home *h, struct parcel *p)
{
	const char *fault;
	struct room *r;

	if (!rooms_may_create(h, p->origin->jid.bare)) {
		answer_error_of_room(p, STANZA_NOT_ALLOWED, STANZA_TYPE_CANCEL, "You may not create rooms.");
		return NULL;
	}
	r = hall_found(h, p, &fault);
	if (!r) {
		answer_error_of_room(p, STANZA_RESOURCE_CONSTRAINT, STANZA_TYPE_WAIT, fault);
		return NULL;
	}
	r->fresh = true;
	return r;
}

/* Where there is no room (XEP-0410 3.2; 7.2.12). */
static void refuse_nowhere(struct parcel *p)
{
	if (p->kind != PARCEL_PRESENCE || (p->type.len == 0 && p->to.resource.len))
		refuse(p, room_fault(ROOM_E_NOT_FOUND));
	else if (p->type.len == 0)
		refuse(p, room_fault(ROOM_E_NO_NICK));
}

static enum room_outcome ask_room(struct room *r, const struct room_request *rq, struct hall *hall)
{
	switch (hall->parcel->kind) {
	case PARCEL_MESSAGE:
		return room_message(r, rq, &hall->sink);
	case PARCEL_PRESENCE:
		return room_presence(r, rq, &hall->sink);
	case PARCEL_IQ:
		break;
	}
	if (iq_is_request(hall->parcel))
		return room_iq(r, rq, &hall->sink);
	room_answer(r, rq, &hall->sink);
	return ROOM_OK;
}

static void refuse_card(struct parcel *p)
{
	answer_error(p, STANZA_SERVICE_UNAVAILABLE, NULL);
	parcel_end(p);
}

/* By his own address, by his nickname's, or the room. */
static bool blocks_asker(const struct user *u, const struct parcel *p)
{
	struct buf text = BUF_INIT(0);
	bool blocks = user_blocks(u, &p->origin->jid);
	struct jid jid;

	if (blocks || u->blocked.len == 0)
		return blocks;
	buf_str(&text, p->to.bare);
	buf_putc(&text, '/');
	if (board_nick(p->route->board, p->to.bare, p->origin->jid.full, &text)) {
		jid = jid_split(buf_view(&text));
		blocks = user_blocks(u, &jid);
	}
	buf_done(&text);
	return blocks;
}

static void run_card_ready(struct task *task)
{
	struct parcel *p = parcel_of(task);

	if (blocks_asker(p->user, p))
		refuse_card(p);
	else
		vcard_get(p->user, p);
}

/* As the account's server answers it (RFC 6121 8.5.2.1.3), from the address that was asked. */
static void run_card(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = user_of_account(home_here(p->route), p->recipient->jid, 0);

	if (!u) {
		refuse_card(p);
		return;
	}
	p->user = u;
	task->run = run_card_ready;
	user_when_ready(u, task);
}

static void run_room(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct home *h = home_here(p->route);
	struct room *r = map_get(&h->rooms, p->to.bare);
	struct room_request rq;
	struct hall hall = {.card = false};
	enum room_outcome outcome;

	if (r && rooms_wait(h, r, task, is_entry(p)))
		return;
	rooms_request(&rq, h, p);
	if (r && rooms_is_query(p)) {
		rooms_query(h, r, &rq, p);
		return;
	}
	if (!r && is_entry(p)) {
		r = found_room(h, p);
	} else if (!r) {
		refuse_nowhere(p);
	}
	if (r) {
		hall_init(&hall, h, p);
		hall_limit(h, r);
		hall.sink.archives = rq.archives && r->config.archive;
		outcome = ask_room(r, &rq, &hall);
		if (outcome != ROOM_OK)
			refuse(p, room_fault(outcome));
		hall_leave(&hall, r);
	}
	if (hall.card)
		parcel_pass(p, home_of(p->route, p->recipient->jid), run_card);
	else
		parcel_end(p);
}

/* With what was said on going, when that was said to all (7.14). */
static void run_farewell(struct room *r, const struct letter *l, struct room_sink *sink)
{
	struct arena *arena = NULL;
	struct node *stanza = l->stanza ? reread_stanza(blob_view(l->stanza), &arena) : NULL;
	struct room_request rq = {
		.stanza = stanza, .arena = arena, .from = l->from, .to = l->to, .stamp = stamp_of(&l->kept)};

	if (stanza)
		(void)!room_presence(r, &rq, sink);
	else
		room_leave(r, l->from.full, sink);
	arena_free(arena);
}

void rooms_run_letter(struct task *task)
{
	struct letter *l = letter_of(task);
	struct home *h = home_here(l->route);
	struct room *r = l->kind == LETTER_UNAVAILABLE ? map_get(&h->rooms, l->to.bare) : NULL;
	struct hall hall;

	if (r && rooms_wait(h, r, task, false))
		return;
	if (r) {
		hall_init(&hall, h, NULL);
		run_farewell(r, l, &hall.sink);
		hall_leave(&hall, r);
	}
	letter_free(l);
}

/* ---- on the sender's home ---- */

/* The room is told when the session's presence ends, under whatever nickname it is in then. False: the parcel has been
 * answered. */
static bool note_presence(struct user *u, struct parcel *p)
{
	struct session *s = session_by_origin(u, p->origin);
	struct jid room = jid_split(p->to.bare);

	if (!s)
		return false;
	if (p->type.len == 0)
		presence_stamp_photo(u, p);
	if (p->type.len == 0 && p->to.resource.len && !directed_add(s, &room)) {
		answer_error(
			p, STANZA_RESOURCE_CONSTRAINT, "Too many addresses were sent directed presence.");
		return false;
	}
	if (str_is(p->type, "unavailable"))
		directed_remove(s, room.full);
	return true;
}

void rooms_send(struct user *u, struct parcel *p)
{
	if (user_blocks(u, &p->to) && !str_is(p->type, "unavailable")) {
		answer_blocked_by_self(p);
		parcel_end(p);
	} else if (jid_is_domain(&p->to)) {
		if (p->kind == PARCEL_IQ) {
			rooms_service_iq(u->home, p);
			return;
		}
		if (p->kind == PARCEL_MESSAGE || is_entry(p))
			answer_error(p, STANZA_SERVICE_UNAVAILABLE, NULL);
		parcel_end(p);
	} else if (p->kind == PARCEL_PRESENCE && !note_presence(u, p)) {
		parcel_end(p);
	} else {
		parcel_pass(p, home_of(p->route, p->to.bare), run_room);
	}
}
