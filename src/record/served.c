#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "record/server_private.h"

int served_new(struct server *s, uint32_t index, int fd)
{
	struct served *l = calloc(1, sizeof(*l));
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};

	if (!l) {
		close(fd);
		return -ENOMEM;
	}
	l->index = index;
	l->fd = fd;
	l->watched = EPOLLIN;
	list_init(&l->link);
	buf_init(&l->in, IN_MAX);
	buf_init(&l->out, OUT_MAX);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0) {
		int r = -errno;

		served_free(l);
		return r;
	}
	list_append(&s->links, &l->link);
	return 0;
}

void served_free(struct served *l)
{
	list_remove(&l->link);
	close(l->fd);
	buf_done(&l->in);
	buf_done(&l->out);
	buf_done(&l->runs);
	record_replay_free(l->replay);
	free(l);
}

/* The peer sees the end of the link; the supervisor replaces it. Entries it has handed over stay. */
void served_fail(struct served *l, const char *why)
{
	if (!l->dead && why)
		log_error("link %u: %s; closing it", l->index, why);
	if (!l->dead)
		shutdown(l->fd, SHUT_RDWR);
	l->dead = true;
}

/* Without space the rest waits in the socket, where it holds up nobody but its sender. A gate that is still
 * being told what there is asks for more of it through the same socket. */
void served_watch(struct server *s, struct served *l)
{
	bool reading = !l->waiting && (!l->ready || l->replay || journal_takes_rest(s->c.journal));
	uint32_t events = (reading ? (uint32_t)EPOLLIN : 0) | (l->out.len ? (uint32_t)EPOLLOUT : 0);
	struct epoll_event e = {.events = events, .data.ptr = l};

	if (l->dead || events == l->watched)
		return;
	epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, l->fd, &e);
	l->watched = events;
}

void served_send(struct server *s, struct served *l)
{
	ssize_t n;

	while (l->out.len && !l->dead) {
		n = send(l->fd, l->out.data, l->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN)
				served_fail(l, NULL);
			break;
		}
		buf_shift(&l->out, (size_t)n);
	}
	if (buf_failed(&l->out))
		served_fail(l, "the peer does not read what it is told");
	served_watch(s, l);
}

/* ---- receipts ---- */

static bool note_entry(struct served *l, uint64_t n, uint64_t seq)
{
	struct link_receipt run = {.first_n = n, .count = 1, .first_seq = seq}, *last;

	if (l->runs.len) {
		last = (struct link_receipt *)(void *)(l->runs.data + l->runs.len) - 1;
		if (n == last->first_n + last->count && seq == last->first_seq + last->count) {
			last->count++;
			return true;
		}
	}
	buf_put(&l->runs, &run, sizeof(run));
	return !buf_failed(&l->runs);
}

void served_receipts(struct server *s, struct served *l, uint64_t time_us)
{
	struct link_receipt run;

	if (l->runs.len == 0)
		return;
	for (size_t at = 0; at < l->runs.len; at += sizeof(run)) {
		memcpy(&run, l->runs.data + at, sizeof(run));
		run.time_us = time_us;
		link_put_receipt(&l->out, &run);
	}
	buf_clear(&l->runs);
	served_send(s, l);
}

/* ---- frames ---- */

static int answer_hello(struct server *s, struct served *l, const struct link_hello *h)
{
	struct journal_extent extent = journal_extent(s->c.journal);
	int r = replay_receipts(extent, h, &l->out, &l->next_n);

	if (r == 0 && h->replay)
		r = record_replay_new(&l->replay, extent, h->applied_seq);
	if (r) {
		log_error("link %u: the record cannot be read back: %s", l->index, strerror(-r));
		return -EPROTO;
	}
	memcpy(l->boot, h->boot, sizeof(l->boot));
	l->src_head = (size_t)snprintf(l->src, sizeof(l->src), "%s.%u.", h->boot, h->link);
	l->credit = LINK_WINDOW;
	l->ready = true;
	link_put_number(&l->out, LINK_WELCOME, l->next_n);
	if (s->full)
		frame_end(&l->out, frame_begin(&l->out, LINK_FULL));
	served_send(s, l);
	return 0;
}

/* Another start of the gate: what its predecessor had not handed over yet was never acknowledged. Entering
 * the record behind the replay it would be in it and reach nobody. */
static void end_predecessors(struct server *s, const char *boot)
{
	list_each (it, &s->links) {
		struct served *other = container_of(it, struct served, link);

		if (other->ready && memcmp(other->boot, boot, sizeof(other->boot)) != 0)
			served_fail(other, NULL);
	}
}

