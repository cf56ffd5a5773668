#include "route/interest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "pubsub/options.h"
#include "route/crew.h"
#include "route/deliver.h"
#include "route/directed.h"
#include "route/iq.h"
#include "route/probation.h"
#include "route/pep.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	KNOWN_MAX = 512,     /* hashes in memory, for each loop */
	STORED_MAX = 10000,  /* in the store */
	ANSWER_SECONDS = 30, /* a client has to answer */
	ASK_ARENA = 1 << 20,
};

enum state {
	LOOKING, /* the store is asked */
	ASKING,  /* a client is asked */
	KNOWN,
};

/* A session that waits for an entry to become known; for one at a time. */
struct waiter_for {
	struct list link;      /* entry->waiters */
	struct interest *entry;
	struct origin *origin; /* counted */
	bool judged;           /* it waits to be judged: its presence is not shown yet */
	char node[];           /* of its <c/>, NUL behind */
};

struct interest {
	struct list link; /* home->interests, longest unused first */
	struct store_req req;
	struct home *home;
	unsigned refs; /* sessions, while KNOWN */
	enum state state;
	struct list waiters; /* the first is the one that is asked */
	uint64_t asked_at;   /* loop_seconds() */
	uint64_t number;     /* of the question */
	struct blob *nodes; /* counted; NULL: wants nothing */
	struct blob *facts; /* counted; who the client says it is: enum caps_fact, each but the last with U+001E behind */
	struct str hash, ver, key; /* key: both, with a space between */
	char text[];
};

bool interest_holds(const struct session *s, struct str node)
{
	return s->interest && s->interest->nodes && list_holds(blob_view(s->interest->nodes), node);
}

void interest_want(struct session *s, struct str owner)
{
	if (s->interest && s->interest->nodes)
		pep_want(s->user->home->route, owner, s->origin, s->interest->nodes);
}

static void on_looked_up(struct store_req *req, int result);

/* ---- entries ---- */

static struct session *session_of(const struct origin *o)
{
	return o->user ? session_by_origin(o->user, o) : NULL;
}

static void waiter_free(struct waiter_for *w)
{
	struct session *s = session_of(w->origin);

	if (s && s->waiting == w)
		s->waiting = NULL;
	list_remove(&w->link);
	origin_unref(w->origin);
	free(w);
}

static void entry_free(struct interest *e)
{
	while (!list_is_empty(&e->waiters))
		waiter_free(container_of(e->waiters.next, struct waiter_for, link));
	map_del(&e->home->interests_by_key, e->key);
	list_remove(&e->link);
	store_req_release(&e->req);
	blob_unref(e->nodes);
	blob_unref(e->facts);
	free(e);
}

static void make_room(struct home *h)
{
	if (h->interests_by_key.len < KNOWN_MAX)
		return;
	list_each_safe (it, &h->interests) {
		struct interest *e = container_of(it, struct interest, link);

		if (e->state == KNOWN && e->refs == 0) {
			entry_free(e);
			return;
		}
	}
}

static struct interest *entry_new(struct home *h, const struct caps *caps)
{
	size_t len = caps->hash.len + 1 + caps->ver.len;
	struct interest *e;

	make_room(h);
	e = h->interests_by_key.len < KNOWN_MAX ? calloc(1, sizeof(*e) + len) : NULL;
	if (!e)
		return NULL;
	memcpy(e->text, caps->hash.data, caps->hash.len);
	e->text[caps->hash.len] = ' ';
	memcpy(e->text + caps->hash.len + 1, caps->ver.data, caps->ver.len);
	e->key = str_of(e->text, len);
	e->hash = str_cut(e->key, 0, caps->hash.len);
	e->ver = str_cut(e->key, caps->hash.len + 1, len);
	e->home = h;
	list_init(&e->link);
	list_init(&e->waiters);
	store_req_init(&e->req, on_looked_up, e);
	if (map_put(&h->interests_by_key, e->key, e)) {
		free(e);
		return NULL;
	}
	list_append(&h->interests, &e->link);
	return e;
}

void interests_done(struct home *h)
{
	while (!list_is_empty(&h->interests))
		entry_free(container_of(h->interests.next, struct interest, link));
	map_done(&h->interests_by_key);
}

/* ---- who has something of it ---- */

struct search {
	struct store_req req;
	struct user *user;
	struct origin *origin; /* counted */
	struct blob *nodes;    /* counted */
};

static void on_who(struct store_req *req, int result)
{
	struct search *q = req->owner;
	struct user *u = q->user;

	for (size_t i = 0; result == 0 && i < req->names->len; i++)
		pep_want(u->home->route, req->names->names[i], q->origin, q->nodes);
	store_req_release(req);
	origin_unref(q->origin);
	blob_unref(q->nodes);
	free(q);
	user_busy(u, -1);
}

