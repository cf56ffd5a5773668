/* The server's CPU and memory; see watch.h. */
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fatal.h"

static void watch_add(struct watch *w, const char *item)
{
	struct watch_process *process = &w->processes[w->count];
	const char *colon = strrchr(item, ':');
	int length;

	if (w->count == WATCH_MAX || !colon)
		fatal("--watch: '%s' is not name:pid, or there are more than %d", item, WATCH_MAX);
	length = (int)(colon - item);
	snprintf(process->name, sizeof(process->name), "%.*s", length, item);
	process->pid = (pid_t)strtol(colon + 1, NULL, 10);
	if (process->pid <= 0 || clock_getcpuclockid(process->pid, &process->clock))
		fatal("--watch: there is no process '%s'", colon + 1);
	w->count++;
}

void watch_init(struct watch *w, const char *list, int core)
{
	char *copy = strdup(list ? list : "");
	char *rest = copy;
	char *item;

	*w = (struct watch){.core = core};
	while ((item = strsep(&rest, ","))) {
		if (*item)
			watch_add(w, item);
	}
	free(copy);
}

/* user, nice, system, irq, softirq and steal of "cpuN" (proc(5)); idle and iowait left out. */
static uint64_t core_busy(int core)
{
	FILE *file = fopen("/proc/stat", "re");
	unsigned long long user, nice, system, idle, iowait, irq, softirq, steal;
	uint64_t busy = 0;
	char line[512];
	int number;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu", &number, &user, &nice,
			    &system, &idle, &iowait, &irq, &softirq, &steal) == 9 &&
			number == core)
			busy = user + nice + system + irq + softirq + steal;
	}
	fclose(file);
	return busy;
}

void watch_read(const struct watch *w, struct watch_reading *out)
{
	for (unsigned i = 0; i < w->count; i++) {
		struct timespec used;

		if (clock_gettime(w->processes[i].clock, &used))
			fatal("process %d (%s) has ended", (int)w->processes[i].pid, w->processes[i].name);
		out->cpu_ns[i] = (uint64_t)used.tv_sec * NS_PER_SECOND + (uint64_t)used.tv_nsec;
	}
	out->own_ns = clock_of(CLOCK_PROCESS_CPUTIME_ID);
	out->at_ns = clock_now();
	out->busy_ticks = w->core >= 0 ? core_busy(w->core) : 0;
}

uint64_t watch_cpu(const struct watch *w, const struct watch_reading *from, const struct watch_reading *to)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < w->count; i++)
		sum += to->cpu_ns[i] - from->cpu_ns[i];
	return sum;
}

struct watch_memory watch_memory(const struct watch_process *process)
{
	struct watch_memory memory = {};
	char path[64], line[256];
	unsigned long long kib;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)process->pid);
	file = fopen(path, "re");
	if (!file)
		return memory;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Rss: %llu kB", &kib) == 1)
			memory.rss_kib = kib;
		else if (sscanf(line, "Pss: %llu kB", &kib) == 1)
			memory.pss_kib = kib;
	}
	fclose(file);
	return memory;
}
