/* What has access to an account (XEP-0494): the installations of the inventory, with their sessions and tokens; and how access
 * ends. The same for the person, by his client, and for administrators (route.h, `gatehouse devices`). On the user's home loop.
 *
 * Ending a session ends it also where it waits to be resumed. Revoking takes the device's tokens first, in the store, and then
 * ends its sessions, so that nothing can come back with what is being taken. */
#pragma once

#include "parcel/parcel.h"
#include "route/route.h"
#include "route/session.h"

/* The account's features, for itself alone. */
#define DEVICES_FEATURE "urn:xmpp:cam:0"

void devices_list(struct session *s, struct parcel *p);
void devices_revoke(struct session *s, struct parcel *p);
