/* In-band registration (XEP-0077), of which there is one part: who is logged in changes his own password. Accounts come
 * from the administrator, and go by him. The change is an administrator's act that the person himself asks for: recorded,
 * then done; other sessions of the account are closed, so a stolen password is worth nothing any more, and the one that
 * asked stays. The password never is in the tree here (xmpp/check.c takes it out). */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

/* Handlers of iq.c; they take over the parcel's reference. */
void register_get(struct session *s, struct parcel *p);
void register_set(struct session *s, struct parcel *p);
