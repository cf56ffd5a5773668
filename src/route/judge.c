#include "route/judge.h"

#include <errno.h>
#include <stdlib.h>

#include "account/turnstile.h"
#include "base/clock.h"
#include "base/log.h"
#include "client/seen.h"
#include "client/table.h"
#include "route/confirmation.h"
#include "route/probation.h"
#include "route/ruling.h"
#include "rule/client_patch.h"

void judge_free(struct session *s)
{
	probation_free(s);
	s->standing = standing_unref(s->standing);
	s->patches = client_patches_unref(s->patches);
}

/* ---- all of them again ---- */

/* Whose client nobody needed to know is asked now, and goes on meanwhile. Who is away is judged by what he has shown, and finds the
 * questions when he resumes the session. */
static void ask_again(struct session *s)
{
	if (ruling_worst(s) == CLIENT_ALLOW)
		return;
	if (!s->probation || !s->port)
		ruling_now(s);
	if (s->probation && !session_is_ending(s))
		probation_ask(s);
}

static void decide_again(struct session *s)
{
	if (!s->standing || session_is_ending(s))
		return;
	if (s->standing->client || s->standing->limits || confirmation_limits(s))
		ruling_again(s);
	if (!session_is_ending(s) && !s->standing->client)
		ask_again(s);
}

void judge_moved(struct session *s)
{
	decide_again(s);
}

void judge_all(struct home *h)
{
	struct map_slot *slot;

	if (h->route->env.turnstile)
		turnstile_clear(h->route->env.turnstile);
	h->judge_again_us = client_next_change_us(h->policy, clock_utc_us());
	for (size_t at = 0; (slot = map_next(&h->users, &at));)
		session_each(s, (struct user *)slot->value) decide_again(s);
}

void judge_tick(struct home *h)
{
	if (h->judge_again_us && clock_utc_us() >= h->judge_again_us)
		judge_all(h);
}

/* ---- another table ---- */

struct change {
	struct task task;
	struct home *home;
	struct client_table *clients; /* counted */
};

static bool is_same_row(const struct client_known *a, const struct client_known *b)
{
	return a == b || (a && b && str_eq(a->product, b->product) && str_eq(a->version, b->version));
}

/* Who is here already, and shows a hash of which something else is known now. */
static void judge_those(struct home *h, const struct client_table *before)
{
	struct client_signals seen;
	struct map_slot *slot;

	for (size_t at = 0; (slot = map_next(&h->users, &at));)
		session_each(s, (struct user *)slot->value)
		{
			seen_view(s->seen, &seen);
			if (seen.caps_ver.len && s->standing && s->standing->client &&
				!is_same_row(client_table_caps(before, seen.caps_hash, seen.caps_ver),
					client_table_caps(h->clients, seen.caps_hash, seen.caps_ver)))
				ruling_now(s);
		}
}

static void run_change(struct task *task)
{
	struct change *c = container_of(task, struct change, task);
	struct client_table *before = c->home->clients;

	c->home->clients = c->clients;
	judge_those(c->home, before);
	client_table_unref(before);
	free(c);
}

void route_set_clients(struct route *r, struct client_table *clients)
{
	for (unsigned i = 0; i < r->count; i++) {
		struct change *c = malloc(sizeof(*c));

		if (!c) {
			log_error("out of memory: loop %u keeps the old table of clients", i);
			continue;
		}
		*c = (struct change){.task.run = run_change, .home = &r->home[i], .clients = client_table_ref(clients)};
		loop_post(r->home[i].loop, &c->task);
	}
}

const struct client_table *route_clients(struct route *r)
{
	return home_here(r)->clients;
}

int judge_init(struct home *h)
{
	struct client_decision everybody = {.effect = CLIENT_ALLOW};
	struct err err;

	list_init(&h->probations);
	h->stranger = standing_new(NULL, &everybody, STR_NONE, STR_NONE);
	h->judge_timer = malloc(sizeof(*h->judge_timer));
	if (!h->stranger || !h->judge_timer || client_table_new(&h->shipped, NULL, 0, &err)) {
		free(h->judge_timer);
		h->judge_timer = NULL;
		return -ENOMEM;
	}
	h->clients = client_table_ref(h->shipped);
	uv_timer_init(loop_uv(h->loop), h->judge_timer);
	h->judge_timer->data = h;
	return 0;
}

static void on_timer_closed(uv_handle_t *timer)
{
	free(timer);
}

void judge_done(struct home *h)
{
	standing_unref(h->stranger);
	client_table_unref(h->clients);
	client_table_unref(h->shipped);
	if (h->judge_timer)
		uv_close((uv_handle_t *)h->judge_timer, on_timer_closed);
}
