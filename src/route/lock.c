#include "route/lock.h"

#include "account/directory.h"
#include "conf/service.h"
#include "rule/matter.h"
#include "route/deliver.h"
#include "route/headline.h"
#include "route/offline.h"
#include "route/reread.h"

enum {
	TEXT_MAX = 4096,
};

static struct lockdown *lockdown_of(const struct home *h)
{
	return h->policy ? policy_set_lockdown(h->policy) : NULL;
}

/* ---- who somebody is ---- */

static struct subject subject_with(const struct home *h, const struct person *person, const struct jid *jid)
{
	struct subject s = subject_of(jid->bare, settings_is_inside(h->settings, jid->domain));

	s.resource = jid->resource;
	if (person) {
		s.groups = person->groups;
		s.group_count = person->groups_len;
	}
	return s;
}

void lock_ask(const struct session *s, void (*ask)(const struct lockdown_party *who, void *owner), void *owner)
{
	const struct home *h = s->user->home;
	const struct person *person = directory_get(h->route->env.directory, s->user->bare);
	struct subject subject = subject_with(h, person ? person : s->origin->person, &s->origin->jid);
	struct lockdown_party party = {
		.person = &subject, .agent = s->origin->agent_id, .client = s->standing ? s->standing->client : NULL};

	ask(&party, owner);
	person_unref(person);
}

struct question {
	const struct lockdown *l;
	const struct lockdown_switch *off; /* NULL: any that bars */
	bool yes;
};

static void ask_question(const struct lockdown_party *who, void *owner)
{
	struct question *q = owner;

	q->yes = q->off ? lockdown_is_for(q->l, q->off, who) : lockdown_bars(q->l, who) != NULL;
}

bool lock_is_for(const struct lockdown *l, const struct lockdown_switch *off, const struct session *s)
{
	struct question q = {.l = l, .off = off};

	lock_ask(s, ask_question, &q);
	return q.yes;
}

bool lock_bars(const struct session *s)
{
	struct question q = {.l = lockdown_of(s->user->home)};

	if (lockdown_len(q.l))
		lock_ask(s, ask_question, &q);
	return q.yes;
}

bool lock_bars_errand(struct home *h, const struct errand *e, const struct jid *full)
{
	const struct lockdown *l = lockdown_of(h);
	const struct person *person = lockdown_len(l) ? directory_get(h->route->env.directory, full->bare) : NULL;
	struct subject subject = subject_with(h, person ? person : e->person, full);
	struct lockdown_party party = {.person = &subject, .agent = e->agent_id};
	bool barred = lockdown_bars(l, &party) != NULL;

	person_unref(person);
	return barred;
}

/* ---- telling ---- */

void lock_tell(struct session *s, const struct lockdown_switch *off, bool over)
{
	struct buf text = BUF_INIT(0);

	if (over)
		lockdown_put_over(&text, off, headline_language(s));
	else
		lockdown_put_text(&text, off, headline_language(s));
	if (!buf_failed(&text))
		headline_give(s, buf_view(&text), STR(""));
	buf_done(&text);
}

void lock_shut(struct session *s, const struct lockdown_switch *off)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	struct str lang = lockdown_put_text(&text, off, headline_language(s));

	s->locked = true;
	if (s->port) {
		lock_tell(s, off, false);
		port_close_text(s->port, "policy-violation", buf_view(&text), lang);
	}
	buf_done(&text);
}

static bool is_of_product(const struct lockdown_switch *off)
{
	return off->scope == LOCKDOWN_PRODUCT;
}

bool lock_needs_client(const struct home *h)
{
	const struct lockdown *l = lockdown_of(h);

	for (size_t i = 0; i < lockdown_len(l); i++)
		if (is_of_product(lockdown_at(l, i)))
			return true;
	return false;
}

void lock_judged(struct session *s, bool first)
{
	struct lockdown *l = lockdown_ref(lockdown_of(s->user->home));

	for (size_t i = 0; i < lockdown_len(l) && !s->locked; i++) {
		const struct lockdown_switch *off = lockdown_at(l, i);

		if (!is_of_product(off) || !lock_is_for(l, off, s))
			continue;
		if (off->what == LOCKDOWN_EVERYTHING) {
			lock_shut(s, off);
			session_doom(s, NULL, NULL, "switched off");
		} else if (first && session_is_available(s)) {
			lock_tell(s, off, false);
		}
	}
	lockdown_unref(l);
}

void lock_greet(struct session *s)
{
	struct lockdown *l = lockdown_ref(lockdown_of(s->user->home));

	for (size_t i = 0; i < lockdown_len(l); i++)
		if (lock_is_for(l, lockdown_at(l, i), s))
			lock_tell(s, lockdown_at(l, i), false);
	lockdown_unref(l);
}

/* ---- what waits ---- */

static unsigned matter_of_row(const struct home *h, const struct store_message *row, const struct jid *from, unsigned wanted)
{
	struct arena *arena = NULL;
	struct matter_case c = {
		.stanza = reread_stanza(row->xml, &arena),
		.content = true,
		.room = settings_is_rooms(h->settings, from->domain),
		.outside = !settings_is_inside(h->settings, from->domain) && !settings_is_rooms(h->settings, from->domain),
	};
	unsigned matter = c.stanza ? matter_of(&c, wanted) : wanted;

	arena_free(arena);
	return matter;
}

/* A stanza that waits, and whom it is from. */
struct waiting {
	const struct lockdown *l;
	const struct home *home;
	const struct jid *from;
	unsigned matter;
	bool stopped;
};

static void ask_waiting(const struct lockdown_party *to, void *owner)
{
	struct waiting *w = owner;
	const struct person *person = directory_get(w->home->route->env.directory, w->from->bare);
	struct subject subject = subject_with(w->home, person, w->from);
	struct lockdown_party from = {.person = &subject};

	w->stopped = lockdown_stops(w->l, w->matter, &from, to) != NULL;
	person_unref(person);
}

bool lock_withholds(struct session *s, const struct store_message *row)
{
	const struct home *h = s->user->home;
	struct jid from = jid_split(row->from);
	struct waiting w = {.l = lockdown_of(h), .home = h, .from = &from};

	if (!lockdown_matters(w.l))
		return false;
	w.matter = matter_of_row(h, row, &from, lockdown_matters(w.l));
	lock_ask(s, ask_waiting, &w);
	if (w.stopped && (!s->user->withheld_seq || row->seq < s->user->withheld_seq))
		s->user->withheld_seq = row->seq;
	return w.stopped;
}

void lock_release(struct user *u)
{
	if (!u->withheld_seq)
		return;
	offline_again(u, u->withheld_seq);
	u->withheld_seq = 0;
}

/* ---- rooms ---- */

bool lock_stops_in_room(const struct home *h, const struct parcel *p, struct str bare)
{
	const struct lockdown *l = lockdown_of(h);
	struct jid to = jid_split(bare);
	const struct person *sender, *recipient;
	struct subject a, b;
	bool stopped;

	if (!(p->matter & lockdown_matters(l)))
		return false;
	sender = directory_get(h->route->env.directory, p->origin->jid.bare);
	recipient = directory_get(h->route->env.directory, to.bare);
	a = subject_with(h, sender, &p->origin->jid);
	b = subject_with(h, recipient, &to);
	stopped = lockdown_stops(l, p->matter, &(struct lockdown_party){.person = &a}, &(struct lockdown_party){.person = &b}) != NULL;
	person_unref(sender);
	person_unref(recipient);
	return stopped;
}
