/* vCards (XEP-0054) and what of them stands in presence (XEP-0153, XEP-0398). A vCard is content: it is kept with the
 * receipt of the record entry in which it was set, and whoever fetches it is noted. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

/* Handlers of iq.c; they take over the parcel's reference. */
void vcard_get_own(struct session *s, struct parcel *p);
void vcard_get_server(struct session *s, struct parcel *p);
void vcard_set(struct session *s, struct parcel *p);

/* On the account's home, for somebody else: service-unavailable if there is none or sight does not reach it (3.3: as for
 * an account that does not exist). */
void vcard_get(struct user *u, struct parcel *p);
