/* restore: a backup becomes a data directory. Every file is summed on its way and the record verified before the word
 * "restored" is said; gatehouse.yaml goes again when anything fails, so that nobody starts a half-made directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/secret.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "cli/amount.h"
#include "cli/backup.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/reading.h"
#include "cli/rebuild.h"
#include "cli/witness.h"
#include "conf/service.h"

enum {
	SETTINGS_MAX = 1 << 20,
	SHOWN_MAX = 4096,
};

struct restore {
	struct cli *cli;
	char from[BACKUP_PATH], dir[BACKUP_PATH];
	struct settings *settings;
	struct sums sums;
	json_t *manifest, *notes;
	struct progress progress;
	uint64_t bytes;
	bool recorded;
};

static void moved(void *owner, uint64_t bytes)
{
	struct restore *r = owner;

	r->bytes += bytes;
	progress_at(&r->progress, (size_t)(r->bytes >> 20));
}

static int failed(const struct restore *r, const char *what, int code)
{
	return cli_fail(r->cli, code == -EACCES || code == -EPERM ? CLI_UNREACHABLE : CLI_INTERNAL,
		code == -EACCES ? "run this as root, or as the user the server is to run as" : NULL, "%s: %s", what,
		strerror(-code));
}

__attribute__((format(printf, 2, 3))) static void note(struct restore *r, const char *fmt, ...)
{
	char text[BACKUP_PATH + 256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(r->notes, json_string(text));
}

/* ---- the target ---- */

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	bool empty = dir != NULL;

	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			empty = false;
	if (dir)
		closedir(dir);
	return empty;
}

static int take_target(struct restore *r)
{
	AUTO(auto_free) char *real = NULL;
	const char *dir = r->cli->dir;

	if (mkdir(dir, geteuid() == 0 ? 0755 : 0750) && errno != EEXIST)
		return cli_fail(r->cli, CLI_USAGE, "name a folder that you may make; its parent must be there", "%s: %s",
			dir, strerror(errno));
	real = realpath(dir, NULL);
	if (!real || strlen(real) > BACKUP_PATH - 512)
		return cli_fail(r->cli, CLI_USAGE, NULL, "%s cannot be used", dir);
	snprintf(r->dir, sizeof(r->dir), "%s", real);
	if (!is_empty(real))
		return cli_fail(r->cli, CLI_NO,
			"name an empty folder with --dir; to put the backup in the place of this one stop the server and "
			"move the folder away first",
			"%s is not empty; nothing was changed", real);
	return 0;
}

static int take_backup(struct restore *r)
{
	AUTO(auto_free) char *real = realpath(r->cli->args[0], NULL);

	if (!real || strlen(real) > BACKUP_PATH - 512)
		return cli_fail(r->cli, CLI_USAGE, "name a folder that 'gatehouse backup' has made", "%s: %s",
			r->cli->args[0], strerror(errno));
	snprintf(r->from, sizeof(r->from), "%s", real);
	return backup_load(r->cli, r->from, &r->sums, &r->manifest);
}

/* The settings as they will be there. */
static int take_settings(struct restore *r)
{
	char path[BACKUP_PATH], text[65536];
	struct buf all = BUF_INIT(SETTINGS_MAX);
	struct err err = {};
	ssize_t n = -1;
	int code;

	if (!backup_join(path, r->from, "gatehouse.yaml"))
		return CLI_INTERNAL;
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
		buf_put(&all, text, (size_t)n);
	code = n || buf_failed(&all) ? err_errno(&err, "%s", path)
				     : settings_parse(&r->settings, r->dir, buf_view(&all), path, &err);
	buf_done(&all);
	return code ? cli_fail(r->cli, CLI_USAGE, "take another backup", "%s", err.text) : 0;
}

/* ---- files ---- */

/* Who alone may read it, as `gatehouse init` has it. */
static mode_t mode_of(const char *path)
{
	struct str s = str_from(path);

	if (str_ends(s, STR(".jsonl.gz")))
		return 0400;
	if (str_starts(s, STR("policy/")) || str_starts(s, STR("tls/server.crt")) || str_starts(s, STR("tls/ca.crt")) ||
		str_starts(s, STR("tls/clients.")) ||
		str_eq(s, STR("gatehouse.yaml")) || str_eq(s, STR("VERSION")) || str_ends(s, STR("record.pub")))
		return 0644;
	return 0600;
}

/* Folders of one place, outermost first; those that are made are as open as init makes them. */
static int make_way(const char *place)
{
	return backup_make_folders("", place + 1, geteuid() == 0 ? 0755 : 0750);
}

static int open_place(struct restore *r, const char *path, const char *place, int *out_fd)
{
	int code = make_way(place);

	*out_fd = code ? -1 : open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*out_fd >= 0)
		return 0;
	if (!code)
		code = -errno;
	if (code == -EEXIST && strncmp(path, "tls/", 4) == 0) {
		note(r, "%s was there already and stays as it is", place);
		return 0;
	}
	if (code == -EEXIST)
		return cli_fail(r->cli, CLI_NO,
			"the settings of the backup name places outside of the folder: move what is there away",
			"%s is there already; nothing is written over", place);
	return failed(r, place, code);
}

