/* One child of the supervisor: started, watched, started again.
 *
 *   not running --start--> running --READY--> ready
 *        ^                    |                 |
 *        +--- delay ----------+----- ended -----+
 *
 * The delay grows from 0.1 s to 5 s while the child keeps failing, and starts over after a minute of health.
 * SIGKILL comes from outside (an operator, the kernel short of memory), so it does not count as failing. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "proc/supervisor.h"

enum {
	DELAY_MIN_MS = 100,
	DELAY_MAX_MS = 5000,
	HEALTHY_MS = 60000,
	EARLY_MAX = 3, /* deaths before the first READY ever: then the server gives up */
};

static void wire_watch(struct wire *w);

void child_init(struct child *c, struct supervisor *s, enum role role, const char *name)
{
	*c = (struct child){.supervisor = s, .role = role, .name = name, .delay_ms = DELAY_MIN_MS};
	uv_timer_init(&s->loop, &c->again);
	c->again.data = c;
}

/* ---- the socket ---- */

static void wire_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void wire_drop(struct child *c)
{
	struct wire *w = c->wire;

	if (!w)
		return;
	c->wire = NULL;
	w->child = NULL;
	uv_poll_stop(&w->poll);
	supervise_done(&w->supervise);
	uv_close((uv_handle_t *)&w->poll, wire_closed);
}

static void on_message(struct child *c, const struct supervise_message *m)
{
	struct supervisor *s = c->supervisor;

	if (m->fd >= 0)
		close(m->fd);
	if (m->type == SUPERVISE_CONTROL) {
		desk_answered(s, c->role, m->number, m->text);
	} else if (m->type == SUPERVISE_RELOAD && c->role == ROLE_GATE) {
		refresh_answered(s, m->text);
	} else if (m->type == SUPERVISE_STOP && c->role == ROLE_GATE) {
		log_info("an administrator shuts the server down with a client; the record says who");
		supervisor_stop(s, 0);
	} else if (m->type == SUPERVISE_READY) {
		c->ready = c->was_ready = true;
		c->ready_ms = clock_mono_ms();
		c->early = 0;
		log_info("%s is ready (pid %d)", c->name, (int)c->pid);
		supervisor_step(s);
		desk_child_ready(s, c->role);
	} else {
		log_error("%s sent a message that is not for the supervisor; ending it", c->name);
		kill(c->pid, SIGKILL);
	}
}

static void on_wire(uv_poll_t *poll, int status, int events)
{
	struct wire *w = poll->data;
	struct child *c = w->child;
	struct supervise_message m;
	int r = status ? -EPIPE : 0; /* an error here is the end of the other side with something unread */

	if (!r && (events & UV_WRITABLE))
		r = supervise_flush(&w->supervise);
	while (r >= 0 && c->wire == w && (r = supervise_recv(&w->supervise, &m)) > 0)
		on_message(c, &m);
	if (c->wire != w)
		return;
	if (r < 0) {
		if (r != -EPIPE)
			log_error("%s: its supervision socket failed: %s; ending it", c->name, strerror(-r));
		if (r != -EPIPE && c->pid)
			kill(c->pid, SIGKILL);
		wire_drop(c);
		return;
	}
	wire_watch(w);
}

static void wire_watch(struct wire *w)
{
	int events = UV_READABLE | (supervise_wants_write(&w->supervise) ? UV_WRITABLE : 0);

	uv_poll_start(&w->poll, events, on_wire);
}

static int wire_new(struct child *c, int fd)
{
	struct wire *w = calloc(1, sizeof(*w));
	int r;

	if (!w) {
		close(fd);
		return -ENOMEM;
	}
	w->child = c;
	r = supervise_init(&w->supervise, fd);
	if (!r)
		r = uv_poll_init(&c->supervisor->loop, &w->poll, fd);
	if (r) {
		supervise_done(&w->supervise);
		free(w);
		return r;
	}
	w->poll.data = w;
	c->wire = w;
	wire_watch(w);
	return 0;
}

void child_send(struct child *c, enum supervise_type type, uint32_t number, struct str text, int fd)
{
	int r;

	if (!c->wire)
		return;
	r = supervise_send(&c->wire->supervise, type, number, text, fd);
	if (r && r != -EPIPE) {
		log_error("%s: cannot be told: %s; ending it", c->name, strerror(-r));
		kill(c->pid, SIGKILL);
	}
	if (!r)
		wire_watch(c->wire);
}

/* ---- links between gate and recorder ---- */

/* A pair for each loop: one end to the recorder, the other to the gate or kept for it. */
static void link_pairs(struct supervisor *s)
{
	struct child *gate = &s->children[ROLE_GATE];
	int pair[2];

	for (unsigned i = 0; i < s->loops; i++) {
		if (s->links[i] >= 0)
			close(s->links[i]);
		s->links[i] = -1;
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
			log_error("no link between gate and recorder: %s", strerror(errno));
			return;
		}
		child_send(&s->children[ROLE_RECORDER], SUPERVISE_LINK, i, STR_NONE, pair[0]);
		close(pair[0]);
		if (gate->pid) {
			child_send(gate, SUPERVISE_LINK, i, STR_NONE, pair[1]);
			close(pair[1]);
		} else {
			s->links[i] = pair[1];
		}
	}
}

