/* A thread that runs jobs one after the other, in the order they were posted. */
#pragma once

#include <stdbool.h>

struct worker;

/* Embedded in what the job is about; belongs to the worker from worker_post until run() returns. */
struct job {
	struct job *next;
	void (*run)(struct job *job);
};

/* `idle`: the thread runs only when the processor has nothing else to do (SCHED_IDLE). 0 or -errno. */
[[nodiscard]] int worker_new(struct worker **out, bool idle);

/* Runs what is queued, then ends the thread. Accepts NULL, returns NULL. */
struct worker *worker_free(struct worker *w);

void worker_post(struct worker *w, struct job *job);

/* Waits until everything posted so far has run, at most that long. False when the time is over. */
bool worker_settle(struct worker *w, unsigned timeout_ms);

/* Gives an idle worker the ordinary priority (before waiting for it). */
void worker_hurry(struct worker *w);
