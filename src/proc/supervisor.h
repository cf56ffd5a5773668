/* The supervisor's parts, for the files of this process only. One thread, one libuv loop. It holds what needs
 * rights (the ports, the certificate's key, the right to change users) and never sees what people write.
 *
 *   supervisor.c        options, opening, the loop, signals, the end
 *   child.c             one child: start, watch, start again
 *   ports.c             listening sockets and who has them otherwise
 *   desk.c              connections of the control socket, permission, answers
 *   desk_commands.c     the commands the supervisor answers itself
 *   desk_reader.c       record.*: the access is recorded, then the reader runs with the asker's descriptors
 *   display.c           the exporter of metrics
 *   mailroom.c          the courier
 *   refresh.c           reload: everything is checked before the gate hears of it
 *   secrets.c           components' secrets on their way to the gate */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "conf/settings.h"
#include "ipc/control.h"
#include "ipc/supervise.h"

enum {
	LOOPS_MAX = 64,
	PORTS_MAX = 80,
};

enum role {
	ROLE_RECORDER,
	ROLE_GATE,
	ROLES,
};

struct supervisor;
struct desk;
struct refresh;

/* The socket of one incarnation of a child; lives until libuv has let go of it. */
struct wire {
	uv_poll_t poll;
	struct supervise supervise;
	struct child *child; /* NULL once the child is gone */
};

struct child {
	struct supervisor *supervisor;
	enum role role;
	const char *name; /* of the executable, also in log lines */
	pid_t pid;        /* 0: not running */
	struct wire *wire;
	bool ready;
	bool was_ready; /* at least once */
	uint64_t started_ms, ready_ms;
	unsigned delay_ms; /* before the next start */
	unsigned early;    /* deaths in a row before READY */
	unsigned restarts;
	uv_timer_t again;
};

struct port {
	int fd;
	const char *kind; /* "starttls", "direct", "plaintext", "component" */
	const struct settings_address *address;
};

enum supervisor_state {
	SUPERVISOR_STARTING,
	SUPERVISOR_RUNNING,
	SUPERVISOR_STOPPING,
};

struct supervisor {
	char libexec[4096]; /* folder of this executable */
	struct settings *settings;
	struct settings *first; /* those of the start: ports and loops stay as they were */
	uv_loop_t loop;
	uv_signal_t signals[4];
	uv_timer_t stop_timer;
	struct child children[ROLES];
	struct port ports[PORTS_MAX];
	size_t ports_len;
	int links[LOOPS_MAX]; /* the gate's ends while it does not run; -1: none */
	unsigned loops;
	struct {
		int fd; /* the listening socket; -1: switched off */
		pid_t pid;
		unsigned restarts;
		uv_timer_t again;
	} display; /* display.c */
	struct {
		pid_t pid; /* 0: not running */
		unsigned restarts, delay_ms;
		bool renewed; /* asked to end, for new settings */
		unsigned char given[32]; /* a digest (SHA-256) of what the one that runs was given */
		uint64_t started_ms;
		uv_timer_t again;
	} mailroom; /* mailroom.c */
	struct desk *desk;
	struct refresh *refresh;
	enum supervisor_state state;
	uint64_t started_us;
	int exit_code;
};

/* ---- supervisor.c ---- */

/* Gate first, then recorder; then the loop ends. */
void supervisor_stop(struct supervisor *s, int exit_code);
/* A child's state changed: start what is next, end when nothing is left. */
void supervisor_step(struct supervisor *s);

/* ---- child.c ---- */

void child_init(struct child *c, struct supervisor *s, enum role role, const char *name);
void child_start(struct child *c);
void child_stop(struct child *c); /* asks it to end; nothing when it is not running */
void child_ended(struct child *c, int status);
/* Sends; a failure ends the incarnation. */
void child_send(struct child *c, enum supervise_type type, uint32_t number, struct str text, int fd);

struct spawn {
	const char *path;
	char **argv;
	int fds[4]; /* what becomes 0, 1, 2, 3; -1: /dev/null for 0, inherited for 1 and 2, none for 3 */
	const char *user; /* to become, when this process is root; NULL: stays */
};

