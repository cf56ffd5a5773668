#include "route/home.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "conf/service.h"
#include "route/crew.h"
#include "route/deliver.h"
#include "route/history.h"
#include "route/postings.h"
#include "route/interest.h"
#include "route/inventory.h"
#include "route/judge.h"
#include "route/parallel.h"
#include "route/pep.h"
#include "route/rooms.h"
#include "route/session.h"
#include "route/user.h"

struct home *home_of(struct route *r, struct str bare)
{
	return &r->home[jid_home(bare, r->count)];
}

struct home *home_here(struct route *r)
{
	return &r->home[loop_index(loop_current())];
}

bool home_is_inside(const struct home *h, struct str domain)
{
	return settings_is_inside(h->settings, domain) || settings_is_rooms(h->settings, domain);
}

bool home_is_ours(const struct home *h, struct str domain)
{
	return settings_is_ours(h->settings, domain);
}

static void on_tick(struct timer *timer)
{
	struct home *h = container_of(timer, struct home, tick);

	timer_start(h->loop, timer, 1);
	probe_poll(h);
	deliver_tick(h);
	history_tick(h);
	crew_tick(h);
	rooms_tick(h);
	interest_tick(h);
	judge_tick(h);
	pep_tick(h);
	inventory_tick(h);
	parallel_tick(h);
	users_unload(h);
}

static void run_start(struct task *task)
{
	struct home *h = container_of(task, struct home, start);

	timer_start(h->loop, &h->tick, 1);
}

int home_init(struct home *h, struct route *r, unsigned index, const struct settings *settings)
{
	h->route = r;
	h->loop = r->env.loops->loop[index];
	h->record = r->env.record[index];
	h->settings = settings;
	map_init(&h->users);
	map_init(&h->rooms);
	map_init(&h->crews);
	list_init(&h->pushing);
	list_init(&h->peps);
	map_init(&h->interests_by_key);
	list_init(&h->interests);
	list_init(&h->idle);
	list_init(&h->unacked);
	list_init(&h->doomed);
	list_init(&h->announced);
	list_init(&h->fresh);
	list_init(&h->sightings);
	list_init(&h->unsighted);
	dialogs_init(&h->dialogs);
	buf_init(&h->scratch, 0);
	holds_init(&h->holds);
	arrivals_init(&h->arrivals);
	timer_init(&h->tick, on_tick);
	h->ended = calloc(ENDED_MAX, sizeof(*h->ended));
	h->history = history_new(h);
	return h->ended && h->history ? judge_init(h) : -ENOMEM;
}

void home_start(struct home *h)
{
	h->start.run = run_start;
	loop_post(h->loop, &h->start);
}

/* The loop has stopped. */
void home_done(struct home *h)
{
	struct map_slot *slot;
	size_t at = 0;

	while ((slot = map_next(&h->users, &at))) {
		struct user *u = slot->value;

		sessions_discard(u);
		user_free(u);
		at = 0;
	}
	map_done(&h->users);
	judge_done(h);
	crew_done(h);
	interests_done(h);
	rooms_done(h);
	dialogs_done(&h->dialogs);
	for (int i = 0; i < ROUTE_POSTINGS; i++)
		posting_unref(h->posting[i]);
	policy_set_unref(h->policy);
	policy_set_unref(atomic_load(&h->next_policy));
	buf_done(&h->scratch);
	h->history = history_free(h->history);
	free(h->ended);
}