/* The account itself, everybody whose presence it gets, and to whom it shows its own: what is open is for these, too. */
static size_t gather(const struct session *s, const struct mates *mates, struct str *out)
{
	const struct user *u = s->user;
	struct contact c;
	size_t n = 0;

	out[n++] = u->bare;
	for (size_t i = 0; directed_next(s, &i);) {
		struct str bare = jid_split(directed_at(s, i - 1)).bare;

		if (!(user_state(u, bare) & (SUB_TO | SUB_FROM)))
			out[n++] = bare;
	}
	for (uint32_t at = 0; contacts_next(&u->roster, &at, &c);) {
		struct jid jid = jid_split(c.jid);

		if ((c.state & (SUB_TO | SUB_FROM)) && !user_blocks(u, &jid) && !crew_knows(u, c.jid))
			out[n++] = c.jid;
	}
	for (size_t i = 0; i < mates->len; i++)
		out[n++] = mates->people[i]->jid;
	return n;
}

static void search_start(struct session *s, struct blob *nodes)
{
	struct user *u = s->user;
	struct mates mates = crew_mates(u->home, u->has_crew ? u->person : NULL);
	size_t most = u->roster.count + mates.len + 1 + (s->directed ? s->directed->len : 0);
	struct str *owners = calloc(most, sizeof(*owners));
	struct search *q = owners ? calloc(1, sizeof(*q)) : NULL;

	if (q) {
		q->user = u;
		q->origin = origin_ref(s->origin);
		q->nodes = blob_ref(nodes);
		store_req_init(&q->req, on_who, q);
		user_busy(u, 1);
		if (store_pep_who(u->home->route->env.store, &q->req, owners, gather(s, &mates, owners),
			    blob_view(nodes))) {
			user_busy(u, -1);
			store_req_release(&q->req);
			origin_unref(q->origin);
			blob_unref(q->nodes);
			free(q);
		}
	}
	free(owners);
	mates_done(&mates);
}

/* ---- a session and its interests ---- */

/* Those of `now` that are not in `before`. NULL: none, or memory is out. */
static struct blob *added(const struct blob *now, const struct blob *before)
{
	struct buf out = BUF_INIT(0);
	struct str all = blob_view(now);
	struct blob *b;

	for (size_t from = 0, to; from < all.len; from = to + 1) {
		to = str_find(all, '\x1f', from);
		if (list_holds(blob_view(before), str_cut(all, from, to)))
			continue;
		if (out.len)
			buf_putc(&out, '\x1f');
		buf_str(&out, str_cut(all, from, to));
	}
	b = out.len && !buf_failed(&out) ? blob_new(buf_view(&out)) : NULL;
	buf_done(&out);
	return b;
}

static void session_take(struct session *s, struct interest *e)
{
	struct interest *old = s->interest;
	struct blob *nodes = NULL;

	if (old == e)
		return;
	s->interest = e;
	e->refs++;
	if (e->nodes)
		nodes = old && old->nodes ? added(e->nodes, old->nodes) : blob_ref(e->nodes);
	if (old)
		old->refs--;
	if (nodes)
		search_start(s, nodes);
	blob_unref(nodes);
}

static void become_known(struct interest *e)
{
	e->state = KNOWN;
	while (!list_is_empty(&e->waiters)) {
		struct waiter_for *w = container_of(e->waiters.next, struct waiter_for, link);
		struct session *s = session_of(w->origin);

		if (s && session_is_available(s))
			session_take(s, e);
		if (s)
			probation_caps(s, e);
		waiter_free(w);
	}
}

void interest_facts(const struct interest *e, struct str out[CAPS_FACTS])
{
	struct str all = e->facts ? blob_view(e->facts) : STR("");

	for (size_t i = 0, from = 0; i < CAPS_FACTS; i++) {
		size_t to = str_find(all, '\x1e', from < all.len ? from : all.len);

		out[i] = from < all.len ? str_cut(all, from, to) : STR("");
		from = to + 1;
	}
}

/* ---- asking a client ---- */

static void question_send(struct session *s, const struct interest *e, const char *node)
{
	struct buf text = BUF_INIT(0);

	buf_printf(&text, "<iq type='get' id='caps-%" PRIu64 "' from='", e->number);
	xml_escape(&text, s->origin->jid.domain);
	buf_lit(&text, "' to='");
	xml_escape(&text, s->origin->jid.full);
	buf_lit(&text, "'><query xmlns='http://jabber.org/protocol/disco#info' node='");
	xml_escape(&text, str_from(node));
	buf_putc(&text, '#');
	xml_escape(&text, e->ver);
	buf_lit(&text, "'/></iq>");
	if (!buf_failed(&text))
		deliver_own_bytes(s, buf_view(&text));
	buf_done(&text);
}

