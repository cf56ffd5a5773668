/* The last item of a node to who has just come (XEP-0163 4.3.3): a session says what it wants to know, the account's home
 * says what there is and may be known. */
#include <stdlib.h>

#include "base/log.h"
#include "pubsub/event.h"
#include "route/interest.h"
#include "route/pep.h"

/* On its way to the account's home. One block of memory. */
struct want {
	struct task task;
	struct route *route;
	struct store_req req;
	struct user *user; /* the account, once it is in memory */
	struct origin *origin; /* counted; who wants it. NULL: an offer, or a new subscriber */
	struct blob *nodes;    /* counted */
	struct str owner, to;  /* to: whom the items go to; an offer: a bare address */
	bool subscriber;       /* a new one; else without `origin`: whoever wants it at `to` */
	char text[];
};

static struct want *want_new(struct route *r, struct str owner, struct str to)
{
	struct want *w = calloc(1, sizeof(*w) + owner.len + to.len);

	if (!w) {
		log_error("out of memory: last items are not sent");
		return NULL;
	}
	w->route = r;
	memcpy(w->text, owner.data, owner.len);
	memcpy(w->text + owner.len, to.data, to.len);
	w->owner = str_of(w->text, owner.len);
	w->to = str_of(w->text + owner.len, to.len);
	return w;
}

static void want_free(struct want *w)
{
	store_req_release(&w->req);
	origin_unref(w->origin);
	blob_unref(w->nodes);
	free(w);
}

/* ---- the items ---- */

static void item_send(struct want *w, const struct place *p, const struct store_pep_item *row)
{
	struct pubsub_item item = {
		.id = row->id, .publisher = row->publisher, .payload = row->xml, .delay_us = row->stamp.time_us};
	struct kept kept = pep_kept(&row->stamp);
	struct buf text = BUF_INIT(0);
	struct blob *b;

	event_put_item(&text, w->user->bare, row->stamp.id, p, &item);
	b = buf_failed(&text) ? NULL : blob_new(buf_view(&text));
	buf_done(&text);
	if (b && w->origin)
		pep_send_event(w->user, w->to, b, &kept);
	else if (b)
		pep_send_of(w->user, p, w->to, w->subscriber, b, &kept);
	blob_unref(b);
}

static void on_last(struct store_req *req, int result)
{
	struct want *w = req->owner;
	struct user *u = w->user;

	for (size_t i = 0; result == 0 && i < req->items->len; i++) {
		const struct place *p = pep_of(u) ? map_get(&u->pep->places, req->items->rows[i].node) : NULL;

		if (p && pep_may_hear(u, p, w->to))
			item_send(w, p, &req->items->rows[i]);
	}
	want_free(w);
	pep_busy(u, -1);
}

/* Names are copied by the store. */
static void want_ask(struct want *w, const struct str *nodes, size_t len)
{
	store_req_init(&w->req, on_last, w);
	pep_busy(w->user, 1);
	if (len && store_pep_last(w->route->env.store, &w->req, w->user->bare, nodes, len) == 0)
		return;
	pep_busy(w->user, -1);
	want_free(w);
}

static void send_newest(struct user *u, const struct place *p, struct str to, bool subscriber)
{
	struct want *w = p->options.persist ? want_new(u->home->route, u->bare, to) : NULL;

	if (!w)
		return;
	w->user = u;
	w->subscriber = subscriber;
	want_ask(w, &p->name, 1);
}

void pep_send_last(struct user *u, const struct place *p, struct str to)
{
	if (p->options.send_last != SEND_LAST_NEVER)
		send_newest(u, p, to, true);
}

void pep_send_wanted(struct user *u, const struct place *p, struct str to)
{
	if (p->options.deliver_notifications && p->options.send_last == SEND_LAST_ON_SUB_AND_PRESENCE)
		send_newest(u, p, to, false);
}

/* ---- what a session wants ---- */

static bool goes_with_presence(const struct place *p, struct str wanted)
{
	return p->options.persist && p->options.deliver_notifications &&
	       p->options.send_last == SEND_LAST_ON_SUB_AND_PRESENCE && list_holds(wanted, p->name);
}

static size_t gather(const struct want *w, struct str *out)
{
	const struct user *u = w->user;
	struct onlooker who = pep_onlooker(u, w->origin->jid.bare);
	struct map_slot *slot;
	size_t n = 0;

	for (size_t i = 0; (slot = map_next(&u->pep->places, &i));) {
		const struct place *p = slot->value;

		if (goes_with_presence(p, blob_view(w->nodes)) && place_admits(p, &who) == PUBSUB_OK)
			out[n++] = p->name;
	}
	return n;
}

static void run_ready(struct task *task)
{
	struct want *w = container_of(task, struct want, task);
	struct user *u = w->user;
	struct str *names = NULL;

	if (pep_of(u) && u->pep->places.len && pep_may_reach(u, w->origin->jid.full))
		names = calloc(u->pep->places.len, sizeof(*names));
	if (names)
		want_ask(w, names, gather(w, names));
	else
		want_free(w);
	free(names);
}

static void run_loaded(struct task *task)
{
	struct want *w = container_of(task, struct want, task);

	w->user = user_find(home_here(w->route), w->owner);
	if (!w->user) {
		want_free(w);
		return;
	}
	task->run = run_ready;
	pep_when_ready(w->user, task);
}

static void run_want(struct task *task)
{
	struct want *w = container_of(task, struct want, task);
	struct user *u = user_of_account(home_here(w->route), w->owner, 0);

	if (!u) {
		want_free(w);
		return;
	}
	task->run = run_loaded;
	user_when_ready(u, task);
}

void pep_want(struct route *r, struct str owner, struct origin *origin, struct blob *nodes)
{
	struct want *w = want_new(r, owner, origin->jid.full);

	if (!w)
		return;
	w->origin = origin_ref(origin);
	w->nodes = blob_ref(nodes);
	w->task.run = run_want;
	loop_post(home_of(r, owner)->loop, &w->task);
}

/* ---- an offer ---- */

static void run_offer(struct task *task)
{
	struct want *w = container_of(task, struct want, task);
	struct user *u = user_find(home_here(w->route), w->to);

	if (u)
		session_each(s, u) if (session_is_available(s)) interest_want(s, w->owner);
	want_free(w);
}

void pep_offer(struct user *u, struct str contact)
{
	struct want *w = want_new(u->home->route, u->bare, contact);

	if (!w)
		return;
	w->task.run = run_offer;
	loop_post(home_of(w->route, contact)->loop, &w->task);
}
