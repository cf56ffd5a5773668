/* Rosters (RFC 6121 section 2): requests, changes, pushes. The `ver` attribute is the store's version of the
 * roster, with a sum where groups (crew.h) add to it. A client that has it gets an empty result; one that has an older one
 * the store remembers gets that and then pushes of what has changed; any other the whole roster. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"
#include "route/user.h"

/* Handlers of iq.c; on the sender's home. They take over the parcel's reference. */
void roster_get(struct session *s, struct parcel *p);
void roster_set(struct session *s, struct parcel *p);

/* Puts the contact into memory and store and pushes it to interested sessions if what they see has changed.
 * One that is hidden and has nothing pending goes. `p` NULL, or the request to answer once the store has it
 * (taken over). */
void roster_change(struct user *u, const struct contact *c, struct parcel *p);

/* Pushes the item for the address as it is now, or that there is none. */
void roster_push(struct user *u, struct str jid);
/* The visible items, as children of the query; their number. */
size_t roster_put_items(struct buf *out, const struct user *u);

bool roster_is_full(const struct user *u);
/* Is there room for the request of somebody who is no contact? */
[[nodiscard]] bool roster_takes_request(const struct user *u);
