/* What travels through the server: a stanza with its proven sender, verdict, receipt and arena. Made by xmpp/ on the
 * connection's loop; passes the stages of way/ there; after the receipt it is routed, perhaps on other loops, read-only
 * from then on. Reference counted; the last reference frees the arena and with it the parcel. */
#pragma once

#include "base/arena.h"
#include "jid/jid.h"
#include "loop/loop.h"
#include "parcel/origin.h"
#include "parcel/port.h"
#include "parcel/standing.h"
#include "rule/verdict.h"
#include "stanza/node.h"
#include "stanza/stanza_error.h"

struct receipt; /* made by record/ alone */
struct way_loop;

enum parcel_kind {
	PARCEL_MESSAGE,
	PARCEL_PRESENCE,
	PARCEL_IQ,
};

/* What waits for the receipt. See class.h for the table. */
enum parcel_class {
	CLASS_SIGNAL,  /* counted: chat states, receipts, ping, presence without text */
	CLASS_EVENT,   /* recorded, does not wait */
	CLASS_CONTENT, /* recorded, waits */
};

enum stage_result {
	STAGE_NEXT,
	STAGE_WAIT,   /* someone will call parcel->resume */
	STAGE_DONE,   /* the parcel has arrived; nothing more to do */
	STAGE_REFUSE, /* charge and check alone: parcel->refusal says why; the sender gets a stanza error */
};

struct refusal {
	enum stanza_condition condition;
	enum stanza_error_type type;
	struct str text; /* static or on the parcel's arena; empty: none */
	bool silent;     /* the stream itself is being ended: no stanza error */
};

/* A password that stood in the stanza. Stage check takes it out before anything else sees the tree: it is neither
 * inspected nor recorded, and wiped with the parcel. */
struct secret {
	struct secret *next;
	struct str name; /* the field's var */
	struct str value;
};

struct parcel {
	struct task task;        /* travels with it; whoever holds the parcel alone may use it */
	_Atomic unsigned refs;
	struct arena *arena;
	struct node *stanza;     /* `from` stamped with origin->jid.full, forgeable children stripped */
	enum parcel_kind kind;
	enum parcel_class class;
	struct jid to;           /* as addressed; for no `to`: the sender's own bare JID (RFC 6120 10.3) */
	uint64_t to_hash;        /* map_hash() of to.bare; 0: not made. Set by policy, with `recipient` */
	bool has_to;
	bool renamed;            /* the resource of `to` was written otherwise than it is kept and compared */
	struct str type;         /* the stanza's type attribute, "" when absent */
	struct str id;           /* the stanza's id attribute, "" when absent */
	struct origin *origin;   /* counted */
	const struct person *recipient; /* counted; the account `to` belongs to; NULL: none of ours. Set by policy */
	struct port *port;       /* counted: where answers to the sender go */
	struct standing *standing; /* of its session; borrowed, while the stages up to record run; NULL: not judged */
	uint32_t number;         /* inbound stanza number of its stream, from 1 */
	uint32_t h;              /* XEP-0198: the inbound count that includes this stanza; only when has_h */
	bool has_h;
	bool ahead;              /* passes what of its stream waits to be judged; set by admit */
	bool held;               /* waits for an earlier parcel of its stream; used by way/ */

	unsigned matter;         /* bits of enum matter (rule/matter.h): those that anything depends on now, and of
	                            content files and calls, which are counted. Set by policy */
	struct verdict verdict;
	struct str mark;         /* what is put into it for its recipient when it has been recorded as accepted; on the arena */
	bool unnamed;            /* its <nick/> is taken out then */
	struct str full_name;    /* becomes the name in the card that it publishes then; empty: that stays */
	struct refusal refusal;
	struct str xml;          /* the stanza serialised for jabber:client, on the arena; STR_NONE: not done yet */
	struct secret *secrets;  /* on the arena */
	char record_id[24];      /* 22 characters and NUL; "" for signals. Also the stanza-id */
	const struct receipt *receipt; /* on the arena; NULL until record/ has answered */

	struct way_loop *way;    /* way/'s own, with `stage` */
	unsigned stage;          /* index in the way */
	const char *waits_for;   /* name of what a waiting parcel waits for; static */
	uint64_t deadline_ms;    /* loop_ms() at which waiting is reported */
	void (*resume)(struct parcel *p, enum stage_result result); /* set by way/: the waiting stage is finished */
	void (*handled)(struct parcel *p); /* set by xmpp/: taken over for good; counts for XEP-0198. Called once, on the
	                                      port's loop, by way/ */
	struct list pending;     /* in the stream's list of parcels not yet handled, */
	struct list *queue;      /* which is this one */
	struct list unjudged;    /* in the stream's list of those that wait to be judged; xmpp/'s own */
	struct route *route;     /* route/'s own, as are the next five */
	struct hold *hold;
	struct user *user;       /* whose turn it is; in memory while the parcel is queued with him */
	struct list arriving;    /* in home->arrivals.here */
	uint64_t arrival;        /* its number there */
	struct str room_nick;    /* of a replayed one */
	const struct jid *by_room; /* the room that says it, in place of its origin; on the arena; NULL: none */
	const struct room_view *room_view; /* the room whose archive is asked for, as the asker may see it; on the arena */
	unsigned views;          /* whose history it goes into: STORE_VIEW_* */
};

/* A parcel around a stanza; takes over the arena. NULL (arena freed) when it is full. */
[[nodiscard]] struct parcel *parcel_new(struct arena *arena, struct node *stanza, enum parcel_kind kind);
struct parcel *parcel_ref(struct parcel *p);
struct parcel *parcel_unref(struct parcel *p); /* accepts NULL; any loop */

/* The password taken out of the field of that name; STR_NONE: there was none. */
struct str parcel_secret(const struct parcel *p, const char *name);

/* Answers the sender with bytes serialised from `reply` (content namespace jabber:client); counted for XEP-0198. */
void parcel_answer(struct parcel *p, const struct node *reply);
