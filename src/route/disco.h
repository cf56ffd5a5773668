/* Service discovery (XEP-0030): of the server, of one's own account, of others' accounts. */
#pragma once

#include "base/buf.h"
#include "parcel/parcel.h"
#include "route/session.h"

/* What the server is, as an element for the features of streams (XEP-0115 section 6.3); nothing when memory is out. Any
 * thread. */
void disco_put_caps(struct buf *out, const struct settings *s);

/* Handlers of iq.c; they take over the parcel's reference. */
void disco_info_server(struct session *s, struct parcel *p);
void disco_items_server(struct session *s, struct parcel *p);
void disco_info_for(struct home *h, struct parcel *p); /* these two without a session */
void disco_items_for(struct home *h, struct parcel *p);
void disco_info_own(struct session *s, struct parcel *p);
void disco_items_own(struct session *s, struct parcel *p);

/* On the account's home, for somebody else. XEP-0030 section 8: who is not subscribed learns as little as
 * from an account that does not exist. */
void disco_info_other(struct user *u, struct parcel *p);
void disco_items_other(struct user *u, struct parcel *p);

/* A request to the bare address of nobody: what a stranger to somebody hears, too. */
void disco_nobody(struct parcel *p);
