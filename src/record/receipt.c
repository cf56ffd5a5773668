#include <string.h>

#include "record/record_private.h"

uint64_t receipt_seq(const struct receipt *r)
{
	return r->seq;
}

uint64_t receipt_time_us(const struct receipt *r)
{
	return r->time_us;
}

struct str receipt_id(const struct receipt *r)
{
	return r->id[0] ? str_of(r->id, RECORD_ID) : STR_NONE;
}

bool receipt_is_signal(const struct receipt *r)
{
	return r->seq == 0;
}

const struct receipt *receipt_keep(struct arena *a, const struct receipt *r)
{
	struct receipt *copy = arena_alloc(a, sizeof(*copy));

	if (copy)
		*copy = *r;
	return copy;
}

const struct receipt *record_receipt_stored(struct arena *a, uint64_t seq, uint64_t time_us, struct str id)
{
	struct receipt *r;

	if (seq == 0 || id.len != RECORD_ID)
		return NULL;
	r = arena_alloc(a, sizeof(*r));
	if (!r)
		return NULL;
	*r = (struct receipt){.seq = seq, .time_us = time_us};
	memcpy(r->id, id.data, RECORD_ID);
	return r;
}
