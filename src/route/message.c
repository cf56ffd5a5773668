#include "route/message.h"

#include "route/answer.h"
#include "route/carbons.h"
#include "route/components.h"
#include "route/confirmation.h"
#include "route/deliver.h"
#include "route/flood.h"
#include "route/history.h"
#include "route/offline.h"
#include "route/quiet.h"
#include "route/strangers.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum message_type message_type(struct str type)
{
	if (str_is(type, "chat"))
		return MESSAGE_CHAT;
	if (str_is(type, "groupchat"))
		return MESSAGE_GROUPCHAT;
	if (str_is(type, "headline"))
		return MESSAGE_HEADLINE;
	return str_is(type, "error") ? MESSAGE_ERROR : MESSAGE_NORMAL;
}

/* 8.5.2: user@domain. */
static enum fate fate_of_bare(enum message_type type, bool taker)
{
	switch (type) {
	case MESSAGE_NORMAL:
	case MESSAGE_CHAT:
		return taker ? FATE_ALL : FATE_STORE;
	case MESSAGE_HEADLINE:
		return taker ? FATE_ALL : FATE_DROP;
	case MESSAGE_GROUPCHAT:
		return FATE_ERROR;
	case MESSAGE_ERROR:
		break;
	}
	return FATE_DROP;
}

enum fate message_fate(enum message_type type, const struct addressee *to)
{
	if (!to->exists) /* 8.5.1; of a headline to somebody who is not there (8.5.2.2.1) nothing is heard either */
		return type == MESSAGE_ERROR || (type == MESSAGE_HEADLINE && !to->is_full) ? FATE_DROP : FATE_ERROR;
	if (!to->is_full)
		return fate_of_bare(type, to->taker);
	if (to->matched)
		return FATE_ONE; /* 8.5.3.1 */
	if (type == MESSAGE_CHAT)
		return fate_of_bare(type, to->taker); /* 8.5.3.2.1 */
	return type == MESSAGE_ERROR ? FATE_DROP : FATE_ERROR;
}

struct blob *message_blob(struct user *u, const struct parcel *p)
{
	struct attr by = {.name = STR("by"), .value = u->bare};
	struct attr id = {.next = &by, .name = STR("id"), .value = str_from(p->record_id)};
	struct node sid = {.name = STR("stanza-id"), .ns = NS_SID, .attrs = &id, .kind = NODE_ELEMENT};
	struct xml_stamp stamp = {.extra = p->record_id[0] ? &sid : NULL};

	if (p->xml.len)
		xml_put_again(&u->home->scratch, p->xml, p->stanza, stamp.extra);
	else
		xml_put_stamped(&u->home->scratch, p->stanza, NS_CLIENT, &stamp);
	return blob_of_scratch(u->home);
}

/* ---- the recipient's side ---- */

static const struct receipt *receipt_of(const struct user *u, const struct parcel *p)
{
	if (p->class == CLASS_CONTENT) {
		assert(p->receipt);
		return p->receipt;
	}
	return record_signal(u->home->record, SIGNAL_CHAT_STATE);
}

static bool may_be_stored(const struct user *u, const struct parcel *p)
{
	return p->class == CLASS_CONTENT && u->home->settings->offline_max > 0 &&
	       !node_child(p->stanza, STR("no-store"), NS_HINTS);
}

/* A message for several sessions, one of which may never acknowledge it, is stored only if none has got it.
 */
static struct fan *fan_for(const struct user *u, const struct parcel *p, const struct session *only)
{
	if (only || u->session_count < 2 || p->class != CLASS_CONTENT)
		return NULL;
	session_each(s, u) if (s->sm) return fan_new();
	return NULL;
}

/* A room's words and headlines are of their moment. */
static bool is_kept(enum message_type type)
{
	return type == MESSAGE_NORMAL || type == MESSAGE_CHAT;
}

static bool takes(const struct session *s, const struct parcel *p)
{
	return session_takes_messages(s) && session_may_get(s, &p->origin->jid);
}

/* To all who take it; where none of them can, it is kept. */
static void offer(struct user *u, struct parcel *p, struct session *only, const struct goods *g)
{
	const struct receipt *receipt = receipt_of(u, p);
	struct session *declined = NULL;
	bool taken = false;

	session_each(s, u)
	{
		if (only ? s != only : !takes(s, p))
			continue;
		if (deliver_offer(s, g, receipt))
			taken = true;
		else
			declined = s;
	}
	if (declined && !taken)
		deliver_turn_away(declined, g, receipt);
}

