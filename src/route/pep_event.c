/* Events on their way: one letter an address, to its home; there it is handed to the sessions that want it. */
#include <stdlib.h>

#include "base/log.h"
#include "route/crew.h"
#include "route/deliver.h"
#include "route/interest.h"
#include "route/pep.h"
#include "route/sharers.h"
#include "route/sight.h"
#include "stanza/xml_out.h"

/* One block of memory. */
struct pep_letter {
	struct task task;
	struct route *route;
	struct str from;     /* whose event, bare */
	struct jid to;
	struct str node;     /* empty: goes to whoever is meant, whatever he has said he wants */
	bool subscriber;     /* he has subscribed to the node himself */
	struct blob *event;  /* counted; without `to` */
	struct hold *hold;   /* counted */
	struct kept kept;
	char text[];
};

static void letter_drop(struct pep_letter *l)
{
	blob_unref(l->event);
	hold_unref(l->hold);
	free(l);
}

/* ---- arriving ---- */

/* Our own serialiser wrote it, so it begins with <message. */
static struct blob *event_to(struct home *h, const struct blob *event, struct str to)
{
	struct str start = STR("<message");
	struct buf *b = &h->scratch;

	buf_str(b, start);
	buf_lit(b, " to='");
	xml_escape(b, to);
	buf_lit(b, "'");
	buf_put(b, event->data + start.len, event->len - start.len);
	return blob_of_scratch(h);
}

static bool takes(const struct session *s, const struct pep_letter *l)
{
	if (!session_is_available(s))
		return false;
	if (l->to.resource.len)
		return str_eq(s->origin->jid.resource, l->to.resource) &&
		       (!l->node.len || l->subscriber || interest_holds(s, l->node));
	return !l->node.len || interest_holds(s, l->node);
}

/* XEP-0163 4.3.2: to each of a subscriber's clients that has said it wants the node; when none has, once to his bare address,
 * as a message to that goes. */
static bool goes_to_bare(const struct user *u, const struct pep_letter *l)
{
	if (!l->subscriber || l->to.resource.len)
		return false;
	session_each(s, u) if (takes(s, l)) return false;
	return true;
}

static void hand_over(struct session *s, const struct pep_letter *l, struct str to, const struct receipt *receipt)
{
	bool own = str_eq(l->from, s->user->bare);
	struct goods g = {.blob = event_to(s->user->home, l->event, to),
		.hold = l->hold,
		.note = !own && !receipt_is_signal(receipt)};

	if (g.blob)
		deliver(s, &g, receipt);
	blob_unref(g.blob);
}

static void hand_out(struct user *u, const struct pep_letter *l, const struct receipt *receipt)
{
	bool bare = goes_to_bare(u, l);

	session_each(s, u) if (bare ? session_takes_messages(s) : takes(s, l))
		hand_over(s, l, bare ? u->bare : s->origin->jid.full, receipt);
}

static void run_letter(struct task *task)
{
	struct pep_letter *l = container_of(task, struct pep_letter, task);
	struct home *h = home_here(l->route);
	struct user *u = user_find(h, l->to.bare);
	struct jid from = jid_split(l->from);
	struct arena *arena = u && u->session_count ? arena_new(0) : NULL;
	const struct receipt *receipt = arena ? kept_receipt(&l->kept, arena, h->record) : NULL;

	if (receipt && !user_blocks(u, &from))
		hand_out(u, l, receipt);
	arena_free(arena);
	letter_drop(l);
}

/* ---- sending ---- */

static struct str put_text(char **at, struct str s)
{
	struct str copy = str_of(*at, s.len);

	if (s.len)
		memcpy(*at, s.data, s.len);
	*at += s.len;
	return copy;
}

/* How it goes: `node` and `subscriber` of a letter. */
struct manner {
	struct str node;
	bool subscriber;
};