static void start_message(struct supervisor *s, struct buf *out)
{
	buf_printf(out, "{\"loops\":%u,\"listeners\":[", s->loops);
	for (size_t i = 0; i < s->ports_len; i++)
		buf_printf(out, "%s{\"kind\":\"%s\",\"address\":\"%s\"}", i ? "," : "", s->ports[i].kind,
			s->ports[i].address->text.data);
	buf_lit(out, "]}");
}

static void tell_gate(struct supervisor *s, struct child *gate)
{
	struct buf start = BUF_INIT(SUPERVISE_PACKET - 1);
	struct err err = {};

	start_message(s, &start);
	child_send(gate, SUPERVISE_START, 0, buf_view(&start), -1);
	buf_done(&start);
	if (refresh_send_keys(s, s->settings, &err))
		log_error("%s", err.text);
	for (size_t i = 0; i < s->ports_len; i++)
		child_send(gate, SUPERVISE_LISTENER, (uint32_t)i, STR_NONE, s->ports[i].fd);
	if (s->links[0] < 0) {
		link_pairs(s); /* the gate runs by now: both ends go out */
		return;
	}
	for (unsigned i = 0; i < s->loops; i++) {
		child_send(gate, SUPERVISE_LINK, i, STR_NONE, s->links[i]);
		close(s->links[i]);
		s->links[i] = -1;
	}
}

/* ---- start and end ---- */

static int launch(struct child *c, int fd, struct err *err)
{
	struct supervisor *s = c->supervisor;
	char path[sizeof(s->libexec) + 32];
	char dir_option[] = "--dir";
	char *argv[] = {path, dir_option, (char *)(size_t)s->settings->dir.data, NULL};
	struct spawn sp = {.path = path, .argv = argv, .fds = {-1, -1, -1, fd}};

	snprintf(path, sizeof(path), "%s/%s", s->libexec, c->name);
	sp.user = c->role == ROLE_GATE ? s->settings->users_gate.data : s->settings->users_recorder.data;
	return spawn(&sp, &c->pid, err);
}

static void on_again(uv_timer_t *timer)
{
	struct child *c = timer->data;

	/* the gate waits for a recorder, which starts it through supervisor_step */
	if (c->supervisor->state != SUPERVISOR_STOPPING &&
		(c->role == ROLE_RECORDER || c->supervisor->children[ROLE_RECORDER].ready))
		child_start(c);
}

static void start_later(struct child *c)
{
	uv_timer_start(&c->again, on_again, c->delay_ms, 0);
	c->delay_ms = c->delay_ms * 2 > DELAY_MAX_MS ? DELAY_MAX_MS : c->delay_ms * 2;
}

void child_start(struct child *c)
{
	struct supervisor *s = c->supervisor;
	struct err err = {};
	int pair[2], r;

	uv_timer_stop(&c->again);
	r = supervise_pair(pair);
	if (r) {
		log_error("%s: no supervision socket: %s", c->name, strerror(-r));
		start_later(c);
		return;
	}
	r = launch(c, pair[1], &err);
	close(pair[1]);
	if (!r)
		r = wire_new(c, pair[0]);
	else
		close(pair[0]);
	if (r) {
		log_error("%s cannot be started: %s", c->name, err.text[0] ? err.text : strerror(-r));
		start_later(c);
		return;
	}
	c->started_ms = clock_mono_ms();
	log_info("%s started (pid %d)", c->name, (int)c->pid);
	if (c->role == ROLE_RECORDER)
		link_pairs(s);
	else
		tell_gate(s, c);
}

void child_stop(struct child *c)
{
	uv_timer_stop(&c->again);
	if (c->pid && c->wire)
		child_send(c, SUPERVISE_STOP, 0, STR_NONE, -1);
	else if (c->pid)
		kill(c->pid, SIGTERM);
}

/* Before it was ever ready: what is wrong will not heal by itself. */
static bool gives_up(struct child *c)
{
	if (c->was_ready || ++c->early < EARLY_MAX)
		return false;
	log_error("%s failed %u times before it was ready; the lines above say why. Stopping", c->name,
		c->early);
	supervisor_stop(c->supervisor, 4);
	return true;
}

void child_ended(struct child *c, int status)
{
	struct supervisor *s = c->supervisor;
	bool healthy = c->ready && clock_mono_ms() - c->ready_ms >= HEALTHY_MS;
	bool asked = c->ready && status == 0;
	char how[96];

	status_text(status, how);
	c->pid = 0;
	c->ready = false;
	wire_drop(c);
	desk_child_gone(s, c->role);
	if (c->role == ROLE_GATE)
		refresh_gate_gone(s);
	if (s->state == SUPERVISOR_STOPPING) {
		if (status == 0)
			log_info("%s has stopped", c->name);
		else
			log_warn("%s %s", c->name, how);
		supervisor_step(s);
		return;
	}
	if (gives_up(c))
		return;
	if (healthy || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		c->delay_ms = DELAY_MIN_MS;
	c->restarts++;
	if (asked)
		log_info("%s was asked to start again", c->name);
	else
		log_error("%s %s; starting it again in %u.%u s", c->name, how, c->delay_ms / 1000,
		c->delay_ms % 1000 / 100);
	start_later(c);
}
