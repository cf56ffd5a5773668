/* The administrator's questions travel to every home and come back to loop 0. */
#include <stdlib.h>

#include "account/directory.h"
#include "base/log.h"
#include "client/installation.h"
#include "client/judge.h"
#include "client/seen.h"
#include "route/channel.h"
#include "route/home.h"
#include "route/parallel.h"
#include "route/roster.h"
#include "route/session.h"
#include "route/subscription.h"

/* ---- listing ---- */

struct listing;

struct part {
	struct task task;
	struct listing *listing;
	struct home *home;
	struct arena *arena;
	struct route_session *rows;
	size_t len;
};

struct listing {
	struct route *route;
	void (*each)(void *owner, const struct route_session *s);
	void (*done)(void *owner);
	void *owner;
	unsigned waiting;
	struct part part[];
};

static void run_part_back(struct task *task)
{
	struct part *p = container_of(task, struct part, task);
	struct listing *l = p->listing;

	for (size_t i = 0; i < p->len; i++) {
		l->each(l->owner, &p->rows[i]);
		judgement_unref(p->rows[i].client);
	}
	arena_free(p->arena);
	if (--l->waiting)
		return;
	l->done(l->owner);
	free(l);
}

/* RFC 6121 4.7.2.1. A text in the presence cannot look like it: it is escaped. */
static bool is_away(const struct session *s)
{
	static const char *const shows[] = {"<show>away</show>", "<show>xa</show>"};

	for (size_t i = 0; s->presence && i < sizeof(shows) / sizeof(shows[0]); i++)
		if (memmem(s->presence->data, s->presence->len, shows[i], strlen(shows[i])))
			return true;
	return false;
}

/* From all it has shown until now, also where no rule needs to know. */
static struct judgement *client_of(const struct session *s)
{
	struct client_signals seen;

	seen_view(s->seen, &seen);
	return client_judge(s->user->home->clients, &seen);
}

/* As the store has it: by what it was noted as. */
static void row_fill_sighting(struct route_session *row, const struct session *s, struct arena *a)
{
	struct buf key = BUF_INIT(INSTALLATION_MAX);

	if (s->sighting.client)
		installation_put(&key, s->sighting.client, s->origin->jid.resource);
	row->installation = arena_dup(a, buf_view(&key));
	for (size_t i = 0; i < STORE_USES; i++)
		row->uses[i] = s->sighting.uses[i];
	buf_done(&key);
}

static void row_fill_standing(struct route_session *row, const struct session *s, struct arena *a)
{
	row->client = client_of(s);
	row->effect = s->standing ? s->standing->effect : CLIENT_ALLOW;
	row->rule = s->standing ? arena_dup(a, s->standing->rule) : STR_NONE;
}

static void row_fill(struct route_session *row, const struct session *s, struct arena *a)
{
	const struct origin *o = s->origin;
	struct channel at = channel_of(s);

	*row = (struct route_session){.jid = arena_dup(a, o->jid.full),
		.session = arena_dup(a, o->session),
		.address = arena_dup(a, at.address),
		.tls = arena_dup(a, at.tls),
		.mechanism = arena_dup(a, at.mechanism),
		.ja4 = arena_dup(a, o->ja4),
		.connected_utc_us = s->connected_us,
		.person = o->person ? arena_dup(a, o->person->id) : STR_NONE,
		.loop = loop_index(s->port ? s->port->loop : s->user->home->loop),
		.detached = !s->port,
		.parallel = parallel_is(s),
		.unacked = s->sm ? s->sm->len : 0,
		.priority = s->priority,
		.available = session_is_available(s),
		.away = is_away(s)};
	row_fill_standing(row, s, a);
	row_fill_sighting(row, s, a);
}

