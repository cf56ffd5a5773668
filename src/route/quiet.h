/* Client state indication (XEP-0352): what need not reach a client at once that says nobody is looking. Of each sender's
 * presence and chat state the last is kept, other signals in order; content never waits here. All of it goes out, oldest
 * first, before the next stanza that matters, when the client is active again, or when too much has gathered. Nothing of
 * it counts as sent (XEP-0198) until then; with the session it is gone: it is worth nothing later. */
#pragma once

#include "route/deliver.h"

struct quiet;

/* What a stanza is worth to somebody who is not looking. */
enum calm {
	CALM_NONE,     /* goes out at once, and what waits goes before it */
	CALM_PRESENCE, /* the last of each sender counts */
	CALM_STATE,    /* a chat state: likewise */
	CALM_SIGNAL,   /* a receipt, a marker: all count */
};

/* The client says so (section 4.2). Twice the same changes nothing. */
void quiet_begin(struct session *s);
void quiet_end(struct session *s);

/* Keeps the stanza for later, or (false) it is to go out now. */
[[nodiscard]] bool quiet_hold(struct session *s, const struct goods *goods, const struct receipt *receipt);

/* Hands over what waits. */
void quiet_flush(struct session *s);

/* Drops it. Accepts NULL, returns NULL. */
struct quiet *quiet_free(struct quiet *q);

/* Of a message that is a signal by its class. */
enum calm quiet_message(const struct node *stanza);
