#include "route/offline.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "route/answer.h"
#include "route/deliver.h"
#include "route/history.h"
#include "route/message.h"
#include "route/sluice.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	FLOOD_ROWS = 200, /* read at once, at most */
};

/* ---- what waits ---- */

/* Something goes into the queue: it has to be looked into again. */
static void queue_filled(struct user *u)
{
	u->drained = 0;
	u->queued++;
}

/* Nothing waits beyond what is in sessions' hands; most people who come find it so. */
static bool queue_is_empty(const struct user *u)
{
	return u->drained && u->flooded_seq + 1 >= u->drained;
}

/* It stays in the queue although a session has been given what stands behind it: it is read again for whoever comes next. */
static void keep_back(struct user *u, uint64_t seq)
{
	if (!u->kept_back || seq < u->kept_back)
		u->kept_back = seq;
}

static void take_back(struct user *u)
{
	if (!u->kept_back)
		return;
	if (u->flooded_seq >= u->kept_back)
		u->flooded_seq = u->kept_back - 1;
	u->kept_back = 0;
	queue_filled(u);
}

/* ---- deleting ---- */

void ids_add(struct ids *ids, struct str id)
{
	buf_str(&ids->text, id);
}

struct deletion {
	struct store_req req;
	struct user *user;
};

static void on_deleted(struct store_req *req, int result)
{
	struct deletion *d = req->owner;

	if (result)
		log_warn("delivered messages stay in the store until the next start (%d)", result);
	store_req_release(req);
	user_busy(d->user, -1);
	free(d);
}

static int delete_ids(struct deletion *d, struct ids *ids)
{
	size_t n = ids->text.len / RECORD_ID;
	struct str *list = malloc(n * sizeof(*list));
	int r;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		list[i] = str_of(ids->text.data + i * RECORD_ID, RECORD_ID);
	store_req_init(&d->req, on_deleted, d);
	r = store_message_delete(d->user->home->route->env.store, &d->req, d->user->bare, list, n, 0);
	free(list);
	return r;
}

void offline_delete(struct user *u, struct ids *ids)
{
	struct deletion *d;

	if (ids->text.len == 0)
		return;
	d = calloc(1, sizeof(*d));
	if (d) {
		d->user = u;
		user_busy(u, 1);
		if (delete_ids(d, ids)) {
			user_busy(u, -1);
			free(d);
		}
	}
	buf_done(&ids->text);
}

/* ---- putting what a session has not acknowledged ---- */

struct held_row {
	uint64_t seq;
	struct hold *hold;
	char id[RECORD_ID];
};

struct put {
	struct store_req req;
	struct user *user;
	struct origin *session; /* spool: whose; counted */
	enum store_queue queue;
	struct store_message *rows;
	struct held_row *held;
	size_t len, cap;
};

static bool put_grow(struct put *p)
{
	size_t cap = p->cap ? p->cap * 2 : 16;
	struct store_message *rows = realloc(p->rows, cap * sizeof(*rows));
	struct held_row *held;

	if (!rows)
		return false;
	p->rows = rows;
	held = realloc(p->held, cap * sizeof(*held));
	if (!held)
		return false;
	p->held = held;
	p->cap = cap;
	return true;
}

bool offline_gather(struct put **put, struct user *u, const struct unacked *item)
{
	struct put *p = *put;

	if (!p) {
		p = *put = calloc(1, sizeof(*p));
		if (!p)
			return false;
		p->user = u;
	}
	if (p->len == p->cap && !put_grow(p))
		return false;
	p->held[p->len] = (struct held_row){.seq = item->seq, .hold = hold_ref(item->hold)};
	memcpy(p->held[p->len].id, item->id, RECORD_ID);
	p->rows[p->len] = (struct store_message){.owner = u->bare,
		.seq = item->seq,
		.id = str_of(item->id, RECORD_ID),
		.time_us = item->time_us,
		.from = item->from->jid.full,
		.kind = 0,
		.xml = blob_view(item->blob)};
	p->len++;
	return true;
}

static void put_free(struct put *p)
{
	store_req_release(&p->req);
	origin_unref(p->session);
	free(p->rows);
	free(p->held);
	free(p);
}

