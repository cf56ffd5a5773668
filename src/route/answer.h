/* What the sender of a parcel is told. Callable on any home: answers find their way to the session. */
#pragma once

#include "parcel/parcel.h"
#include "route/home.h"
#include "route/user.h"

/* A stanza error, unless the stanza is one that must not be answered. `text` may be NULL. */
void answer_error(struct parcel *p, enum stanza_condition condition, const char *text);
/* The same with another type than the one the RFC associates with the condition. */
void answer_error_as(
	struct parcel *p, enum stanza_condition condition, enum stanza_error_type type, const char *text);
/* The same from a room, which is named in `by`; who wished to enter gets his <x/> back, empty (XEP-0045 7.2). */
void answer_error_of_room(
	struct parcel *p, enum stanza_condition condition, enum stanza_error_type type, const char *text);
/* With an application's own condition beside the RFC's. */
void answer_error_app(struct parcel *p, enum stanza_condition condition, const char *text, struct str name, struct str ns);
/* XEP-0191 3: the sender himself has blocked whom he writes to. */
void answer_blocked_by_self(struct parcel *p);
/* policy-violation with the rule's notice in the sender's language; a message gets its own body back. */
void answer_verdict(struct parcel *p);
/* An empty result. */
void answer_result(struct parcel *p);

/* With bytes, a whole stanza of the server's own making, wherever the asking session lives; empties `text`. */
void answer_text(struct parcel *p, struct buf *text);

/* The parcel has arrived: drops route/'s reference and what it holds back. */
void parcel_end(struct parcel *p);
/* Runs `run` with the parcel on the home, behind all that was sent there before. Takes over the reference. */
void parcel_pass(struct parcel *p, struct home *to, void (*run)(struct task *task));

static inline struct parcel *parcel_of(struct task *t)
{
	return container_of(t, struct parcel, task);
}