static void hand_over(struct user *u, struct parcel *p, struct session *only)
{
	struct goods g = {.blob = message_blob(u, p), .hold = p->hold, .note = true};

	if (!g.blob) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		return;
	}
	if (p->class == CLASS_CONTENT && is_kept(message_type(p->type)))
		g.keep = p->origin;
	if (p->class == CLASS_SIGNAL) {
		g.calm = (uint8_t)quiet_message(p->stanza);
		g.sender = p->origin->jid.full;
	}
	g.fan = fan_for(u, p, only);
	offer(u, p, only, &g);
	fan_unref(g.fan);
	blob_unref(g.blob);
}

static void settle(struct user *u, struct parcel *p, enum fate fate, struct session *only)
{
	bool copies;

	if (fate == FATE_STORE && !may_be_stored(u, p))
		fate = p->class == CLASS_CONTENT ? FATE_ERROR : FATE_DROP;
	if (fate != FATE_STORE)
		history_arrived(u, p, fate == FATE_ONE || fate == FATE_ALL);
	switch (fate) {
	case FATE_ONE:
	case FATE_ALL:
		copies = carbons_take(u, p);
		hand_over(u, p, only);
		if (copies)
			carbons_received(u, p, only, receipt_of(u, p));
		break;
	case FATE_STORE:
		offline_keep(u, p);
		return;
	case FATE_ERROR:
		answer_error(p, STANZA_SERVICE_UNAVAILABLE, NULL);
		break;
	case FATE_DROP:
		break;
	}
	parcel_end(p);
}

static bool has_taker(const struct user *u, const struct parcel *p)
{
	session_each(s, u) if (takes(s, p)) return true;
	return false;
}

/* Whoever it comes from by its address is not always who has sent it: a room passes invitations on. */
static bool is_blocked(const struct user *u, const struct parcel *p)
{
	return user_blocks(u, &p->origin->jid) || (p->by_room && user_blocks(u, p->by_room));
}

/* The recipient is loaded. While offline messages are handed over, new ones queue up behind them. */
static void run_arrive(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = p->user;
	struct session *only = NULL;
	struct addressee to = {.exists = true, .is_full = !jid_is_bare(&p->to)};

	if (u->flooding) {
		task->next = NULL;
		*u->held_end = task;
		u->held_end = &task->next;
		return;
	}
	if (is_blocked(u, p)) {
		history_arrived(u, p, false);
		answer_error(p, STANZA_SERVICE_UNAVAILABLE, NULL);
		parcel_end(p);
		return;
	}
	if (flood_stops(u, p)) {
		history_arrived(u, p, false);
		parcel_end(p);
		return;
	}
	if (strangers_take(u, p))
		return;
	if (to.is_full)
		only = session_by_resource(u, p->to.resource);
	if (only && (session_is_ending(only) || !session_may_get(only, &p->origin->jid) || !session_may_hear(only)))
		only = NULL;
	to.matched = only != NULL;
	to.taker = has_taker(u, p);
	settle(u, p, message_fate(message_type(p->type), &to), only);
}

static void run_receive(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = user_of_account(home_here(p->route), p->to.bare, p->to_hash);

	if (!u) {
		struct addressee nobody = {.is_full = !jid_is_bare(&p->to)};

		history_keep(home_here(p->route), p, p->views);
		if (message_fate(message_type(p->type), &nobody) == FATE_ERROR)
			answer_error(p, STANZA_SERVICE_UNAVAILABLE, NULL);
		parcel_end(p);
		return;
	}
	p->user = u;
	if (p->class == CLASS_CONTENT)
		arrivals_add(u->home, p);
	task->run = run_arrive;
	user_when_ready(u, task);
}

void message_pass(struct parcel *p)
{
	parcel_pass(p, home_of(p->route, p->to.bare), run_receive);
}

/* ---- the sender's side ---- */

static bool is_for_us(const struct home *h, const struct jid *to)
{
	return home_is_ours(h, to->domain) && !jid_is_domain(to);
}

static void meet(struct user *u, const struct parcel *p)
{
	if (flood_meet(u, p->to.bare, p->to_hash))
		strangers_meet(u, p->to.bare);
}

void message_send(struct user *u, struct parcel *p)
{
	if (user_blocks(u, &p->to)) {
		answer_blocked_by_self(p);
		parcel_end(p);
		return;
	}
	if (confirmation_hears(u, p))
		return;
	if (!is_for_us(u->home, &p->to) && !components_has(p->route, p->to.domain)) {
		answer_error(p,
			home_is_ours(u->home, p->to.domain) ? STANZA_SERVICE_UNAVAILABLE
							    : STANZA_REMOTE_SERVER_NOT_FOUND,
			NULL);
		parcel_end(p);
		return;
	}
	if (p->class == CLASS_CONTENT && !str_is(p->type, "error"))
		meet(u, p);
	if (u->carbons)
		carbons_sent(u, p, receipt_of(u, p));
	history_sent(u, p);
	if (components_has(p->route, p->to.domain))
		components_pass(p);
	else
		message_pass(p);
}