static int put_file(struct restore *r, const struct sum *sum)
{
	char source[BACKUP_PATH], place[BACKUP_PATH];
	unsigned char hash[SUM_BYTES];
	AUTO(auto_close) int from = -1;
	AUTO(auto_close) int to = -1;
	int code;

	if (!backup_join(source, r->from, sum->path))
		return failed(r, sum->path, -ENAMETOOLONG);
	from = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from < 0)
		return failed(r, source, -errno);
	if (backup_place(r->settings, sum->path, place)) {
		code = open_place(r, sum->path, place, &to);
		if (code)
			return code;
	}
	code = sum_copy(from, to, UINT64_MAX, moved, r, hash, NULL);
	if (!code && to >= 0 && (fchmod(to, mode_of(sum->path)) || fsync(to)))
		code = -errno;
	if (code)
		return failed(r, sum->path, code);
	if (memcmp(hash, sum->hash, SUM_BYTES))
		return cli_fail(r->cli, CLI_NO, "use another backup; sha256sum -c SHA256SUMS there names all damaged files",
			"%s is not what it was when the backup was made", source);
	return 0;
}

static int put_files(struct restore *r)
{
	int code = 0;

	progress_begin(&r->progress, "MiB", 0, r->cli->json);
	for (size_t i = 0; i < r->sums.len && !code; i++)
		code = put_file(r, &r->sums.items[i]);
	progress_end(&r->progress);
	return code;
}

/* ---- folders, keys, owners ---- */

static int make_folder(struct restore *r, const char *path, mode_t mode)
{
	return (mkdir(path, mode) && errno != EEXIST) || chmod(path, mode) ? failed(r, path, -errno) : 0;
}

static int parent_folder(struct restore *r, const char *file, mode_t mode)
{
	char folder[BACKUP_PATH];
	const char *slash = strrchr(file, '/');

	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - file), file);
	return make_folder(r, folder, mode);
}

/* As init makes them; folders outside are as their owner made them. */
static int make_folders(struct restore *r)
{
	const struct settings *s = r->settings;
	bool root = geteuid() == 0;
	char run[BACKUP_PATH], keys[BACKUP_PATH];
	int code = parent_folder(r, s->store_file.data, 0700);

	if (!code)
		code = make_folder(r, s->record_dir.data, 0700);
	if (!code && backup_join(run, r->dir, "run"))
		code = make_folder(r, run, 0755);
	if (!code && backup_join(keys, r->dir, "keys"))
		code = make_folder(r, keys, root ? 0755 : 0700);
	if (!code && settings_components_len(s))
		code = make_folder(r, s->components_secrets.data, 0700);
	return code;
}

static int make_secret(struct restore *r)
{
	struct account_secret secret;
	char path[BACKUP_PATH];
	struct err err = {};
	int code = backup_join(path, r->dir, "keys/account.secret")
			   ? account_secret_load_or_make(&secret, path, &err)
			   : -ENAMETOOLONG;

	account_secret_wipe(&secret);
	return code ? cli_fail(r->cli, CLI_INTERNAL, NULL, "%s", err.text) : 0;
}

static int give(struct restore *r, const char *path, uid_t uid, gid_t gid)
{
	return lchown(path, uid, gid) && errno != ENOENT ? failed(r, path, -errno) : 0;
}

static int give_folder(struct restore *r, const char *path, uid_t uid, gid_t gid)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	int code = dir ? give(r, path, uid, gid) : failed(r, path, -errno);

	while (dir && !code && (e = readdir(dir))) {
		char file[BACKUP_PATH];

		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && backup_join(file, path, e->d_name))
			code = give(r, file, uid, gid);
	}
	if (dir)
		closedir(dir);
	return code;
}

struct owner {
	uid_t uid;
	gid_t gid;
};

static int find_owner(struct restore *r, const char *name, struct owner *out)
{
	const struct passwd *entry = getpwnam(name);

	if (!entry)
		return cli_fail(r->cli, CLI_USAGE, "make it (useradd --system), or restore as an ordinary user",
			"the settings name the system user '%s', who is not there", name);
	*out = (struct owner){entry->pw_uid, entry->pw_gid};
	return 0;
}

static int give_store(struct restore *r, const struct owner *gate)
{
	char path[BACKUP_PATH];
	struct stat dir, own;
	char *slash;
	int code;

	snprintf(path, sizeof(path), "%s", r->settings->store_file.data);
	slash = strrchr(path, '/');
	*slash = '\0';
	code = give(r, r->settings->store_file.data, gate->uid, gate->gid);
	if (code || stat(path, &dir) || stat(r->dir, &own))
		return code;
	return dir.st_ino == own.st_ino ? 0 : give_folder(r, path, gate->uid, gate->gid);
}

