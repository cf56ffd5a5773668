/* Connections of the control socket: lines in, lines out, who asks. What is asked is desk_commands.c's. */
#include "proc/desk.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static void caller_lines(struct caller *c);
static void caller_watch(struct caller *c);

static void caller_closed(uv_handle_t *handle)
{
	struct caller *c = handle->data;

	if (--c->handles)
		return;
	buf_done(&c->in);
	buf_done(&c->out);
	free(c);
}

static void drop_fds(struct caller *c)
{
	while (c->fds_len)
		close(c->fds[--c->fds_len]);
}

static void caller_close(struct caller *c)
{
	if (c->closing)
		return;
	c->closing = true;
	command_cancel(c);
	list_remove(&c->link);
	c->desk->connections_len--;
	drop_fds(c);
	json_decref(c->request);
	json_decref(c->status);
	uv_poll_stop(&c->poll);
	close(c->fd);
	uv_close((uv_handle_t *)&c->poll, caller_closed);
	uv_close((uv_handle_t *)&c->timer, caller_closed);
}

/* ---- answering ---- */

static void caller_flush(struct caller *c)
{
	while (c->out.len) {
		ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			caller_close(c);
			return;
		}
		buf_shift(&c->out, (size_t)n);
	}
	caller_watch(c);
}

void caller_answer(struct caller *c, json_t *answer)
{
	uv_timer_stop(&c->timer);
	drop_fds(c);
	json_decref(c->request);
	json_decref(c->status);
	c->request = c->status = NULL;
	c->cmd = NULL;
	c->act = NULL;
	c->parked = false;
	memset(c->ids, 0, sizeof(c->ids));
	c->busy = false;
	if (control_line(answer, &c->out))
		log_error("control socket: an answer is lost, memory is out");
	json_decref(answer);
	caller_flush(c);
	caller_lines(c);
}

void caller_refuse(struct caller *c, const char *code, const char *text, const char *remedy)
{
	caller_answer(c, control_error(code, text, remedy));
}

static void on_parked_late(uv_timer_t *timer)
{
	struct caller *c = timer->data;

	caller_refuse(c, "unavailable",
		c->parked_for == ROLE_GATE ? "the gate is not running just now"
					   : "the recorder is not running just now",
		"it is started again by itself; try again in a moment");
}

static void caller_park(struct caller *c, enum role role)
{
	if (c->desk->supervisor->state == SUPERVISOR_STOPPING) {
		caller_refuse(c, "unavailable", "the server is stopping", "start it again, then try again");
		return;
	}
	c->parked = true;
	c->parked_for = role;
	uv_timer_start(&c->timer, on_parked_late, DESK_READY_MS, 0);
}

void desk_child_ready(struct supervisor *s, enum role role)
{
	if (!s->desk)
		return;
	list_each_safe (it, &s->desk->connections) {
		struct caller *c = container_of(it, struct caller, link);

		if (!c->parked || c->parked_for != role)
			continue;
		c->parked = false;
		uv_timer_stop(&c->timer);
		command_run(c);
	}
}

static json_t *put_by(const struct caller *c)
{
	return json_pack("{s:I, s:s}", "uid", (json_int_t)c->peer.uid, "name", c->peer.name);
}

/* False: memory is out. */
static bool send_request(const struct caller *c, enum role to, uint32_t id, const char *cmd, json_t *args)
{
	json_t *request = json_pack("{s:s, s:O, s:o}", "cmd", cmd, "args", args, "by", put_by(c));
	struct buf line = BUF_INIT(SUPERVISE_TEXT_MAX);
	bool ok = control_line(request, &line) == 0;

	if (ok)
		child_send(&c->desk->supervisor->children[to], SUPERVISE_CONTROL, id, buf_view(&line), -1);
	json_decref(request);
	buf_done(&line);
	return ok;
}