/* Somebody else of the account may be there to take what has just been put back. */
static void flood_best(struct user *u)
{
	struct session *best = NULL;

	session_each(s, u) if (session_takes_messages(s) && (!best || s->priority > best->priority)) best = s;
	if (best)
		offline_flood(best);
}

/* What could not be stored keeps holding applied_seq back, so the record brings it again at the next start.
 */
static void note_kept(struct user *u, uint64_t seq)
{
	home_count(&u->home->figures.offline_kept, 1);
	record_offline(u->home->record, seq, u->bare);
}

static void put_kept(struct put *p, int result)
{
	struct user *u = p->user;

	if (result) {
		log_error("%zu unacknowledged messages could not be stored (%d); the record has them until "
			  "the next "
			  "start",
			p->len, result);
		return;
	}
	for (size_t i = 0; i < p->len; i++) {
		hold_unref(p->held[i].hold);
		note_kept(u, p->held[i].seq);
	}
	flood_best(u);
}

static void put_spooled(struct put *p, int result)
{
	struct session *s = session_by_origin(p->user, p->session);

	if (result)
		log_warn("unacknowledged messages could not be spooled (%d)", result);
	for (size_t i = 0; i < p->len; i++) {
		hold_unref(p->held[i].hold);
		if (s)
			deliver_spooled(s, str_of(p->held[i].id, RECORD_ID), result == 0);
	}
}

static void on_put(struct store_req *req, int result)
{
	struct put *p = req->owner;
	struct user *u = p->user;

	if (p->queue == STORE_SPOOL)
		put_spooled(p, result);
	else
		put_kept(p, result);
	put_free(p);
	user_busy(u, -1);
}

void offline_put(struct put *p, enum store_queue queue, struct origin *session)
{
	struct user *u;

	if (!p)
		return;
	u = p->user;
	p->queue = queue;
	p->session = session ? origin_ref(session) : NULL;
	for (size_t i = 0; session && i < p->len; i++)
		p->rows[i].session = session->session;
	store_req_init(&p->req, on_put, p);
	queue_filled(u);
	user_busy(u, 1);
	if (store_message_put(u->home->route->env.store, &p->req, queue, p->rows, p->len, 0, 0)) {
		put_free(p);
		user_busy(u, -1);
	}
}

struct unspool {
	struct store_req req;
	struct user *user;
};

static void on_unspooled(struct store_req *req, int result)
{
	struct unspool *o = req->owner;

	if (result)
		log_error("unacknowledged messages stay in the spool until the next start (%d)", result);
	else
		flood_best(o->user);
	store_req_release(req);
	user_busy(o->user, -1);
	free(o);
}

void offline_unspool(struct user *u, struct str session)
{
	struct unspool *o = calloc(1, sizeof(*o));

	if (!o)
		return;
	o->user = u;
	store_req_init(&o->req, on_unspooled, o);
	queue_filled(u);
	user_busy(u, 1);
	if (store_message_unspool(u->home->route->env.store, &o->req, u->bare, session)) {
		user_busy(u, -1);
		free(o);
	}
}

/* ---- keeping a message ---- */

struct keep {
	struct store_req req;
	struct user *user;
	struct parcel *parcel;
};

static void on_kept(struct store_req *req, int result)
{
	struct keep *k = req->owner;
	struct user *u = k->user;
	struct parcel *p = k->parcel;

	history_arrived(u, p, result == 0);
	if (result == 0)
		note_kept(u, receipt_seq(p->receipt));
	else if (result == STORE_E_FULL)
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, "The recipient has too many messages waiting.");
	else
		answer_error(p, STANZA_INTERNAL_SERVER_ERROR, NULL);
	store_req_release(req);
	free(k);
	parcel_end(p);
	user_busy(u, -1);
}

static int keep_row(struct keep *k, struct blob *xml)
{
	struct home *h = k->user->home;
	struct parcel *p = k->parcel;
	struct store_message row = {.owner = k->user->bare,
		.seq = receipt_seq(p->receipt),
		.id = receipt_id(p->receipt),
		.time_us = receipt_time_us(p->receipt),
		.from = p->origin->jid.full,
		.xml = blob_view(xml)};

	store_req_init(&k->req, on_kept, k);
	queue_filled(k->user);
	return store_message_put(
		h->route->env.store, &k->req, STORE_OFFLINE, &row, 1, h->settings->offline_max, 0);
}

