/* A switch is brought to the sessions it is for, on every home. Whose session ends is found in one pass: from then on nothing comes from
 * it and nothing goes to it, whatever becomes of the switch. Everything else, which costs more, is done in shares, so that chat
 * goes on meanwhile: people are told, connections closed, sessions taken apart. */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "conf/service.h"
#include "route/directed.h"
#include "route/letter.h"
#include "route/lock.h"
#include "route/share.h"
#include "route/sluice.h"
#include "rule/matter.h"

/* One switch, for all homes. */
struct reaching {
	struct task task;
	struct route *route;
	struct lockdown *lockdown; /* counted; of the switch */
	const struct lockdown_switch *off;
	bool on;
	_Atomic unsigned told, ended, homes; /* sessions; homes that are not through */
	void (*done)(void *owner, unsigned told, unsigned ended);
	void *owner;
};

/* Its part on one home. */
struct reach {
	struct task task;
	struct reaching *all;
	struct home *home;
	struct origin **origins; /* counted; of sessions that are to be told */
	size_t len, cap, at;
	struct list ending; /* sessions that are to be ended */
};

static struct session *session_at(const struct reach *r, size_t i)
{
	struct origin *o = r->origins[i];

	return o->user ? session_by_origin(o->user, o) : NULL;
}

/* ---- whom it is for ---- */

static void reach_add(struct reach *r, struct session *s)
{
	if (r->len == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 64;
		struct origin **more = realloc(r->origins, cap * sizeof(struct origin *));

		if (!more) {
			log_error("memory is out: a switch does not reach everybody at once");
			return;
		}
		r->origins = more;
		r->cap = cap;
	}
	r->origins[r->len++] = origin_ref(s->origin);
}

static void count(_Atomic unsigned *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void condemn(struct reach *r, struct session *s)
{
	count(&r->all->ended);
	session_condemn(s, &r->ending, LOCK_REASON);
}

static void find_one(struct reach *r, struct session *s)
{
	const struct reaching *all = r->all;

	if (session_is_ending(s) || !lock_is_for(all->lockdown, all->off, s))
		return;
	if (!all->on || all->off->what != LOCKDOWN_EVERYTHING) {
		reach_add(r, s);
		return;
	}
	count(&r->all->told);
	condemn(r, s);
}

static void find_all(struct reach *r)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&r->home->users, &i));) {
		struct user *u = slot->value;

		session_each(s, u) find_one(r, s);
	}
}

/* ---- what is done ---- */

/* They tell him, and everybody else, that he has left. */
static void leave_rooms(struct session *s)
{
	const struct home *h = s->user->home;

	for (size_t i = 0; directed_next(s, &i);) {
		struct str to = directed_at(s, i - 1);

		if (!settings_is_rooms(h->settings, jid_split(to).domain))
			continue;
		letter_send(h->route,
			&(struct letter_parts){.kind = LETTER_UNAVAILABLE, .from = s->origin->jid.full, .to = to});
		directed_remove(s, to);
		i = 0; /* the map has changed */
	}
}

/* What nobody has read yet is looked at again before it is given out: so the queue of a client that is away goes back. */
static bool has_unread(const struct session *s, const struct lockdown_switch *off)
{
	return !s->port && s->sm && s->sm->len && lockdown_matter(off->what) & MATTER_HISTORY;
}

static void tell(struct reach *r, struct session *s)
{
	const struct lockdown_switch *off = r->all->off;

	count(&r->all->told);
	if (!r->all->on) {
		lock_tell(s, off, true);
	} else if (has_unread(s, off)) {
		condemn(r, s);
	} else {
		lock_tell(s, off, false);
		if (off->what == LOCKDOWN_ROOMS)
			leave_rooms(s);
	}
}

static void tell_next(struct reach *r)
{
	struct session *s = session_at(r, r->at);

	if (s && !session_is_ending(s))
		tell(r, s);
	origin_unref(r->origins[r->at++]);
}

static void end_next(struct reach *r)
{
	struct session *s = container_of(r->ending.next, struct session, doomed);

	lock_shut(s, r->all->off);
	session_end(s, NULL, NULL, LOCK_REASON);
}

/* ---- the way ---- */

static void run_reached(struct task *task)
{
	struct reaching *all = container_of(task, struct reaching, task);

	all->done(all->owner, atomic_load(&all->told), atomic_load(&all->ended));
	lockdown_unref(all->lockdown);
	free(all);
}

static void reach_end(struct reach *r)
{
	struct reaching *all = r->all;

	free(r->origins);
	free(r);
	if (atomic_fetch_sub(&all->homes, 1) == 1)
		loop_post(all->route->env.loops->loop[0], &all->task);
}

static bool is_over(const struct reach *r)
{
	return r->at == r->len && list_is_empty(&r->ending);
}

