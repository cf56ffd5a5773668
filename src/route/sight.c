#include "route/sight.h"

#include "account/directory.h"
#include "base/cleanup.h"
#include "conf/service.h"
#include "route/crew.h"
#include "route/directed.h"
#include "route/judge.h"
#include "route/presence.h"
#include "rule/wall.h"

static struct subject subject_from(const struct home *h, const struct person *person, const struct jid *jid)
{
	struct subject s = {.jid = jid->bare,
		.domain = jid->domain,
		.resource = jid->resource,
		.inside = settings_is_inside(h->settings, jid->domain)};

	if (person) {
		s.groups = person->groups;
		s.group_count = person->groups_len;
	}
	return s;
}

static bool is_open(const struct policy_set *set, const struct home *h, const struct jid *from,
	const struct jid *to, enum wall_kind kind)
{
	AUTO(person_unrefp) const struct person *sender = directory_get(h->route->env.directory, from->bare);
	AUTO(person_unrefp) const struct person *viewer = directory_get(h->route->env.directory, to->bare);
	struct subject a = subject_from(h, sender, from), b = subject_from(h, viewer, to);

	return !wall_stands(set, &a, &b, kind);
}

bool sight_is_open(const struct home *h, struct str from, struct str to, enum wall_kind kind)
{
	struct jid a, b;

	if (!(h->walled & UINT32_C(1) << kind))
		return true;
	a = jid_split(from);
	b = jid_split(to);
	return str_eq(a.bare, b.bare) || is_open(h->policy, h, &a, &b, kind);
}

bool sight_is_open_in(const struct policy_set *policy, const struct home *h, struct str from, struct str to,
	enum wall_kind kind)
{
	struct jid a = jid_split(from), b = jid_split(to);

	return is_open(policy, h, &a, &b, kind);
}

/* ---- another policy ---- */

/* Would presence of the user pass to the viewer with that policy? */
static bool passes_to(const struct policy_set *set, const struct home *h, struct str shown, struct str viewer)
{
	return !(wall_kinds_stopped(set) & UINT32_C(1) << WALL_PRESENCE) ||
	       sight_is_open_in(set, h, shown, viewer, WALL_PRESENCE);
}

static bool passes(const struct policy_set *set, const struct user *u, struct str viewer)
{
	return passes_to(set, u->home, u->bare, viewer);
}

static bool is_shown_to(const struct user *u, const struct contact *c)
{
	struct jid jid = jid_split(c->jid);

	return (c->state & SUB_FROM) && !user_blocks(u, &jid);
}

/* His mates: whom a wall parts now sees him go, and finds him gone from the roster; and the other way round. Called
 * under the old policy and under the new one. */
static void regard_mates(struct user *u, const struct policy_set *old, const struct policy_set *new, bool hiding)
{
	struct mates m = crew_mates(u->home, u->has_crew ? u->person : NULL);

	for (size_t i = 0; i < m.len; i++) {
		struct str mate = m.people[i]->jid;
		struct jid jid = jid_split(mate);
		struct contact c = {};
		bool before = passes(old, u, mate), after = passes(new, u, mate);
		bool anyway = user_contact(u, mate, &c) && c.state & SUB_FROM;

		if (hiding && before && !after && !user_blocks(u, &jid) && !anyway)
			presence_hide(u, mate);
		if (hiding)
			continue;
		if (!before && after && !user_blocks(u, &jid) && !anyway)
			presence_show(u, mate);
		if (passes_to(old, u->home, mate, u->bare) != passes_to(new, u->home, mate, u->bare))
			crew_push_later(u, mate);
	}
	mates_done(&m);
}

static void hide_directed(struct session *s, const struct policy_set *next)
{
	const struct policy_set *now = s->user->home->policy;

	for (size_t i = 0; directed_next(s, &i);) {
		struct str viewer = directed_at(s, i - 1);

		if (passes(now, s->user, viewer) && !passes(next, s->user, viewer))
			presence_withdraw(s, viewer);
	}
}

/* The old policy is still in force, so that this goes out. */
static void hide(struct user *u, const struct policy_set *next)
{
	struct contact c;

	for (uint32_t at = 0; contacts_next(&u->roster, &at, &c);)
		if (is_shown_to(u, &c) && passes(u->home->policy, u, c.jid) && !passes(next, u, c.jid))
			presence_hide(u, c.jid);
	regard_mates(u, u->home->policy, next, true);
	session_each(s, u) hide_directed(s, next);
}

/* The new policy is in force. */
static void show(struct user *u, const struct policy_set *old)
{
	struct contact c;

	for (uint32_t at = 0; contacts_next(&u->roster, &at, &c);)
		if (is_shown_to(u, &c) && !passes(old, u, c.jid) && passes(u->home->policy, u, c.jid))
			presence_show(u, c.jid);
	regard_mates(u, old, u->home->policy, false);
}

static void each_user(struct home *h, void (*look)(struct user *u, const struct policy_set *other),
	const struct policy_set *other)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&h->users, &i));) {
		struct user *u = slot->value;

		if (u->session_count)
			look(u, other);
	}
}

void sight_set_policy(struct home *h, struct policy_set *policy)
{
	struct policy_set *old = h->policy;
	bool changed = !walls_are_same(old, policy);

	if (changed)
		each_user(h, hide, policy);
	h->policy = policy;
	h->walled = wall_kinds_stopped(policy);
	if (changed)
		each_user(h, show, old);
	policy_set_unref(old);
	judge_all(h);
}
