/* The JSON object of a run, on stdout, and the line for people, on stderr. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "buf.h"
#include "crowd.h"
#include "histogram.h"
#include "tally.h"
#include "watch.h"

struct report {
	struct buf json;
	struct buf line;
};

/* Starts the object with what the run was asked to do. */
void report_begin(struct report *r, const struct option_set *opt);

void report_text(struct report *r, const char *key, const char *value);
void report_count(struct report *r, const char *key, uint64_t value);
void report_real(struct report *r, const char *key, double value);

/* Objects and lists within; key NULL inside a list. */
void report_open(struct report *r, const char *key, char bracket);
void report_close(struct report *r, char bracket);

void report_latency(struct report *r, const struct histogram *h);
void report_tally(struct report *r, const struct tally_sum *sum);

/* CPU between two readings: of each process, of all, of the generator; and for each of `units` things done.
 */
void report_cpu(struct report *r, const struct watch *w, const struct watch_reading *from,
	const struct watch_reading *to, uint64_t units);

/* Memory of each process and of all, now. Returns the sum of their RSS in KiB. */
uint64_t report_memory(struct report *r, const struct watch *w);

/* Failures of connections. */
void report_crowd(struct report *r, const struct crowd *crowd);

/* Appends to the readable line. */
__attribute__((format(printf, 2, 3))) void report_say(struct report *r, const char *format, ...);

/* Writes both, and forgets them. */
void report_end(struct report *r, bool quiet);

#endif
