#include "route/route.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "account/directory.h"
#include "base/clock.h"
#include "parcel/parcel.h"
#include "route/answer.h"
#include "route/components.h"
#include "route/crew.h"
#include "route/forewarn.h"
#include "route/history.h"
#include "route/home.h"
#include "route/inventory.h"
#include "route/iq.h"
#include "route/message.h"
#include "route/postings.h"
#include "route/presence.h"
#include "route/replay.h"
#include "route/rooms.h"
#include "route/rooms_board.h"
#include "route/session.h"
#include "route/sight.h"
#include "route/sweep.h"

static int route_init(struct route *r, const struct settings *settings)
{
	r->applied = applied_new(r);
	r->replay = replay_new(r);
	crew_watch(r);
	r->sweep = sweep_new(r);
	r->board = board_new();
	r->components = components_new(r, settings);
	if (!r->applied || !r->replay || !r->sweep || !r->board || !r->components)
		return -ENOMEM;
	for (unsigned i = 0; i < r->count; i++)
		if (home_init(&r->home[i], r, i, settings))
			return -ENOMEM;
	for (unsigned i = 0; i < r->count; i++)
		home_start(&r->home[i]);
	return postings_load(r) ? -EIO : rooms_load(r);
}

int route_new(struct route **out, const struct route_env *env, const struct settings *settings)
{
	unsigned count = env->loops->count;
	struct route *r = calloc(1, sizeof(*r) + count * sizeof(r->home[0]));
	int result;

	if (!r)
		return -ENOMEM;
	r->env = *env;
	r->count = count;
	r->started_ms = clock_mono_ms();
	r->settings = settings;
	map_init(&r->handled);
	result = route_init(r, settings);
	if (result)
		route_free(r);
	else
		*out = r;
	return result;
}

void route_settle(struct route *r)
{
	for (unsigned i = 0; i < r->count; i++) {
		history_settle(&r->home[i]);
		inventory_settle(&r->home[i]);
	}
}

struct route *route_free(struct route *r)
{
	struct map_slot *slot;

	if (!r)
		return NULL;
	crew_unwatch(r);
	for (unsigned i = 0; i < r->count; i++)
		home_done(&r->home[i]);
	for (size_t i = 0; (slot = map_next(&r->handled, &i));)
		free(slot->value);
	map_done(&r->handled);
	sweep_free(r->sweep);
	applied_free(r->applied);
	replay_free(r->replay);
	board_free(r->board);
	components_free(r->components);
	for (int i = 0; i < ROUTE_POSTINGS; i++)
		posting_unref(r->posting[i]);
	free(r);
	return NULL;
}

/* ---- settings ---- */

struct change {
	struct task task;
	struct home *home;
	const struct settings *settings;
};

static void run_change(struct task *task)
{
	struct change *c = container_of(task, struct change, task);

	c->home->settings = c->settings;
	free(c);
}

void route_set_settings(struct route *r, const struct settings *settings)
{
	r->settings = settings;
	for (unsigned i = 0; i < r->count; i++) {
		struct change *c = malloc(sizeof(*c));

		if (!c)
			return;
		*c = (struct change){.task = {.run = run_change}, .home = &r->home[i], .settings = settings};
		loop_post(r->home[i].loop, &c->task);
	}
}

/* ---- policy ---- */

static void run_policy(struct task *task)
{
	struct home *h = container_of(task, struct home, policy_task);

	sight_set_policy(h, atomic_exchange(&h->next_policy, NULL));
}

/* Without an allocation: what fails here would leave a wall open. */
void route_set_policy(struct route *r, struct policy_set *policy)
{
	for (unsigned i = 0; i < r->count; i++) {
		struct home *h = &r->home[i];
		struct policy_set *unseen = atomic_exchange(&h->next_policy, policy_set_ref(policy));

		h->policy_task.run = run_policy;
		if (unseen)
			policy_set_unref(unseen); /* its task is under way and takes this one */
		else
			loop_post(h->loop, &h->policy_task);
	}
}

/* ---- the stage ---- */

static void tell_ahead(struct user *u, const struct parcel *p)
{
	struct session *s = session_by_origin(u, p->origin);

	if (s)
		forewarn(s, &p->verdict);
}

