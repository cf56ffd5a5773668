/* A loop's share of the users, and what all files of this folder know of each other. Everything reachable
 * from a home is touched on its loop only (home_check() asserts it in debug builds). */
#pragma once

#include <assert.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "command/dialog.h"
#include "conf/settings.h"
#include "loop/loop.h"
#include "parcel/standing.h"
#include "record/record.h"
#include "route/applied.h"
#include "route/arrivals.h"
#include "route/route.h"
#include "rule/policy_set.h"
#include "store/store.h"

struct home {
	struct route *route;
	struct loop *loop;
	struct record *record;           /* of this loop; borrowed */
	const struct settings *settings; /* of this pass */
	struct policy_set *policy;       /* counted; of this pass; NULL: none yet. See sight.h */
	uint32_t walled;                 /* bits of enum wall_kind: what an enforced wall of it may stop */
	_Atomic(struct policy_set *) next_policy; /* counted; on its way here */
	struct task policy_task;
	struct map users;                /* bare JID -> struct user */
	struct map rooms;                /* bare JID -> struct room (rooms.h) */
	struct map crews;                /* name of a shown group -> struct crew (crew.c) */
	struct list pushing;             /* users with roster pushes to come */
	unsigned rooms_ticks;
	bool rooms_unsaved;              /* one of them has to be written again */
	struct save *unforgotten;        /* rooms_store.c: the store has them still */
	struct list peps;                /* pep.h: accounts' nodes in memory */
	struct map interests_by_key;     /* interest.h */
	struct list interests;           /* the same, longest unused first */
	struct list idle;                /* users without a session, longest idle first */
	struct list unacked;             /* sessions whose client owes an acknowledgement */
	struct list probations;          /* sessions whose client is being asked, and what looks after them (probation.h) */
	uv_timer_t *judge_timer;         /* the loop's once it is closed */
	struct client_table *clients;    /* counted: what is known of programs */
	struct client_table *shipped;    /* counted: the same without what was learnt */
	struct standing *stranger;       /* counted: of who need not be judged */
	uint64_t judge_again_us;         /* UTC: all are decided about again; 0: never */
	struct list sightings, unsighted; /* inventory.h: sessions that are in it, longest unwritten first; not yet, oldest first */
	struct list announced;           /* newcomer.c: devices whose announcement is on its way into the record */
	struct list fresh;               /* sessions whose networks are looked at soon (parallel.h), oldest first */
	struct list doomed;              /* sessions to be ended once nobody walks over them any more */
	struct task reap;
	bool reaping;
	unsigned said; /* connections closed by it in this pass */
	bool searching; /* a search of the directory is under way (search.c) */
	struct buf scratch; /* for serialising; empty between uses */
	struct timer tick;
	struct task start;
	struct posting *posting[ROUTE_POSTINGS]; /* counted; postings.h */
	struct dialogs dialogs; /* of administrators' commands (commands.h) */
	struct ended *ended; /* how far streams had got that ended lately; a ring */
	unsigned ended_next;
	struct holds holds;
	struct history *history;   /* owned; history.c */
	struct arrivals arrivals;  /* what is to come into it */
	struct probe *probe;       /* applied.c: a round that waits for this loop's receipts */
	struct route_figures figures; /* written by home_count() */
	_Atomic unsigned sessions; /* bound here, detached ones included */
};

struct route {
	struct route_env env;
	const struct settings *settings; /* loop 0 */
	struct applied *applied;
	struct sweep *sweep;   /* owned; sweep.c */
	struct board *board; /* rooms_board.h */
	struct components *components; /* owned; components.h */
	struct replay *replay; /* NULL once replay has ended */
	struct map handled; /* session id -> struct handled: streams of the previous gate. Written on loop 0
			     * before the first login, read-only from then on */
	uint64_t started_ms; /* clock_mono_ms() */
	struct posting *posting[ROUTE_POSTINGS]; /* counted; of loop 0 */
	unsigned count;
	struct home home[];
};

/* The home of a bare JID. */
struct home *home_of(struct route *r, struct str bare);
/* The share of the loop that runs now. */
struct home *home_here(struct route *r);

enum {
	ENDED_MAX = 512,
};

/* A stream that cannot be resumed any more, for <failed h=''/> (XEP-0198 section 5). */
struct ended {
	char session[RECORD_ID];
	uint64_t account; /* map_hash() of the bare JID */
	uint32_t handled;
};

/* Of a stream of the previous gate. */
struct handled {
	uint32_t count;
	size_t len;
	char session[];
};

[[nodiscard]] int home_init(struct home *h, struct route *r, unsigned index, const struct settings *settings);
/* Its tick begins once its loop runs. */
void home_start(struct home *h);
void home_done(struct home *h);

/* By the loop whose counter it is; others only read it. */
static inline void home_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void home_check(const struct home *h)
{
	assert(loop_current() == h->loop);
	(void)h;
}

/* Does the domain count as inside for rules (settings_is_inside), or is it a service of rooms? */
bool home_is_inside(const struct home *h, struct str domain);

/* One of the domains this server answers for? */
bool home_is_ours(const struct home *h, struct str domain);
