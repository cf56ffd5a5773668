/* Which programs people use, for what, and from where (docs/client-control.md, "What is known of clients"): what goes from
 * sessions into the store. Notes, so that a login waits for nothing: one when the client has been judged (ruling.h), one when the
 * session ends, and one now and then between. All on the home loop. */
#pragma once

#include "base/list.h"
#include "client/judgement.h"
#include "parcel/parcel.h"
#include "store/rows.h"

struct channel;
struct home;
struct session;
struct user;

/* In a session. */
struct sighting {
	struct judgement *client; /* counted; as it was noted last; NULL: not yet */
	struct list link;         /* in home->sightings; until it is noted in home->unsighted */
	bool taught;              /* what it says of its capabilities has been noted */
	bool shut;                /* it is ended from here: what it has logged in with may be worth nothing any more */
	uint64_t noted;           /* loop_seconds(); at first, when it was bound */
	uint32_t uses[STORE_USES]; /* since then */
};

void sighting_init(struct sighting *x);
void sighting_done(struct sighting *x);

/* A session has been bound. One that is judged late, or never, is in the inventory after a while by what it has shown. */
void inventory_met(struct session *s);
/* It has been judged, or judged otherwise. Nothing new: nothing is done. */
void inventory_saw(struct session *s, struct judgement *client);
/* It goes on over another connection. */
void inventory_resumed(struct session *s, const struct channel *at);
/* It ends. */
void inventory_ended(struct session *s);

/* The key of its row, by what it was noted as, or else by what it has shown until now. */
void inventory_key_put(struct buf *out, const struct session *s);
/* What a SASL mechanism proves with; never STORE_AUTH_NONE. */
enum store_auth inventory_auth(struct str mechanism);

/* The user's session has sent this, and nothing has refused it. */
void inventory_used(struct user *u, const struct parcel *p);

/* Somebody was not let in, or not let stay (`gatehouse clients refused`). `client` NULL: not known. Any loop of the store. */
struct store;
enum { INVENTORY_REFUSALS_MAX = 10000 }; /* rows of one kind */
struct inventory_refusal {
	struct str kind;    /* as in net/rejections.h */
	struct str owner;   /* bare; empty: not known */
	struct str address; /* with or without port */
	const struct judgement *client;
	struct str rule, reason;
};
void inventory_refused(struct store *store, const struct inventory_refusal *f);

void inventory_tick(struct home *h);
/* The loop has stopped, and sessions go without an end: what has not been written yet. */
void inventory_settle(struct home *h);
