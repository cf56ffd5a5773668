/* A receipt in numbers: what remains of it where the content stays (a session's presence, a request that
 * waits). */
#pragma once

#include "record/record.h"

struct kept {
	uint64_t seq; /* 0: a signal */
	uint64_t time_us;
	char id[RECORD_ID];
};

void kept_take(struct kept *k, const struct receipt *receipt);
/* The receipt again, in the arena; `record` counts it when it is a signal's. Never NULL but when memory is
 * out. */
const struct receipt *kept_receipt(const struct kept *k, struct arena *arena, struct record *record);
