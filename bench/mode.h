/* The kinds of work. Each runs once, writes its report and returns the exit code: 0, or 1 when something was
 * lost, came twice or out of order, was refused, or when a connection failed. */
#ifndef BENCH_MODE_H
#define BENCH_MODE_H

#include "option.h"
#include "watch.h"

/* Pairs that talk both ways. Latency of a message runs from the time at which it was to be sent. */
int chat_run(const struct option_set *opt, const struct watch *watch);

/* Sessions that do nothing: memory at each step. */
int idle_run(const struct option_set *opt, const struct watch *watch);

/* Logins and logouts without end. */
int churn_run(const struct option_set *opt, const struct watch *watch);

/* Everybody tells all contacts. */
int presence_run(const struct option_set *opt, const struct watch *watch);

/* Rooms in which some speak and all hear. */
int talk_run(const struct option_set *opt, const struct watch *watch);

/* Everybody enters one room. */
int storm_run(const struct option_set *opt, const struct watch *watch);

/* Some talk, the others are shut out. */
int shut_run(const struct option_set *opt, const struct watch *watch);

#endif
