/* Last activity (XEP-0012) and entity time (XEP-0202), as far as the server answers. When somebody was there last is told
 * to whom his presence is told, and to nobody else: a stranger hears the same as about an account that does not exist.
 * The last status text is not told: it was said to those who were there to hear it. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

/* Handlers of iq.c; they take over the parcel's reference. */
void last_server(struct session *s, struct parcel *p); /* since when the gate runs */
void last_own(struct session *s, struct parcel *p);
void last_time(struct session *s, struct parcel *p);

/* On the account's home, for somebody else, at its bare address. */
void last_other(struct user *u, struct parcel *p);

/* May the one who asks know when this account was there? Also asked before a resource itself is. */
[[nodiscard]] bool last_is_open(const struct user *u, const struct parcel *p);

/* A request for last activity? */
[[nodiscard]] bool last_is_asked(const struct parcel *p);

/* To the store: the account is there now. Called when its first session begins and when its last one has ended, so that
 * after a crash it is known at least since when it had been there. */
void last_note(struct user *u);
