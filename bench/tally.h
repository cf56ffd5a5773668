/* What became of the numbered messages of one sender at one receiver: arrived, twice, late, or never. */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct tally {
	uint64_t *seen;    /* one bit a number; owned */
	uint32_t capacity; /* in numbers */
	uint32_t next;     /* one above the highest number seen */
	uint32_t distinct; /* numbers seen at least once */
};

struct tally_sum {
	uint64_t sent;
	uint64_t received; /* distinct */
	uint64_t duplicates;
	uint64_t disorder; /* arrived behind a later one */
};

/* Notes the arrival of number `seq` (they count from 0), adding to *sum. */
void tally_note(struct tally *t, uint32_t seq, struct tally_sum *sum);
void tally_done(struct tally *t);

#endif
