/* Log-linear buckets: 64 for every power of two from 64 on; see histogram.h. */
#include "histogram.h"

#define SUB_BITS 6
#define SUB_COUNT (1U << SUB_BITS)

static unsigned bucket_of(uint64_t us)
{
	unsigned shift;

	if (us > UINT32_MAX)
		us = UINT32_MAX;
	if (us < SUB_COUNT)
		return (unsigned)us;
	shift = 63U - (unsigned)__builtin_clzll(us) - SUB_BITS;
	return (shift << SUB_BITS) + (unsigned)(us >> shift);
}

static uint64_t bucket_value(unsigned bucket)
{
	unsigned shift;

	if (bucket < 2 * SUB_COUNT)
		return bucket;
	shift = (bucket >> SUB_BITS) - 1;
	return (uint64_t)(bucket - (shift << SUB_BITS)) << shift;
}

void histogram_add(struct histogram *h, uint64_t us)
{
	h->buckets[bucket_of(us)]++;
	h->count++;
	if (us > h->max)
		h->max = us;
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
	uint64_t below = 0;

	for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
		below += h->buckets[bucket];
		if (h->count && (double)below >= share * (double)h->count)
			return bucket_value(bucket);
	}
	return h->max;
}
