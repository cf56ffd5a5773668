#include "route/presence.h"

#include <stdlib.h>

#include "route/answer.h"
#include "route/components.h"
#include "route/crew.h"
#include "route/deliver.h"
#include "route/directed.h"
#include "route/flood.h"
#include "pubsub/avatar.h"
#include "route/interest.h"
#include "route/probation.h"
#include "route/lock.h"
#include "route/newcomer.h"
#include "route/offline.h"
#include "route/postings.h"
#include "route/pep.h"
#include "route/reread.h"
#include "route/rooms.h"
#include "route/sharers.h"
#include "route/strangers.h"
#include "route/subscription.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

bool takes_if_available(const struct session *s)
{
	return session_is_available(s);
}

bool takes_if_interested(const struct session *s)
{
	return s->interested;
}

/* ---- what is said ---- */

/* RFC 6121 4.7.2.3: an integer between -128 and +127; none is 0. */
bool presence_priority(const struct node *stanza, struct arena *arena, int *out)
{
	const struct node *n = node_child(stanza, STR("priority"), NS_CLIENT);
	struct str text = n ? str_trim(node_text(n, arena)) : STR_NONE;
	bool negative = text.len && text.data[0] == '-';
	unsigned long long value;

	*out = 0;
	if (!n || text.len == 0)
		return true;
	if (negative || text.data[0] == '+')
		text = str_cut(text, 1, text.len);
	if (text.len == 0 || !str_to_u64(text, negative ? 128 : 127, &value))
		return false;
	*out = negative ? -(int)value : (int)value;
	return true;
}

static struct blob *parcel_blob(struct home *h, const struct parcel *p)
{
	xml_put(&h->scratch, p->stanza, NS_CLIENT);
	return blob_of_scratch(h);
}

static struct blob *unavailable_blob(struct session *s)
{
	struct buf *b = &s->user->home->scratch;

	buf_lit(b, "<presence from='");
	xml_escape(b, s->origin->jid.full);
	buf_lit(b, "' type='unavailable'/>");
	return blob_of_scratch(s->user->home);
}

/* ---- broadcast ---- */

struct broadcast {
	struct session *session;
	enum letter_kind kind;
	struct blob *stanza; /* without `to` */
	const struct kept *kept;
	struct hold *hold;
};

/* Somebody outside, where the outside is switched off for the session, or its client may not reach it. */
static bool is_out_of_reach(const struct session *s, struct str to)
{
	const struct home *h = s->user->home;
	struct str domain;

	if (!(s->standing && s->standing->limits & LIMIT_OUTSIDE) && !lockdown_len(lock_in_force(h)))
		return false;
	domain = jid_split(to).domain;
	return !home_is_inside(h, domain) && !rooms_is_service(h, domain) &&
	       (!session_may_get(s, &(struct jid){.domain = domain}) || lock_shuts_outside(s));
}

/* Who is out of reach learns that it has gone, and no more. */
static void send_to(const struct broadcast *b, struct str to)
{
	bool far = is_out_of_reach(b->session, to);

	if (far && b->kind != LETTER_UNAVAILABLE)
		return;
	letter_send(b->session->user->home->route, &(struct letter_parts){.kind = b->kind,
							   .from = b->session->origin->jid.full,
							   .to = to,
							   .stanza = far ? NULL : b->stanza,
							   .kept = b->kept,
							   .hold = b->hold});
}

static bool may_be_shown(const struct user *u, const struct contact *c)
{
	struct jid jid = jid_split(c->jid);

	return (c->state & SUB_FROM) && !user_blocks(u, &jid);
}

static void broadcast_to_contacts(const struct broadcast *b)
{
	const struct user *u = b->session->user;
	struct contact c;

	for (uint32_t at = 0; contacts_next(&u->roster, &at, &c);)
		if (may_be_shown(u, &c) && !crew_knows(u, c.jid))
			send_to(b, c.jid);
	crew_say(b->session, b->kind, b->stanza, b->kept, b->hold);
}

/* RFC 6121 4.2.2: also to the account's own available resources, the sender among them. */
static void broadcast_to_self(const struct broadcast *b)
{
	struct user *u = b->session->user;
	struct letter l = {.kind = b->kind,
		.from = b->session->origin->jid,
		.to = jid_split(u->bare),
		.stanza = b->stanza,
		.hold = b->hold};

	if (b->kept)
		l.kept = *b->kept;
	letter_deliver(u, &l, takes_if_available);
}