void offline_keep(struct user *u, struct parcel *p)
{
	struct keep *k = calloc(1, sizeof(*k));
	struct blob *xml = message_blob(u, p);

	user_busy(u, 1);
	if (k) {
		k->user = u;
		k->parcel = p;
	}
	if (!k || !xml || keep_row(k, xml)) {
		history_arrived(u, p, false);
		answer_error(p, STANZA_INTERNAL_SERVER_ERROR, NULL);
		parcel_end(p);
		user_busy(u, -1);
		free(k);
	}
	blob_unref(xml);
}

/* ---- handing over ---- */

struct flood {
	struct store_req req;
	struct user *user;
	struct origin *session; /* counted */
	size_t limit;           /* rows asked for */
	unsigned queued;        /* user->queued when they were */
};

/* Our own serialiser wrote the row, so it ends in </message>; the delay goes in before (XEP-0203). */
static struct blob *row_blob(struct user *u, const struct store_message *row)
{
	struct buf *b = &u->home->scratch;
	struct str end = STR("</message>");

	if (!str_ends(row->xml, end))
		return NULL;
	buf_put(b, row->xml.data, row->xml.len - end.len);
	buf_lit(b, "<delay xmlns='urn:xmpp:delay' from='");
	xml_escape(b, jid_split(u->bare).domain);
	buf_lit(b, "' stamp='");
	clock_put_us(b, row->time_us);
	buf_lit(b, "'/></message>");
	return blob_of_scratch(u->home);
}

/* XEP-0386 section 3.2: who knows the end of his archive fetches from there what it holds. Not certain is: no. Who has had to wait until
 * his device was confirmed could not fetch anything. */
static bool is_in_history(const struct session *s, const struct store_message *row)
{
	const struct settings *settings = s->user->home->settings;
	uint64_t days = settings->history_days;
	const char *at = row->xml.data, *end = at + row->xml.len;

	if (!s->synced || s->newcomer.id[0] || row->kind == OFFLINE_APART || s->user->prefs || s->user->failed || !settings->history_enabled ||
		(days && row->time_us + (days - 1) * 86400 * 1000000 < clock_utc_us()))
		return false;
	return !memmem(at, (size_t)(end - at), "<no-", 4); /* XEP-0334 */
}

/* After what a switch has withheld, messages come that were handed over already. */
static bool is_in_hands(const struct user *u, struct str id)
{
	session_each(s, u) for (uint32_t i = 0; s->sm && i < s->sm->len; i++)
	{
		const struct unacked *item = sm_at(s->sm, i);

		if (item->stored && str_eq(str_of(item->id, RECORD_ID), id))
			return true;
	}
	return false;
}

/* The sender's origin is gone; what is in the store already needs none. From somebody who is blocked by now,
 * or was already when a crash brought it back, nothing is delivered (XEP-0191). */
static void flood_row(
	struct session *s, const struct store_message *row, struct arena *arena, struct ids *ids)
{
	const struct jid from = jid_split(row->from);
	const struct receipt *receipt;
	struct blob *blob;
	bool taken;

	if (user_blocks(s->user, &from) || (session_may_look_back(s) && is_in_history(s, row))) {
		ids_add(ids, row->id);
		return;
	}
	if (is_in_hands(s->user, row->id))
		return;
	if (sluice_withholds(s, row) || !session_may_get(s, &from)) {
		keep_back(s->user, row->seq);
		return;
	}
	receipt = record_receipt_stored(arena, row->seq, row->time_us, row->id);
	blob = receipt ? row_blob(s->user, row) : NULL;
	if (!blob)
		return;
	taken = deliver_offer(s, &(struct goods){.blob = blob, .stored = true}, receipt);
	blob_unref(blob);
	if (!taken) {
		keep_back(s->user, row->seq);
		return;
	}
	if (!s->sm)
		ids_add(ids, row->id);
	record_fetched(s->user->home->record, row->seq, s->origin->jid.full);
}

