/* Blocking (XEP-0191): the list, its changes and what a change does to presence. Whom it keeps out is asked
 * with user_blocks(). */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

/* Handlers of iq.c; they take over the parcel's reference. */
void blocking_get(struct session *s, struct parcel *p);
void blocking_block(struct session *s, struct parcel *p);
void blocking_unblock(struct session *s, struct parcel *p);
