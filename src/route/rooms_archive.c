#include "route/rooms_archive.h"

#include <stdlib.h>

#include "base/log.h"
#include "room/archived.h"
#include "route/answer.h"
#include "route/history.h"
#include "route/history_query.h"
#include "route/iq.h"
#include "route/rooms_hall.h"
#include "stanza/ns.h"

/* ---- into it ---- */

void hall_keep(struct room_sink *sink, struct str nick, struct str xml, const struct room_stamp *stamp)
{
	struct hall *hall = container_of(sink, struct hall, sink);
	struct parcel *p = hall->parcel;
	struct buf to = BUF_INIT(0);

	buf_str(&to, p->to.bare);
	if (nick.len) {
		buf_putc(&to, '/');
		buf_str(&to, nick);
	}
	if (!buf_failed(&to))
		history_put(hall->home, p->hold, &(struct store_archived){.seq = stamp->seq,
							 .id = str_of(stamp->id, STAMP_ID),
							 .time_us = stamp->time_us,
							 .from = p->origin->jid.full,
							 .to = buf_view(&to),
							 .views = STORE_VIEW_RECIPIENT,
							 .xml = xml});
	buf_done(&to);
}

/* ---- what was said before the start ---- */

struct recall {
	struct store_req req;
	struct home *home;
	struct room *room; /* stays: all that could end it waits */
	struct task *first, **end;
};

static void recall_take(struct room *r, const struct store_archive_page *page)
{
	room_forget(r); /* what a replay has put there comes again */
	for (size_t i = 0; i < page->len; i++) {
		const struct store_archived *row = &page->rows[i];
		struct room_stamp stamp = {.seq = row->seq, .time_us = row->time_us};

		if (row->id.len != STAMP_ID)
			continue;
		memcpy(stamp.id, row->id.data, STAMP_ID);
		room_recall(r, row->xml, &stamp);
	}
}

static void on_recalled(struct store_req *req, int result)
{
	struct recall *c = req->owner;
	struct task *task = c->first;

	if (result == 0)
		recall_take(c->room, req->page);
	else
		log_error("the history of a room could not be read (%d)", result);
	c->room->recall = NULL;
	store_req_release(req);
	free(c);
	while (task) {
		struct task *next = task->next;

		task->run(task);
		task = next;
	}
}

static struct recall *recall_new(struct home *h, struct room *r)
{
	struct recall *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->home = h;
	c->room = r;
	c->end = &c->first;
	store_req_init(&c->req, on_recalled, c);
	history_flush(h);
	if (store_archive_load(h->route->env.store, &c->req,
		    &(struct store_archive_query){.owner = r->jid,
			    .start_us = r->created_us,
			    .newest = true,
			    .max = HISTORY_MAX,
			    .max_bytes = h->settings->rooms_history_bytes})) {
		store_req_release(&c->req);
		free(c);
		return NULL;
	}
	return c;
}

bool rooms_wait(struct home *h, struct room *r, struct task *task, bool entry)
{
	struct recall *c = r->recall;

	if (!c && entry && !r->recalled) {
		r->recalled = true;
		if (h->settings->history_enabled && r->config.archive && r->config.history)
			r->recall = c = recall_new(h, r);
	}
	if (!c)
		return false;
	task->next = NULL;
	*c->end = task;
	c->end = &task->next;
	return true;
}

/* ---- questions ---- */

bool rooms_is_query(const struct parcel *p)
{
	const struct node *payload = p->kind == PARCEL_IQ && iq_is_request(p) ? iq_payload(p) : NULL;

	return payload && jid_is_bare(&p->to) && str_eq(payload->ns, NS_MAM);
}

/* On the asker's home. */
static void run_query(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = user_find(home_here(p->route), p->origin->jid.bare);
	struct session *s = u ? session_by_origin(u, p->origin) : NULL;
	const struct node *payload = iq_payload(p);
	bool set = str_is(p->type, "set");

	if (!s) {
		parcel_end(p);
	} else if (node_is(payload, STR("query"), NS_MAM)) {
		if (set)
			history_query(s, p);
		else
			history_fields(s, p);
	} else if (node_is(payload, STR("metadata"), NS_MAM) && !set) {
		history_metadata(s, p);
	} else {
		answer_error(p, STANZA_SERVICE_UNAVAILABLE, NULL);
		parcel_end(p);
	}
}

void rooms_query(struct home *h, struct room *r, const struct room_request *rq, struct parcel *p)
{
	struct room_view *v = arena_zalloc(p->arena, sizeof(*v));
	enum room_outcome outcome = v ? ROOM_OK : ROOM_E_LIMIT;
	struct hall hall;

	hall_init(&hall, h, p);
	if (outcome == ROOM_OK)
		outcome = room_may_read(r, rq, &hall.sink);
	if (outcome == ROOM_OK && !r->config.archive)
		outcome = ROOM_E_UNAVAILABLE;
	if (outcome != ROOM_OK) {
		const struct room_fault *fault = room_fault(outcome);

		answer_error_of_room(p, fault->condition, fault->type, fault->text);
		parcel_end(p);
		return;
	}
	*v = (struct room_view){.addresses = room_shows_addresses(r, rq),
		.since_us = r->created_us,
		.self = p->origin->jid.bare};
	p->room_view = v;
	parcel_pass(p, home_of(p->route, p->origin->jid.bare), run_query);
}