/* False: this session cannot have it. */
static bool release_one(struct session *s, const struct store_message *row)
{
	struct arena *arena = arena_new(0);
	const struct receipt *receipt = arena ? record_receipt_stored(arena, row->seq, row->time_us, row->id) : NULL;
	struct blob *blob = receipt ? row_blob(s->user, row) : NULL;
	bool taken = blob && deliver_offer(s, &(struct goods){.blob = blob, .stored = true}, receipt);

	if (taken)
		record_fetched(s->user->home->record, row->seq, s->origin->jid.full);
	blob_unref(blob);
	arena_free(arena);
	return taken;
}

/* What a session of the two kinds does not acknowledge stays in the store until one has. */
void offline_release(struct user *u, const struct store_message *rows, size_t len, bool now)
{
	struct ids ids = {.text = BUF_INIT(0)};

	if (!now) {
		queue_filled(u);
		if (u->session_count == 0)
			u->flooded_seq = 0; /* they may be older than what was handed over before */
		return;
	}
	for (size_t i = 0; i < len; i++) {
		bool acked = true, any = false;

		session_each(s, u)
		{
			if (!session_takes_messages(s))
				continue;
			any = true;
			if (sluice_withholds(s, &rows[i]) || !release_one(s, &rows[i])) {
				acked = false;
				keep_back(u, rows[i].seq);
				continue;
			}
			acked = acked && !s->sm;
		}
		if (any && acked)
			ids_add(&ids, rows[i].id);
		if (rows[i].seq > u->flooded_seq)
			u->flooded_seq = rows[i].seq;
	}
	offline_delete(u, &ids);
}

static void flood_end(struct flood *f)
{
	struct user *u = f->user;
	struct task *t;

	store_req_release(&f->req);
	origin_unref(f->session);
	free(f);
	u->flooding = false;
	while (!u->flooding && (t = u->held)) {
		u->held = t->next;
		if (!u->held)
			u->held_end = &u->held;
		t->run(t);
	}
	user_busy(u, -1);
}

static int flood_read(struct flood *f);

/* A client that acknowledges is given no more than half of what it may leave unacknowledged. */
static bool is_replete(const struct session *s)
{
	return s->sm && s->sm->len >= s->user->home->settings->sm_unacked_max / 2;
}

/* Goes on, or ends: for good, or until the client has acknowledged some (deliver_acked). */
static void flood_next(struct flood *f, struct session *s, size_t n)
{
	bool more = s && n == f->limit;

	if (s)
		s->backlog = more && is_replete(s);
	if (!more || s->backlog || flood_read(f))
		flood_end(f);
}

static void on_rows(struct store_req *req, int result)
{
	struct flood *f = req->owner;
	struct session *s = session_by_origin(f->user, f->session);
	struct ids ids = {.text = BUF_INIT(0)};
	size_t n = result == 0 && s ? req->messages->len : 0;

	for (size_t i = 0; i < n; i++) {
		flood_row(s, &req->messages->rows[i], req->arena, &ids);
		f->user->flooded_seq = req->messages->rows[i].seq;
	}
	offline_delete(f->user, &ids);
	if (result == 0 && s && n < f->limit && f->queued == f->user->queued)
		f->user->drained = f->user->flooded_seq + 1;
	flood_next(f, s, n);
}

static int flood_read(struct flood *f)
{
	size_t quarter = f->user->home->settings->sm_unacked_max / 4;

	history_flush_stones(f->user->home); /* what is read was not taken back */
	f->limit = quarter < FLOOD_ROWS ? quarter : FLOOD_ROWS;
	f->queued = f->user->queued;
	return store_message_load(f->user->home->route->env.store, &f->req, STORE_OFFLINE, f->user->bare,
		f->user->flooded_seq, f->limit);
}

void offline_flood(struct session *s)
{
	struct user *u = s->user;
	struct flood *f;

	if (u->flooding)
		return;
	take_back(u);
	if (queue_is_empty(u)) {
		s->backlog = false;
		return;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return;
	f->user = u;
	f->session = origin_ref(s->origin);
	store_req_init(&f->req, on_rows, f);
	u->flooding = true;
	user_busy(u, 1);
	if (flood_read(f))
		flood_end(f);
}

void offline_again(struct user *u, uint64_t seq)
{
	if (u->flooded_seq >= seq)
		u->flooded_seq = seq - 1;
	queue_filled(u);
	flood_best(u);
}
