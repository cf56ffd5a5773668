/* Personal eventing (XEP-0163 on XEP-0060): every account is a service with nodes of its own. What is decided is decided in
 * src/pubsub/; here it is carried:
 *
 *   request -> home of the account -> its nodes, read when first needed -> store -> answer, and events
 *   event   -> one letter a contact or subscriber -> his home -> those sessions that want it (interest.h)
 *
 * Nodes are in memory while something is done with them and a minute longer; items are in the store only. A publish request is
 * content like any message: here it arrives with its receipt, and everything made of it carries that. */
#pragma once

#include "parcel/parcel.h"
#include "pubsub/place.h"
#include "route/kept.h"
#include "route/session.h"

/* The nodes of one account. */
struct pep {
	struct user *user;
	struct list link;  /* home->peps */
	struct map places; /* name -> struct place */
	struct store_req req;
	struct task *waiting, **waiting_end;
	unsigned busy; /* requests under way */
	uint64_t used; /* loop_seconds() */
	bool ready;
	bool failed; /* not read, or no longer what the store has: read again when nothing is under way */
};

/* Runs the task on this loop, at once or when the account's nodes have been read; pep_of() is then what there is. */
void pep_when_ready(struct user *owner, struct task *task);
/* NULL: they could not be read. */
struct pep *pep_of(const struct user *owner);
void pep_busy(struct user *owner, int by);
struct pep *pep_free(struct pep *p); /* accepts NULL, returns NULL */
/* Once a second: frees what nobody has used for a minute. */
void pep_tick(struct home *h);

/* Nothing of his is open to more than that, by the settings. */
enum node_access pep_widest(const struct user *owner);
/* How the account knows somebody now. Views of the account's roster until that changes: asked for anew each time, and not
 * kept while the store is. */
struct onlooker pep_onlooker(const struct user *owner, struct str bare);

/* An IQ about nodes of this account, from itself or somebody else, on the account's home. Takes over the parcel's reference. */
void pep_request(struct user *owner, struct parcel *p);

/* Discovery (XEP-0060 5), as far as `bare` may look in; the nodes have been read. */
void pep_put_nodes(struct buf *out, const struct user *owner, struct str bare);
/* disco#items of a node, for who may look in. Takes over the parcel's reference. */
void pep_list_items(struct user *owner, struct parcel *p);
/* The place of that name, if `bare` may look in; else NULL. */
const struct place *pep_visible(const struct user *owner, struct str bare, struct str node);

/* ---- events (pep_event.c) ---- */

/* An event of this place, a message without `to`: to the account's own sessions, to contacts, to subscribers, as far as they
 * may look in. */
void pep_announce(struct user *owner, const struct place *p, struct blob *event, const struct kept *kept,
	struct hold *hold);

/* Do walls and blocks let events of the account through to him? One's own account: always. */
[[nodiscard]] bool pep_may_reach(const struct user *owner, struct str jid);
/* And may he look into the place? */
[[nodiscard]] bool pep_may_hear(const struct user *owner, const struct place *p, struct str jid);

/* To one full or bare address, wanted or not; who sends it has asked whether he may hear it. */
void pep_send_event(struct user *owner, struct str to, struct blob *event, const struct kept *kept);
/* The same as an event of this place goes: to those sessions that want it, or to a subscriber. */
void pep_send_of(struct user *owner, const struct place *p, struct str to, bool subscriber, struct blob *event,
	const struct kept *kept);

/* Called before a contact of this account loses his subscription to presence, or is put into other groups: what he may look
 * into is then gone through, and subscriptions that have no ground any more end. `before`: as he is still. */
void pep_contact_changes(struct user *owner, const struct contact *before);

/* ---- last items (pep_last.c) ---- */

/* The newest items of those nodes of the account that are called like this (separated by U+001F), to the session behind the
 * origin, if it may have them. From any home. */
void pep_want(struct route *r, struct str owner, struct origin *origin, struct blob *nodes);
/* Somebody has just been let in to the account's presence: his sessions get what they want. On the account's home. */
void pep_offer(struct user *owner, struct str contact);
/* The newest item of one node to a new subscriber. */
void pep_send_last(struct user *owner, const struct place *p, struct str to);
/* The same to those sessions of a bare address that want it, if it goes with presence. */
void pep_send_wanted(struct user *owner, const struct place *p, struct str to);

static inline struct kept pep_kept(const struct store_stamp *stamp)
{
	struct kept k = {.seq = stamp->seq, .time_us = stamp->time_us};

	if (stamp->id.len == RECORD_ID)
		memcpy(k.id, stamp->id.data, RECORD_ID);
	else
		k.seq = 0;
	return k;
}
