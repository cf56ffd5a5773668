/* One loop's way and what stands around it, driven by hand: streams that are a list of parcels, a recorder whose end of
 * the link the test speaks, and a route that notes what reaches it. The stages charge, check and route are the test's
 * own; policy, inspect and record are the real ones. Every call settles the loop before it returns. */
#pragma once

#include "../rule/policy_dir.h"
#include "account/directory.h"
#include "conf/settings.h"
#include "parcel/loops.h"
#include "parcel/parcel.h"
#include "record/event.h"
#include "record/record.h"
#include "rule/policy_set.h"
#include "way/way.h"

enum {
	DESK_LINES = 64,
	DESK_NAMES = 512,
};

/* A line as it came to the recorder. */
struct line {
	enum event type;
	uint64_t n;
	char action[16], kind[16], reason[32], stanza_id[16];
	uint64_t count;
};

struct desk {
	struct loop *loop;
	struct loops loops;
	struct settings *settings;
	struct directory *directory;
	struct policy_dir dir;
	struct policy_set *policy;
	struct record *record;
	struct way *way;
	int recorder; /* the test's end */
	struct buf heard;
	struct line lines[DESK_LINES];
	size_t len;       /* of lines */
	uint64_t granted; /* the last number with a receipt */
	/* Ids of stanzas, " a b c", in the order in which they were routed and handled. */
	char routed[DESK_NAMES], handled[DESK_NAMES];
	char blocked[DESK_NAMES]; /* those among the routed whose verdict blocks */
	char resource[32];        /* of the last errand */
};

/* A stream. Its parcels stay in `pending` until they are handled. */
struct speaker {
	struct port port; /* must be first */
	struct desk *desk;
	struct origin *origin;
	struct list pending;
	struct buf got; /* what was written to it */
	uint32_t number;
};

/* `rules`: of the policy, in YAML; NULL: there is no policy at all. The recorder has welcomed the link. */
struct desk *desk_new(const char *rules);
void desk_free(struct desk *d);
void desk_settle(struct desk *d);

/* Receipts for so many of the oldest entries that have none. */
void desk_grant(struct desk *d, unsigned count);
/* LINK_FULL or LINK_READY. */
void desk_tell(struct desk *d, unsigned frame);
/* The gate stops while entries wait. */
void desk_stop(struct desk *d);
void desk_errand(struct desk *d, const char *bare, const char *resource);
unsigned desk_lines(const struct desk *d, enum event type);
/* The only line that carries the stanza with this id; fails when there is none or a second one. */
const struct line *desk_line(const struct desk *d, const char *id);

struct speaker *speaker_new(struct desk *d, const char *bare);
void speaker_free(struct speaker *s); /* with what is pending */
/* Submits a stanza; the parcel is good for as long as it is pending. */
struct parcel *speaker_say(struct speaker *s, const char *xml);
