/* What the generator says: bodies that carry their own number and time, followed by plain words. The head
 * uses letters only, so that no rule about numbers can mistake it for one. */
#ifndef BENCH_SPEECH_H
#define BENCH_SPEECH_H

#include <stdint.h>

#include "buf.h"

#define SPEECH_HEAD 19 /* "tag-number-time": 3, 6 and 8 letters */

struct speech {
	char tag[4];                /* of this run: what an earlier run left behind is not counted */
	uint64_t random;            /* state of the sequence of lengths */
	uint64_t zero_ns;           /* times are microseconds after this */
	unsigned shortest, longest; /* bodies, in bytes */
};

struct speech_head {
	uint32_t seq;
	uint64_t at_ns; /* when it was to be sent */
};

void speech_init(struct speech *s, unsigned shortest, unsigned longest);

/* The next number of an xorshift sequence; never the same run twice. */
uint64_t speech_random(struct speech *s);

/* Appends a body of a random length. */
void speech_add(struct speech *s, struct speech_head head, struct buf *out);

/* Appends the head alone. */
void speech_head_add(const struct speech *s, struct speech_head head, struct buf *out);

/* Reads the head; false when it is not of this run. */
bool speech_read(const struct speech *s, struct str body, struct speech_head *out);

#endif