void caller_forward(struct caller *c, enum role to, const char *cmd, json_t *args)
{
	if (!c->desk->supervisor->children[to].ready) {
		caller_park(c, to);
		return;
	}
	if (!++c->desk->last_id)
		c->desk->last_id = 1;
	c->ids[to] = c->desk->last_id;
	if (!send_request(c, to, c->ids[to], cmd, args))
		caller_refuse(c, "internal", "memory is out", "");
}

/* Answers to id 0 are nobody's. */
void caller_tell(struct caller *c, enum role to, const char *cmd, json_t *args)
{
	if (c->desk->supervisor->children[to].ready && !send_request(c, to, 0, cmd, args))
		log_error("control socket: memory is out");
}

/* ---- requests ---- */

static void caller_line(struct caller *c, struct str line)
{
	c->busy = true;
	if (control_request_parse(line, &c->request, &c->cmd, &c->args)) {
		json_t *answer = c->request;

		c->request = NULL;
		caller_answer(c, answer);
		return;
	}
	command_run(c);
}

/* Takes lines until one has to wait for its answer. An answer given at once comes back here: the loop goes on
 * with it, one call inside the other does nothing. */
static void caller_lines(struct caller *c)
{
	if (c->in_lines)
		return;
	c->in_lines = true;
	while (!c->closing && !c->busy) {
		size_t end = str_find(buf_view(&c->in), '\n', 0);
		struct buf line = BUF_INIT(0);

		if (end >= c->in.len)
			break;
		buf_put(&line, c->in.data, end);
		buf_shift(&c->in, end + 1);
		caller_line(c, buf_view(&line));
		buf_done(&line);
	}
	c->in_lines = false;
	caller_watch(c);
}

static void caller_read(struct caller *c)
{
	ssize_t n = control_recv(c->fd, &c->in, c->fds, &c->fds_len);

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		caller_close(c);
		return;
	}
	caller_lines(c);
}

static void on_caller(uv_poll_t *poll, int status, int events)
{
	struct caller *c = poll->data;

	if (status || (c->busy && (events & UV_DISCONNECT))) {
		caller_close(c);
		return;
	}
	if (events & UV_WRITABLE)
		caller_flush(c);
	if (!c->closing && !c->busy && (events & (UV_READABLE | UV_DISCONNECT)))
		caller_read(c);
}

/* While a request is under way only the end of the connection is of interest: bytes wait in the socket. */
static void caller_watch(struct caller *c)
{
	int events = UV_DISCONNECT;

	if (c->closing)
		return;
	if (c->out.len)
		events |= UV_WRITABLE;
	else if (!c->busy)
		events |= UV_READABLE;
	uv_poll_start(&c->poll, events, on_caller);
}

static bool has_too_many(const struct desk *d, uid_t uid)
{
	size_t n = 0;

	if (uid == 0 || uid == geteuid())
		return false;
	list_each (it, &d->connections)
		n += container_of(it, struct caller, link)->peer.uid == uid;
	return n >= DESK_PER_USER;
}

static int caller_new(struct desk *d, int fd, bool looks_only)
{
	struct caller *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	if (control_peer_get(fd, &c->peer) || has_too_many(d, c->peer.uid)) {
		free(c);
		return -EPERM;
	}
	c->desk = d;
	c->fd = fd;
	c->looks_only = looks_only;
	c->handles = 2;
	buf_init(&c->in, CONTROL_REQUEST_MAX + 16384);
	buf_init(&c->out, CONTROL_ANSWER_MAX);
	uv_poll_init(&d->supervisor->loop, &c->poll, fd);
	uv_timer_init(&d->supervisor->loop, &c->timer);
	c->poll.data = c->timer.data = c;
	list_append(&d->connections, &c->link);
	d->connections_len++;
	caller_watch(c);
	return 0;
}

static void on_accept(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
	struct desk *d = timer->data;

	uv_poll_start(&d->poll, UV_READABLE, on_accept);
}

