/* Messages that have come to a home and do not stand in anybody's history yet: whom they are for is being loaded, or handed
 * what waited for him (offline.h), or they are being kept for him. Who asks for a history into which they go waits for
 * those that were there before he asked. All on the loop of the home. */
#pragma once

#include "base/list.h"
#include "parcel/parcel.h"

struct home;

struct arrivals {
	struct list here;    /* parcels, in the order they came */
	struct list waiting; /* arrivals_wait */
	uint64_t number;     /* of the last that came */
};

struct arrivals_wait {
	struct list link;
	struct str owner; /* borrowed: bare address of whose history it is */
	uint64_t last;    /* number of the last it waits for */
	void (*done)(struct arrivals_wait *w);
};

void arrivals_init(struct arrivals *a);

/* Content for an account; until arrivals_done(), which has to come. */
void arrivals_add(struct home *h, struct parcel *p);
/* Its row is written, or there will be none. */
void arrivals_done(struct home *h, struct parcel *p);

/* Sets link and last; w->done runs at once when there is nothing to wait for. */
void arrivals_await(struct home *h, struct arrivals_wait *w);
