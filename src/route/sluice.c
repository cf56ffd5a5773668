#include "route/sluice.h"

#include <stdatomic.h>

#include "account/directory.h"
#include "conf/service.h"
#include "route/deliver.h"
#include "route/headline.h"
#include "route/lock.h"
#include "route/offline.h"
#include "route/reread.h"
#include "rule/matter.h"
#include "stanza/ns.h"
#include "stanza/stanza_error.h"
#include "stanza/xml_out.h"

enum {
	TEXT_MAX = 4096,
	/* Of a stanza that goes to a client; who asks for history is answered by policy. */
	MATTERS = MATTER_SPEECH | MATTER_FILE | MATTER_PICTURE | MATTER_LINK | MATTER_CALL | MATTER_ROOM | MATTER_OUTSIDE |
		  MATTER_IN_BAND | MATTER_WEAK_CALL | MATTER_WEAK_FILE,
	LOOKED = 1 << 30, /* in blob->matter */
};

/* ---- what kind of thing it is ---- */

/* The server's own words are always heard. */
static bool is_from_server(const struct home *h, const struct jid *from)
{
	return jid_is_domain(from) && home_is_ours(h, from->domain) && !settings_is_rooms(h->settings, from->domain);
}

static struct matter_case case_of(const struct home *h, const struct node *stanza, const struct jid *from)
{
	bool room = settings_is_rooms(h->settings, from->domain);
	bool copy = node_child(stanza, STR("sent"), NS_CARBONS) || node_child(stanza, STR("received"), NS_CARBONS);

	return (struct matter_case){
		.stanza = stanza,
		.content = true,
		.own = !copy && str_eq(from->bare, jid_split(node_attr(stanza, STR("to"))).bare),
		.room = room,
		.outside = from->domain.len && !room && !settings_is_inside(h->settings, from->domain),
	};
}

static unsigned matter_of_stanza(const struct home *h, const struct node *stanza)
{
	struct jid from = jid_split(node_attr(stanza, STR("from")));
	struct matter_case c = case_of(h, stanza, &from);

	return is_from_server(h, &from) ? 0 : matter_of(&c, MATTERS);
}

/* Whoever gets it asks the same: one looks. What cannot be read may be anything. */
static unsigned matter_of_blob(const struct home *h, struct blob *b)
{
	unsigned matter = atomic_load_explicit(&b->matter, memory_order_relaxed);
	struct arena *arena = NULL;
	const struct node *stanza;

	if (matter)
		return matter;
	stanza = reread_stanza(blob_view(b), &arena);
	matter = LOOKED | (stanza ? matter_of_stanza(h, stanza) : (unsigned)MATTERS);
	arena_free(arena);
	atomic_store_explicit(&b->matter, matter, memory_order_relaxed);
	return matter;
}

/* ---- whom it is kept from ---- */

/* Somebody's words, on their way to a session. */
struct passage {
	const struct lockdown *l;
	const struct home *home;
	struct jid from;
	unsigned matter;
	bool as_sent; /* asks about him who sent it, too */
	const struct node *stanza; /* where as_sent; NULL: it cannot be read */
	const struct lockdown_switch *off;
};

static void ask_passage(const struct lockdown_party *to, void *owner)
{
	struct passage *p = owner;
	const struct person *person = directory_get(p->home->route->env.directory, p->from.bare);
	struct subject subject = lock_subject(p->home, person, &p->from);
	struct lockdown_party from = {.person = &subject};

	p->off = p->as_sent ? lockdown_stops(p->l, p->matter, &from, to) : lockdown_keeps(p->l, p->matter, &from, to);
	if (!p->off && p->stanza)
		p->off = lockdown_stops_payload(p->l, p->matter, p->stanza, &from);
	person_unref(person);
}

/* Whoever may hear nothing (rule/client_rule.h) is to us somebody for whom messages are switched off. */
static const struct lockdown_switch unheard = {.what = LOCKDOWN_MESSAGES, .scope = LOCKDOWN_DEVICE};

static unsigned kept_matters(const struct session *s, const struct lockdown *l)
{
	return lockdown_kept_matters(l) | (session_may_hear(s) ? 0 : lockdown_matter(unheard.what));
}

static struct jid sender_of(const struct goods *g, struct arena **arena)
{
	const struct node *stanza;

	*arena = NULL;
	if (g->author.len)
		return jid_split(g->author);
	stanza = reread_stanza(blob_view(g->blob), arena);
	return jid_split(stanza ? node_attr(stanza, STR("from")) : STR(""));
}

/* From here on it is read again when something is switched on. */
static void remember(struct user *u, uint64_t seq)
{
	if (seq && (!u->withheld_seq || seq < u->withheld_seq))
		u->withheld_seq = seq;
}

const struct lockdown_switch *sluice_stops(struct session *s, const struct goods *g, const struct receipt *receipt)
{
	const struct home *h = s->user->home;
	struct passage p = {.l = lock_in_force(h), .home = h};
	bool signal = receipt_is_signal(receipt);
	struct arena *arena;

	if (!kept_matters(s, p.l) || (signal && g->own))
		return NULL;
	p.matter = matter_of_blob(h, g->blob) & MATTERS & (signal ? ~(unsigned)MATTER_SPEECH : ~0u);
	if (!(p.matter & kept_matters(s, p.l)))
		return NULL;
	p.from = sender_of(g, &arena);
	if (!session_may_hear(s) && p.matter & lockdown_matter(unheard.what))
		p.off = &unheard;
	else
		lock_ask(s, ask_passage, &p);
	if (p.off && (g->keep || g->stored))
		remember(s->user, receipt_seq(receipt));
	arena_free(arena);
	return p.off;
}