/* The sender is loaded: his side of the matter first. */
static void run_send(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = p->user;

	inventory_used(u, p);
	if (p->verdict.warnings)
		tell_ahead(u, p);
	if (p->has_to && rooms_is_service(u->home, p->to.domain)) {
		rooms_send(u, p);
		return;
	}
	switch (p->kind) {
	case PARCEL_MESSAGE:
		message_send(u, p);
		break;
	case PARCEL_PRESENCE:
		presence_send(u, p);
		break;
	case PARCEL_IQ:
		iq_send(u, p);
		break;
	}
}

static void run_start(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = p->origin->user;

	if (!p->origin->person) {
		components_send(p);
		return;
	}
	if (!u) /* the session has ended meanwhile */
		u = user_get(home_here(p->route), p->origin->jid.bare);

	if (!u) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		parcel_end(p);
		return;
	}
	p->user = u;
	task->run = run_send;
	user_when_ready(u, task);
}

enum stage_result route_parcel(struct parcel *p, void *route)
{
	struct route *r = route;
	struct home *here = home_here(r);

	assert(p->class != CLASS_CONTENT || p->receipt);
	p->route = r;
	if (verdict_blocks(&p->verdict)) {
		if (p->receipt)
			holds_see(&here->holds, receipt_seq(p->receipt));
		probe_poll(here);
		answer_verdict(p);
		return STAGE_DONE;
	}
	if (p->class == CLASS_CONTENT) {
		p->hold = holds_take(&here->holds, receipt_seq(p->receipt), loop_ms(here->loop));
		probe_poll(here);
	}
	parcel_ref(p);
	p->task.run = run_start;
	loop_post(p->origin->home, &p->task);
	return STAGE_DONE;
}

void route_errand(struct route *r, struct errand *e)
{
	struct home *h = home_of(r, e->origin ? e->origin->jid.bare : e->bare.bare);

	e->route = r;
	e->task.run = session_run_errand;
	loop_post(h->loop, &e->task);
}

/* ---- rooms ---- */

bool route_room_members(struct route *r, const struct jid *to, struct buf *out)
{
	return board_members(r->board, to, out);
}

bool route_room_nick(struct route *r, const struct jid *room, struct str full, struct buf *out)
{
	return board_nick(r->board, room->bare, full, out);
}

const struct person *route_room_person(struct route *r, const struct jid *to)
{
	struct buf bare = BUF_INIT(0);
	const struct person *p = NULL;

	if (board_account(r->board, to, &bare))
		p = directory_get(r->env.directory, buf_view(&bare));
	buf_done(&bare);
	return p;
}

/* ---- figures ---- */

void route_tick(struct route *r)
{
	applied_tick(r->applied);
	sweep_tick(r->sweep);
}

void route_seen(struct route *r, uint64_t seq)
{
	holds_see(&r->home[0].holds, seq);
}

uint64_t route_applied_seq(const struct route *r)
{
	return applied_seq(r->applied);
}

static void add(uint64_t *to, const uint64_t *from)
{
	*to += __atomic_load_n(from, __ATOMIC_RELAXED);
}

void route_figures(const struct route *r, struct route_figures *out)
{
	*out = (struct route_figures){.rooms = board_count(r->board)};
	for (unsigned i = 0; i < r->count; i++) {
		const struct route_figures *f = &r->home[i].figures;

		add(&out->content, &f->content);
		add(&out->other, &f->other);
		add(&out->offline_kept, &f->offline_kept);
		add(&out->archived, &f->archived);
		for (int c = 0; c < CLIENT_CLASSES; c++)
			add(&out->clients_judged[c], &f->clients_judged[c]);
		add(&out->clients_held, &f->clients_held);
		add(&out->clients_overdue, &f->clients_overdue);
		durations_gather(&out->clients_wait, &f->clients_wait);
		for (int kind = 0; kind < 3; kind++)
			add(&out->takeovers[kind], &f->takeovers[kind]);
		add(&out->takeovers_told, &f->takeovers_told);
		add(&out->parallel, &f->parallel);
	}
}

size_t route_session_count(const struct route *r)
{
	size_t n = 0;

	for (unsigned i = 0; i < r->count; i++)
		n += r->home[i].sessions;
	return n;
}