static void run_part(struct task *task)
{
	struct part *p = container_of(task, struct part, task);
	size_t room = p->home->sessions;
	struct map_slot *slot;

	p->arena = arena_new(0);
	p->rows = p->arena ? arena_alloc(p->arena, (room + 1) * sizeof(*p->rows)) : NULL;
	for (size_t i = 0; p->rows && (slot = map_next(&p->home->users, &i));) {
		struct user *u = slot->value;

		session_each(s, u) if (p->len < room) row_fill(&p->rows[p->len++], s, p->arena);
	}
	p->task.run = run_part_back;
	loop_post(p->home->route->env.loops->loop[0], &p->task);
}

void route_list_sessions(struct route *r, void (*each)(void *owner, const struct route_session *s),
	void (*done)(void *owner), void *owner)
{
	struct listing *l = calloc(1, sizeof(*l) + r->count * sizeof(l->part[0]));

	if (!l) {
		done(owner);
		return;
	}
	*l = (struct listing){.route = r, .each = each, .done = done, .owner = owner, .waiting = r->count};
	for (unsigned i = 0; i < r->count; i++) {
		l->part[i] = (struct part){.listing = l, .home = &r->home[i], .task = {.run = run_part}};
		loop_post(r->home[i].loop, &l->part[i].task);
	}
}

/* ---- rosters ---- */

struct roster_reading {
	struct task task;
	struct route *route;
	void (*done)(void *owner, bool ok, struct str items, size_t len);
	void *owner;
	struct user *user;
	struct buf items;
	size_t len;
	bool ok;
	size_t bare_len;
	char bare[];
};

static void run_roster_read(struct task *task)
{
	struct roster_reading *x = container_of(task, struct roster_reading, task);

	x->done(x->owner, x->ok, buf_view(&x->items), x->len);
	buf_done(&x->items);
	free(x);
}

static void run_roster_loaded(struct task *task)
{
	struct roster_reading *x = container_of(task, struct roster_reading, task);

	x->len = roster_put_items(&x->items, x->user);
	x->ok = !x->user->failed && !buf_failed(&x->items);
	x->task.run = run_roster_read;
	loop_post(x->route->env.loops->loop[0], &x->task);
}

static void run_roster_ask(struct task *task)
{
	struct roster_reading *x = container_of(task, struct roster_reading, task);

	x->user = user_get(home_here(x->route), str_of(x->bare, x->bare_len));
	if (x->user) {
		x->task.run = run_roster_loaded;
		user_when_ready(x->user, &x->task);
		user_rest(x->user);
		return;
	}
	x->task.run = run_roster_read;
	loop_post(x->route->env.loops->loop[0], &x->task);
}

void route_read_roster(struct route *r, struct str bare,
	void (*done)(void *owner, bool ok, struct str items, size_t len), void *owner)
{
	struct roster_reading *x = calloc(1, sizeof(*x) + bare.len);

	if (!x) {
		done(owner, false, STR_NONE, 0);
		return;
	}
	*x = (struct roster_reading){
		.task.run = run_roster_ask, .route = r, .done = done, .owner = owner, .bare_len = bare.len};
	memcpy(x->bare, bare.data, bare.len);
	loop_post(home_of(r, bare)->loop, &x->task);
}

/* ---- accounts that are removed ---- */

/* What there was between the account and one contact. */
struct bond {
	struct str contact;
	unsigned state;
};

struct removal {
	struct task task;
	struct route *route;
	struct arena *arena; /* holds all of it */
	struct str bare;
	size_t len;
	struct bond bonds[];
};

static void run_removal(struct task *task)
{
	struct removal *x = container_of(task, struct removal, task);
	struct home *h = home_here(x->route);

	for (size_t i = 0; i < x->len; i++)
		subscription_leave(h, x->bare, x->bonds[i].contact, x->bonds[i].state);
	arena_free(x->arena);
}

static unsigned state_of(const struct store_roster_item *item)
{
	return item->subscription | (item->ask ? SUB_OUT : 0) | (item->pending_in.len ? SUB_IN : 0);
}