/* The first who is still there; without any the entry goes. */
static void ask_next(struct interest *e)
{
	static _Thread_local uint64_t number;

	e->state = ASKING;
	while (!list_is_empty(&e->waiters)) {
		struct waiter_for *w = container_of(e->waiters.next, struct waiter_for, link);
		struct session *s = session_of(w->origin);

		if (s && session_is_available(s)) {
			e->number = ++number;
			e->asked_at = loop_seconds(e->home->loop);
			question_send(s, e, w->node);
			return;
		}
		waiter_free(w);
	}
	entry_free(e);
}

/* A session that has another hash now, or none: whoever is next is asked in its place. One whose entry has become known is being
 * told so (become_known). */
static void forget_waiting(const struct session *s)
{
	struct waiter_for *w = s->waiting;
	struct interest *e = w ? w->entry : NULL;
	bool asked = e && e->state == ASKING && e->waiters.next == &w->link;

	if (e && e->state != KNOWN)
		waiter_free(w);
	if (asked)
		ask_next(e);
}

/* As it is kept: the nodes, and behind U+001E the facts. */
static void set_text(struct interest *e, struct str text)
{
	size_t end = str_find(text, '\x1e', 0);

	e->nodes = end ? blob_new(str_cut(text, 0, end)) : NULL;
	e->facts = end < text.len ? blob_new(str_cut(text, end + 1, text.len)) : NULL;
}

/* For them it is looked for elsewhere, by who judges. */
static void send_judged_away(struct interest *e)
{
	list_each_safe (it, &e->waiters) {
		struct waiter_for *w = container_of(it, struct waiter_for, link);
		struct session *s = w->judged ? session_of(w->origin) : NULL;

		if (!w->judged)
			continue;
		waiter_free(w);
		if (s)
			probation_stranger(s);
	}
}

static void on_looked_up(struct store_req *req, int result)
{
	struct interest *e = req->owner;

	if (result || !req->text || str_find(*req->text, '\x1e', 0) == req->text->len) { /* of an older version: without facts */
		store_req_release(req);
		send_judged_away(e);
		ask_next(e);
		return;
	}
	set_text(e, *req->text);
	store_req_release(req);
	become_known(e);
}

/* What is known is kept; nobody waits for that. */
static void on_kept(struct store_req *req, int result)
{
	if (result)
		log_debug("what a client can was not kept (%d)", result);
	store_req_release(req);
	free(req->owner);
}

static void keep(const struct interest *e, struct str text)
{
	struct store_req *req = calloc(1, sizeof(*req));

	if (!req)
		return;
	store_req_init(req, on_kept, req);
	if (store_caps_put(e->home->route->env.store, req, e->hash, e->ver, text, STORED_MAX)) {
		store_req_release(req);
		free(req);
	}
}

static void put_facts(struct buf *out, const struct node *info, struct arena *arena)
{
	struct str facts[CAPS_FACTS];

	caps_facts(facts, info, arena);
	for (size_t i = 0; i < CAPS_FACTS; i++) {
		buf_putc(out, '\x1e');
		buf_str(out, facts[i]);
	}
}

/* Does the answer say what the hash is of? Then it is kept. */
static bool answer_read(struct interest *e, const struct node *info)
{
	struct arena *arena = arena_new(ASK_ARENA);
	struct caps caps = {.hash = e->hash, .ver = e->ver};
	struct buf nodes = BUF_INIT(0);
	bool ok = arena && info && node_is(info, STR("query"), NS_DISCO_INFO) && caps_verify(&caps, info, arena);

	if (ok) {
		caps_put_interests(&nodes, info);
		put_facts(&nodes, info, arena);
		ok = !buf_failed(&nodes);
	}
	if (ok) {
		set_text(e, buf_view(&nodes));
		keep(e, buf_view(&nodes));
	}
	buf_done(&nodes);
	arena_free(arena);
	return ok;
}

static struct interest *asked_of(struct home *h, const struct origin *o, struct str id)
{
	unsigned long long number;

	if (!str_starts(id, STR("caps-")) || !str_to_u64(str_cut(id, 5, id.len), INT64_MAX, &number))
		return NULL;
	list_each_safe (it, &h->interests) {
		struct interest *e = container_of(it, struct interest, link);

		if (e->state == ASKING && e->number == number && !list_is_empty(&e->waiters) &&
			container_of(e->waiters.next, struct waiter_for, link)->origin == o)
			return e;
	}
	return NULL;
}

