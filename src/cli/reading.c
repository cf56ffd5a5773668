#include "cli/reading.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/people.h"
#include "cli/witness.h"
#include "ipc/control.h"

enum {
	WORDS_MAX = 64,
};

int reading_allowed(const struct cli *cli, const struct settings *s, const char *verb)
{
	struct control_peer me = {.uid = getuid(), .gid = getgid(), .pid = getpid()};
	char remedy[256];

	if (control_peer_in_group(&me, s->control_record_group.data))
		return 0;
	witness_refusal(s, verb);
	snprintf(remedy, sizeof(remedy), "usermod -aG %s USER", s->control_record_group.data);
	return cli_fail(cli, CLI_UNREACHABLE, remedy,
		"reading the record needs membership of the group %s, also for root",
		s->control_record_group.data);
}

_Noreturn static void become_reader(
	const struct settings *s, const char *path, const char *verb, const json_t *argv, int out_fd)
{
	char *words[WORDS_MAX + 5], dir_option[] = "--dir";
	size_t n = 0;

	words[n++] = (char *)(size_t)path;
	words[n++] = dir_option;
	words[n++] = (char *)(size_t)s->dir.data;
	words[n++] = (char *)(size_t)verb;
	for (size_t i = 0; i < json_array_size(argv) && i < WORDS_MAX; i++)
		words[n++] = (char *)(size_t)json_string_value(json_array_get(argv, i));
	words[n] = NULL;
	if ((out_fd == STDOUT_FILENO || dup2(out_fd, STDOUT_FILENO) >= 0) && witness_become(s) == 0)
		execv(path, words);
	dprintf(STDERR_FILENO, "gatehouse: %s: %s\n", path, strerror(errno));
	_exit(CLI_INTERNAL);
}

static int start(const struct cli *cli, const struct settings *s, const char *verb, const json_t *argv, int out_fd,
	pid_t *out_pid)
{
	char path[PLACE_MAX];

	if (!place_libexec("reader", path))
		return cli_fail(cli, CLI_INTERNAL, "install the package completely, or set GATEHOUSE_LIBEXEC",
			"the reader is not at %s", path);
	*out_pid = fork();
	if (*out_pid == 0)
		become_reader(s, path, verb, argv, out_fd);
	return *out_pid > 0 ? 0 : cli_fail(cli, CLI_INTERNAL, NULL, "starting the reader: %s", strerror(errno));
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : CLI_INTERNAL;
}

int reading_run(const struct cli *cli, const struct settings *s, const char *verb, const json_t *argv, int out_fd)
{
	pid_t pid;
	int r = start(cli, s, verb, argv, out_fd, &pid);

	return r ? r : wait_for(pid);
}

/* ---- a stream ---- */

struct reading {
	const struct cli *cli;
	struct control *control; /* NULL: `pid` is our own */
	pid_t pid;
	pthread_t thread; /* waits for the server's answer */
	json_t *argv, *answer;
	char cmd[32];
	int ends[2];
	int failed; /* of the call */
	struct err err;
};

/* The server passes our end of the pipe on to its reader. When it answers the reader has gone, and so must this end. */
static void *ask(void *owner)
{
	struct reading *r = owner;
	const int fds[] = {r->ends[1], STDERR_FILENO};

	r->failed = control_call(
		r->control, r->cmd, json_pack("{s:O}", "argv", r->argv), fds, 2, &r->answer, &r->err);
	close(r->ends[1]);
	return NULL;
}

static int open_offline(struct reading *r, const struct settings *s, const char *verb)
{
	int code = reading_allowed(r->cli, s, verb);

	if (!code && witness_access(s, verb, r->argv, &r->err))
		code = cli_fail(r->cli, CLI_INTERNAL, NULL, "nothing is read: %s", r->err.text);
	if (!code)
		code = start(r->cli, s, verb, r->argv, r->ends[1], &r->pid);
	close(r->ends[1]);
	return code;
}

int reading_open(struct reading **out, const struct cli *cli, const struct settings *s, struct control *control,
	const char *verb, json_t *argv)
{
	struct reading *r = calloc(1, sizeof(*r));
	int code = 0;

	if (!r || pipe2(r->ends, O_CLOEXEC)) {
		free(r);
		return cli_fail(cli, CLI_INTERNAL, NULL, "out of memory");
	}
	r->cli = cli;
	r->control = control;
	r->argv = argv;
	snprintf(r->cmd, sizeof(r->cmd), "record.%s", verb);
	if (!control)
		code = open_offline(r, s, verb);
	else if (pthread_create(&r->thread, NULL, ask, r))
		code = cli_fail(cli, CLI_INTERNAL, NULL, "out of memory");
	if (code) {
		close(r->ends[0]);
		free(r);
		return code;
	}
	*out = r;
	return 0;
}

int reading_fd(const struct reading *r)
{
	return r->ends[0];
}

static int answered(struct reading *r)
{
	int code;

	pthread_join(r->thread, NULL);
	if (r->failed)
		return cli_fail(
			r->cli, CLI_UNREACHABLE, "look at the server's log, then try again", "%s", r->err.text);
	code = people_refused(r->cli, r->answer, NULL);
	return code ? code : (int)json_integer_value(json_object_get(r->answer, "exit"));
}

int reading_close(struct reading *r)
{
	int code;

	close(r->ends[0]); /* a reader that still writes ends by that */
	code = r->control ? answered(r) : wait_for(r->pid);
	json_decref(r->answer);
	free(r);
	return code;
}
