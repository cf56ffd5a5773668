#include "route/pep.h"

#include <stdlib.h>

#include "base/log.h"
#include "pubsub/event.h"
#include "route/crew.h"
#include "route/sight.h"

enum {
	IDLE_SECONDS = 60,
};

/* ---- reading and forgetting ---- */

struct pep *pep_free(struct pep *p)
{
	struct map_slot *slot;

	if (!p)
		return NULL;
	for (size_t i = 0; (slot = map_next(&p->places, &i));)
		place_free(slot->value);
	map_done(&p->places);
	list_remove(&p->link);
	store_req_release(&p->req);
	p->user->pep = NULL;
	free(p);
	return NULL;
}

void pep_tick(struct home *h)
{
	uint64_t now = loop_seconds(h->loop);

	list_each_safe (it, &h->peps) {
		struct pep *p = container_of(it, struct pep, link);

		if (p->ready && !p->busy && (p->failed || p->used + IDLE_SECONDS < now))
			pep_free(p);
	}
}

static bool place_load(struct pep *p, const struct store_pep_node *row)
{
	struct place *place = place_new(row->name);

	if (!place || !place_take_text(place, row->state) || map_put(&p->places, place->name, place)) {
		place_free(place);
		return false;
	}
	return true;
}

static void run_waiting(struct pep *p)
{
	struct user *u = p->user;
	struct task *t;

	p->busy++;
	while ((t = p->waiting)) {
		p->waiting = t->next;
		if (!p->waiting)
			p->waiting_end = &p->waiting;
		t->run(t);
	}
	p->busy--;
	user_busy(u, -1);
}

static void on_nodes(struct store_req *req, int result)
{
	struct pep *p = req->owner;

	p->failed = result != 0;
	for (size_t i = 0; !p->failed && i < req->nodes->len; i++)
		p->failed = !place_load(p, &req->nodes->rows[i]);
	if (p->failed)
		log_error("the nodes of an account could not be read");
	store_req_release(req);
	p->ready = true;
	run_waiting(p);
}

static struct pep *pep_load(struct user *u)
{
	struct pep *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->user = u;
	p->waiting_end = &p->waiting;
	map_init(&p->places);
	list_init(&p->link);
	store_req_init(&p->req, on_nodes, p);
	if (store_pep_nodes(u->home->route->env.store, &p->req, u->bare)) {
		store_req_release(&p->req);
		free(p);
		return NULL;
	}
	list_append(&u->home->peps, &p->link);
	user_busy(u, 1);
	u->pep = p;
	return p;
}

void pep_when_ready(struct user *u, struct task *task)
{
	home_check(u->home);
	if (u->pep && u->pep->ready && u->pep->failed && !u->pep->busy)
		pep_free(u->pep);
	if (!u->pep && !pep_load(u)) {
		task->run(task);
		return;
	}
	u->pep->used = loop_seconds(u->home->loop);
	if (u->pep->ready && !u->pep->waiting) {
		pep_busy(u, 1);
		task->run(task);
		pep_busy(u, -1);
		return;
	}
	task->next = NULL;
	*u->pep->waiting_end = task;
	u->pep->waiting_end = &task->next;
}

struct pep *pep_of(const struct user *u)
{
	return u->pep && u->pep->ready && !u->pep->failed ? u->pep : NULL;
}

void pep_busy(struct user *u, int by)
{
	if (u->pep)
		u->pep->busy += (unsigned)by;
	user_busy(u, by);
}

/* ---- who looks ---- */

static bool shares_group(const void *roster, struct str bare, struct str group)
{
	return crew_shares(roster, bare, group);
}

enum node_access pep_widest(const struct user *u)
{
	return (enum node_access)u->home->settings->privacy_publish; /* the words are in the same order */
}

struct onlooker pep_onlooker(const struct user *u, struct str bare)
{
	struct contact c = {};
	struct onlooker who = {.bare = bare, .owner = str_eq(bare, u->bare), .shares = shares_group, .roster = u,
		.widest = pep_widest(u)};

	who.subscribed = user_state(u, bare) & SUB_FROM;
	if (user_contact(u, bare, &c))
		who.groups = c.groups;
	return who;
}

const struct place *pep_visible(const struct user *u, struct str bare, struct str node)
{
	struct onlooker who = pep_onlooker(u, bare);
	const struct place *p = pep_of(u) ? map_get(&u->pep->places, node) : NULL;

	return p && place_admits(p, &who) == PUBSUB_OK ? p : NULL;
}

void pep_put_nodes(struct buf *out, const struct user *u, struct str bare)
{
	struct onlooker who = pep_onlooker(u, bare);
	struct map_slot *slot;

	if (!pep_of(u))
		return;
	for (size_t i = 0; (slot = map_next(&u->pep->places, &i));) {
		const struct place *p = slot->value;

		if (place_admits(p, &who) != PUBSUB_OK)
			continue;
		buf_lit(out, "<item");
		pubsub_attr_put(out, "jid", u->bare);
		pubsub_attr_put(out, "node", p->name);
		if (p->options.title.len)
			pubsub_attr_put(out, "name", p->options.title);
		buf_lit(out, "/>");
	}
}
