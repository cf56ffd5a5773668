/* Order and place of what runs on loops, between two threads and within one. */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "loop/loop.h"

/* ---- one loop ---- */

static struct buf trace;
static struct loop *the_loop;

struct step {
	struct task task;
	char name;
	struct step *then; /* posted when this one runs */
	struct step *later; /* the same, for the next pass */
	bool stops;
};

static void run_step(struct task *task)
{
	struct step *s = container_of(task, struct step, task);

	assert_ptr_equal(loop_current(), the_loop);
	if (s->then)
		loop_post(the_loop, &s->then->task);
	if (s->later)
		loop_post_next(the_loop, &s->later->task);
	buf_putc(&trace, s->name);
	if (s->stops)
		loop_stop(the_loop);
}

static void loop_begin(void)
{
	buf_init(&trace, 0);
	assert_int_equal(loop_new(&the_loop, 3), 0);
	assert_int_equal(loop_index(the_loop), 3);
	assert_non_null(loop_uv(the_loop));
}

static void loop_end(const char *expected)
{
	assert_null(loop_current());
	the_loop = loop_free(the_loop);
	assert_str(buf_view(&trace), expected);
	buf_done(&trace);
}

/* A task posted by a task runs behind those that were waiting, in the same pass. */
static void tasks_run_in_order(void **state)
{
	struct step d = {.task.run = run_step, .name = 'd', .stops = true};
	struct step a = {.task.run = run_step, .name = 'a', .then = &d},
		    b = {.task.run = run_step, .name = 'b'}, c = {.task.run = run_step, .name = 'c'};

	(void)state;
	loop_begin();
	loop_post(the_loop, &a.task);
	loop_post(the_loop, &b.task);
	loop_post(the_loop, &c.task);
	loop_run(the_loop);
	loop_end("abcd");
}

static struct step from_hook = {.task.run = run_step, .name = 't', .stops = true};

static void first_hook(struct hook *hook)
{
	if (trace.len == 0)
		return; /* the pass before the task arrives */
	buf_putc(&trace, '1');
	loop_remove_hook(hook);
}

static void second_hook(struct hook *hook)
{
	if (trace.len == 0)
		return;
	buf_putc(&trace, '2');
	loop_post(the_loop, &from_hook.task);
	loop_remove_hook(hook);
}

/* Tasks come before hooks, hooks in order of registration, and what a hook posts before the loop blocks. */
static void hooks_run_after_tasks(void **state)
{
	struct hook one = {.run = first_hook}, two = {.run = second_hook};
	struct step a = {.task.run = run_step, .name = 'a'};

	(void)state;
	loop_begin();
	loop_add_hook(the_loop, &one);
	loop_add_hook(the_loop, &two);
	loop_post(the_loop, &a.task);
	loop_run(the_loop);
	loop_end("a12t");
}

static void end_of_pass(struct hook *hook)
{
	(void)hook;
	if (trace.len)
		buf_putc(&trace, '|');
}

/* The loop does not wait for anything before the pass in which it runs. */
static void what_is_for_the_next_pass_runs_after_the_end_of_this_one(void **state)
{
	struct hook each = {.run = end_of_pass};
	struct step d = {.task.run = run_step, .name = 'd', .stops = true};
	struct step c = {.task.run = run_step, .name = 'c', .later = &d}, b = {.task.run = run_step, .name = 'b'};
	struct step a = {.task.run = run_step, .name = 'a', .then = &b, .later = &c};

	(void)state;
	loop_begin();
	loop_add_hook(the_loop, &each);
	loop_post(the_loop, &a.task);
	loop_run(the_loop);
	loop_end("ab|c|d|");
}

static void indexes_are_bounded(void **state)
{
	struct loop *l = NULL;

	(void)state;
	assert_int_not_equal(loop_new(&l, 1000), 0);
	assert_null(l);
	assert_null(loop_free(NULL));
}

/* ---- timers ---- */

struct alarm_clock {
	struct timer timer;
	uint64_t fired_ms;
	bool stops;
};

static void on_alarm(struct timer *timer)
{
	struct alarm_clock *a = container_of(timer, struct alarm_clock, timer);

	a->fired_ms = clock_mono_ms();
	if (a->stops)
		loop_stop(the_loop);
}

