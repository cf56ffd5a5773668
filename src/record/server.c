#include "record/server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "record/server_private.h"

enum {
	EVENTS_MAX = 64,
	GATHER_FEW = 8,  /* with fewer entries than this, waiting for company pays */
	HOLD_US = 10000, /* for so long a flush may be put off that nobody waits for, */
	HOLD_MAX = 256,  /* if it has fewer entries than this */
	TICK_US = 250000,
};

int server_new(struct server **out, const struct server_config *c)
{
	struct server *s = calloc(1, sizeof(*s));
	struct epoll_event e = {.events = EPOLLIN};

	if (!s)
		return -ENOMEM;
	s->c = *c;
	list_init(&s->links);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0 ||
		(c->watch_fd >= 0 && epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, c->watch_fd, &e) < 0)) {
		int r = -errno;

		server_free(s);
		return r;
	}
	*out = s;
	return 0;
}

struct server *server_free(struct server *s)
{
	if (!s)
		return NULL;
	list_each_safe (it, &s->links)
		served_free(container_of(it, struct served, link));
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	free(s);
	return NULL;
}

int server_add(struct server *s, uint32_t index, int fd)
{
	list_each (it, &s->links) {
		struct served *other = container_of(it, struct served, link);

		if (other->index == index)
			served_fail(other, NULL);
	}
	return served_new(s, index, fd);
}

void server_watch_write(struct server *s, bool on)
{
	struct epoll_event e = {.events = EPOLLIN | (on ? (uint32_t)EPOLLOUT : 0)};

	if (on != s->watch_write)
		epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, s->c.watch_fd, &e);
	s->watch_write = on;
}

int server_failure(const struct server *s)
{
	return s->failed;
}

/* A flush that failed is never tried again: the kernel may have dropped what it could not write, and then
 * calls the next try a success. */
int server_flush(struct server *s)
{
	int r = s->failed ? s->failed : journal_flush(s->c.journal);

	if (r < 0)
		s->failed = r;
	if (r)
		return r;
	list_each (it, &s->links)
		served_receipts(s, container_of(it, struct served, link), journal_time_us(s->c.journal));
	s->pending = 0;
	s->awaited = false;
	return 0;
}

int server_events(struct server *s, enum event type, const struct buf *fields, size_t n, uint64_t *out_seqs)
{
	int r = server_flush(s);

	for (size_t i = 0; !r && i < n; i++) {
		if (!journal_has_room(s->c.journal))
			r = server_flush(s);
		if (!r)
			r = journal_event(s->c.journal, type, buf_view(&fields[i]), &out_seqs[i]);
	}
	return r ? r : server_flush(s);
}

/* ---- the loop ---- */

static void reap(struct server *s)
{
	list_each_safe (it, &s->links) {
		struct served *l = container_of(it, struct served, link);

		if (l->dead)
			served_free(l);
	}
}

static void tell_full(struct server *s)
{
	bool full = journal_is_full(s->c.journal);

	if (full == s->full)
		return;
	s->full = full;
	if (full)
		log_error("record: no space left; entries are refused until there is");
	else
		log_info("record: there is space again");
	list_each (it, &s->links) {
		struct served *l = container_of(it, struct served, link);

		if (!l->ready)
			continue;
		frame_end(&l->out, frame_begin(&l->out, full ? LINK_FULL : LINK_READY));
		served_send(s, l);
	}
}

static int tick(struct server *s)
{
	uint64_t now = clock_mono_us();
	int r;

	if (now < s->tick_us)
		return 0;
	s->tick_us = now + TICK_US;
	r = journal_tick(s->c.journal);
	if (r == 0 && s->pending && !journal_is_dirty(s->c.journal))
		r = server_flush(s); /* what waited for space is durable now: its receipts */
	list_each (it, &s->links)
		served_watch(s, container_of(it, struct served, link));
	return r == JOURNAL_E_FULL ? 0 : r;
}

