#include "route/lock.h"

#include "account/directory.h"
#include "conf/service.h"
#include "route/deliver.h"
#include "route/headline.h"
#include "rule/matter.h"

enum {
	TEXT_MAX = 4096,
};

struct lockdown *lock_in_force(const struct home *h)
{
	return h->policy ? policy_set_lockdown(h->policy) : NULL;
}

/* ---- who somebody is ---- */

struct subject lock_subject(const struct home *h, const struct person *person, const struct jid *jid)
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
	struct subject subject = lock_subject(h, person ? person : s->origin->person, &s->origin->jid);
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
	struct question q = {.l = lock_in_force(s->user->home)};

	if (lockdown_len(q.l))
		lock_ask(s, ask_question, &q);
	return q.yes;
}

static void ask_outside(const struct lockdown_party *who, void *owner)
{
	struct question *q = owner;

	q->yes = lockdown_stops(q->l, MATTER_OUTSIDE, who, NULL) != NULL;
}

bool lock_shuts_outside(const struct session *s)
{
	struct question q = {.l = lock_in_force(s->user->home)};

	if (lockdown_matters(q.l) & MATTER_OUTSIDE)
		lock_ask(s, ask_outside, &q);
	return q.yes;
}

bool lock_bars_errand(struct home *h, const struct errand *e, const struct jid *full)
{
	const struct lockdown *l = lock_in_force(h);
	const struct person *person = lockdown_len(l) ? directory_get(h->route->env.directory, full->bare) : NULL;
	struct subject subject = lock_subject(h, person ? person : e->person, full);
	struct lockdown_party party = {.person = &subject, .agent = e->agent_id};
	bool barred = lockdown_bars(l, &party) != NULL;

	person_unref(person);
	return barred;
}

/* ---- telling ---- */

void lock_tell(struct session *s, const struct lockdown_switch *off, bool over)
{
	struct buf text = BUF_INIT(0);
	struct str lang;

	lang = over ? lockdown_put_over(&text, off, headline_language(s)) : lockdown_put_text(&text, off, headline_language(s));
	if (!buf_failed(&text))
		headline_give(s, buf_view(&text), lang);
	buf_done(&text);
}

void lock_shut(struct session *s, const struct lockdown_switch *off)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	struct str lang = lockdown_put_text(&text, off, headline_language(s));

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
	const struct lockdown *l = lock_in_force(h);

	for (size_t i = 0; i < lockdown_len(l); i++)
		if (is_of_product(lockdown_at(l, i)))
			return true;
	return false;
}

void lock_judged(struct session *s, bool first)
{
	struct lockdown *l = lockdown_ref(lock_in_force(s->user->home));

	for (size_t i = 0; i < lockdown_len(l) && !session_is_ending(s); i++) {
		const struct lockdown_switch *off = lockdown_at(l, i);

		if (!is_of_product(off) || !lock_is_for(l, off, s))
			continue;
		if (off->what == LOCKDOWN_EVERYTHING) {
			lock_shut(s, off);
			session_doom(s, NULL, NULL, LOCK_REASON);
		} else if (first && session_is_available(s)) {
			lock_tell(s, off, false);
		}
	}
	lockdown_unref(l);
}

void lock_greet(struct session *s)
{
	struct lockdown *l = lockdown_ref(lock_in_force(s->user->home));

	for (size_t i = 0; i < lockdown_len(l); i++)
		if (lock_is_for(l, lockdown_at(l, i), s))
			lock_tell(s, lockdown_at(l, i), false);
	lockdown_unref(l);
}