/* ---- initial presence ---- */

static void probe_from(struct session *s, struct str contact)
{
	letter_send(s->user->home->route,
		&(struct letter_parts){.kind = LETTER_PROBE, .from = s->origin->jid.full, .to = contact});
}

void presence_probe(struct user *u, struct str contact)
{
	session_each(s, u) if (session_is_available(s)) probe_from(s, contact);
}

static void probe_contacts(struct session *s)
{
	const struct user *u = s->user;
	struct contact c;

	for (uint32_t at = 0; contacts_next(&u->roster, &at, &c);) {
		struct jid jid = jid_split(c.jid);

		if ((c.state & SUB_TO) && !user_blocks(u, &jid) && !crew_knows(u, c.jid))
			probe_from(s, c.jid);
	}
	crew_say(s, LETTER_PROBE, NULL, NULL, NULL);
}

static void show_session(struct session *from, struct session *to)
{
	struct home *h = from->user->home;
	struct arena *arena = arena_new(0);
	const struct receipt *receipt = arena ? kept_receipt(&from->kept, arena, h->record) : NULL;
	struct blob *blob = presence_blob_to(h, from->presence, to->origin->jid.full);

	if (receipt && blob)
		deliver(to, &(struct goods){.blob = blob}, receipt);
	blob_unref(blob);
	arena_free(arena);
}

static void show_own_resources(struct session *to)
{
	session_each(s, to->user) if (s != to && session_is_available(s)) show_session(s, to);
}

static void initial_presence(struct session *s)
{
	probe_contacts(s);
	show_own_resources(s);
	subscription_remind(s);
	postings_greet(s);
	flood_greet(s);
	strangers_greet(s);
	lock_greet(s);
	newcomer_greet(s);
}

static void available(struct session *s, struct parcel *p, int priority)
{
	bool first = !session_is_available(s);
	bool took = session_takes_messages(s);
	struct blob *blob = parcel_blob(s->user->home, p);
	struct broadcast b = {.session = s, .kind = LETTER_AVAILABLE, .stanza = blob, .hold = p->hold};

	if (!blob)
		return;
	blob_unref(s->presence);
	s->presence = blob;
	s->priority = priority;
	kept_take(&s->kept, p->receipt);
	b.kept = &s->kept;
	broadcast_to_contacts(&b);
	broadcast_to_self(&b);
	if (first)
		initial_presence(s);
	probation_presence(s, p->stanza);
	interest_presence(s, p->stanza);
	if (!took && session_takes_messages(s))
		offline_flood(s);
}

/* ---- the end of presence ---- */

void presence_end(struct session *s, struct blob *stanza, const struct kept *kept)
{
	struct broadcast b = {.session = s, .kind = LETTER_UNAVAILABLE, .kept = kept};

	if (!session_is_available(s) && directed_is_empty(s))
		return;
	b.stanza = stanza ? blob_ref(stanza) : unavailable_blob(s);
	if (!b.stanza)
		return;
	if (session_is_available(s)) {
		interest_leave(s);
		broadcast_to_contacts(&b);
		if (!stanza)
			s->presence = blob_unref(s->presence);
		broadcast_to_self(&b);
	}
	for (size_t i = 0; directed_next(s, &i);)
		send_to(&b, directed_at(s, i - 1));
	directed_clear(s);
	s->presence = blob_unref(s->presence);
	blob_unref(b.stanza);
}

static void unavailable(struct session *s, struct parcel *p)
{
	struct blob *blob = parcel_blob(s->user->home, p);
	struct kept kept;

	kept_take(&kept, p->receipt);
	if (blob)
		presence_end(s, blob, &kept);
	blob_unref(blob);
}

void presence_show(struct user *u, struct str contact)
{
	pep_offer(u, contact);
	session_each(s, u) if (session_is_available(s)) send_to(
		&(struct broadcast){
			.session = s, .kind = LETTER_AVAILABLE, .stanza = s->presence, .kept = &s->kept},
		contact);
}

void presence_withdraw(struct session *s, struct str to)
{
	struct blob *blob = unavailable_blob(s);

	if (blob)
		send_to(&(struct broadcast){.session = s, .kind = LETTER_UNAVAILABLE, .stanza = blob}, to);
	blob_unref(blob);
}

