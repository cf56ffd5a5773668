/* Message carbons (XEP-0280): a user's other clients get copies of what one of them sends or receives. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

/* Section 6.1: may this message be copied at all? Groupchat, headlines and errors never; not what asks for
 * privacy. */
bool carbons_wanted(const struct parcel *p);

/* The same for an arriving message, and takes <private/> out of it: that is not for the recipient to see. */
bool carbons_take(struct user *u, struct parcel *p);

/* To all sessions with carbons but the sending one. */
void carbons_sent(struct user *u, const struct parcel *p, const struct receipt *receipt);

/* To all sessions with carbons that were not handed the message itself. `only`: the one it went to; NULL: all
 * that take messages. */
void carbons_received(
	struct user *u, const struct parcel *p, const struct session *only, const struct receipt *receipt);

/* Switches the session's carbons. */
void carbons_set(struct session *s, bool on);
