/* Posting: a loop thread gathers what it posts to each other loop in a private list and hands the list over once a
 * pass under the receiver's lock; other threads (workers) take the lock for each task. */
#include "loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"

enum {
	LOOPS_MAX = 64,
	WHEEL_SLOTS = 4096, /* seconds; longer timers would fire early */
};

struct queue {
	struct task *first, **last;
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake;
	uv_prepare_t prepare;
	uv_timer_t second;
	unsigned index;
	bool stopping;
	struct queue local;            /* tasks posted by this thread to itself */
	struct queue next;             /* the same, for the next pass */
	struct queue out[LOOPS_MAX];   /* tasks for other loops, by index */
	struct loop *peers[LOOPS_MAX]; /* where out[i] goes; set at first use */
	pthread_mutex_t lock;          /* guards inbox and signalled */
	struct queue inbox;
	bool signalled;
	struct list hooks;
	struct list wheel[WHEEL_SLOTS];
	uint64_t now_s;
};

static _Thread_local struct loop *current;

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void queue_push(struct queue *q, struct task *t)
{
	t->next = NULL;
	*q->last = t;
	q->last = &t->next;
}

static void queue_splice(struct queue *to, struct queue *from)
{
	if (!from->first)
		return;
	*to->last = from->first;
	to->last = from->last;
	queue_init(from);
}

static void loop_drain_inbox(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	queue_splice(&l->local, &l->inbox);
	l->signalled = false;
	pthread_mutex_unlock(&l->lock);
}

static void on_wake(uv_async_t *async)
{
	loop_drain_inbox(async->data);
}

static void loop_hand_over(struct loop *to, struct queue *tasks)
{
	bool wake;

	pthread_mutex_lock(&to->lock);
	queue_splice(&to->inbox, tasks);
	wake = !to->signalled;
	to->signalled = true;
	pthread_mutex_unlock(&to->lock);
	if (wake)
		uv_async_send(&to->wake);
}

static void loop_run_tasks(struct loop *l)
{
	struct task *t;

	while ((t = l->local.first)) {
		l->local.first = t->next;
		if (!l->local.first)
			l->local.last = &l->local.first;
		t->run(t);
	}
}

static void loop_flush_out(struct loop *l)
{
	for (unsigned i = 0; i < LOOPS_MAX; i++)
		if (l->out[i].first)
			loop_hand_over(l->peers[i], &l->out[i]);
}

/* The end of a pass. Hooks may post tasks and tasks may make work for hooks: twice is enough for both to settle,
 * what is left makes the poll return at once. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct loop *l = prepare->data;

	queue_splice(&l->local, &l->next);
	for (int round = 0; round < 2; round++) {
		loop_run_tasks(l);
		list_each_safe(it, &l->hooks) {
			struct hook *h = container_of(it, struct hook, link);

			h->run(h);
		}
		if (!l->local.first)
			break;
	}
	loop_flush_out(l);
	if (l->local.first || l->next.first)
		uv_async_send(&l->wake);
	if (__atomic_load_n(&l->stopping, __ATOMIC_ACQUIRE))
		uv_stop(&l->uv);
}

static void wheel_turn(struct loop *l)
{
	struct list due;

	list_init(&due);
	list_splice(&due, &l->wheel[l->now_s % WHEEL_SLOTS]);
	while (!list_is_empty(&due)) {
		struct timer *t = container_of(due.next, struct timer, link);

		list_remove(&t->link);
		if (t->due > l->now_s)
			list_append(&l->wheel[t->due % WHEEL_SLOTS], &t->link);
		else
			t->fire(t);
	}
}

static void on_second(uv_timer_t *timer)
{
	struct loop *l = timer->data;
	uint64_t now = clock_mono_ms() / 1000;

	while (l->now_s < now) {
		l->now_s++;
		wheel_turn(l);
	}
}

static int loop_open(struct loop *l)
{
	int r = uv_loop_init(&l->uv);

	if (r)
		return r;
	r = uv_async_init(&l->uv, &l->wake, on_wake);
	if (r)
		return r;
	uv_prepare_init(&l->uv, &l->prepare);
	uv_timer_init(&l->uv, &l->second);
	l->wake.data = l->prepare.data = l->second.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
	uv_timer_start(&l->second, on_second, 1000, 1000);
	return 0;
}

int loop_new(struct loop **out, unsigned index)
{
	struct loop *l;
	int r;

	if (index >= LOOPS_MAX)
		return -EINVAL;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->index = index;
	pthread_mutex_init(&l->lock, NULL);
	queue_init(&l->local);
	queue_init(&l->next);
	queue_init(&l->inbox);
	for (unsigned i = 0; i < LOOPS_MAX; i++)
		queue_init(&l->out[i]);
	list_init(&l->hooks);
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		list_init(&l->wheel[i]);
	l->now_s = clock_mono_ms() / 1000;
	r = loop_open(l);
	if (r) {
		free(l);
		return r;
	}
	*out = l;
	return 0;
}

static void close_walk(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

struct loop *loop_free(struct loop *l)
{
	if (!l)
		return NULL;
	uv_walk(&l->uv, close_walk, NULL);
	while (uv_run(&l->uv, UV_RUN_DEFAULT))
		;
	uv_loop_close(&l->uv);
	pthread_mutex_destroy(&l->lock);
	free(l);
	return NULL;
}

void loop_run(struct loop *l)
{
	current = l;
	uv_run(&l->uv, UV_RUN_DEFAULT);
	current = NULL;
	arena_pool_drain();
}

void loop_stop(struct loop *l)
{
	__atomic_store_n(&l->stopping, true, __ATOMIC_RELEASE);
	uv_async_send(&l->wake);
}

struct loop *loop_current(void)
{
	return current;
}

unsigned loop_index(const struct loop *l)
{
	return l->index;
}

uv_loop_t *loop_uv(struct loop *l)
{
	return &l->uv;
}

uint64_t loop_ms(const struct loop *l)
{
	return uv_now(&l->uv);
}

uint64_t loop_seconds(const struct loop *l)
{
	return l->now_s;
}

void loop_post(struct loop *to, struct task *task)
{
	struct queue one;

	if (to == current) {
		queue_push(&to->local, task);
		return;
	}
	if (current) {
		current->peers[to->index] = to;
		queue_push(&current->out[to->index], task);
		return;
	}
	queue_init(&one);
	queue_push(&one, task);
	loop_hand_over(to, &one);
}

void loop_post_next(struct loop *l, struct task *task)
{
	queue_push(&l->next, task);
}

void loop_nudge(struct loop *l)
{
	uv_async_send(&l->wake);
}

void loop_add_hook(struct loop *l, struct hook *hook)
{
	list_append(&l->hooks, &hook->link);
}

void loop_remove_hook(struct hook *hook)
{
	list_remove(&hook->link);
}

void timer_init(struct timer *t, void (*fire)(struct timer *))
{
	list_init(&t->link);
	t->fire = fire;
	t->due = 0;
}

void timer_start(struct loop *l, struct timer *t, unsigned seconds)
{
	list_remove(&t->link);
	t->due = l->now_s + seconds + 1; /* now_s may be almost a second old */
	list_append(&l->wheel[t->due % WHEEL_SLOTS], &t->link);
}

void timer_stop(struct timer *t)
{
	list_remove(&t->link);
}
