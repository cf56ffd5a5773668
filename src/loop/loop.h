/* One event loop per thread (libuv underneath). What runs on a loop needs no locks. Work for another loop is posted as
 * a task; posts of one pass are handed over together, in order, with one wake-up. A task posted to the loop one is on
 * runs later in the same pass, never inside the call.
 *
 *   poll sockets -> callbacks -> [tasks, until none are left] -> pass hooks in order of registration -> poll
 *
 * What concerns thousands is done in shares, each in a pass of its own (loop_post_next), so that others get
 * their turn.
 */
#pragma once

#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "base/list.h"

struct loop;

/* Embedded in the object that travels; owned by the poster until it runs, then by the receiver. */
struct task {
	struct task *next;
	void (*run)(struct task *task);
};

/* Runs once per pass, after the tasks, before the loop may block. It may post tasks (they run before blocking). */
struct hook {
	struct list link;
	void (*run)(struct hook *hook);
};

/* Coarse timer for very many of them: whole seconds, up to an hour, fires within one second after its time.
 * Embedded; timer_init() once, timer_stop() before it goes. Loop thread only. */
struct timer {
	struct list link;
	uint64_t due; /* seconds of loop_seconds() */
	void (*fire)(struct timer *timer);
};

[[nodiscard]] int loop_new(struct loop **out, unsigned index);
struct loop *loop_free(struct loop *l); /* after loop_run has returned; accepts NULL */

void loop_run(struct loop *l);  /* until loop_stop; makes l the calling thread's loop */
void loop_stop(struct loop *l); /* from any thread */

struct loop *loop_current(void); /* NULL outside loop_run */
unsigned loop_index(const struct loop *l);
uv_loop_t *loop_uv(struct loop *l);
uint64_t loop_ms(const struct loop *l);      /* monotonic, updated once a pass */
uint64_t loop_seconds(const struct loop *l); /* monotonic */

/* From any thread. From a loop thread the hand-over to another loop happens at the end of the pass. */
void loop_post(struct loop *to, struct task *task);

/* Runs in the next pass of the loop one is on, after what its sockets brought; the loop does not block
 * before. Loop thread. */
void loop_post_next(struct loop *l, struct task *task);

/* The loop shall not block before its next pass. Loop thread. */
void loop_nudge(struct loop *l);

void loop_add_hook(struct loop *l, struct hook *hook);
void loop_remove_hook(struct hook *hook);

void timer_init(struct timer *t, void (*fire)(struct timer *));
void timer_start(struct loop *l, struct timer *t, unsigned seconds); /* restarts a running one */
void timer_stop(struct timer *t);
