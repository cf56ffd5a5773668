#include "route/strangers.h"

#include <stdlib.h>

#include "account/crowd.h"
#include "account/meter.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/phrase.h"
#include "conf/service.h"
#include "route/answer.h"
#include "route/crew.h"
#include "route/deliver.h"
#include "route/directed.h"
#include "route/headline.h"
#include "route/history.h"
#include "route/message.h"
#include "route/offline.h"
#include "route/privacy.h"
#include "route/subscription.h"

enum {
	NAMED = 10, /* people a digest names; of the others it says how many they are */
};

/* ---- who is one ---- */

/* Whom he has shown himself to, a room of another service for example. */
static bool has_gone_to(const struct user *u, const struct jid *jid)
{
	session_each(s, u) if (directed_knows(s, jid)) return true;
	return false;
}

/* Groups and contacts; and whom he has written to, as long as that is remembered. */
static bool is_known(const struct user *u, const struct jid *from)
{
	struct crowd *crowd = u->home->route->env.crowd;
	struct contact c = {};

	if (str_eq(from->bare, u->bare) || jid_is_domain(from) || crew_knows(u, from->bare))
		return true;
	if (user_contact(u, from->bare, &c) && !c.hidden)
		return true;
	return (crowd && crowd_have_met(crowd, meter_key(u->bare, from->bare), loop_ms(u->home->loop))) || has_gone_to(u, from);
}

static bool is_stranger(const struct user *u, const struct jid *from)
{
	int reach = privacy_reach(u);

	if (reach == SETTINGS_REACH_ANYONE)
		return false;
	if (reach == SETTINGS_REACH_ORGANISATION && settings_is_inside(u->home->settings, from->domain))
		return false;
	return !is_known(u, from);
}

/* Without any of it nobody need look what is held. What was held before is looked for when it is switched on again. */
static bool are_possible(const struct home *h)
{
	const struct settings *s = h->settings;

	return s->components_outside.len || s->privacy_groups.len || s->privacy_people_choose.len ||
	       s->privacy_reach == SETTINGS_REACH_CONTACTS;
}

enum strangers_fate strangers_request(const struct user *u, const struct jid *from)
{
	if (!is_stranger(u, from))
		return STRANGERS_NONE;
	return u->home->settings->privacy_strangers == SETTINGS_STRANGERS_REFUSE ? STRANGERS_REFUSE : STRANGERS_HOLD;
}

/* ---- what is held ---- */

/* A look into the store: who is no stranger any more, who has waited too long, who is to be told of. */
struct look {
	struct store_req req;
	struct user *user;
	struct store_messages free; /* rows that are let go, in the arena of the first request */
	struct store_req move;
	const struct str *ids;
};

static void look_end(struct look *l)
{
	struct user *u = l->user;

	store_req_release(&l->move);
	store_req_release(&l->req);
	free(l);
	u->looking = false;
	user_busy(u, -1);
	if (u->look_again) {
		u->look_again = false;
		strangers_look(u);
	}
}

static bool is_ready(const struct user *u)
{
	bool any = false;

	if (u->flooding)
		return false;
	session_each(s, u)
	{
		if (s->backlog)
			return false;
		any = any || session_takes_messages(s);
	}
	return any;
}

static void on_moved(struct store_req *req, int result)
{
	struct look *l = req->owner;
	struct user *u = l->user;

	if (result)
		log_warn("what strangers have written cannot be handed over (%d); it is tried again", result);
	else
		offline_release(u, l->free.rows, l->free.len, is_ready(u));
	look_end(l);
}

static bool is_over(const struct home *h, const struct store_message *row)
{
	return row->time_us + h->settings->privacy_held_days * 86400ULL * 1000000 < clock_utc_us();
}

/* ---- the digest ---- */

struct digest {
	struct buf names; /* bare addresses, a line each */
	size_t count;
};

static void digest_add(struct digest *d, struct str bare)
{
	struct str all = buf_view(&d->names);

	for (size_t from = 0, to; from < all.len; from = to + 1) {
		to = str_find(all, '\n', from);
		if (str_eq(str_cut(all, from, to), bare))
			return;
	}
	d->count++;
	buf_str(&d->names, bare);
	buf_putc(&d->names, '\n');
}

