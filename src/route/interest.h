/* What sessions want to hear of: the "+notify" features of their clients (XEP-0163 4.3, XEP-0115). The hash in presence is
 * looked up here, then in the store; only what nobody has ever shown is asked for, once, of one of those who show it, and
 * believed only if the answer hashes to it. All sessions of a loop with the same client share one entry. A client that never
 * answers is forgotten; what could not be verified is no interest at all. */
#pragma once

#include "parcel/parcel.h"
#include "pubsub/caps.h"
#include "route/session.h"

struct interest;

/* The session has broadcast available presence; after it is shown as available. New interests are followed by last items. */
void interest_presence(struct session *s, const struct node *presence);
/* Its client shows these capabilities, in presence that waits to be judged. What the hash stands for is told by probation_caps() at
 * once, or when the store has answered; probation_stranger(): nobody has ever shown it. */
void interest_judge(struct session *s, const struct caps *caps);
/* A client has answered a question that was not put from here. False: it does not hash to that; else it is known from now on,
 * and whoever waited for it is told. */
[[nodiscard]] bool interest_learn(struct home *h, const struct caps *caps, const struct node *info);
/* What it stands for; views, as long as it is in memory. */
void interest_facts(const struct interest *e, struct str out[CAPS_FACTS]);
/* It is not available any more. */
void interest_leave(struct session *s);
/* It is being freed. */
void interest_drop(struct session *s);
/* An IQ result or error to the server from this session: perhaps the answer to a question from here. */
void interest_answer(struct session *s, const struct parcel *p);

[[nodiscard]] bool interest_holds(const struct session *s, struct str node);
/* Asks the account `owner` for the last items of all the session wants. */
void interest_want(struct session *s, struct str owner);

/* Once a second: who has not answered for long is not waited for. */
void interest_tick(struct home *h);
/* The loop has stopped. */
void interests_done(struct home *h);
