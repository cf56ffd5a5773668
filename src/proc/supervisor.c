/* The supervisor: options, opening what needs rights, children, signals, the end. Reads no content of people.
 */
#include "proc/supervisor.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/certificate.h"
#include "conf/layout.h"

enum {
	STOP_MS = 30000,   /* a child that has not ended by then is killed */
	FDS_BESIDE = 1024, /* descriptors beside one for each connection */
};

/* ---- the end ---- */

static void on_stop_late(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;

	for (int role = 0; role < ROLES; role++)
		if (s->children[role].pid) {
			log_error("%s does not end; killing it", s->children[role].name);
			kill(s->children[role].pid, SIGKILL);
		}
}

void supervisor_stop(struct supervisor *s, int exit_code)
{
	if (s->state == SUPERVISOR_STOPPING)
		return;
	s->state = SUPERVISOR_STOPPING;
	s->exit_code = exit_code;
	log_info("stopping");
	for (int role = 0; role < ROLES; role++)
		uv_timer_stop(&s->children[role].again);
	uv_timer_start(&s->stop_timer, on_stop_late, STOP_MS, STOP_MS);
	supervisor_step(s);
}

/* The gate first, so that all it accepted reaches the recorder; then the recorder. */
static void step_stopping(struct supervisor *s)
{
	if (s->children[ROLE_GATE].pid)
		child_stop(&s->children[ROLE_GATE]);
	else if (s->children[ROLE_RECORDER].pid)
		child_stop(&s->children[ROLE_RECORDER]);
	else
		uv_stop(&s->loop);
}

/* systemd's protocol: one datagram to $NOTIFY_SOCKET. */
static void notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (!path || strlen(path) >= sizeof(address.sun_path))
		return;
	strcpy(address.sun_path, path);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
		log_warn("systemd cannot be told: %s", strerror(errno));
	close(fd);
}

static void on_running(struct supervisor *s)
{
	s->state = SUPERVISOR_RUNNING;
	notify("READY=1");
	log_info(
		"the server is running; Ctrl-C or 'gatehouse stop --dir %s' stops it", s->settings->dir.data);
}

void supervisor_step(struct supervisor *s)
{
	struct child *gate = &s->children[ROLE_GATE], *recorder = &s->children[ROLE_RECORDER];

	if (s->state == SUPERVISOR_STOPPING) {
		step_stopping(s);
		return;
	}
	if (recorder->ready && !gate->pid && !uv_is_active((uv_handle_t *)&gate->again))
		child_start(gate);
	if (s->state == SUPERVISOR_STARTING && recorder->ready && gate->ready)
		on_running(s);
	mailroom_step(s);
}

/* ---- signals ---- */

static void on_child(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		bool known = false;

		for (int role = 0; role < ROLES && !known; role++)
			if (s->children[role].pid == pid) {
				known = true;
				child_ended(&s->children[role], status);
			}
		if (!known && !refresh_process_ended(s, pid, status) && !mailroom_process_ended(s, pid, status))
			known = display_process_ended(s, pid, status) || desk_process_ended(s, pid, status); /* else: a reader whose asker went away */
	}
}

/* Its window was closed: the terminal is still open here, but answers nothing any more. */
static bool terminal_is_gone(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (!isatty(fd) && errno == EIO)
			return true;
	return false;
}

static void on_hangup(struct supervisor *s)
{
	if (terminal_is_gone()) {
		supervisor_stop(s, 0);
		return;
	}
	log_info("reloading (SIGHUP)");
	if (refresh_begin(s, NULL, NULL))
		log_warn("another reload is under way");
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct supervisor *s = handle->data;

	if (number == SIGCHLD) {
		on_child(s);
	} else if (number == SIGHUP) {
		on_hangup(s);
	} else if (s->state == SUPERVISOR_STOPPING && number == SIGINT) {
		on_stop_late(&s->stop_timer); /* a second Ctrl-C: at once */
	} else {
		supervisor_stop(s, 0);
	}
}

static int watch_signals(struct supervisor *s)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < 4; i++) {
		int r = uv_signal_init(&s->loop, &s->signals[i]);

		s->signals[i].data = s;
		if (!r)
			r = uv_signal_start(&s->signals[i], on_signal, numbers[i]);
		if (r)
			return r;
	}
	return 0;
}

/* ---- the beginning ---- */

static unsigned count_loops(const struct settings *settings)
{
	cpu_set_t set;
	unsigned n = 1;

	if (settings->loops)
		return settings->loops;
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = (unsigned)CPU_COUNT(&set);
	return n < 1 ? 1 : n > LOOPS_MAX ? LOOPS_MAX : n;
}