static void digest_add_requests(struct digest *d, const struct user *u)
{
	struct contact c;

	for (uint32_t at = 0; contacts_next(&u->roster, &at, &c);) {
		struct jid jid = jid_split(c.jid);

		if ((c.state & SUB_IN) && !user_blocks(u, &jid) && strangers_request(u, &jid) == STRANGERS_HOLD)
			digest_add(d, c.jid);
	}
}

static void put_names(struct buf *out, const struct digest *d)
{
	struct str all = buf_view(&d->names);
	size_t n = 0;

	for (size_t from = 0, to; from < all.len && n < NAMED; from = to + 1, n++) {
		to = str_find(all, '\n', from);
		buf_putc(out, '\n');
		buf_str(out, str_cut(all, from, to));
	}
	if (d->count > n)
		buf_printf(out, "\n+ %zu", d->count - n);
}

static void put_digest(struct buf *out, enum language language, const struct digest *d)
{
	struct buf count = BUF_INIT(0);

	buf_u64(&count, d->count);
	phrase_put(out, d->count == 1 ? PHRASE_STRANGER : PHRASE_STRANGERS, language,
		(struct phrase_word[]){{"count", buf_view(&count)}, {}});
	out->failed |= buf_failed(&count);
	buf_done(&count);
	put_names(out, d);
}

static bool is_time(const struct user *u)
{
	struct crowd *crowd = u->home->route->env.crowd;
	uint64_t hours = u->home->settings->privacy_digest_hours * 3600000ULL;

	return !crowd || !crowd_was_told(crowd, u->bare, hours, loop_ms(u->home->loop));
}

static void tell_session(struct session *s, const struct digest *d)
{
	enum language language = language_of(headline_language(s));
	struct buf text = BUF_INIT(0);

	put_digest(&text, language, d);
	if (!buf_failed(&text))
		headline_give(s, buf_view(&text), language_tags[language]);
	buf_done(&text);
}

static void digest_tell(struct user *u, const struct digest *d)
{
	struct home *h = u->home;

	if (headline_readers(u, NULL) == 0 || d->count == 0 || buf_failed(&d->names) || !is_time(u))
		return;
	if (h->route->env.crowd)
		crowd_note_told(h->route->env.crowd, u->bare, loop_ms(h->loop));
	session_each(s, u) if (session_is_available(s)) tell_session(s, d);
}

/* ---- looking ---- */

static int move(struct look *l)
{
	struct user *u = l->user;
	struct str *ids = arena_alloc(l->req.arena, l->free.len * sizeof(*ids));

	if (!ids)
		return -1;
	for (size_t i = 0; i < l->free.len; i++)
		ids[i] = l->free.rows[i].id;
	store_req_init(&l->move, on_moved, l);
	return store_message_release(u->home->route->env.store, &l->move, u->bare, ids, l->free.len);
}

/* Sorts the rows: what is let go stays in `free`. */
static void sort(struct look *l, struct digest *d, struct ids *over)
{
	struct user *u = l->user;
	const struct store_messages *all = l->req.messages;
	struct store_message *out = all->len ? arena_alloc(l->req.arena, all->len * sizeof(*out)) : NULL;

	l->free.rows = out;
	for (size_t i = 0; out && i < all->len; i++) {
		const struct store_message *row = &all->rows[i];
		struct jid from = jid_split(row->from);

		if (user_blocks(u, &from) || (is_stranger(u, &from) && is_over(u->home, row)))
			ids_add(over, row->id);
		else if (is_stranger(u, &from))
			digest_add(d, from.bare);
		else
			out[l->free.len++] = *row;
	}
}

static void on_rows(struct store_req *req, int result)
{
	struct look *l = req->owner;
	struct user *u = l->user;
	struct digest d = {.names = BUF_INIT(1 << 20)};
	struct ids over = {.text = BUF_INIT(0)};

	if (result == 0)
		sort(l, &d, &over);
	digest_add_requests(&d, u);
	digest_tell(u, &d);
	buf_done(&d.names);
	offline_delete(u, &over);
	if (l->free.len == 0 || move(l))
		look_end(l);
}

