/* Latencies in microseconds, in buckets no wider than 1.6 % of their value; exact below 128. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS (27 * 64)

struct histogram {
	uint64_t count;
	uint64_t max;
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t us);

/* The smallest recorded bucket below which `share` (0..1) of all values lie; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *h, double share);

#endif
