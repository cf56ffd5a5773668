/* The service stops (XEP-0045 11.2): who is in a room learns it before his stream ends. */
#include <stdlib.h>

#include "route/rooms_hall.h"

enum {
	/* Rooms speak; their words reach the homes of who is in them; and from there the connections. A task that is
	 * posted behind a round finds it done. */
	ROUNDS = 3,
};

struct turn {
	struct task task;
	struct farewell *farewell;
};

struct farewell {
	struct route *route;
	unsigned round, left;
	void (*done)(void *owner);
	void *owner;
	struct turn turn[]; /* one a loop */
};

static struct room *next_with_people(struct home *h)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&h->rooms, &i));)
		if (((struct room *)slot->value)->occupant_count)
			return slot->value;
	return NULL;
}

static void shut_rooms(struct home *h)
{
	struct room *r;

	while ((r = next_with_people(h))) {
		struct hall hall;

		hall_init(&hall, h, NULL);
		room_shut(r, &hall.sink);
		hall_leave(&hall, r);
	}
}

static void send_round(struct farewell *f);

static void run_answer(struct task *task)
{
	struct farewell *f = container_of(task, struct turn, task)->farewell;

	if (--f->left)
		return;
	if (++f->round < ROUNDS) {
		send_round(f);
		return;
	}
	f->done(f->owner);
	free(f);
}

static void run_turn(struct task *task)
{
	struct farewell *f = container_of(task, struct turn, task)->farewell;

	if (f->round == 0)
		shut_rooms(home_here(f->route));
	task->run = run_answer;
	loop_post(f->route->home[0].loop, task);
}

static void send_round(struct farewell *f)
{
	f->left = f->route->count;
	for (unsigned i = 0; i < f->route->count; i++) {
		f->turn[i].task.run = run_turn;
		loop_post(f->route->home[i].loop, &f->turn[i].task);
	}
}

void route_farewell(struct route *r, void (*done)(void *owner), void *owner)
{
	struct farewell *f = calloc(1, sizeof(*f) + r->count * sizeof(f->turn[0]));

	if (!f) {
		done(owner);
		return;
	}
	f->route = r;
	f->done = done;
	f->owner = owner;
	for (unsigned i = 0; i < r->count; i++)
		f->turn[i].farewell = f;
	send_round(f);
}
