/* How long things of one kind took, as a distribution: how many took at most so long, and their sum. One thread adds, without
 * a lock and without an atomic that needs one; any thread reads, approximately. Zeroed: none yet. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	DURATIONS_STEPS = 7, /* and one more for what took longer */
};

struct durations {
	uint64_t sum_us;
	uint64_t step[DURATIONS_STEPS + 1]; /* each is in one of them */
};

/* What a step holds at most, in microseconds; the same in seconds, as text. */
extern const uint32_t durations_us[DURATIONS_STEPS];
extern const char *const durations_seconds[DURATIONS_STEPS];

/* The owning thread. */
void durations_add(struct durations *d, uint64_t us);

/* Adds all of `from`, which another thread may be writing, to `to`, which is the caller's. */
void durations_gather(struct durations *to, const struct durations *from);

/* How many there are in the first `steps`; of the caller's own copy. */
uint64_t durations_count(const struct durations *d, size_t steps);
