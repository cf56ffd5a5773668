#include "route/history_round.h"

#include <errno.h>
#include <stdlib.h>

#include "route/history.h"

struct round;

struct leg {
	struct task task;
	struct arrivals_wait wait;
	struct home *home;
	struct round *round;
};

struct round {
	struct home *home;
	struct str owner;
	void (*done)(void *arg);
	void *arg;
	unsigned away; /* legs */
	struct leg leg[];
};

static void run_back(struct task *task)
{
	struct round *r = container_of(task, struct leg, task)->round;

	if (--r->away)
		return;
	r->done(r->arg);
	free(r);
}

static void all_arrived(struct arrivals_wait *wait)
{
	struct leg *l = container_of(wait, struct leg, wait);

	history_flush(l->home);
	l->task.run = run_back;
	loop_post(l->round->home->loop, &l->task);
}

static void run_leg(struct task *task)
{
	struct leg *l = container_of(task, struct leg, task);

	l->wait = (struct arrivals_wait){.owner = l->round->owner, .done = all_arrived};
	arrivals_await(l->home, &l->wait);
}

int history_round(struct home *h, struct str owner, void (*done)(void *arg), void *arg)
{
	struct route *route = h->route;
	struct round *r = calloc(1, sizeof(*r) + route->count * sizeof(r->leg[0]));

	if (!r)
		return -ENOMEM;
	r->home = h;
	r->owner = owner;
	r->done = done;
	r->arg = arg;
	r->away = route->count;
	for (unsigned i = 0; i < route->count; i++) {
		r->leg[i] = (struct leg){.task = {.run = run_leg}, .home = &route->home[i], .round = r};
		loop_post(route->home[i].loop, &r->leg[i].task);
	}
	return 0;
}
