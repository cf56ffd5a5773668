#include "net/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

enum {
	ACCEPTS_PER_EVENT = 64,
	PAUSE_MS = 200, /* when descriptors or memory are out */
};

struct listener {
	uv_poll_t poll;
	uv_timer_t pause;
	const struct listener_target *target;
	enum conn_kind kind;
	int fd;
	unsigned next; /* loop in turn */
	unsigned open_handles;
	uint64_t refused, warned_ms;
};

/* A socket on its way to its loop. */
struct arrival {
	struct task task;
	const struct listener_target *target;
	struct budget_entry *place;
	int fd;
	unsigned loop;
	enum conn_kind kind;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
	struct listener *l = timer->data;

	uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

static void listener_pause(struct listener *l, int why)
{
	log_warn("not accepting connections for %d ms: %s", PAUSE_MS, uv_strerror(-why));
	uv_poll_stop(&l->poll);
	uv_timer_start(&l->pause, on_pause_over, PAUSE_MS, 0);
}

static void on_arrival(struct task *task)
{
	struct arrival *a = container_of(task, struct arrival, task);

	a->target->accept(a->target->owner, a->loop, a->fd, a->kind, a->place);
	free(a);
}

static void listener_hand_over(struct listener *l, int fd, struct budget_entry *place)
{
	struct arrival *a = malloc(sizeof(*a));

	if (!a) {
		close(fd);
		budget_leave(l->target->budget, place, false);
		return;
	}
	*a = (struct arrival){
			.task.run = on_arrival,
			.target = l->target,
			.place = place,
			.fd = fd,
			.loop = l->next,
			.kind = l->kind,
	};
	l->next = (l->next + 1) % l->target->count;
	loop_post(l->target->loops[a->loop], &a->task);
}

/* Said at most once in ten seconds: a flood must not flood the log as well. */
static void listener_note_refusal(struct listener *l, enum budget_answer answer)
{
	static const char *const limits[] = {
			[BUDGET_TOTAL] = "limits.connections",
			[BUDGET_ADDRESS] = "limits.connections_per_address",
			[BUDGET_UNAUTHENTICATED] = "limits.unauthenticated_per_address",
	};
	uint64_t now = uv_now(l->poll.loop);

	l->refused++;
	if (l->warned_ms && now - l->warned_ms < 10000)
		return;
	l->warned_ms = now;
	log_warn("connection refused by %s (%llu so far)", limits[answer], (unsigned long long)l->refused);
}

static bool listener_accept_one(struct listener *l)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct budget_entry *place;
	enum budget_answer answer;
	int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			listener_pause(l, errno);
		return errno == EINTR || errno == ECONNABORTED;
	}
	answer = budget_enter(l->target->budget, (struct sockaddr *)&from, &place);
	if (answer == BUDGET_OK) {
		listener_hand_over(l, fd, place);
	} else {
		close(fd);
		listener_note_refusal(l, answer);
	}
	return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct listener *l = poll->data;

	(void)events;
	if (status < 0) {
		listener_pause(l, -status);
		return;
	}
	for (int i = 0; i < ACCEPTS_PER_EVENT && listener_accept_one(l); i++)
		;
}

int listener_new(struct listener **out, int fd, enum conn_kind kind, const struct listener_target *target)
{
	struct listener *l = calloc(1, sizeof(*l));
	int r;

	if (!l) {
		close(fd);
		return -ENOMEM;
	}
	l->target = target;
	l->kind = kind;
	l->fd = fd;
	r = uv_poll_init(loop_uv(target->loops[0]), &l->poll, fd);
	if (r) {
		close(fd);
		free(l);
		return r;
	}
	uv_timer_init(loop_uv(target->loops[0]), &l->pause);
	l->poll.data = l->pause.data = l;
	l->open_handles = 2;
	uv_poll_start(&l->poll, UV_READABLE, on_readable);
	*out = l;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	if (--l->open_handles == 0)
		free(l);
}

void listener_stop(struct listener *l)
{
	uv_poll_stop(&l->poll);
	close(l->fd);
	uv_close((uv_handle_t *)&l->poll, on_closed);
	uv_close((uv_handle_t *)&l->pause, on_closed);
}