void strangers_look(struct user *u)
{
	struct look *l;

	if (u->looking) {
		u->look_again = true;
		return;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return;
	l->user = u;
	store_req_init(&l->req, on_rows, l);
	store_req_init(&l->move, on_moved, l);
	if (store_message_load(u->home->route->env.store, &l->req, STORE_STRANGERS, u->bare, 0, 0)) {
		store_req_release(&l->req);
		free(l);
		return;
	}
	u->looking = true;
	user_busy(u, 1);
}

void strangers_held(struct user *u)
{
	if (is_time(u))
		strangers_look(u);
}

void strangers_greet(struct session *s)
{
	if (are_possible(s->user->home))
		strangers_look(s->user);
}

void strangers_meet(struct user *u, struct str bare)
{
	struct jid jid = jid_split(bare);

	if (!are_possible(u->home) || (settings_is_inside(u->home->settings, jid.domain) &&
					      privacy_reach(u) != SETTINGS_REACH_CONTACTS))
		return;
	subscription_show_held(u, bare);
	strangers_look(u);
}

/* ---- a message ---- */

struct keep {
	struct store_req req;
	struct user *user;
	struct parcel *parcel;
};

static void on_kept(struct store_req *req, int result)
{
	struct keep *k = req->owner;
	struct user *u = k->user;

	if (result == 0)
		record_offline(u->home->record, receipt_seq(k->parcel->receipt), u->bare);
	else
		answer_error(k->parcel, STANZA_RESOURCE_CONSTRAINT, "The recipient has too many messages waiting.");
	store_req_release(req);
	parcel_end(k->parcel);
	free(k);
	if (result == 0)
		strangers_held(u);
	user_busy(u, -1);
}

static int keep_row(struct keep *k, struct user *u, struct parcel *p, struct blob *xml)
{
	struct home *h = u->home;
	struct store_message row = {.owner = u->bare,
		.seq = receipt_seq(p->receipt),
		.id = receipt_id(p->receipt),
		.time_us = receipt_time_us(p->receipt),
		.from = p->origin->jid.full,
		.kind = OFFLINE_APART,
		.xml = blob_view(xml)};

	k->user = u;
	k->parcel = p;
	store_req_init(&k->req, on_kept, k);
	return store_message_put(
		h->route->env.store, &k->req, STORE_STRANGERS, &row, 1, h->settings->privacy_held_max, 0);
}

static void keep(struct user *u, struct parcel *p)
{
	struct keep *k = calloc(1, sizeof(*k));
	struct blob *xml = message_blob(u, p);

	history_arrived(u, p, false);
	user_busy(u, 1);
	if (!k || !xml || keep_row(k, u, p, xml)) {
		answer_error(p, STANZA_INTERNAL_SERVER_ERROR, NULL);
		parcel_end(p);
		user_busy(u, -1);
		free(k);
	}
	blob_unref(xml);
}

/* One who writes again and again fills nobody's store. */
static bool has_his_share(const struct user *u, const struct parcel *p)
{
	const struct settings *s = u->home->settings;
	struct crowd *crowd = u->home->route->env.crowd;

	return crowd && !crowd_may_hold(crowd, u->bare, p->origin->jid.bare, s->privacy_held_by_sender,
				s->privacy_held_days * 86400ULL, loop_ms(u->home->loop));
}

static bool speaks(const struct parcel *p)
{
	enum message_type type = message_type(p->type);

	return type != MESSAGE_ERROR && type != MESSAGE_GROUPCHAT && !p->by_room;
}

static void refuse(struct user *u, struct parcel *p, enum stanza_condition condition, const char *text)
{
	history_arrived(u, p, false);
	answer_error(p, condition, text);
	parcel_end(p);
}

bool strangers_take(struct user *u, struct parcel *p)
{
	if (!speaks(p) || !is_stranger(u, &p->origin->jid))
		return false;
	if (u->home->settings->privacy_strangers == SETTINGS_STRANGERS_REFUSE)
		refuse(u, p, STANZA_SERVICE_UNAVAILABLE, NULL);
	else if (p->class != CLASS_CONTENT)
		parcel_end(p); /* that he is typing */
	else if (has_his_share(u, p))
		refuse(u, p, STANZA_RESOURCE_CONSTRAINT, "The recipient has too many messages waiting.");
	else
		keep(u, p);
	return true;
}