static void timers_fire_in_their_second(void **state)
{
	struct alarm_clock one = {}, two = {.stops = true}, stopped = {}, moved = {};
	uint64_t start;

	(void)state;
	loop_begin();
	timer_init(&one.timer, on_alarm);
	timer_init(&two.timer, on_alarm);
	timer_init(&stopped.timer, on_alarm);
	timer_init(&moved.timer, on_alarm);
	timer_stop(&stopped.timer); /* not started: nothing happens */
	start = clock_mono_ms();
	timer_start(the_loop, &one.timer, 1);
	timer_start(the_loop, &two.timer, 2);
	timer_start(the_loop, &stopped.timer, 1);
	timer_start(the_loop, &moved.timer, 1);
	timer_start(the_loop, &moved.timer, 3600);
	timer_stop(&stopped.timer);
	loop_run(the_loop);
	assert_true(one.fired_ms != 0 && one.fired_ms <= two.fired_ms);
	assert_true(two.fired_ms - start < 4500);
	assert_int_equal(stopped.fired_ms, 0);
	assert_int_equal(moved.fired_ms, 0);
	timer_stop(&moved.timer);
	loop_end("");
}

static struct alarm_clock late;
static uint64_t late_start;

static void start_late(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
	late_start = clock_mono_ms();
	timer_start(the_loop, &late.timer, 1);
}

/* Also when it is started just before the second turns. */
static void a_timer_never_fires_early(void **state)
{
	uv_timer_t in_between;

	(void)state;
	loop_begin();
	late.stops = true;
	timer_init(&late.timer, on_alarm);
	uv_timer_init(loop_uv(the_loop), &in_between);
	uv_timer_start(&in_between, start_late, 900, 0);
	loop_run(the_loop);
	if (late.fired_ms - late_start < 1000)
		fail_msg("fired after %u ms", (unsigned)(late.fired_ms - late_start));
	assert_true(late.fired_ms - late_start < 3500);
	loop_end("");
}

/* ---- two loops ---- */

enum { BALLS = 200, ROUNDS = 500 };

struct player {
	struct loop *loop;
	pthread_t thread;
	unsigned expected[BALLS]; /* the round each ball must come in */
};

struct ball {
	struct task task;
	unsigned number, round;
	struct player *at;
};

static struct player players[2];
static unsigned landed;

static void ball_fly(struct task *task)
{
	struct ball *b = container_of(task, struct ball, task);
	struct player *here = b->at, *there = here == &players[0] ? &players[1] : &players[0];

	if (loop_current() != here->loop || here->expected[b->number]++ != b->round / 2)
		abort();
	if (++b->round == ROUNDS) {
		if (__atomic_add_fetch(&landed, 1, __ATOMIC_ACQ_REL) == BALLS)
			for (int i = 0; i < 2; i++)
				loop_stop(players[i].loop);
		return;
	}
	b->at = there;
	loop_post(there->loop, &b->task);
}

static void *play(void *arg)
{
	loop_run(((struct player *)arg)->loop);
	return NULL;
}

static void tasks_cross_between_loops(void **state)
{
	struct ball *balls = calloc(BALLS, sizeof(*balls));

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(loop_new(&players[i].loop, i), 0);
	for (unsigned i = 0; i < BALLS; i++) {
		balls[i] = (struct ball){.task.run = ball_fly, .number = i, .at = &players[0]};
		loop_post(players[0].loop, &balls[i].task);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&players[i].thread, NULL, play, &players[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(players[i].thread, NULL);
	assert_int_equal(landed, BALLS);
	for (int i = 0; i < 2; i++)
		loop_free(players[i].loop);
	free(balls);
}

/* Posts of a thread without a loop keep their order among each other. */
enum { POSTS = 20000 };

struct numbered {
	struct task task;
	unsigned number;
};

static unsigned next_number;

static void run_numbered(struct task *task)
{
	struct numbered *n = container_of(task, struct numbered, task);

	if (n->number != next_number++)
		abort();
	if (next_number == POSTS)
		loop_stop(loop_current());
}

static void a_worker_posts_in_order(void **state)
{
	struct numbered *tasks = calloc(POSTS, sizeof(*tasks));

	(void)state;
	assert_int_equal(loop_new(&players[0].loop, 0), 0);
	pthread_create(&players[0].thread, NULL, play, &players[0]);
	for (unsigned i = 0; i < POSTS; i++) {
		tasks[i] = (struct numbered){.task.run = run_numbered, .number = i};
		loop_post(players[0].loop, &tasks[i].task);
	}
	pthread_join(players[0].thread, NULL);
	assert_int_equal(next_number, POSTS);
	loop_free(players[0].loop);
	free(tasks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_run_in_order),
		cmocka_unit_test(hooks_run_after_tasks),
		cmocka_unit_test(what_is_for_the_next_pass_runs_after_the_end_of_this_one),
		cmocka_unit_test(indexes_are_bounded),
		cmocka_unit_test(timers_fire_in_their_second),
		cmocka_unit_test(a_timer_never_fires_early),
		cmocka_unit_test(tasks_cross_between_loops),
		cmocka_unit_test(a_worker_posts_in_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