void presence_hide(struct user *u, struct str contact)
{
	session_each(s, u) if (session_is_available(s)) presence_withdraw(s, contact);
}

/* ---- the picture (XEP-0398) ---- */

void presence_stamp_photo(const struct user *u, struct parcel *p)
{
	if (avatar_stamp(p->stanza, str_from(u->photo), p->arena))
		p->xml = STR_NONE;
}

/* What a session shows, with another picture. False: it could not be read again. */
static bool restamp(struct session *s)
{
	struct home *h = s->user->home;
	struct arena *arena;
	struct node *stanza = reread_stanza(blob_view(s->presence), &arena);
	struct blob *blob = NULL;

	if (stanza) {
		avatar_stamp_again(stanza, str_from(s->user->photo), arena);
		xml_put(&h->scratch, stanza, NS_CLIENT);
		blob = blob_of_scratch(h);
	}
	arena_free(arena);
	if (!blob)
		return false;
	blob_unref(s->presence);
	s->presence = blob;
	return true;
}

void presence_show_photo(struct user *u)
{
	session_each(s, u)
	{
		struct broadcast b = {.session = s, .kind = LETTER_AVAILABLE, .kept = &s->kept};

		if (!session_is_available(s) || !restamp(s))
			continue;
		b.stanza = s->presence;
		broadcast_to_contacts(&b);
		broadcast_to_self(&b);
	}
}

/* ---- what a client sends ---- */

/* To nobody in particular: RFC 6121 4.2, 4.4, 4.5. Other types make no sense without an address. */
static void send_undirected(struct session *s, struct parcel *p, enum letter_kind kind)
{
	int priority;

	if (kind == LETTER_UNAVAILABLE) {
		unavailable(s, p);
	} else if (kind == LETTER_AVAILABLE) {
		if (presence_priority(p->stanza, p->arena, &priority))
			available(s, p, priority);
		else
			answer_error(p, STANZA_BAD_REQUEST, "A priority is a number from -128 to 127.");
	}
}

/* 4.6: to an address. Remembered, so that the end of presence is told there too. */
static void send_directed(struct session *s, struct parcel *p, enum letter_kind kind)
{
	struct home *h = s->user->home;
	bool known = directed_knows(s, &p->to);
	struct blob *blob;
	struct kept kept;

	if (kind == LETTER_AVAILABLE && !directed_add(s, &p->to)) {
		answer_error(
			p, STANZA_RESOURCE_CONSTRAINT, "Too many addresses were sent directed presence.");
		return;
	}
	if (kind == LETTER_UNAVAILABLE)
		directed_remove(s, p->to.full);
	blob = parcel_blob(h, p);
	kept_take(&kept, p->receipt);
	if (blob)
		letter_send(h->route, &(struct letter_parts){.kind = kind,
					      .from = p->origin->jid.full,
					      .to = p->to.full,
					      .stanza = blob,
					      .addressed = true,
					      .asked = kind == LETTER_PROBE,
					      .kept = &kept,
					      .hold = p->hold});
	blob_unref(blob);
	if (!known && directed_knows(s, &p->to) && !(user_state(s->user, p->to.bare) & SUB_TO))
		interest_want(s, p->to.bare);
}

/* What would wait for ever at a component that is away. What ends something takes effect on this side at once. */
static bool wants_an_answer(enum letter_kind kind)
{
	return kind == LETTER_AVAILABLE || kind == LETTER_PROBE || kind == LETTER_SUBSCRIBE;
}

static void send_addressed(struct session *s, struct parcel *p, enum letter_kind kind)
{
	struct user *u = s->user;
	bool component = components_has(p->route, p->to.domain);

	if (user_blocks(u, &p->to)) {
		answer_blocked_by_self(p);
	} else if (component && !components_is_up(p->route, p->to.domain) && wants_an_answer(kind)) {
		answer_error(p, STANZA_REMOTE_SERVER_TIMEOUT, "The service is not connected at the moment.");
	} else if (!component && !home_is_ours(u->home, p->to.domain)) {
		answer_error(p, STANZA_REMOTE_SERVER_NOT_FOUND, NULL);
	} else if (!component && jid_is_domain(&p->to)) {
		return; /* the server itself keeps no presence of anybody */
	} else if (kind >= LETTER_SUBSCRIBE) {
		subscription_send(u, p, kind);
	} else {
		send_directed(s, p, kind);
	}
}

