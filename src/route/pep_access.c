/* Who may look in no more, and who may now (XEP-0163 7.1, XEP-0060 12.2): after a node has been set otherwise, and after the
 * roster has changed. */
#include <stdlib.h>

#include "base/log.h"
#include "route/crew.h"
#include "route/pep_act.h"

void act_part(struct act *a, struct place *p)
{
	for (size_t i = 0; i < p->people_len;) {
		const struct place_standing *s = &p->people[i];
		struct onlooker who = pep_onlooker(a->user, jid_split(s->jid).bare);
		struct buf text = BUF_INIT(0);
		struct str jid;

		if (!s->subscribed || place_admits(p, &who) == PUBSUB_OK) {
			i++;
			continue;
		}
		jid = arena_dup(a->parcel->arena, s->jid);
		if (!jid.len)
			return; /* is asked about again at each event */
		event_put_subscription(&text, a->user->bare, act_event_id(a), p, jid, false);
		act_event_to(a, p->name, jid, &text);
		(void)place_subscribe(p, jid, false);
	}
}

/* ---- the roster ---- */

/* A contact as he was. One block of memory. */
struct review {
	struct task task;
	struct user *user;
	struct str jid, groups;
	bool subscribed;
	char text[];
};

static struct review *review_of(struct task *task)
{
	return container_of(task, struct review, task);
}

static void on_saved(struct store_req *req, int result)
{
	struct user *u = req->owner;

	if (result && u->pep)
		u->pep->failed = true;
	store_req_release(req);
	free(req);
	pep_busy(u, -1);
}

static void save(struct user *u, const struct place *p)
{
	struct store_req *req = calloc(1, sizeof(*req));
	struct buf state = BUF_INIT(0);
	struct store_pep_node row = {.name = p->name};

	place_put_text(&state, p);
	row.state = buf_view(&state);
	pep_busy(u, 1);
	if (req)
		store_req_init(req, on_saved, u);
	if (!req || buf_failed(&state) || store_pep_node_put(u->home->route->env.store, req, u->bare, &row)) {
		u->pep->failed = true;
		if (req)
			store_req_release(req);
		free(req);
		pep_busy(u, -1);
	}
	buf_done(&state);
}

/* Who could look in and cannot any more is subscribed no more; who has come into a group gets what is there. Who has come
 * by a subscription to presence gets that with presence. */
static void review_place(const struct review *r, struct place *p)
{
	struct user *u = r->user;
	struct onlooker now = pep_onlooker(u, r->jid), before = now;
	bool could, can = place_admits(p, &now) == PUBSUB_OK;

	before.groups = r->groups;
	before.subscribed = r->subscribed;
	could = place_admits(p, &before) == PUBSUB_OK;
	if (could && !can && place_leave(p, r->jid))
		save(u, p);
	else if (!could && can && r->subscribed)
		pep_send_wanted(u, p, r->jid);
}

static void run_review(struct task *task)
{
	struct review *r = review_of(task);
	struct user *u = r->user;
	struct map_slot *slot;

	if (pep_of(u))
		for (size_t i = 0; (slot = map_next(&u->pep->places, &i));)
			review_place(r, slot->value);
	free(r);
	user_busy(u, -1);
}

static void run_changed(struct task *task)
{
	task->run = run_review;
	pep_when_ready(review_of(task)->user, task);
}

void pep_contact_changes(struct user *u, const struct contact *before)
{
	struct review *r = malloc(sizeof(*r) + before->jid.len + before->groups.len);

	if (!r) {
		log_error("out of memory: a subscription to a node may outlive the right to it");
		return;
	}
	*r = (struct review){.task = {.run = run_changed},
		.user = u,
		.jid = str_of(r->text, before->jid.len),
		.groups = str_of(r->text + before->jid.len, before->groups.len),
		.subscribed = before->state & SUB_FROM || crew_knows(u, before->jid)};
	memcpy(r->text, before->jid.data, before->jid.len);
	if (before->groups.len)
		memcpy(r->text + before->jid.len, before->groups.data, before->groups.len);
	user_busy(u, 1);
	loop_post(u->home->loop, &r->task);
}
