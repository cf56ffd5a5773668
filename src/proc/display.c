/* The exporter, as the supervisor has it: its port, its line to the desk, starting it again. It is no child of the table: the
 * server runs as well without it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/supervisor.h"

enum { DISPLAY_AGAIN_MS = 1000 };

static void on_again(uv_timer_t *timer)
{
	display_start(timer->data);
}

int display_open(struct supervisor *s, struct err *err)
{
	const struct settings_addresses *list = &s->settings->metrics_listen;

	s->display.fd = -1;
	uv_timer_init(&s->loop, &s->display.again);
	s->display.again.data = s;
	if (list->len == 0)
		return 0;
	s->display.fd = port_open(s, &list->items[0], "metrics.listen", err);
	if (s->display.fd < 0)
		return s->display.fd;
	log_info("metrics on http://%s/metrics", list->items[0].text.data);
	return 0;
}

/* 0 or -errno. */
static int launch(struct supervisor *s, int pair[2], struct err *err)
{
	char path[sizeof(s->libexec) + 32];
	char *argv[] = {path, NULL};
	struct spawn sp = {.path = path, .argv = argv, .fds = {s->display.fd, -1, -1, pair[1]},
		.user = s->settings->users_gate.data};

	snprintf(path, sizeof(path), "%s/exporter", s->libexec);
	return spawn(&sp, &s->display.pid, err);
}

void display_start(struct supervisor *s)
{
	struct err err = {};
	int pair[2], r;

	if (s->display.fd < 0 || s->state == SUPERVISOR_STOPPING)
		return;
	r = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) ? -errno : 0;
	if (!r) {
		r = launch(s, pair, &err);
		close(pair[1]);
		if (r || desk_adopt(s, pair[0]))
			close(pair[0]);
	}
	if (!r)
		return;
	log_error("the exporter of metrics cannot be started: %s", err.text[0] ? err.text : strerror(-r));
	uv_timer_start(&s->display.again, on_again, DISPLAY_AGAIN_MS, 0);
}

bool display_process_ended(struct supervisor *s, pid_t pid, int status)
{
	char how[96];

	if (!pid || s->display.pid != pid)
		return false;
	s->display.pid = 0;
	s->display.restarts++;
	status_text(status, how);
	if (s->state != SUPERVISOR_STOPPING) {
		log_warn("exporter %s; starting it again", how);
		uv_timer_start(&s->display.again, on_again, DISPLAY_AGAIN_MS, 0);
	}
	return true;
}

void display_close(struct supervisor *s)
{
	uv_timer_stop(&s->display.again);
	if (s->display.fd >= 0)
		close(s->display.fd);
	s->display.fd = -1;
}