/* As many descriptors as the settings promise connections; inherited by the gate. */
static void raise_descriptors(const struct settings *settings)
{
	rlim_t wanted = (rlim_t)settings->limits_connections + FDS_BESIDE;
	struct rlimit limit, raised;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	raised = (struct rlimit){
		.rlim_cur = wanted, .rlim_max = limit.rlim_max < wanted ? wanted : limit.rlim_max};
	if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < wanted)
		log_warn("only %llu file descriptors are allowed, so fewer than limits.connections (%u) "
			 "clients can "
			 "connect; raise LimitNOFILE or ulimit -n",
			(unsigned long long)limit.rlim_cur, settings->limits_connections);
}

static int find_libexec(struct supervisor *s, struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", s->libexec, sizeof(s->libexec) - 1);
	char *slash;

	if (n <= 0)
		return err_errno(err, "/proc/self/exe");
	s->libexec[n] = '\0';
	slash = strrchr(s->libexec, '/');
	if (slash)
		*slash = '\0';
	return 0;
}

/* As root the children are other users; a directory that an ordinary user made is closed to them. */
static void check_owner(const char *path, const char *user)
{
	const struct passwd *entry = geteuid() == 0 ? getpwnam(user) : NULL, *owner;
	struct stat st;

	if (!entry || stat(path, &st) || st.st_uid == entry->pw_uid)
		return;
	owner = getpwuid(st.st_uid);
	log_warn("%s belongs to %s, but as root the server works on it as %s: start the server as its owner, "
		 "or give the "
		 "files to that user",
		path, owner ? owner->pw_name : "nobody here", user);
}

static int check_early(struct supervisor *s, struct err *err)
{
	struct buf warnings = BUF_INIT(4096);
	int r = certificate_check(s->settings, &warnings, err);

	if (!r && warnings.len)
		log_warn("%s", buf_cstr(&warnings));
	buf_done(&warnings);
	if (!r)
		r = secrets_check(s->settings, err);
	if (!r)
		r = mailroom_check(s->settings, err);
	if (!r && access(s->settings->record_key.data, F_OK))
		r = err_set(err, -errno,
			"the record's key %s is missing; bring it back from the backup (the record cannot be "
			"continued "
			"without it)",
			s->settings->record_key.data);
	check_owner(s->settings->record_dir.data, s->settings->users_recorder.data);
	check_owner(s->settings->store_file.data, s->settings->users_gate.data);
	return r;
}

static int supervisor_open(struct supervisor *s, const char *dir, struct err *err)
{
	int r = find_libexec(s, err);

	if (!r)
		r = layout_check(dir, err);
	if (!r)
		r = settings_load(&s->settings, dir, err);
	if (r)
		return r;
	s->first = s->settings;
	s->loops = count_loops(s->settings);
	log_set_level((enum log_level)s->settings->log_level);
	r = check_early(s, err);
	if (!r && (uv_loop_init(&s->loop) || watch_signals(s) || uv_timer_init(&s->loop, &s->stop_timer)))
		r = err_set(err, -ENOMEM, "the event loop cannot be made");
	if (!r)
		r = desk_open(s, err); /* before the ports: it tells a second start from a foreign process */
	if (!r)
		r = ports_open(s, err);
	if (!r)
		r = display_open(s, err);
	if (!r)
		mailroom_open(s);
	if (!r)
		raise_descriptors(s->settings);
	return r;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
	(void)unused;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void supervisor_close(struct supervisor *s)
{
	desk_close(s);
	display_close(s);
	mailroom_close(s);
	ports_close(s);
	for (unsigned i = 0; i < s->loops; i++)
		if (s->links[i] >= 0)
			close(s->links[i]);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	uv_walk(&s->loop, close_handle, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	if (s->settings != s->first)
		settings_free(s->settings);
	settings_free(s->first);
}

static void supervisor_run(struct supervisor *s)
{
	for (unsigned i = 0; i < LOOPS_MAX; i++)
		s->links[i] = -1;
	s->stop_timer.data = s;
	child_init(&s->children[ROLE_RECORDER], s, ROLE_RECORDER, "recorder");
	child_init(&s->children[ROLE_GATE], s, ROLE_GATE, "gate");
	child_start(&s->children[ROLE_RECORDER]);
	display_start(s);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	notify("STOPPING=1");
}

int main(int argc, char **argv)
{
	static struct supervisor s;
	struct err err = {};
	int r;

	if (argc != 3 || strcmp(argv[1], "--dir")) {
		fprintf(stderr, "usage: supervisor --dir DIR (started by 'gatehouse serve')\n");
		return 2;
	}
	log_init("supervisor", LOG_INFO);
	s.started_us = clock_utc_us();
	r = supervisor_open(&s, argv[2], &err);
	if (r) {
		log_error("cannot start: %s", err.text);
		return r == -EACCES || r == -EADDRINUSE ? 3 : 2;
	}
	supervisor_run(&s);
	r = s.exit_code;
	supervisor_close(&s);
	log_info("stopped");
	return r;
}