bool sluice_stops_queue(const struct session *s, uint32_t handled)
{
	struct passage p = {.l = lock_in_force(s->user->home), .home = s->user->home};
	uint32_t n;

	if (!lockdown_kept_matters(p.l) || sm_count(s->sm, handled, &n))
		return false;
	for (uint32_t i = n; i < s->sm->len && !p.off; i++) {
		const struct unacked *u = sm_at(s->sm, i);

		p.matter = u->seq ? matter_of_blob(p.home, u->blob) & MATTERS : 0;
		p.from = u->from ? u->from->jid : jid_split(STR(""));
		if (p.matter)
			lock_ask(s, ask_passage, &p);
	}
	return p.off != NULL;
}

const struct lockdown_switch *sluice_stops_parcel(const struct home *h, const struct parcel *p)
{
	const struct lockdown *l = lock_in_force(h);
	const struct person *person = lockdown_matters(l) ? directory_get(h->route->env.directory, p->origin->jid.bare) : NULL;
	struct subject subject = lock_subject(h, person, &p->origin->jid);
	struct lockdown_party from = {.person = &subject, .agent = p->origin->agent_id};
	struct matter_case c = {.stanza = p->stanza,
		.content = p->class == CLASS_CONTENT,
		.outside = !home_is_inside(h, p->to.domain)};
	const struct lockdown_switch *off = NULL;

	if (lockdown_matters(l)) {
		unsigned matter = matter_of(&c, lockdown_matters(l));

		off = lockdown_stops(l, matter, &from, NULL);
		if (!off)
			off = lockdown_stops_payload(l, matter, p->stanza, &from);
	}
	person_unref(person);
	return off;
}

/* ---- what there is instead ---- */

static bool is_of_being_there(const struct node *n)
{
	return (str_eq(n->ns, NS_CLIENT) && (str_is(n->name, "show") || str_is(n->name, "priority"))) || str_eq(n->ns, NS_CAPS) ||
	       str_eq(n->ns, NS_MUC_USER);
}

static const struct node *only_being_there(struct node *presence)
{
	for (struct node *n = presence->first, *next; n; n = next) {
		next = n->next;
		if (n->kind != NODE_ELEMENT || !is_of_being_there(n))
			node_remove(n);
	}
	return presence;
}

/* `stanza` is an answer to this session. */
static const struct node *error_instead(struct arena *arena, struct node *stanza, const struct session *s,
	const struct lockdown_switch *off)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	struct str lang = s->standing && off == &unheard ? s->standing->lang : lockdown_put_text(&text, off, headline_language(s));
	struct node *error;

	if (s->standing && off == &unheard)
		buf_str(&text, s->standing->text);
	error = stanza_error_node(arena, NS_CLIENT, STANZA_POLICY_VIOLATION, STANZA_TYPE_DEFAULT, buf_view(&text), lang);
	buf_done(&text);
	node_set_attr(arena, stanza, STR("type"), STR("error"));
	stanza->first = stanza->last = NULL;
	if (error)
		node_append(stanza, error);
	return arena_is_full(arena) ? NULL : stanza;
}

static const struct node *instead(struct arena *arena, struct node *stanza, const struct session *s,
	const struct lockdown_switch *off)
{
	bool away = off->what == LOCKDOWN_OUTSIDE || off->what == LOCKDOWN_ROOMS; /* they are nowhere, then */

	if (str_is(stanza->name, "presence") && !away)
		return only_being_there(stanza);
	if (str_is(stanza->name, "iq") && str_is(node_attr(stanza, STR("type")), "result"))
		return error_instead(arena, stanza, s, off);
	return NULL;
}

struct blob *sluice_instead(const struct session *s, const struct lockdown_switch *off, struct blob *stanza)
{
	struct home *h = s->user->home;
	struct arena *arena = NULL;
	struct node *copy = reread_stanza(blob_view(stanza), &arena);
	const struct node *out = copy ? instead(arena, copy, s, off) : NULL;
	struct blob *b = NULL;

	if (out) {
		buf_clear(&h->scratch);
		xml_put(&h->scratch, out, NS_CLIENT);
		b = blob_of_scratch(h);
	}
	arena_free(arena);
	return b;
}

/* ---- what waits ---- */

static unsigned matter_of_row(const struct home *h, const struct node *stanza, const struct jid *from, unsigned wanted)
{
	struct matter_case c = {
		.stanza = stanza,
		.content = true,
		.room = settings_is_rooms(h->settings, from->domain),
		.outside = !settings_is_inside(h->settings, from->domain) && !settings_is_rooms(h->settings, from->domain),
	};

	return stanza ? matter_of(&c, wanted) : wanted;
}

bool sluice_withholds(struct session *s, const struct store_message *row)
{
	const struct home *h = s->user->home;
	struct passage p = {.l = lock_in_force(h), .home = h, .from = jid_split(row->from), .as_sent = true};
	struct arena *arena = NULL;

	if (!session_may_look_back(s)) {
		remember(s->user, row->seq);
		return true;
	}
	if (!lockdown_matters(p.l))
		return false;
	p.stanza = reread_stanza(row->xml, &arena);
	p.matter = matter_of_row(h, p.stanza, &p.from, lockdown_matters(p.l));
	lock_ask(s, ask_passage, &p);
	if (p.off)
		remember(s->user, row->seq);
	arena_free(arena);
	return p.off != NULL;
}

void sluice_release(struct user *u)
{
	if (!u->withheld_seq)
		return;
	offline_again(u, u->withheld_seq);
	u->withheld_seq = 0;
}