static struct removal *removal_new(struct route *r, struct str bare, const struct store_roster *roster)
{
	struct arena *arena = arena_new(0);
	struct removal *x = arena ? arena_alloc(arena, sizeof(*x) + roster->len * sizeof(x->bonds[0])) : NULL;

	if (!x) {
		arena_free(arena);
		return NULL;
	}
	*x = (struct removal){.task = {.run = run_removal}, .route = r, .arena = arena, .bare = arena_dup(arena, bare)};
	for (size_t i = 0; i < roster->len; i++)
		if (state_of(&roster->items[i]))
			x->bonds[x->len++] = (struct bond){
				.contact = arena_dup(arena, roster->items[i].contact), .state = state_of(&roster->items[i])};
	if (!arena_is_full(arena))
		return x;
	arena_free(arena);
	return NULL;
}

void route_account_removed(struct route *r, struct str bare, const struct store_roster *roster)
{
	struct removal *x = removal_new(r, bare, roster);

	if (x)
		loop_post(home_of(r, bare)->loop, &x->task);
	else
		log_error("out of memory: contacts of a removed account are not told before they log in again");
}

/* ---- closing ---- */

struct closing {
	struct task task;
	struct route *route;
	const char *text;
	void (*done)(void *owner, unsigned count);
	void *owner;
	unsigned count;
	bool others; /* all of the account but this one */
	struct jid jid;
	char bytes[];
};

static void run_closed(struct task *task)
{
	struct closing *c = container_of(task, struct closing, task);

	c->done(c->owner, c->count);
	free(c);
}

static struct session *next_to_close(const struct user *u, const struct closing *c)
{
	if (!c->others)
		return jid_is_bare(&c->jid) ? session_first(u) : session_by_resource(u, c->jid.resource);
	session_each(s, u) if (!str_eq(s->origin->jid.resource, c->jid.resource)) return s;
	return NULL;
}

/* Of an account that is disabled everything stays: it may be enabled, and bind, the next moment. */
static bool is_removed(const struct route *r, struct str bare)
{
	const struct person *person = directory_get(r->env.directory, bare);
	bool removed = !person;

	person_unref(person);
	return removed;
}

/* An account that has been removed is forgotten here, too: what was in memory is not written back. */
static void run_close(struct task *task)
{
	struct closing *c = container_of(task, struct closing, task);
	struct home *h = home_here(c->route);
	struct user *u = user_find(h, c->jid.bare);
	bool removed = u && is_removed(c->route, u->bare);
	struct session *s;

	while (u && (s = next_to_close(u, c))) { /* not-authorized: XEP-0077 3.2 */
		s->sighting.shut = true;
		session_end(s, removed ? "not-authorized" : "policy-violation", c->text,
			removed ? "the account has been removed" : "closed by an administrator");
		c->count++;
	}
	if (removed)
		u->failed = true;
	c->task.run = run_closed;
	loop_post(c->route->env.loops->loop[0], &c->task);
}

static void close_sessions(struct route *r, bool others, struct str jid, const char *text,
	void (*done)(void *owner, unsigned count), void *owner)
{
	struct closing *c = calloc(1, sizeof(*c) + jid.len);

	if (!c) {
		done(owner, 0);
		return;
	}
	*c = (struct closing){
		.task = {.run = run_close}, .route = r, .others = others, .text = text, .done = done, .owner = owner};
	memcpy(c->bytes, jid.data, jid.len);
	c->jid = jid_split(str_of(c->bytes, jid.len));
	loop_post(home_of(r, c->jid.bare)->loop, &c->task);
}

void route_close_sessions(struct route *r, struct str jid, const char *text,
	void (*done)(void *owner, unsigned count), void *owner)
{
	close_sessions(r, false, jid, text, done, owner);
}

void route_close_other_sessions(struct route *r, struct str jid, const char *text,
	void (*done)(void *owner, unsigned count), void *owner)
{
	close_sessions(r, true, jid, text, done, owner);
}
