#include "cli/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/places.h"
#include "ipc/control.h"
#include "ipc/supervise.h"

enum {
	WITNESS_BYTES = 16 << 20, /* of one request */
	ANSWER_MS = 120000, /* a long record takes its time to be recovered after a crash */
};

int witness_become(const struct settings *s)
{
	const struct passwd *entry;

	if (getuid() != 0)
		return 0;
	if (geteuid() != 0 && seteuid(0)) /* root, who goes through the store as its owner */
		return -errno;
	errno = 0;
	entry = getpwnam(s->users_recorder.data);
	if (!entry)
		return errno ? -errno : -ENOENT;
	if (setgroups(1, &entry->pw_gid) || setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) ||
		setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid))
		return -errno;
	return 0;
}

_Noreturn static void run_recorder(const struct settings *s, const char *path, int socket, int output)
{
	if (dup2(output, STDERR_FILENO) < 0)
		_exit(126);
	if (witness_become(s) || dup2(socket, SUPERVISE_FD) < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM)) {
		dprintf(STDERR_FILENO, "gatehouse: becoming the user %s: %s\n", s->users_recorder.data,
			strerror(errno));
		_exit(126);
	}
	if (socket == SUPERVISE_FD && fcntl(SUPERVISE_FD, F_SETFD, 0))
		_exit(126);
	close_range(SUPERVISE_FD + 1, ~0u, 0);
	umask(0077);
	execl(path, path, "--dir", s->dir.data, (char *)NULL);
	dprintf(STDERR_FILENO, "gatehouse: %s: %s\n", path, strerror(errno));
	_exit(127);
}

/* The next message, waiting for it. 0 or negative. */
static int next_message(struct supervise *sup, struct supervise_message *out)
{
	struct pollfd watch = {.fd = sup->fd, .events = POLLIN};
	int r;

	for (;;) {
		r = supervise_flush(sup);
		if (!r)
			r = supervise_recv(sup, out);
		if (r)
			return r < 0 ? r : 0;
		watch.events = (short)(POLLIN | (supervise_wants_write(sup) ? POLLOUT : 0));
		if (poll(&watch, 1, ANSWER_MS) == 0)
			return -ETIMEDOUT;
	}
}

/* One number, or as many as there were acts. */
static int judge(struct str text, uint64_t *out_seqs, size_t n, struct err *err)
{
	json_t *answer = json_loadb(text.data ? text.data : "", text.len, 0, NULL);
	const json_t *seqs = json_object_get(answer, "seqs");
	const char *code, *why, *remedy;
	int r = 0;

	if (control_failed(answer, &code, &why, &remedy))
		r = err_set(err, -EIO, "%s%s%s", why, remedy[0] ? "; " : "", remedy);
	else if (json_object_get(answer, "seq"))
		*out_seqs = (uint64_t)json_integer_value(json_object_get(answer, "seq"));
	else if (json_array_size(seqs) != n)
		r = err_set(err, -EPROTO, "the recorder answered something else");
	for (size_t i = 0; !r && seqs && i < n; i++)
		out_seqs[i] = (uint64_t)json_integer_value(json_array_get(seqs, i));
	json_decref(answer);
	return r;
}

struct witness {
	struct supervise sup;
	pid_t pid;
	int output;
	uint32_t last;
	bool failed;
};

static int not_written(struct witness *w, int code, struct err *err)
{
	w->failed = true;
	return err_set(err, code, "the recorder could not write it into the record; its lines say why");
}

/* A request and its answer. */
static int converse(struct witness *w, struct str line, uint64_t *out_seqs, size_t n, struct err *err)
{
	struct supervise_message m;
	int r = supervise_send(&w->sup, SUPERVISE_CONTROL, ++w->last, line, -1);

	if (!r)
		r = next_message(&w->sup, &m);
	if (!r && m.type != SUPERVISE_CONTROL)
		r = -EPROTO;
	if (r)
		return not_written(w, r, err);
	r = judge(m.text, out_seqs, n, err);
	w->failed |= r != 0;
	return r;
}

/* What the recorder wrote about itself matters only when it failed. */
static void show_output(int output)
{
	char text[4096];
	ssize_t n, at = 0;

	while ((n = pread(output, text, sizeof(text), at)) > 0 && write(STDERR_FILENO, text, (size_t)n) == n)
		at += n;
}