/* Whoever was asked wants nothing that is known: what he wanted before he has put another hash in its place. */
static void asked_in_vain(struct interest *e)
{
	struct waiter_for *w;
	struct session *s;

	if (list_is_empty(&e->waiters))
		return;
	w = container_of(e->waiters.next, struct waiter_for, link);
	s = session_of(w->origin);
	if (s)
		interest_drop(s);
	waiter_free(w);
}

void interest_answer(struct session *s, const struct parcel *p)
{
	struct interest *e = asked_of(s->user->home, s->origin, p->id);

	if (!e)
		return;
	if (str_is(p->type, "result") && answer_read(e, iq_payload(p))) {
		become_known(e);
		return;
	}
	probation_disco(s, p);
	asked_in_vain(e);
	ask_next(e);
}

void interest_tick(struct home *h)
{
	uint64_t now = loop_seconds(h->loop);

	list_each_safe (it, &h->interests) {
		struct interest *e = container_of(it, struct interest, link);

		if (e->state != ASKING || e->asked_at + ANSWER_SECONDS > now)
			continue;
		asked_in_vain(e);
		ask_next(e);
	}
}

/* ---- presence ---- */

static void wait_for(struct session *s, struct interest *e, struct str node, bool judged)
{
	struct waiter_for *w = s->waiting;

	if (w && w->entry == e) {
		w->judged = w->judged && judged;
		return;
	}
	forget_waiting(s);
	w = malloc(sizeof(*w) + node.len + 1);
	if (!w)
		return;
	s->waiting = w;
	w->entry = e;
	w->origin = origin_ref(s->origin);
	w->judged = judged;
	memcpy(w->node, node.len ? node.data : "", node.len);
	w->node[node.len] = '\0';
	list_init(&w->link);
	list_append(&e->waiters, &w->link);
}

static void look_up(struct interest *e)
{
	e->state = LOOKING;
	store_req_init(&e->req, on_looked_up, e);
	if (store_caps_get(e->home->route->env.store, &e->req, e->hash, e->ver)) {
			store_req_release(&e->req);
		ask_next(e);
	}
}

static struct interest *entry_of(struct home *h, const struct caps *caps)
{
	struct buf key = BUF_INIT(0);
	struct interest *e = NULL;

	buf_str(&key, caps->hash);
	buf_putc(&key, ' ');
	buf_str(&key, caps->ver);
	if (!buf_failed(&key))
		e = map_get(&h->interests_by_key, buf_view(&key));
	buf_done(&key);
	if (e) {
		list_remove(&e->link);
		list_append(&h->interests, &e->link);
	}
	return e;
}

void interest_presence(struct session *s, const struct node *presence)
{
	struct home *h = s->user->home;
	struct interest *e;
	struct caps caps;

	if (!caps_read(&caps, presence)) {
		if (node_child(presence, STR("c"), NS_CAPS)) /* without any, those of before stay (XEP-0115 8.4) */
			interest_leave(s);
		return;
	}
	e = entry_of(h, &caps);
	if (e && e->state == KNOWN) {
		forget_waiting(s);
		session_take(s, e);
		probation_caps(s, e);
	} else if (e) {
		wait_for(s, e, caps.node, false);
	} else if ((e = entry_new(h, &caps))) {
		wait_for(s, e, caps.node, false);
		look_up(e);
	}
}

void interest_judge(struct session *s, const struct caps *caps)
{
	struct home *h = s->user->home;
	struct interest *e = entry_of(h, caps);

	if (e && e->state == KNOWN) {
		probation_caps(s, e);
	} else if (e && e->state == LOOKING) {
		wait_for(s, e, caps->node, true);
	} else if (!e && (e = entry_new(h, caps))) {
		wait_for(s, e, caps->node, true);
		look_up(e);
	} else {
		probation_stranger(s);
	}
}

bool interest_learn(struct home *h, const struct caps *caps, const struct node *info)
{
	struct interest *e = entry_of(h, caps);
	bool known = e && e->state == KNOWN;
	struct arena *arena;
	bool ok;

	if (e && !known && e->state != LOOKING && answer_read(e, info)) {
		become_known(e);
		return true;
	}
	if (!e && (e = entry_new(h, caps))) {
		if (answer_read(e, info)) {
			become_known(e);
			return true;
		}
		entry_free(e);
	}
	arena = arena_new(ASK_ARENA);
	ok = arena && caps_verify(caps, info, arena);
	arena_free(arena);
	return ok;
}

void interest_drop(struct session *s)
{
	if (s->interest)
		s->interest->refs--;
	s->interest = NULL;
}

void interest_leave(struct session *s)
{
	interest_drop(s);
	forget_waiting(s);
}