/* As root the processes are other users, who have to reach what is theirs. */
static int give_all(struct restore *r)
{
	const struct settings *s = r->settings;
	struct owner gate = {}, recorder = {};
	char path[BACKUP_PATH];
	int code;

	if (geteuid() != 0)
		return 0;
	code = find_owner(r, s->users_gate.data, &gate);
	if (!code)
		code = find_owner(r, s->users_recorder.data, &recorder);
	if (!code)
		code = give_store(r, &gate);
	if (!code)
		code = give_folder(r, s->record_dir.data, recorder.uid, recorder.gid);
	if (!code && backup_join(path, r->dir, "keys/account.secret"))
		code = give(r, path, gate.uid, gate.gid);
	if (!code)
		code = give(r, s->record_key.data, recorder.uid, recorder.gid);
	if (!code && backup_place(s, "keys/record.pub", path))
		code = give(r, path, recorder.uid, recorder.gid);
	if (!code && (lchown(s->policy_dir.data, 0, gate.gid) || chmod(s->policy_dir.data, 0750)))
		code = failed(r, s->policy_dir.data, -errno);
	return code;
}

/* ---- is it whole? ---- */

static int verify(struct restore *r)
{
	AUTO(auto_close) int output = memfd_create("verify", MFD_CLOEXEC);
	json_t *argv = json_array();
	char text[SHOWN_MAX];
	ssize_t n;
	int code = output < 0 ? CLI_INTERNAL : reading_run(r->cli, r->settings, "verify", argv, output);

	json_decref(argv);
	if (!code)
		return 0;
	n = output < 0 ? 0 : pread(output, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return cli_fail(r->cli, code == CLI_NO ? CLI_NO : CLI_INTERNAL,
		"use another backup; the files stay for looking at them", "the record in the backup does not verify:\n%s",
		text);
}

static int record_act(struct restore *r)
{
	const char *made = json_string_value(json_object_get(r->manifest, "made"));
	struct err err = {};
	char text[128];
	uint64_t seq;

	if (access(r->settings->record_key.data, F_OK)) {
		note(r, "the backup has no private keys: put the record's key at %s before the first start; without it the "
			"record cannot be continued",
			r->settings->record_key.data);
		return 0;
	}
	snprintf(text, sizeof(text), "backup of %s", made ? made : "an unknown time");
	if (witness_admin(r->settings,
		    &(struct witness_act){.command = "restore", .target = r->dir, .text = text}, &seq, &err))
		return cli_fail(r->cli, CLI_INTERNAL, NULL, "the restored record cannot be continued: %s", err.text);
	r->recorded = true;
	return 0;
}

static void look_for_keys(struct restore *r)
{
	const struct settings *s = r->settings;
	char path[BACKUP_PATH];

	if (access(s->tls_key.data, F_OK))
		note(r, "the private key of the certificate is missing: put it at %s", s->tls_key.data);
	for (size_t i = 0; i < settings_components_len(s); i++) {
		snprintf(path, sizeof(path), "%s/%.*s", s->components_secrets.data, STR_FMT(settings_component(s, i)));
		if (access(path, F_OK))
			note(r, "the secret of a component is missing: put it at %s", path);
	}
}

/* ---- the command ---- */

static int report(const struct restore *r)
{
	const json_t *line;
	size_t i;

	if (r->cli->json)
		return cli_print_json(json_pack("{s:b, s:s, s:s, s:I, s:I, s:b, s:O, s:O}", "ok", 1, "dir", r->dir, "backup",
					      r->from, "files", (json_int_t)r->sums.len, "bytes", (json_int_t)r->bytes,
					      "recorded", r->recorded, "manifest", r->manifest, "notes", r->notes),
			CLI_OK);
	cli_say(r->cli, "restored %s\n  %s, %" PRIu64 " MiB, every one as it was; the record is whole\n", r->dir,
		AMOUNT(r->sums.len, "file", "files"), r->bytes >> 20);
	json_array_foreach(r->notes, i, line) cli_say(r->cli, "  %s\n", json_string_value(line));
	cli_say(r->cli, "next: gatehouse serve --dir %s; what the store lacks is taken from the record then\n", r->cli->dir);
	return CLI_OK;
}

static int restore(struct restore *r)
{
	static int (*const steps[])(struct restore *r) = {
		put_files, make_folders, make_secret, give_all, verify, record_act};
	int code = take_backup(r);

	if (!code)
		code = take_target(r);
	if (!code)
		code = take_settings(r);
	if (code)
		return code;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !code; i++)
		code = steps[i](r);
	if (code)
		unlink(r->settings->file.data);
	else
		look_for_keys(r);
	return code ? code : report(r);
}

int cmd_restore(struct cli *cli)
{
	struct restore r = {.cli = cli, .notes = json_array()};
	int code;

	umask(0022);
	if (cli_has(cli, "--from-record"))
		code = rebuild(cli);
	else if (!cli->args_len)
		code = cli_fail(cli, CLI_USAGE, "name a folder that 'gatehouse backup' has made", "which backup?");
	else
		code = restore(&r);
	sums_done(&r.sums);
	settings_free(r.settings);
	json_decref(r.manifest);
	json_decref(r.notes);
	return code;
}
