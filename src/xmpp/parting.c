/* A stream whose session goes on over another connection, or has lost its name to another: is there still somebody at its end?
 * TCP knows. The last words have gone out; when the other end has acknowledged any of them a moment later, it was there: its
 * program may hang, but its machine is where it was. Who has changed networks acknowledges nothing. The stream does not wait for it;
 * its socket does. */
#include "parcel/parting.h"

#include <stdlib.h>
#include <unistd.h>

#include "net/acknowledged.h"
#include "xmpp/stream.h"

enum {
	WAIT_SECONDS = 2,   /* many times as long as any way there and back */
	SOCKETS_MAX = 256,  /* of one loop; beyond it nobody is said to be there */
};

struct watch {
	struct list link; /* xl->partings */
	struct timer timer;
	struct xmpp_loop *xl;
	struct parting *parting;
	uint64_t before;
	int fd;
};

static void watch_end(struct watch *w, bool there)
{
	timer_stop(&w->timer);
	list_remove(&w->link);
	w->xl->partings_len--;
	close(w->fd);
	parting_answer(w->parting, there);
	free(w);
}

static void on_over(struct timer *timer)
{
	struct watch *w = container_of(timer, struct watch, timer);

	watch_end(w, socket_acknowledged(w->fd) > w->before);
}

static bool watch_begin(struct stream *s, int fd)
{
	struct xmpp_loop *xl = s->xl;
	struct watch *w = fd >= 0 && !xl->stopping && xl->partings_len < SOCKETS_MAX ? malloc(sizeof(*w)) : NULL;

	if (!w)
		return false;
	*w = (struct watch){.xl = xl, .parting = s->parting, .before = s->acknowledged, .fd = fd};
	list_append(&xl->partings, &w->link);
	xl->partings_len++;
	timer_init(&w->timer, on_over);
	timer_start(xl->loop, &w->timer, WAIT_SECONDS);
	return true;
}

void parting_begin(struct stream *s, struct parting *p)
{
	if (s->state == STREAM_ENDED || s->parting) {
		parting_answer(p, false);
		return;
	}
	s->parting = p;
	s->acknowledged = conn_acknowledged(&s->conn);
	conn_keep_socket(&s->conn);
}

void parting_closed(struct stream *s)
{
	int fd;

	if (!s->parting)
		return;
	fd = conn_take_socket(&s->conn);
	if (watch_begin(s, fd))
		return;
	if (fd >= 0)
		close(fd);
	parting_answer(s->parting, false);
}

void partings_stop(struct xmpp_loop *xl)
{
	xl->stopping = true;
	list_each_safe(it, &xl->partings)
		watch_end(container_of(it, struct watch, link), false);
}