/* Who waits stays readable: without a pause the loop would ask again at once. */
static void desk_pause(struct desk *d, int why)
{
	if (!d->complained)
		log_warn("control socket: nobody can be let in, trying again each %d ms: %s", DESK_PAUSE_MS,
			strerror(why));
	d->complained = true;
	uv_poll_stop(&d->poll);
	uv_timer_start(&d->pause, on_pause_over, DESK_PAUSE_MS, 0);
}

static void on_accept(uv_poll_t *poll, int status, int events)
{
	struct desk *d = poll->data;
	int fd = accept4(d->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)status;
	(void)events;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			desk_pause(d, errno);
		return;
	}
	d->complained = false;
	if (d->connections_len >= DESK_CONNECTIONS || caller_new(d, fd, false))
		close(fd);
}

/* ---- the desk ---- */

/* run/ may lie on a file system that is empty after a start of the machine. */
static void make_folder(const char *socket)
{
	char folder[4096];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", socket);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return;
	*slash = '\0';
	if (mkdir(folder, 0755) == 0 && chmod(folder, 0755) == 0) /* whatever the umask */
		log_info("made %s", folder);
}

int desk_open(struct supervisor *s, struct err *err)
{
	struct desk *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return err_set(err, -ENOMEM, "out of memory");
	d->supervisor = s;
	list_init(&d->connections);
	make_folder(s->settings->control_socket.data);
	r = control_listen(s->settings->control_socket.data, true, &d->fd, err);
	if (r) {
		free(d);
		return r;
	}
	uv_poll_init(&s->loop, &d->poll, d->fd);
	uv_timer_init(&s->loop, &d->pause);
	d->poll.data = d->pause.data = d;
	d->handles = 2;
	uv_poll_start(&d->poll, UV_READABLE, on_accept);
	s->desk = d;
	return 0;
}

int desk_adopt(struct supervisor *s, int fd)
{
	return s->desk ? caller_new(s->desk, fd, true) : -ENOTCONN;
}

static void desk_closed(uv_handle_t *handle)
{
	struct desk *d = handle->data;

	if (--d->handles == 0)
		free(d);
}

void desk_close(struct supervisor *s)
{
	struct desk *d = s->desk;

	if (!d)
		return;
	s->desk = NULL;
	list_each_safe (it, &d->connections)
		caller_close(container_of(it, struct caller, link));
	uv_poll_stop(&d->poll);
	close(d->fd);
	unlink(s->first->control_socket.data);
	uv_close((uv_handle_t *)&d->poll, desk_closed);
	uv_close((uv_handle_t *)&d->pause, desk_closed);
}

void desk_answered(struct supervisor *s, enum role from, uint32_t id, struct str text)
{
	json_error_t error;
	json_t *answer;

	if (!s->desk)
		return;
	list_each (it, &s->desk->connections) {
		struct caller *c = container_of(it, struct caller, link);

		if (!id || c->ids[from] != id)
			continue;
		c->ids[from] = 0;
		answer = json_loadb(text.data ? text.data : "", text.len, 0, &error);
		if (!answer)
			answer = control_error("internal", "a process answered what is not JSON", "");
		command_child_answer(c, from, answer);
		return;
	}
}

void desk_child_gone(struct supervisor *s, enum role from)
{
	if (!s->desk)
		return;
	list_each_safe (it, &s->desk->connections) {
		struct caller *c = container_of(it, struct caller, link);

		if (!c->ids[from])
			continue;
		c->ids[from] = 0;
		command_child_gone(c, from);
	}
}

bool desk_process_ended(struct supervisor *s, pid_t pid, int status)
{
	if (!s->desk)
		return false;
	list_each (it, &s->desk->connections) {
		struct caller *c = container_of(it, struct caller, link);

		if (c->reader != pid)
			continue;
		c->reader = 0;
		reader_ended(c, status);
		return true;
	}
	return false;
}