static void letter_post(struct user *u, struct str to, struct manner how, struct blob *event, const struct kept *kept,
	struct hold *hold)
{
	struct pep_letter *l = malloc(sizeof(*l) + u->bare.len + to.len + how.node.len);
	char *at;

	if (!l) {
		log_error("out of memory: an event is lost");
		return;
	}
	*l = (struct pep_letter){.task = {.run = run_letter},
		.route = u->home->route,
		.event = blob_ref(event),
		.hold = hold_ref(hold),
		.subscriber = how.subscriber,
		.kept = *kept};
	at = l->text;
	l->from = put_text(&at, u->bare);
	l->to = jid_split(put_text(&at, to));
	l->node = put_text(&at, how.node);
	loop_post(home_of(l->route, l->to.bare)->loop, &l->task);
}

void pep_send_event(struct user *u, struct str to, struct blob *event, const struct kept *kept)
{
	letter_post(u, to, (struct manner){.node = STR("")}, event, kept, NULL);
}

void pep_send_of(struct user *u, const struct place *p, struct str to, bool subscriber, struct blob *event,
	const struct kept *kept)
{
	letter_post(u, to, (struct manner){.node = p->name, .subscriber = subscriber}, event, kept, NULL);
}

/* An event is a message, and goes where presence goes: a wall for either kind stops it. */
bool pep_may_reach(const struct user *u, struct str jid)
{
	struct jid who = jid_split(jid);

	return may_see(u->home, who.bare, u->bare) && sight_is_open(u->home, u->bare, who.bare, WALL_MESSAGE) &&
	       !user_blocks(u, &who);
}

bool pep_may_hear(const struct user *u, const struct place *p, struct str jid)
{
	struct onlooker onlooker = pep_onlooker(u, jid_split(jid).bare);

	return place_admits(p, &onlooker) == PUBSUB_OK && pep_may_reach(u, jid);
}

/* Of those who get the account's presence; who has subscribed to the node gets it as a subscriber. */
static void announce_to(struct user *u, const struct place *p, struct str jid, struct blob *event,
	const struct kept *kept, struct hold *hold)
{
	const struct place_standing *s = place_standing(p, jid);

	if (!(s && s->subscribed) && pep_may_hear(u, p, jid))
		letter_post(u, jid, (struct manner){.node = p->name}, event, kept, hold);
}

/* Of those who show him their presence and do not get his. */
static void announce_to_sharers(
	struct user *u, const struct place *p, struct blob *event, const struct kept *kept, struct hold *hold)
{
	struct str full;

	for (size_t i = 0; sharers_next(u, &i, &full);) {
		const struct place_standing *s = place_standing(p, jid_split(full).bare);

		if (!(s && s->subscribed))
			announce_to(u, p, full, event, kept, hold);
	}
}

void pep_announce(
	struct user *u, const struct place *p, struct blob *event, const struct kept *kept, struct hold *hold)
{
	struct mates mates = crew_mates(u->home, u->has_crew ? u->person : NULL);
	struct contact c;

	if (!p->options.deliver_notifications) {
		mates_done(&mates);
		return;
	}
	letter_post(u, u->bare, (struct manner){.node = p->name}, event, kept, hold);
	for (uint32_t at = 0; contacts_next(&u->roster, &at, &c);)
		if ((c.state & SUB_FROM) && !crew_knows(u, c.jid))
			announce_to(u, p, c.jid, event, kept, hold);
	for (size_t i = 0; i < mates.len; i++)
		announce_to(u, p, mates.people[i]->jid, event, kept, hold);
	mates_done(&mates);
	if (p->options.access == ACCESS_OPEN)
		announce_to_sharers(u, p, event, kept, hold);
	for (size_t i = 0; i < p->people_len; i++) {
		const struct place_standing *s = &p->people[i];

		if (s->subscribed && !str_eq(s->jid, u->bare) && pep_may_hear(u, p, s->jid))
			letter_post(u, s->jid, (struct manner){.node = p->name, .subscriber = true}, event, kept, hold);
	}
}