static void run_share(struct task *task)
{
	struct reach *r = container_of(task, struct reach, task);
	struct share share = share_begin();

	while (!is_over(r) && share_takes(&share)) {
		if (r->at < r->len)
			tell_next(r);
		else
			end_next(r);
	}
	if (is_over(r))
		reach_end(r);
	else
		loop_post_next(r->home->loop, &r->task);
}

static void release_all(struct home *h)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&h->users, &i));)
		sluice_release(slot->value);
}

static void run_find(struct task *task)
{
	struct reach *r = container_of(task, struct reach, task);

	list_init(&r->ending);
	find_all(r);
	if (!r->all->on)
		release_all(r->home);
	r->task.run = run_share;
	run_share(task);
}

void route_lockdown(struct route *r, struct lockdown *l, struct str id, bool on,
	void (*done)(void *owner, unsigned told, unsigned ended), void *owner)
{
	struct reaching *all = calloc(1, sizeof(*all));
	struct reach **parts = calloc(r->count, sizeof(struct reach *));
	unsigned made = 0;

	for (; all && parts && made < r->count; made++)
		if (!(parts[made] = calloc(1, sizeof(struct reach))))
			break;
	if (made < r->count) {
		log_error("memory is out: a switch is in force, but does not reach those who are there");
		while (made)
			free(parts[--made]);
		free(all);
		free(parts);
		done(owner, 0, 0);
		return;
	}
	*all = (struct reaching){.task.run = run_reached, .route = r, .lockdown = lockdown_ref(l), .off = lockdown_find(l, id),
		.on = on, .homes = r->count, .done = done, .owner = owner};
	for (unsigned i = 0; i < r->count; i++) {
		*parts[i] = (struct reach){.task.run = run_find, .all = all, .home = &r->home[i]};
		loop_post(r->home[i].loop, &parts[i]->task);
	}
	free(parts);
}

/* ---- a look, without doing anything ---- */

struct looking {
	struct route *route;
	struct lockdown *lockdown;
	const struct lockdown_switch *off;
	void (*each)(void *owner, const struct route_hit *hit);
	void (*done)(void *owner);
	void *owner;
	unsigned waiting;
	struct look {
		struct task task;
		struct looking *all;
		struct home *home;
		struct arena *arena;
		struct route_hit *hits;
		size_t len;
	} look[];
};

static void run_look_back(struct task *task)
{
	struct look *k = container_of(task, struct look, task);
	struct looking *all = k->all;

	for (size_t i = 0; i < k->len; i++)
		all->each(all->owner, &k->hits[i]);
	arena_free(k->arena);
	if (--all->waiting)
		return;
	all->done(all->owner);
	lockdown_unref(all->lockdown);
	free(all);
}

static void hit_fill(struct route_hit *hit, const struct session *s, struct arena *arena)
{
	size_t n = 0;

	for (size_t i = 0; directed_next(s, &i);)
		n++;
	*hit = (struct route_hit){.jid = arena_dup(arena, s->origin->jid.full), .detached = !s->port};
	hit->rooms = arena_alloc(arena, (n + 1) * sizeof(hit->rooms[0]));
	for (size_t i = 0; hit->rooms && directed_next(s, &i) && hit->rooms_len < n;)
		if (settings_is_rooms(s->user->home->settings, jid_split(directed_at(s, i - 1)).domain))
			hit->rooms[hit->rooms_len++] = arena_dup(arena, directed_at(s, i - 1));
}

static void run_look(struct task *task)
{
	struct look *k = container_of(task, struct look, task);
	size_t room = k->home->sessions;
	struct map_slot *slot;

	k->arena = arena_new(0);
	k->hits = k->arena ? arena_alloc(k->arena, (room + 1) * sizeof(*k->hits)) : NULL;
	for (size_t i = 0; k->hits && (slot = map_next(&k->home->users, &i));) {
		struct user *u = slot->value;

		session_each(s, u) if (k->len < room && lock_is_for(k->all->lockdown, k->all->off, s))
			hit_fill(&k->hits[k->len++], s, k->arena);
	}
	k->task.run = run_look_back;
	loop_post(k->all->route->env.loops->loop[0], &k->task);
}

void route_lockdown_look(struct route *r, struct lockdown *l, struct str id,
	void (*each)(void *owner, const struct route_hit *hit), void (*done)(void *owner), void *owner)
{
	struct looking *all = calloc(1, sizeof(*all) + r->count * sizeof(all->look[0]));

	if (!all) {
		done(owner);
		return;
	}
	*all = (struct looking){.route = r, .lockdown = lockdown_ref(l), .off = lockdown_find(l, id), .each = each, .done = done,
		.owner = owner, .waiting = r->count};
	for (unsigned i = 0; i < r->count; i++) {
		all->look[i] = (struct look){.task.run = run_look, .all = all, .home = &r->home[i]};
		loop_post(r->home[i].loop, &all->look[i].task);
	}
}
