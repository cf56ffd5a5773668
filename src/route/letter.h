/* Presence on its way from one user's home to another's: broadcasts, probes and their answers, requests for a
 * subscription. One block of memory each; letters of one pass arrive in the order they were sent. */
#pragma once

#include "parcel/blob.h"
#include "route/kept.h"
#include "route/session.h"

enum letter_kind {
	LETTER_AVAILABLE,
	LETTER_UNAVAILABLE,
	LETTER_ERROR,
	LETTER_PROBE,
	LETTER_SUBSCRIBE,
	LETTER_SUBSCRIBED,
	LETTER_UNSUBSCRIBE,
	LETTER_UNSUBSCRIBED,
};

/* The kind of a presence stanza; LETTER_AVAILABLE for an unknown or missing type. */
enum letter_kind letter_kind_of(struct str type);

struct letter {
	struct task task;
	struct route *route;
	enum letter_kind kind;
	struct jid from, to; /* views into text */
	struct blob *stanza; /* counted; NULL: made from kind, from and to */
	bool addressed;      /* the stanza holds its `to` */
	bool asked;          /* a probe the client itself sent: answered whatever there is to say */
	bool removed;        /* its account has been removed: the store has the end of a subscription already */
	struct kept kept;    /* the receipt, where there is content */
	struct hold *hold;   /* counted */
	char text[];
};

/* What a letter is made of; all is copied or counted. */
struct letter_parts {
	enum letter_kind kind;
	struct str from, to;
	struct blob *stanza;
	bool addressed, asked, removed;
	const struct kept *kept; /* NULL: a signal */
	struct hold *hold;
};

/* On the home of `from`. What a wall holds back goes nowhere (sight.h). Memory being out loses the letter; the
 * log says so. */
void letter_send(struct route *r, const struct letter_parts *parts);
void letter_free(struct letter *l);

/* The stanza as `to` gets it. A new reference; NULL: memory is out. */
struct blob *letter_blob(struct home *h, const struct letter *l);
/* `presence` (a blob without `to`) for this address. */
struct blob *presence_blob_to(struct home *h, const struct blob *presence, struct str to);

/* To the sessions for which `takes` is true. */
void letter_deliver(struct user *u, const struct letter *l, bool (*takes)(const struct session *s));

void letter_deliver_one(struct session *s, const struct letter *l);

static inline struct letter *letter_of(struct task *t)
{
	return container_of(t, struct letter, task);
}