enum stanza_condition room_view_bound(const struct room_view *v, struct store_archive_query *q)
{
	struct jid with = jid_split(q->with);

	if (q->start_us < v->since_us)
		q->start_us = v->since_us;
	if (q->with.len == 0)
		return STANZA_CONDITIONS;
	if (str_eq(with.bare, q->owner)) {
		q->nick = with.resource;
		q->with = STR_NONE;
		return STANZA_CONDITIONS;
	}
	return v->addresses || str_eq(with.bare, v->self) ? STANZA_CONDITIONS : STANZA_FORBIDDEN;
}

struct str room_view_of(const struct room_view *v, const struct home *h, struct str xml, struct arena *arena)
{
	struct str end = STR("</message>");
	struct archived a;
	char *to;
	size_t len;

	if (!archived_read(xml, &a) || (a.bare.len && !rooms_may_meet(h, v->self, a.bare)))
		return STR_NONE;
	if (v->addresses || a.x.len == 0)
		return xml;
	len = xml.len - a.x.len;
	to = arena_alloc(arena, len);
	if (!to)
		return STR_NONE;
	memcpy(to, xml.data, len - end.len);
	memcpy(to + len - end.len, end.data, end.len);
	return str_of(to, len);
}

/* ---- taking back ---- */

/* The row is read, made a tombstone and put back; then, where a moderator has asked for it, all are told. */
struct retraction {
	struct store_req req;
	struct home *home;
	struct parcel *parcel; /* a reference; its arena holds what `what` says */
	struct room_retraction what;
};

static void retraction_free(struct retraction *t)
{
	store_req_release(&t->req);
	parcel_end(t->parcel);
	free(t);
}

static void tell(struct retraction *t, struct room *r)
{
	struct hall hall;

	hall_init(&hall, t->home, t->parcel);
	hall.sink.archives = true;
	room_retracted(r, &t->what, &hall.sink);
	hall.sink.result(&hall.sink, STR(""));
	hall_leave(&hall, r);
}

static void retraction_end(struct retraction *t, enum stanza_condition condition)
{
	struct room *r = map_get(&t->home->rooms, t->parcel->to.bare);
	bool answers = t->what.moderator.len > 0;

	if (answers && (condition != STANZA_CONDITIONS || !r))
		answer_error(t->parcel, r ? condition : STANZA_ITEM_NOT_FOUND, NULL);
	else if (answers)
		tell(t, r);
	retraction_free(t);
}

static void on_replaced(struct store_req *req, int result)
{
	if (result)
		log_error("a retracted message could not be taken out of a room's archive (%d)", result);
	retraction_end(req->owner, result ? STANZA_INTERNAL_SERVER_ERROR : STANZA_CONDITIONS);
}

static void replace(struct retraction *t, struct buf *xml)
{
	store_req_release(&t->req);
	store_req_init(&t->req, on_replaced, t);
	if (store_archive_retract(
		    t->home->route->env.store, &t->req, t->parcel->to.bare, t->what.id, buf_view(xml)))
		retraction_end(t, STANZA_RESOURCE_CONSTRAINT);
}

static void on_found(struct store_req *req, int result)
{
	struct retraction *t = req->owner;
	const struct store_archived *row = result == 0 && req->page->len ? req->page->rows : NULL;
	struct buf xml = BUF_INIT(0);

	if (row && archived_put_tombstone(&xml, row->xml, &t->what))
		replace(t, &xml);
	else
		retraction_end(t, result && result != STORE_E_NONE ? STANZA_INTERNAL_SERVER_ERROR : STANZA_ITEM_NOT_FOUND);
	buf_done(&xml);
}

static void what_dup(struct room_retraction *to, const struct room_retraction *from, struct arena *arena)
{
	*to = *from;
	to->id = arena_dup(arena, from->id);
	to->by_id = arena_dup(arena, from->by_id);
	to->author_id = arena_dup(arena, from->author_id);
	to->moderator = arena_dup(arena, from->moderator);
	to->moderator_id = arena_dup(arena, from->moderator_id);
	to->reason = arena_dup(arena, from->reason);
}

static struct retraction *retraction_new(struct hall *hall, const struct room_retraction *what)
{
	struct retraction *t = calloc(1, sizeof(*t));
	struct parcel *p = hall->parcel;

	if (!t)
		return NULL;
	t->home = hall->home;
	what_dup(&t->what, what, p->arena);
	if (arena_is_full(p->arena)) {
		free(t);
		return NULL;
	}
	t->parcel = parcel_ref(p);
	hold_ref(p->hold);
	store_req_init(&t->req, on_found, t);
	return t;
}

bool hall_retract(struct room_sink *sink, const struct room_retraction *what)
{
	struct hall *hall = container_of(sink, struct hall, sink);
	struct retraction *t;

	if (!sink->archives)
		return false;
	t = retraction_new(hall, what);
	if (!t) {
		answer_error(hall->parcel, STANZA_RESOURCE_CONSTRAINT, NULL);
		return true;
	}
	history_flush(hall->home); /* it may be among what is gathered */
	if (store_archive_load(hall->home->route->env.store, &t->req,
		    &(struct store_archive_query){
			    .owner = hall->parcel->to.bare, .ids = &t->what.id, .ids_len = 1, .max = 1}))
		retraction_end(t, STANZA_RESOURCE_CONSTRAINT);
	return true;
}
