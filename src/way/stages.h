/* What way.c keeps for each loop, and the stages that only translate: a parcel for policy/, inspect/ and record/, which
 * know no parcels' senders, directories or each other. For the files of this folder only. */
#pragma once

#include "account/meter.h"
#include "inspect/inspect.h"
#include "loop/loop.h"
#include "policy/stop.h"
#include "record/record.h"
#include "way/traffic.h"
#include "way/way.h"

enum { RULES_MAX = VERDICT_FINDINGS_MAX };

/* Names of the rules that found something, each once: those that are enforced and those that only watched. */
struct rule_names {
	struct str enforced[RULES_MAX], observed[RULES_MAX];
	size_t enforced_len, observed_len;
};

struct way_loop {
	struct way *way;
	struct loop *loop;
	struct record *record;
	struct directory *directory;
	struct route *route;
	const struct settings *settings;
	struct channel_rules channels;   /* of the settings */
	struct policy_set *policy;       /* counted */
	struct inspect_scratch *scratch;
	struct outbreak *outbreak;       /* NULL: nobody looks for one */
	struct meter *met;               /* of the way: pairs who have written to each other */
	struct meter *spent;             /* of the way, in nanoseconds (quota.h) */
	struct list waiting;             /* record waits, oldest first */
	struct timer watch;
	struct buf stanza;               /* the stanza as accepted, serialised for the record */
	struct rule_names rules;         /* of the entry being made */
	struct buf names;                /* a list of rules, encoded for the link */
	struct buf conv;                 /* the name of a conversation of two */
	struct buf members;              /* who is in a room, likewise */
	struct buf deliver;              /* the stanza without what the verdict takes out */
	struct buf nick;                 /* as whom the sender speaks there */
	struct way_stats stats;
	struct traffic traffic;
	uint64_t refused_at;             /* the second of the last line of type refused */
	uint64_t refusals;               /* since then */
	bool releasing;
	bool late;                       /* it has been said that the record keeps parcels waiting */
};

/* By the loop whose counter it is; others only read it. */
static inline void way_count(uint64_t *counter, int64_t n)
{
	__atomic_store_n(counter, *counter + (uint64_t)n, __ATOMIC_RELAXED);
}

/* "message", "presence", "iq" */
struct str way_kind_name(enum parcel_kind kind);

/* A person as rules see them, with the resource that is meant or none. Borrowed from both. */
struct subject way_subject(const struct person *person, struct str resource);

enum stage_result stage_policy(struct parcel *p, struct way_loop *wl);
enum stage_result stage_inspect(struct parcel *p, struct way_loop *wl);
enum stage_result stage_record(struct parcel *p, struct way_loop *wl);

/* Once a second: says when something has waited beyond its deadline. */
void stages_watch(struct way_loop *wl);
