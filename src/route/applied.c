/* A round of the number:
 *
 *   loop 0: ceiling = highest sequence number any loop has seen a receipt for ---- probe ---> every loop
 *   loop i: waits until receipts have come for all it had appended when the probe arrived; what it appends
 * later gets higher numbers than the ceiling. Then: its lowest unsettled number ---- answer ---> loop 0 loop
 * 0: all have answered: applied = min(ceiling, lowest - 1)  --> store
 *
 * So nothing below the number can be on its way between recorder, loops and recipients. */
#include "route/applied.h"

#include <stdlib.h>

#include "base/log.h"
#include "route/home.h"

/* ---- buckets ---- */

void holds_init(struct holds *h)
{
	for (unsigned i = 0; i < HOLD_BUCKETS; i++)
		h->bucket[i] = (struct hold){.count = 0};
	h->first = h->last = 0;
	h->seen = 0;
}

/* The newest bucket, or the next one when the newest has had its second and a free one is there. */
static struct hold *holds_open(struct holds *h, uint64_t now_ms)
{
	struct hold *b = &h->bucket[h->last];
	unsigned next = (h->last + 1) % HOLD_BUCKETS;

	if (b->first_seq == 0 || now_ms - b->opened_ms < 1000 || next == h->first)
		return b;
	h->last = next;
	return &h->bucket[next];
}

struct hold *holds_take(struct holds *h, uint64_t seq, uint64_t now_ms)
{
	struct hold *b = holds_open(h, now_ms);

	holds_see(h, seq);
	if (b->first_seq == 0) {
		b->first_seq = seq;
		b->opened_ms = now_ms;
		b->settled_ms = 0;
	} else if (seq < b->first_seq) {
		b->first_seq = seq;
	}
	b->count++;
	return b;
}

void holds_see(struct holds *h, uint64_t seq)
{
	if (seq > h->seen)
		h->seen = seq;
}

/* Buckets are freed in order, oldest first; the newest stays the place for new entries. */
uint64_t holds_lowest(struct holds *h, uint64_t now_ms)
{
	uint64_t lowest = UINT64_MAX;
	bool in_order = true;

	for (unsigned i = h->first;; i = (i + 1) % HOLD_BUCKETS) {
		struct hold *b = &h->bucket[i];

		if (b->first_seq && (b->count > 0 || now_ms < b->settled_ms)) {
			lowest = b->first_seq < lowest ? b->first_seq : lowest;
			in_order = false;
		} else if (in_order) {
			b->first_seq = 0;
			h->first = i == h->last ? i : (i + 1) % HOLD_BUCKETS;
		}
		if (i == h->last)
			return lowest;
	}
}

struct hold *hold_ref(struct hold *h)
{
	if (h)
		h->count++;
	return h;
}

struct hold *hold_unref(struct hold *h)
{
	if (h)
		h->count--;
	return NULL;
}

void hold_written(struct hold *h, uint64_t now_ms)
{
	uint64_t until = now_ms + HOLD_SETTLE_MS;

	/* All who race here write nearly the same time; a lost update costs milliseconds of two seconds. */
	if (h && h->settled_ms < until)
		h->settled_ms = until;
}

/* ---- rounds ---- */

struct probe {
	struct task task;
	struct applied *applied;
	struct home *home;
	uint64_t seen;     /* first answer: highest number seen */
	uint64_t appended; /* entries this loop had appended when the probe came */
	uint64_t lowest;
	unsigned passes;
};

struct applied {
	struct route *route;
	_Atomic uint64_t seq; /* what the store is known to have */
	uint64_t ceiling;
	unsigned waiting; /* answers still to come */
	struct store_req req;
	struct probe probe[];
};

static void on_committed(struct store_req *req, int result)
{
	struct applied *a = req->owner;

	if (result == 0)
		a->seq = a->ceiling;
	else
		log_warn("the store did not take over applied_seq (%d); trying again", result);
	store_req_release(req);
}

static void applied_commit(struct applied *a)
{
	uint64_t seq = a->ceiling;

	for (unsigned i = 0; i < a->route->count; i++)
		if (a->probe[i].lowest <= seq)
			seq = a->probe[i].lowest - 1;
	if (seq <= a->seq)
		return;
	a->ceiling = seq;
	if (store_commit_applied(a->route->env.store, &a->req, seq))
		log_warn("no memory to move applied_seq");
}

static void run_answer(struct task *task)
{
	struct probe *p = container_of(task, struct probe, task);

	if (--p->applied->waiting == 0)
		applied_commit(p->applied);
}

static void run_settle(struct task *task);

/* Once more round the loop: a receipt that was read just before may still be on its way through the stages.
 */
static void probe_again(struct probe *p)
{
	p->task.run = run_settle;
	loop_post(p->home->loop, &p->task);
}

/* Waiting for receipts takes as long as it takes: each one asks again, and the home's tick for entries that
 * nobody waits for. */
void probe_poll(struct home *h)
{
	struct probe *p = h->probe;
	struct record_stats stats;

	if (!p)
		return;
	record_stats(h->record, &stats);
	if (stats.receipted < p->appended)
		return;
	h->probe = NULL;
	p->passes = 0;
	probe_again(p);
}

static void run_settle(struct task *task)
{
	struct probe *p = container_of(task, struct probe, task);

	if (p->passes++ < 1) {
		probe_again(p);
		return;
	}
	p->lowest = holds_lowest(&p->home->holds, loop_ms(p->home->loop));
	p->task.run = run_answer;
	loop_post(p->applied->route->env.loops->loop[0], &p->task);
}

static void run_probe(struct task *task)
{
	struct probe *p = container_of(task, struct probe, task);
	struct record_stats stats;

	record_stats(p->home->record, &stats);
	p->appended = stats.appended;
	p->home->probe = p;
	probe_poll(p->home);
}

static void applied_probe(struct applied *a)
{
	a->waiting = a->route->count;
	for (unsigned i = 0; i < a->route->count; i++) {
		a->probe[i].task.run = run_probe;
		loop_post(a->route->home[i].loop, &a->probe[i].task);
	}
}

static void run_seen(struct task *task)
{
	struct probe *p = container_of(task, struct probe, task);
	struct applied *a = p->applied;

	if (p->seen > a->ceiling)
		a->ceiling = p->seen;
	if (--a->waiting == 0)
		applied_probe(a);
}

static void run_see(struct task *task)
{
	struct probe *p = container_of(task, struct probe, task);

	p->seen = p->home->holds.seen;
	p->task.run = run_seen;
	loop_post(p->applied->route->env.loops->loop[0], &p->task);
}

void applied_tick(struct applied *a)
{
	if (a->waiting || a->req.pending || a->route->replay)
		return;
	a->ceiling = a->seq;
	a->waiting = a->route->count;
	for (unsigned i = 0; i < a->route->count; i++) {
		a->probe[i].task.run = run_see;
		loop_post(a->route->home[i].loop, &a->probe[i].task);
	}
}

struct applied *applied_new(struct route *r)
{
	struct applied *a = calloc(1, sizeof(*a) + r->count * sizeof(a->probe[0]));

	if (!a)
		return NULL;
	a->route = r;
	a->seq = store_applied_seq(r->env.store);
	store_req_init(&a->req, on_committed, a);
	for (unsigned i = 0; i < r->count; i++)
		a->probe[i] = (struct probe){.applied = a, .home = &r->home[i]};
	return a;
}

struct applied *applied_free(struct applied *a)
{
	if (a && !a->req.pending)
		store_req_release(&a->req);
	free(a);
	return NULL;
}

uint64_t applied_seq(const struct applied *a)
{
	return a->seq;
}
