#include "record/worker.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "record/tree.h"

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *first, **last;
	uint64_t posted, done;
	bool idle, stopping;
};

/* The job to run next, or NULL when the worker is to end. */
static struct job *worker_take(struct worker *w)
{
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while (!w->first && !w->stopping)
		pthread_cond_wait(&w->changed, &w->lock);
	job = w->first;
	if (job) {
		w->first = job->next;
		if (!w->first)
			w->last = &w->first;
	}
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct sched_param none = {};
	struct job *job;

	if (w->idle)
		pthread_setschedparam(pthread_self(), SCHED_IDLE, &none); /* only a wish */
	while ((job = worker_take(w))) {
		job->run(job);
		pthread_mutex_lock(&w->lock);
		w->done++;
		pthread_cond_broadcast(&w->changed);
		pthread_mutex_unlock(&w->lock);
	}
	tree_drain();
	return NULL;
}

int worker_new(struct worker **out, bool idle)
{
	struct worker *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;
	int r;

	if (!w)
		return -ENOMEM;
	w->last = &w->first;
	w->idle = idle;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	r = pthread_create(&w->thread, NULL, worker_main, w);
	if (r) {
		free(w);
		return -r;
	}
	*out = w;
	return 0;
}

struct worker *worker_free(struct worker *w)
{
	if (!w)
		return NULL;
	worker_hurry(w);
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return NULL;
}

void worker_post(struct worker *w, struct job *job)
{
	pthread_mutex_lock(&w->lock);
	job->next = NULL;
	*w->last = job;
	w->last = &job->next;
	w->posted++;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

bool worker_settle(struct worker *w, unsigned timeout_ms)
{
	struct timespec until;
	uint64_t goal;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&w->lock);
	goal = w->posted;
	while (w->done < goal && r == 0)
		r = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	pthread_mutex_unlock(&w->lock);
	return r == 0;
}

void worker_hurry(struct worker *w)
{
	struct sched_param none = {};

	if (w->idle)
		pthread_setschedparam(w->thread, SCHED_OTHER, &none);
}
