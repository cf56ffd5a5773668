#include "base/durations.h"

const uint32_t durations_us[DURATIONS_STEPS] = {100, 1000, 5000, 25000, 100000, 500000, 2500000};
const char *const durations_seconds[DURATIONS_STEPS] = {"0.0001", "0.001", "0.005", "0.025", "0.1", "0.5", "2.5"};

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

void durations_add(struct durations *d, uint64_t us)
{
	size_t i = 0;

	while (i < DURATIONS_STEPS && us > durations_us[i])
		i++;
	count(&d->step[i], 1);
	count(&d->sum_us, us);
}

void durations_gather(struct durations *to, const struct durations *from)
{
	to->sum_us += __atomic_load_n(&from->sum_us, __ATOMIC_RELAXED);
	for (size_t i = 0; i <= DURATIONS_STEPS; i++)
		to->step[i] += __atomic_load_n(&from->step[i], __ATOMIC_RELAXED);
}

uint64_t durations_count(const struct durations *d, size_t steps)
{
	uint64_t n = 0;

	for (size_t i = 0; i < steps && i <= DURATIONS_STEPS; i++)
		n += d->step[i];
	return n;
}
