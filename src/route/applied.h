/* How far of the record the store has caught up with: applied_seq. Content with a receipt holds the number
 * back until it is settled: acknowledged by the client (XEP-0198), or written to a client without stream
 * management and two ticks old, or committed to the store. Holds are counted in buckets, one a second and
 * loop, so that a message costs one increment and no memory.
 *
 * A bucket belongs to the loop of the connection that sent the content; its count is atomic, because the
 * content is settled where the recipient lives. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct route;
struct home;

struct hold {
	_Atomic uint32_t count; /* unsettled entries */
	_Atomic uint64_t
		settled_ms; /* not before this time of the monotonic clock: written, but not acknowledged */
	uint64_t first_seq; /* the lowest of its entries; 0: the bucket is free. Owner's loop alone */
	uint64_t opened_ms; /* owner's loop alone */
};

enum {
	HOLD_BUCKETS = 64,     /* when all are in use the newest takes more than its second */
	HOLD_SETTLE_MS = 2000, /* two ticks */
	HOLD_SPOOL_MS = 5000,  /* unsettled for longer: into the spool */
};

struct holds {
	struct hold bucket[HOLD_BUCKETS]; /* a ring */
	unsigned first, last;             /* oldest and newest in use */
	uint64_t seen;                    /* highest sequence number this loop has had a receipt for */
};

void holds_init(struct holds *h);
/* A receipt arrived on this loop: one entry becomes unsettled. */
struct hold *holds_take(struct holds *h, uint64_t seq, uint64_t now_ms);
/* A receipt arrived for something that nobody has to get (blocked, an event). */
void holds_see(struct holds *h, uint64_t seq);
/* Lowest unsettled sequence number, UINT64_MAX when there is none; frees settled buckets. */
uint64_t holds_lowest(struct holds *h, uint64_t now_ms);

/* Any loop; both accept NULL. */
struct hold *hold_ref(struct hold *h);
struct hold *hold_unref(struct hold *h); /* returns NULL */
/* Written to a client that will not acknowledge it. */
void hold_written(struct hold *h, uint64_t now_ms);

/* Moves the store's number (loop 0, once a second); one round at a time. */
struct applied;
[[nodiscard]] struct applied *applied_new(struct route *r);
struct applied *applied_free(struct applied *a);
void applied_tick(struct applied *a);
uint64_t applied_seq(const struct applied *a); /* any thread */
/* A receipt came, or a home's tick: are all there that a round waits for? */
void probe_poll(struct home *h);
