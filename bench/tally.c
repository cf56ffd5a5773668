/* Loss, duplicates and order; see tally.h. */
#include "tally.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fatal.h"

static void tally_grow(struct tally *t, uint32_t seq)
{
	uint32_t capacity = t->capacity ? t->capacity : 256;

	while (capacity <= seq)
		capacity *= 2;
	t->seen = realloc(t->seen, capacity / 8);
	if (!t->seen)
		fatal("out of memory");
	memset((char *)t->seen + t->capacity / 8, 0, (capacity - t->capacity) / 8);
	t->capacity = capacity;
}

void tally_note(struct tally *t, uint32_t seq, struct tally_sum *sum)
{
	uint64_t bit = 1ULL << (seq % 64);

	if (seq >= t->capacity)
		tally_grow(t, seq);
	if (t->seen[seq / 64] & bit) {
		sum->duplicates++;
		return;
	}
	t->seen[seq / 64] |= bit;
	t->distinct++;
	sum->received++;
	if (seq < t->next)
		sum->disorder++;
	else
		t->next = seq + 1;
}

void tally_done(struct tally *t)
{
	free(t->seen);
	*t = (struct tally){};
}