void presence_send(struct user *u, struct parcel *p)
{
	struct session *s = session_by_origin(u, p->origin);
	enum letter_kind kind = letter_kind_of(p->type);

	if (kind == LETTER_AVAILABLE)
		presence_stamp_photo(u, p);
	if (s && p->has_to)
		send_addressed(s, p, kind);
	else if (s)
		send_undirected(s, p, kind);
	parcel_end(p);
}

/* ---- what arrives ---- */

static void reply(const struct letter *probe, enum letter_kind kind, struct str from)
{
	letter_send(probe->route, &(struct letter_parts){.kind = kind, .from = from, .to = probe->from.full});
}

/* 4.3.2. A stranger hears the same as about an account that does not exist. */
static void answer_probe(struct user *u, const struct letter *l)
{
	bool own = str_eq(l->from.bare, u->bare);
	unsigned shown = 0;

	if (user_blocks(u, &l->from))
		return;
	if (!own && !(user_state(u, l->from.bare) & SUB_FROM)) {
		reply(l, LETTER_UNSUBSCRIBED, u->bare);
		return;
	}
	session_each(s, u)
	{
		if (!session_is_available(s) || is_out_of_reach(s, l->from.full))
			continue;
		shown++;
		letter_send(l->route, &(struct letter_parts){.kind = LETTER_AVAILABLE,
					      .from = s->origin->jid.full,
					      .to = l->from.full,
					      .stanza = s->presence,
					      .kept = &s->kept});
	}
	if (shown == 0)
		reply(l, LETTER_UNAVAILABLE, u->bare);
}

static void run_loaded(struct task *task)
{
	struct letter *l = letter_of(task);
	struct user *u = user_find(home_here(l->route), l->to.bare);

	if (l->kind == LETTER_PROBE)
		answer_probe(u, l);
	else
		subscription_arrive(u, l);
	letter_free(l);
}

/* 8.5.2.1.2, 8.5.3.1, 8.5.3.2.2: to all available sessions, or to the one that is named. Who is not in memory
 * has no session. */
static void presence_arrive(struct home *h, const struct letter *l)
{
	struct user *u = user_find(h, l->to.bare);
	struct session *s;

	if (u && l->kind == LETTER_AVAILABLE)
		sharers_come(u, &l->from);
	else if (u && l->kind == LETTER_UNAVAILABLE)
		sharers_go(u, &l->from);
	if (!u || u->session_count == 0 || user_blocks(u, &l->from))
		return;
	if (l->addressed && l->kind == LETTER_AVAILABLE && flood_stops_letter(u, l))
		return;
	if (jid_is_bare(&l->to)) {
		if (l->kind != LETTER_ERROR)
			letter_deliver(u, l, takes_if_available);
		return;
	}
	s = session_by_resource(u, l->to.resource);
	if (s)
		letter_deliver_one(s, l);
}

/* The server's own probe at login: both rosters are here and agree, so who is away need not be loaded to say
 * so. */
static bool probe_finds_nobody(struct home *h, const struct letter *l)
{
	const struct user *u = user_find(h, l->to.bare);

	return l->kind == LETTER_PROBE && !l->asked && (!u || u->session_count == 0);
}

/* Who is not in memory need not hear that somebody has gone for good. */
static bool removal_finds_nobody(struct home *h, const struct letter *l)
{
	return l->removed && !map_get(&h->users, l->to.bare);
}

static void letter_load(struct home *h, struct letter *l)
{
	struct user *u = l->removed ? user_get(h, l->to.bare) : user_of_account(h, l->to.bare, 0); /* also of who is disabled */

	if (u) {
		l->task.run = run_loaded;
		user_when_ready(u, &l->task);
		return;
	}
	if (l->kind == LETTER_PROBE)
		reply(l, LETTER_UNSUBSCRIBED, l->to.bare);
	letter_free(l);
}

void presence_run_letter(struct task *task)
{
	struct letter *l = letter_of(task);
	struct home *h = home_here(l->route);

	if (l->kind < LETTER_PROBE) {
		presence_arrive(h, l);
		letter_free(l);
	} else if (probe_finds_nobody(h, l)) {
		reply(l, LETTER_UNAVAILABLE, l->to.bare);
		letter_free(l);
	} else if (removal_finds_nobody(h, l)) {
		letter_free(l);
	} else {
		letter_load(h, l);
	}
}
