/* How much of what concerns thousands of sessions one pass of a loop does. What is left goes on in the next
 * (loop_post_next), and what others send and get has its turn between. */
#pragma once

#include "base/clock.h"

enum {
	SHARE_SESSIONS = 16, /* what follows each of them, such as writing and closing, is done in the same pass */
	SHARE_US = 1000,
};

struct share {
	unsigned sessions;
	uint64_t since_us;
};

static inline struct share share_begin(void)
{
	return (struct share){.since_us = clock_mono_us()};
}

/* One more session; the first one always. */
[[nodiscard]] static inline bool share_takes(struct share *s)
{
	return s->sessions++ == 0 ||
	       (s->sessions <= SHARE_SESSIONS && clock_mono_us() - s->since_us < SHARE_US);
}
