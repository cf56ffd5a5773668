/* System users and groups. As root the server's processes are four users who cannot touch each other's
 * files; as an ordinary user everything belongs to that user and the processes confine themselves. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/init.h"
#include "ipc/control.h"

#define GATE_USER "gatehouse-gate"
#define RECORDER_USER "gatehouse-recorder"
#define COURIER_USER "gatehouse-courier"
#define RECORD_GROUP "gatehouse-record"

extern char **environ;

static int run(const char *const argv[], struct err *err)
{
	int status = 0, r;
	pid_t pid;

	r = posix_spawnp(&pid, argv[0], NULL, NULL, (char **)(size_t)argv, environ);
	if (r)
		return err_set(err, -r, "%s: %s; install the package passwd", argv[0], strerror(r));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(err, -EIO, "%s %s failed", argv[0], argv[1]);
}

static int make_user(struct init *in, const char *name, const char *what, struct err *err)
{
	const char *const argv[] = {"useradd", "--system", "--user-group", "--no-create-home", "--home-dir",
		"/nonexistent", "--shell", "/usr/sbin/nologin", "--comment", what, name, NULL};
	int r;

	if (getpwnam(name))
		return 0;
	r = run(argv, err);
	if (!r)
		init_say(in, "made the system user %s (%s)", name, what);
	return r;
}

static int make_group(struct init *in, struct err *err)
{
	const char *const argv[] = {"groupadd", "--system", RECORD_GROUP, NULL};
	int r;

	if (getgrnam(RECORD_GROUP))
		return 0;
	r = run(argv, err);
	if (!r)
		init_say(in, "made the system group %s: its members may read the record", RECORD_GROUP);
	return r;
}

/* Whoever sits in front of it: the user behind sudo, else the one who runs this. */
static const char *person(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *entry = sudo && getpwnam(sudo) ? getpwnam(sudo) : getpwuid(getuid());

	return entry ? entry->pw_name : NULL;
}

/* A demonstration shows the record to the one who runs it. A real server leaves that to a decision. */
static int join_group(struct init *in, struct err *err)
{
	const char *name = person();
	const char *const argv[] = {"usermod", "-a", "-G", RECORD_GROUP, name, NULL};
	struct control_peer peer = {};
	const struct passwd *entry = name ? getpwnam(name) : NULL;
	int r;

	if (!entry)
		return 0;
	peer.uid = entry->pw_uid;
	peer.gid = entry->pw_gid;
	if (control_peer_in_group(&peer, RECORD_GROUP))
		return 0;
	if (!in->demo) {
		init_say(
			in, "nobody may read the record yet; to allow it: usermod -aG %s NAME", RECORD_GROUP);
		return 0;
	}
	r = run(argv, err);
	if (!r)
		init_say(in, "%s is now a member of %s and may read the record", argv[4], RECORD_GROUP);
	return r;
}

static int users_as_root(struct init *in, struct err *err)
{
	int r = make_user(in, GATE_USER, "Gatehouse gate", err);

	snprintf(in->record_group, sizeof(in->record_group), "%s", RECORD_GROUP);
	if (!r)
		r = make_user(in, RECORDER_USER, "Gatehouse recorder", err);
	if (!r)
		r = make_user(in, COURIER_USER, "Gatehouse courier", err);
	if (!r)
		r = make_group(in, err);
	return r ? r : join_group(in, err);
}

int init_users(struct init *in, struct err *err)
{
	struct control_peer me = {.uid = getuid(), .gid = getgid()};
	const struct group *own = getgrgid(getgid());

	if (in->root)
		return users_as_root(in, err);
	snprintf(in->record_group, sizeof(in->record_group), "%s", RECORD_GROUP);
	if (control_peer_in_group(&me, RECORD_GROUP))
		return 0;
	if (!own)
		return err_set(
			err, -ENOENT, "your group has no name; make one (groupadd) or run this as root");
	snprintf(in->record_group, sizeof(in->record_group), "%s", own->gr_name);
	init_say(in,
		"you are no member of %s, so your own group %s may read the record (control.record_group)",
		RECORD_GROUP, own->gr_name);
	return 0;
}

/* ---- owners ---- */

static int give(const char *path, const struct passwd *to, struct err *err)
{
	return lchown(path, to->pw_uid, to->pw_gid) ? err_errno(err, "%s", path) : 0;
}

/* The folder and the files in it. */
static int give_folder(const char *path, const struct passwd *to, struct err *err)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int r = dir ? give(path, to, err) : err_errno(err, "%s", path);

	while (!r && (entry = readdir(dir))) {
		char file[4600];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		r = give(file, to, err);
	}
	if (dir)
		closedir(dir);
	return r;
}

/* What rules look for is nobody's business but the gate's, who reads them, and root's. */
static int close_policy(const struct init *in, const struct passwd *gate, struct err *err)
{
	const char *path = init_path(in, "policy");

	return lchown(path, 0, gate->pw_gid) || chmod(path, 0750) ? err_errno(err, "%s", path) : 0;
}

int init_owners(struct init *in, struct err *err)
{
	const struct passwd *entry;
	struct passwd gate, recorder;
	int r;

	if (!in->root)
		return 0;
	entry = getpwnam(GATE_USER);
	if (!entry)
		return err_set(err, -ENOENT, "the user %s is gone", GATE_USER);
	gate = *entry;
	entry = getpwnam(RECORDER_USER);
	if (!entry)
		return err_set(err, -ENOENT, "the user %s is gone", RECORDER_USER);
	recorder = *entry;
	r = give_folder(init_path(in, "store"), &gate, err);
	if (!r)
		r = give(init_path(in, "keys/account.secret"), &gate, err);
	if (!r)
		r = close_policy(in, &gate, err);
	if (!r)
		r = give_folder(init_path(in, "record"), &recorder, err);
	if (!r)
		r = give(init_path(in, "keys/record.pub"), &recorder, err);
	return r ? r : give(init_path(in, "keys/record.key"), &recorder, err);
}
