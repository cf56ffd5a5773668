/* What the server says to everybody (XEP-0133 4.23 to 4.28): announcements to who is there; the message of the day, which
 * everybody gets once, now or when he is there next; the welcome to who comes for the first time. All of it is content
 * that an administrator wrote: inspected and recorded with the form it came in, and delivered with that form's receipt. */
#pragma once

#include "parcel/parcel.h"
#include "route/kept.h"
#include "route/session.h"

/* Shared by all homes, counted, immutable. */
struct posting {
	_Atomic unsigned refs;
	struct kept kept; /* the receipt */
	size_t len;
	char text[];
};

struct posting *posting_unref(struct posting *p); /* accepts NULL, returns NULL */

/* Before the loops run: what the store has. 0 or negative. */
[[nodiscard]] int postings_load(struct route *r);

/* On the home: somebody has logged in; a session has become available. */
void postings_visit(struct user *u);
void postings_greet(struct session *s);