int witness_open(struct witness **out, const struct settings *s, struct err *err)
{
	struct witness *w = calloc(1, sizeof(*w));
	struct supervise_message m;
	char path[PLACE_MAX];
	int ends[2], r;

	if (!w)
		return err_set(err, -ENOMEM, "memory is out");
	if (!place_libexec("recorder", path)) {
		free(w);
		return err_set(err, -ENOENT, "the recorder is not at %s; set GATEHOUSE_LIBEXEC", path);
	}
	w->output = memfd_create("recorder", MFD_CLOEXEC);
	if (w->output < 0 || supervise_pair(ends)) {
		free(w);
		return err_errno(err, "starting the recorder");
	}
	w->pid = fork();
	if (w->pid == 0)
		run_recorder(s, path, ends[1], w->output);
	close(ends[1]);
	r = supervise_init(&w->sup, ends[0]);
	if (!r && w->pid < 0)
		r = err_set(err, -EIO, "the recorder cannot be started");
	if (!r) {
		r = next_message(&w->sup, &m);
		if (!r && m.type != SUPERVISE_READY)
			r = -EPROTO;
		if (r)
			not_written(w, r, err);
	}
	w->failed |= r != 0;
	if (r)
		witness_close(w);
	else
		*out = w;
	return r;
}

void witness_close(struct witness *w)
{
	int status = 0;

	if (!w)
		return;
	if (w->pid > 0 && (supervise_send(&w->sup, SUPERVISE_STOP, 0, STR_NONE, -1) || supervise_flush(&w->sup)))
		log_warn("the recorder has gone already");
	supervise_done(&w->sup);
	while (w->pid > 0 && waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (w->failed)
		show_output(w->output);
	close(w->output);
	free(w);
}

static int put(struct witness *w, json_t *event, uint64_t *out_seqs, size_t n, struct err *err)
{
	struct buf line = BUF_INIT(WITNESS_BYTES);
	int r = control_line(event, &line);

	json_decref(event);
	r = r ? err_set(err, r, "too long for the record") : converse(w, buf_view(&line), out_seqs, n, err);
	buf_done(&line);
	return r;
}

static int append(const struct settings *s, json_t *event, uint64_t *out_seq, struct err *err)
{
	struct witness *w = NULL;
	int r = witness_open(&w, s, err);

	if (r)
		json_decref(event);
	else
		r = put(w, event, out_seq, 1, err);
	witness_close(w);
	return r;
}

static json_t *who(void)
{
	const struct passwd *entry = getpwuid(getuid());

	return json_pack(
		"{s:I, s:s}", "uid", (json_int_t)getuid(), "name", entry ? entry->pw_name : "unknown");
}

static json_t *act_json(const struct witness_act *act)
{
	json_t *args = json_pack(
		"{s:s, s:s, s:s}", "command", act->command, "target", act->target, "text", act->text);

	if (args && act->undone) {
		json_object_set_new(args, "undone", json_string(act->undone));
		json_object_set_new(args, "of_seq", json_integer((json_int_t)act->of_seq));
	}
	return args;
}

static json_t *admin_event(const struct witness_act *act)
{
	return json_pack("{s:s, s:o, s:o}", "cmd", "record.admin", "args", act_json(act), "by", who());
}

int witness_put_many(
	struct witness *w, const struct witness_act *acts, size_t n, uint64_t *out_seqs, struct err *err)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, act_json(&acts[i]));
	return put(w, json_pack("{s:s, s:{s:o}, s:o}", "cmd", "record.admins", "args", "acts", list, "by", who()), out_seqs, n,
		err);
}

int witness_put(struct witness *w, const struct witness_act *act, uint64_t *out_seq, struct err *err)
{
	return put(w, admin_event(act), out_seq, 1, err);
}

int witness_admin(const struct settings *s, const struct witness_act *act, uint64_t *out_seq, struct err *err)
{
	return append(s, admin_event(act), out_seq, err);
}

int witness_access(const struct settings *s, const char *command, json_t *argv, struct err *err)
{
	uint64_t seq;

	return append(s,
		json_pack("{s:s, s:{s:s, s:O}, s:o}", "cmd", "record.access", "args", "command", command,
			"argv", argv, "by", who()),
		&seq, err);
}

void witness_refusal(const struct settings *s, const char *command)
{
	struct err err = {};
	uint64_t seq;

	if (access(s->record_dir.data, W_OK) == 0 &&
		append(s,
			json_pack("{s:s, s:{s:s, s:b, s:i}, s:o}", "cmd", "record.access", "args", "command",
				command, "refused", 1, "count", 1, "by", who()),
			&seq, &err))
		log_warn("that is not in the record: %s", err.text);
}
