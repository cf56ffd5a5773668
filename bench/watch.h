/* What the processes of the server under test use: CPU by their own clocks (user and system, to the
 * nanosecond, threads that ended included), memory from smaps_rollup, and how busy a core was. Read by the
 * generator itself, so that the reading and the measured window begin and end together. */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define WATCH_MAX 16
#define WATCH_NAME 24

struct watch_process {
	char name[WATCH_NAME];
	pid_t pid;
	clockid_t clock;
};

struct watch {
	struct watch_process processes[WATCH_MAX];
	unsigned count;
	int core; /* whose load is read as well; -1: none */
};

struct watch_reading {
	uint64_t at_ns;
	uint64_t cpu_ns[WATCH_MAX];
	uint64_t own_ns;     /* the generator */
	uint64_t busy_ticks; /* of the core, in 1/100 s */
};

struct watch_memory {
	uint64_t rss_kib;
	uint64_t pss_kib;
};

/* Reads "name:pid,name:pid"; dies when one is not there. */
void watch_init(struct watch *w, const char *list, int core);

void watch_read(const struct watch *w, struct watch_reading *out);

/* CPU of all watched processes between two readings. */
uint64_t watch_cpu(const struct watch *w, const struct watch_reading *from, const struct watch_reading *to);

struct watch_memory watch_memory(const struct watch_process *process);

#endif
