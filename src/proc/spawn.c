/* Starting a process with the descriptors and the user it is to have, and nothing else of ours. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "proc/supervisor.h"

struct identity {
	bool change;
	uid_t uid;
	gid_t gid;
};

static int identity_of(const char *user, struct identity *out, struct err *err)
{
	const struct passwd *entry;

	*out = (struct identity){};
	if (!user || geteuid() != 0)
		return 0;
	errno = 0;
	entry = getpwnam(user);
	if (!entry)
		return err_set(err, -ENOENT,
			"there is no system user '%s'; make it (useradd --system %s) or name another one in "
			"users.*",
			user, user);
	*out = (struct identity){.change = true, .uid = entry->pw_uid, .gid = entry->pw_gid};
	return 0;
}

/* Everything from here runs in the child, between fork and exec. */
_Noreturn static void child_fail(const char *what)
{
	dprintf(STDERR_FILENO, "cannot start a process: %s: %s\n", what, strerror(errno));
	_exit(127);
}

static void become(const struct identity *id)
{
	if (!id->change)
		return;
	if (setgroups(1, &id->gid) || setresgid(id->gid, id->gid, id->gid) ||
		setresuid(id->uid, id->uid, id->uid))
		child_fail("changing the user");
}

/* First out of the way of 0..3, then into place, so that no order of numbers does harm. */
static void place_fds(const int fds[4])
{
	int high[4];

	for (int i = 0; i < 4; i++) {
		int from = fds[i];

		if (from < 0 && i == 0)
			from = open("/dev/null", O_RDONLY);
		high[i] = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, 16);
		if (from >= 0 && high[i] < 0)
			child_fail("descriptors");
	}
	for (int i = 0; i < 4; i++)
		if (high[i] >= 0 && dup2(high[i], i) < 0)
			child_fail("descriptors");
	if (close_range(fds[3] < 0 ? 3 : 4, ~0u, 0))
		child_fail("descriptors");
}

/* A build below a folder that is closed to the user it is to run as: the file was opened with our rights
 * before. */
static void run_closed(const struct spawn *sp, int exe)
{
	if (errno == EACCES && exe >= 0)
		syscall(SYS_execveat, exe, "", sp->argv, environ, AT_EMPTY_PATH);
}

_Noreturn static void child_run(const struct spawn *sp, const struct identity *id, pid_t parent)
{
	sigset_t none;
	int exe;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0); /* Ctrl-C is for the supervisor, which stops its children in order */
	place_fds(sp->fds);
	exe = open(sp->path, O_PATH | O_CLOEXEC);
	become(id);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		child_fail("prctl");
	if (getppid() != parent)
		_exit(127);
	umask(0077);
	execv(sp->path, sp->argv);
	run_closed(sp, exe);
	child_fail(sp->path);
}

int spawn(const struct spawn *sp, pid_t *out_pid, struct err *err)
{
	struct identity id;
	pid_t parent = getpid(), pid;
	int r = identity_of(sp->user, &id, err);

	if (r)
		return r;
	pid = fork();
	if (pid < 0)
		return err_errno(err, "starting %s", sp->path);
	if (pid == 0)
		child_run(sp, &id, parent);
	*out_pid = pid;
	return 0;
}

void status_text(int status, char out[96])
{
	if (WIFEXITED(status))
		snprintf(out, 96, "ended by itself with exit code %d", WEXITSTATUS(status));
	else
		snprintf(out, 96, "was killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
}