/* What an earlier link left in the buffer must be in the file first; lines of the recorder's own need not. */
static int take_hello(struct server *s, struct served *l, struct str payload)
{
	struct link_hello h;
	int r;

	if (l->ready || link_get_hello(payload, &h) < 0)
		return -EPROTO;
	end_predecessors(s, h.boot);
	r = server_flush(s);
	if (r == JOURNAL_E_FULL)
		r = s->pending ? -EAGAIN : 0;
	return r ? r : answer_hello(s, l, &h);
}

/* BOOT.LINK.N of the entry that is due; valid until the next call. */
static struct str next_src(struct served *l)
{
	struct buf b = {.data = l->src, .len = l->src_head, .cap = sizeof(l->src), .max = sizeof(l->src)};

	buf_u64(&b, l->next_n);
	return buf_view(&b);
}

/* What became of messages, and who comes and goes: nobody's message waits until these are durable. A failed
 * login is not among them. */
static bool is_awaited(uint16_t type)
{
	return type != EVENT_DELIVERED && type != EVENT_OFFLINE && type != EVENT_FETCHED &&
	       type != EVENT_LOGIN && type != EVENT_SESSION_OPEN && type != EVENT_SESSION_CLOSE;
}

static int take_append(struct server *s, struct served *l, struct str p)
{
	uint16_t type, zero;
	uint64_t seq;
	int r;

	if (!l->ready || p.len < LINK_APPEND_HEAD || p.len > LINK_ENTRY_MAX || link_u64(p.data) != l->next_n)
		return -EPROTO;
	memcpy(&type, p.data + 8, 2);
	memcpy(&zero, p.data + 10, 2);
	if (zero)
		return -EPROTO;
	r = journal_append(s->c.journal, (enum event)le16toh(type), next_src(l),
		str_cut(p, LINK_APPEND_HEAD, p.len), &seq);
	if (r)
		return r;
	if (s->pending++ == 0)
		s->since_us = clock_mono_us();
	s->awaited |= is_awaited(le16toh(type));
	return note_entry(l, l->next_n++, seq) ? 0 : -ENOMEM;
}

static int take_more(struct served *l, struct str payload)
{
	uint64_t count;

	if (!l->ready || link_get_number(payload, &count) < 0 || count > LINK_WINDOW)
		return -EPROTO;
	l->credit = l->credit + (unsigned)count > LINK_WINDOW ? LINK_WINDOW : l->credit + (unsigned)count;
	return 0;
}

static int take_frame(struct server *s, struct served *l, const struct frame *f)
{
	switch (f->type) {
	case LINK_HELLO:
		return take_hello(s, l, f->payload);
	case LINK_APPEND:
		return take_append(s, l, f->payload);
	case LINK_MORE:
		return take_more(l, f->payload);
	}
	return -EPROTO;
}

/* -EAGAIN: not now, the frame stays. */
static int take_next(struct server *s, struct served *l, size_t *at)
{
	struct frame f;
	size_t next = *at;
	int r = frame_next(buf_view(&l->in), &next, &f);

	if (r == 0)
		return 0;
	if (r > 0 && f.type == LINK_APPEND && !journal_has_room(s->c.journal))
		return -EAGAIN;
	if (r > 0)
		r = take_frame(s, l, &f);
	if (r == 0) {
		*at = next;
		return 1;
	}
	return r;
}

int served_take(struct server *s, struct served *l)
{
	size_t at = 0;
	int r;

	do
		r = l->dead ? 0 : take_next(s, l, &at);
	while (r > 0);
	buf_shift(&l->in, at);
	l->waiting = r == -EAGAIN;
	if (r == -EPROTO)
		served_fail(l, "the peer sent a malformed frame");
	else if (buf_failed(&l->in))
		served_fail(l, "the peer sent a frame that is too long");
	served_watch(s, l);
	return r == -EAGAIN || r == -EPROTO ? 0 : r;
}

int served_read(struct server *s, struct served *l)
{
	char *to = buf_room(&l->in, READ_BYTES);
	ssize_t n = to ? recv(l->fd, to, READ_BYTES, MSG_DONTWAIT) : 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0)
		l->in.len += (size_t)n;
	else if (to)
		served_fail(l, NULL);
	return served_take(s, l);
}

/* ---- replay ---- */

void served_replay(struct server *s, struct served *l)
{
	unsigned sent;
	int r;

	if (!l->replay || l->dead || l->credit == 0 || l->out.len > OUT_PAUSE)
		return;
	r = replay_step(l->replay, &l->out, l->credit, &sent);
	l->credit -= sent;
	if (r < 0) {
		log_error("link %u: the record cannot be read back: %s", l->index,
			r == -EBADMSG ? "a segment is damaged (gatehouse record verify)" : strerror(-r));
		served_fail(l, "no replay");
	}
	if (r <= 0)
		l->replay = record_replay_free(l->replay);
	served_send(s, l);
}
