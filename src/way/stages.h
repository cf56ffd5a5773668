/* What way.c keeps for each loop, and the stages that only translate: a parcel for policy/, inspect/ and record/, which
 * know no parcels' senders, directories or each other. For the files of this folder only. */
#pragma once

#include "inspect/inspect.h"
#include "loop/loop.h"
#include "record/record.h"
#include "way/way.h"

struct way_loop {
	struct way *way;
	struct loop *loop;
	struct record *record;
	struct directory *directory;
	const struct settings *settings;
	struct policy_set *policy;       /* counted */
	struct inspect_scratch *scratch;
	struct list waiting;             /* record waits, oldest first */
	struct timer watch;
	struct buf stanza;               /* the stanza as accepted, serialised for the record */
	struct buf names;                /* a list of rules, encoded for the link */
	struct way_stats stats;
	uint64_t refused_at;             /* the second of the last line of type refused */
	uint64_t refusals;               /* since then */
	bool releasing;
	bool late;                       /* it has been said that the record keeps parcels waiting */
};

static inline void way_count(uint64_t *counter, int64_t n)
{
	__atomic_fetch_add(counter, (uint64_t)n, __ATOMIC_RELAXED);
}

/* "message", "presence", "iq" */
struct str way_kind_name(enum parcel_kind kind);

/* A person as rules see them; `domain` is that of their address. Borrowed from both. */
struct subject way_subject(const struct person *person, struct str domain);

enum stage_result stage_policy(struct parcel *p, struct way_loop *wl);
enum stage_result stage_inspect(struct parcel *p, struct way_loop *wl);
enum stage_result stage_record(struct parcel *p, struct way_loop *wl);

/* Once a second: says when something has waited beyond its deadline. */
void stages_watch(struct way_loop *wl);
