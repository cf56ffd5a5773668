/* What a session's client has shown of itself or answered (s->seen, client/seen.h), as far as it has been asked by probation.c, and
 * how much that is. Where memory is out, ruling_fail() decides about the session. On its home loop. */
#pragma once

#include "parcel/parcel.h"
#include "pubsub/caps.h"
#include "route/interest.h"
#include "route/session.h"

/* It is being asked. */
void shown_disco_waits(struct session *s);
void shown_version_waits(struct session *s);

/* Capabilities in its presence: what others are known by proves nothing of these. */
void shown_caps(struct session *s, const struct caps *caps);
/* What they stand for is known. */
void shown_facts(struct session *s, const struct interest *e);
[[nodiscard]] bool shown_is_proven(const struct session *s);
/* Its answers, errors too. */
void shown_disco(struct session *s, const struct parcel *answer);
void shown_version(struct session *s, const struct parcel *answer);

/* What is known without another question. */
struct clarity {
	bool told;   /* product and version .. */
	bool own;    /* .. of this client, not only what others with its hash have said: a newer version may show the same */
	bool placed; /* its system */
};

[[nodiscard]] struct clarity shown_clarity(const struct session *s);
/* By these tables; the caller's to let go. NULL: memory is out. */
struct client_table;
[[nodiscard]] struct judgement *shown_judge(const struct session *s, const struct client_table *table);
