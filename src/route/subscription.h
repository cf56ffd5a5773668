/* Subscriptions (RFC 6121 section 3): the state machine of appendix A as two tables, and what follows from
 * it. */
#pragma once

#include "parcel/parcel.h"
#include "route/letter.h"
#include "route/user.h"

/* What becomes of one stanza in one state. */
struct outcome {
	uint8_t state; /* SUB_ bits afterwards */
	bool passes;   /* outbound: routed to the contact; inbound: delivered to the user */
	bool answers;  /* inbound subscribe of somebody who is subscribed: the server says yes itself */
};

/* kind: LETTER_SUBSCRIBE ... LETTER_UNSUBSCRIBED. */
struct outcome subscription_outbound(enum letter_kind kind, unsigned state); /* A.2 */
struct outcome subscription_inbound(enum letter_kind kind, unsigned state);  /* A.3 */

/* The user's client sends one. Does not take over the parcel. */
void subscription_send(struct user *u, struct parcel *p, enum letter_kind kind);

/* Sends it on to the contact's side, whatever the sender's roster says; `bare` is the sender. On any home. */
void subscription_route(struct home *h, struct parcel *p, struct str bare, enum letter_kind kind);

/* One arrives for the user. */
void subscription_arrive(struct user *u, const struct letter *l);

/* Requests that wait for an answer are shown to a session that has just become available (3.1.3). */
void subscription_remind(struct session *s);

/* The request of that address was not shown so far (strangers.h): it is now, to all who are there. */
void subscription_show_held(struct user *u, struct str bare);

/* The contact is being removed from the roster (2.5.2): ends what there is both ways. */
void subscription_cancel(struct user *u, const struct contact *c);

/* The account `bare`, of this home, has been removed, and the store with it (store_account_remove): what it had with the contact
 * ends for those who are in memory, the account itself among them. */
void subscription_leave(struct home *h, struct str bare, struct str contact, unsigned state);