/* fork, exec; the child dies with this process. 0 or -errno. */
[[nodiscard]] int spawn(const struct spawn *sp, pid_t *out_pid, struct err *err);

/* "ended by itself, exit code 3", "was killed by signal 11 (Segmentation fault)" */
void status_text(int status, char out[96]);

/* ---- ports.c ---- */

/* Opens all of the settings. On failure nothing stays open and *err has the remedy. */
[[nodiscard]] int ports_open(struct supervisor *s, struct err *err);
void ports_close(struct supervisor *s);
/* One more listening socket, for `setting`; it is the caller's. Or -errno, and *err has the remedy. */
[[nodiscard]] int port_open(struct supervisor *s, const struct settings_address *a, const char *setting, struct err *err);

/* ---- display.c: the exporter of metrics ---- */

[[nodiscard]] int display_open(struct supervisor *s, struct err *err);
void display_start(struct supervisor *s); /* nothing when it is switched off */
/* True when it was the exporter; it is started again. */
bool display_process_ended(struct supervisor *s, pid_t pid, int status);
void display_close(struct supervisor *s);

/* ---- mailroom.c: the courier ---- */

/* Password and authorities: is what mail.* names there, and closed to others? */
[[nodiscard]] int mailroom_check(const struct settings *settings, struct err *err);
void mailroom_open(struct supervisor *s);
/* Starts it when mail.server is set and there is a gate to work for; else nothing. */
void mailroom_step(struct supervisor *s);
/* Other settings may be in force: where its own are others, it finishes what it has begun, and another takes its place. */
void mailroom_renew(struct supervisor *s);
/* True when it was the courier; it is started again. */
bool mailroom_process_ended(struct supervisor *s, pid_t pid, int status);
void mailroom_close(struct supervisor *s);

/* ---- desk.c ---- */

struct desk_request; /* one request that is not answered yet */

[[nodiscard]] int desk_open(struct supervisor *s, struct err *err);
void desk_close(struct supervisor *s);
/* Takes the end of a line at whose other end somebody may ask for the status and for nothing else. 0 or -errno: the
 * socket stays the caller's. */
[[nodiscard]] int desk_adopt(struct supervisor *s, int fd);
/* An answer of a child to something this desk forwarded. */
void desk_answered(struct supervisor *s, enum role from, uint32_t id, struct str text);
/* The child can be asked: requests that came before it was ready go on. */
void desk_child_ready(struct supervisor *s, enum role role);
/* The child is gone: what it was asked will not be answered. */
void desk_child_gone(struct supervisor *s, enum role from);
/* A process that is no child of the table ended; true when it was the desk's. */
bool desk_process_ended(struct supervisor *s, pid_t pid, int status);

/* ---- secrets.c: of external components (XEP-0114) ---- */

/* Is there a secret for each of them, in a file that only its owner reads? */
[[nodiscard]] int secrets_check(const struct settings *settings, struct err *err);
/* To the gate, as SUPERVISE_KEY "component DOMAIN". */
[[nodiscard]] int secrets_send(struct supervisor *s, const struct settings *settings, struct err *err);

/* ---- refresh.c ---- */

/* Called once with NULL (done; `restart_needed` names settings, may be "") or the reason of the refusal. */
typedef void refresh_done_fn(void *owner, const char *refused, const char *restart_needed);

/* Begins a reload; `done` may be NULL. -EBUSY: one is under way. */
[[nodiscard]] int refresh_begin(struct supervisor *s, refresh_done_fn *done, void *owner);
void refresh_forget(struct supervisor *s, const void *owner); /* the owner went away */
bool refresh_process_ended(struct supervisor *s, pid_t pid, int status);
void refresh_answered(struct supervisor *s, struct str text); /* of the gate */
void refresh_gate_gone(struct supervisor *s);
/* Opens certificate and key and hands them to the gate. 0 or -errno. */
[[nodiscard]] int refresh_send_keys(struct supervisor *s, const struct settings *settings, struct err *err);