/* One wait and what it brings. `out_stop` is what on_watch returned. */
static int pass(struct server *s, const struct timespec *timeout, int *out_stop)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_pwait2(s->epoll_fd, events, EVENTS_MAX, timeout, NULL), r = 0;

	for (int i = 0; i < n && r == 0; i++) {
		struct served *l = events[i].data.ptr;

		if (!l) {
			*out_stop = s->c.on_watch(s->c.owner);
			r = s->failed ? s->failed : *out_stop < 0 ? *out_stop : 0;
			continue;
		}
		if (events[i].events & EPOLLOUT)
			served_send(s, l);
		if (!l->dead && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			r = served_read(s, l);
	}
	return r;
}

static bool take_waiting(struct server *s, int *out_r)
{
	bool any = false;

	list_each (it, &s->links) {
		struct served *l = container_of(it, struct served, link);

		if (!l->waiting || *out_r)
			continue;
		*out_r = served_take(s, l);
		any = true;
	}
	return any;
}

/* Flushes what came, then what did not fit into that flush. */
static int settle(struct server *s)
{
	int r;

	do {
		r = server_flush(s);
		if (r)
			break;
	} while (take_waiting(s, &r) && r == 0 && journal_is_dirty(s->c.journal));
	return r == JOURNAL_E_FULL ? 0 : r;
}

static bool has_replay(const struct server *s)
{
	list_each (it, &s->links) {
		struct served *l = container_of(it, struct served, link);

		if (l->replay && l->credit && l->out.len <= OUT_PAUSE && !l->dead)
			return true;
	}
	return false;
}

static void step_replays(struct server *s)
{
	list_each (it, &s->links)
		served_replay(s, container_of(it, struct served, link));
}

/* Microseconds until the flush is due: 0 unless all that is pending may still gather company. A tick finds
 * all flushed: checkpoints are made then. */
static uint64_t hold_left(const struct server *s, uint64_t now)
{
	if (!s->pending || s->pending >= HOLD_MAX || s->awaited || s->since_us + HOLD_US <= now ||
		s->tick_us <= now)
		return 0;
	list_each (it, &s->links)
		if (container_of(it, struct served, link)->waiting)
			return 0;
	return s->since_us + HOLD_US - now;
}

static struct timespec time_to_tick(const struct server *s)
{
	uint64_t now = clock_mono_us(), left = s->tick_us > now ? s->tick_us - now : 0,
		 hold = hold_left(s, now);

	if (hold && hold < left)
		left = hold;
	if (has_replay(s))
		left = 0;
	return (struct timespec){
		.tv_sec = (time_t)(left / 1000000), .tv_nsec = (long)(left % 1000000) * 1000};
}

int server_run(struct server *s)
{
	int stop = 0, r = 0;

	while (!stop && r == 0) {
		struct timespec timeout = time_to_tick(s);

		r = pass(s, &timeout, &stop);
		if (r == 0 && s->c.gather_us && s->pending && s->pending < GATHER_FEW) {
			timeout = (struct timespec){.tv_nsec = (long)s->c.gather_us * 1000};
			r = pass(s, &timeout, &stop);
		}
		if (r == 0 && (stop || !hold_left(s, clock_mono_us())))
			r = settle(s);
		if (r == 0)
			step_replays(s);
		if (r == 0)
			r = tick(s);
		tell_full(s);
		reap(s);
	}
	return r ? r : stop;
}

int server_drain(struct server *s)
{
	int r = 0;

	list_each (it, &s->links) {
		struct served *l = container_of(it, struct served, link);
		size_t before;

		do {
			before = l->in.len + l->next_n;
			if (r == 0 && !l->dead)
				r = served_read(s, l);
			if (r == 0)
				r = settle(s);
		} while (r == 0 && !l->dead && l->in.len + l->next_n != before);
	}
	reap(s);
	return r;
}
