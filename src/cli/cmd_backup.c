/* backup: the act is recorded, then the store is copied, then the rest, then the record (cli/backup.h says why in this
 * order). The record's files come from the reader; the store's file, settings and keys are read with the rights of
 * who runs this. Sealed segments that the newest backup beside this one has are compared, and linked instead of copied. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/amount.h"
#include "cli/backup.h"
#include "cli/commands.h"
#include "cli/people.h"
#include "cli/progress.h"
#include "cli/reading.h"
#include "conf/layout.h"
#include "conf/service.h"
#include "ipc/control.h"
#include "store/copy.h"

enum {
	POLICY_DEPTH = 8,
	HEADER_MAX = 1024,
};

struct backup {
	struct cli *cli;
	struct settings *settings;
	struct control *control; /* NULL: no server runs */
	char folder[BACKUP_PATH], made[BACKUP_PATH], name[BACKUP_PATH]; /* of backups; being made; its name when it is whole */
	char before[BACKUP_PATH];                                      /* the newest one there; "" none */
	struct sums sums, had;
	uint64_t have_first, have_last;
	struct store_copied store;
	struct progress progress;
	uint64_t bytes, linked_bytes;
	size_t files, linked;
	char *checkpoint;
};

static void moved(void *owner, uint64_t bytes)
{
	struct backup *b = owner;

	b->bytes += bytes;
	progress_at(&b->progress, (size_t)(b->bytes >> 20));
}

static int failed(const struct backup *b, const char *what, int code)
{
	return cli_fail(b->cli, code == -EACCES || code == -EPERM ? CLI_UNREACHABLE : CLI_INTERNAL,
		code == -ENOSPC ? "make room, or name a folder elsewhere" : NULL, "%s: %s", what, strerror(-code));
}

/* ---- one file ---- */

/* Opens PATH of the backup for writing. The descriptor, or an exit code (negative: -1 - code) after saying why. */
static int target_open(const struct backup *b, const char *path, int *out_fd)
{
	char full[BACKUP_PATH];
	int r = backup_join(full, b->made, path) ? backup_make_folders(b->made, path, 0700) : -ENAMETOOLONG;

	if (!r) {
		*out_fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		r = *out_fd < 0 ? -errno : 0;
	}
	return r ? failed(b, full, r) : 0;
}

static int target_fill(struct backup *b, const char *path, int from, uint64_t bytes)
{
	AUTO(auto_close) int to = -1;
	unsigned char hash[SUM_BYTES];
	uint64_t copied = 0;
	int r = target_open(b, path, &to);

	if (r)
		return r;
	r = sum_copy(from, to, bytes, moved, b, hash, &copied);
	if (!r && fsync(to))
		r = -errno;
	if (!r)
		r = sums_add(&b->sums, path, copied, hash);
	b->files++;
	return r ? failed(b, path, r) : 0;
}

static int copy_file(struct backup *b, const char *path, const char *source, bool needed)
{
	AUTO(auto_close) int from = open(source, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (from < 0 && errno == ENOENT && !needed)
		return 0;
	if (from < 0)
		return cli_fail(b->cli, CLI_UNREACHABLE, "run this as root or as the user who owns the data directory",
			"%s: %s", source, strerror(errno));
	return target_fill(b, path, from, UINT64_MAX);
}

static int copy_place(struct backup *b, const char *path, bool needed)
{
	char source[BACKUP_PATH];

	return backup_place(b->settings, path, source) ? copy_file(b, path, source, needed)
						       : failed(b, path, -ENAMETOOLONG);
}

/* ---- before anything ---- */

static int take_folder(struct backup *b)
{
	AUTO(auto_free) char *real = NULL;
	const char *folder = b->cli->args[0];
	time_t now = (time_t)(clock_utc_us() / 1000000);
	char stamp[32];
	struct tm tm;

	if (mkdir(folder, 0700) && errno != EEXIST)
		return cli_fail(b->cli, CLI_USAGE, "name a folder that you may make or write to", "%s: %s", folder,
			strerror(errno));
	real = realpath(folder, NULL);
	if (!real || strlen(real) > BACKUP_PATH - 256)
		return cli_fail(b->cli, CLI_USAGE, NULL, "%s cannot be used", folder);
	snprintf(b->folder, sizeof(b->folder), "%s", real);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	snprintf(b->name, sizeof(b->name), "%.3800s/%s", real, stamp);
	snprintf(b->made, sizeof(b->made), "%.3800s/.%s.part", real, stamp);
	if (access(b->name, F_OK) == 0 || mkdir(b->made, 0700))
		return b->made[0] = '\0', cli_fail(b->cli, CLI_USAGE,
						  "wait a second, and let one backup end before the next begins",
						  "%s cannot be made: %s", b->name, strerror(errno ? errno : EEXIST));
	return 0;
}

/* ---- what the backup before has ---- */

static bool had_is_right(struct backup *b, const char *path)
{
	const struct sum *sum = sums_find(&b->had, path);
	char full[BACKUP_PATH];
	unsigned char hash[SUM_BYTES];
	AUTO(auto_close) int fd = -1;

	if (!sum || !backup_join(full, b->before, path))
		return false;
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && sum_copy(fd, -1, UINT64_MAX, moved, b, hash, NULL) == 0 &&
	       memcmp(hash, sum->hash, SUM_BYTES) == 0;
}

/* The first sealed segment there, and those that follow it without a gap, as far as the files agree with their sums. */
static void look_before(struct backup *b)
{
	uint64_t first = UINT64_MAX, serial;
	struct err err = {};
	char path[BACKUP_PATH];

	if (!backup_newest(b->folder, b->before) || !backup_join(path, b->before, BACKUP_SUMS) ||
		sums_read(&b->had, path, &err))
		return;
	for (size_t i = 0; i < b->had.len; i++)
		if (sscanf(b->had.items[i].path, "record/%" SCNu64 ".jsonl.gz", &serial) == 1 &&
			str_ends(str_from(b->had.items[i].path), STR(".gz")) && serial < first)
			first = serial;
	for (serial = first; serial != UINT64_MAX; serial++) {
		char lines[64], leaves[64];

		snprintf(lines, sizeof(lines), "record/%08" PRIu64 ".jsonl.gz", serial);
		snprintf(leaves, sizeof(leaves), "record/%08" PRIu64 ".leaves", serial);
		if (!had_is_right(b, lines) || !had_is_right(b, leaves))
			break;
		b->have_first = first;
		b->have_last = serial;
	}
}

/* ---- the store ---- */

static void pages_moved(void *owner, uint64_t done, uint64_t all)
{
	struct backup *b = owner;

	(void)all;
	progress_at(&b->progress, (size_t)((b->bytes >> 20) + (done >> 8)));
}

static int sum_store(struct backup *b, const char *full)
{
	AUTO(auto_close) int fd = open(full, O_RDONLY | O_CLOEXEC);
	unsigned char hash[SUM_BYTES];
	uint64_t bytes;
	int r = fd < 0 ? -errno : sum_copy(fd, -1, UINT64_MAX, moved, b, hash, &bytes);

	if (!r)
		r = sums_add(&b->sums, BACKUP_STORE, bytes, hash);
	b->files++;
	return r ? failed(b, full, r) : 0;
}

static int copy_store(struct backup *b)
{
	struct store_copy *copy = NULL;
	char full[BACKUP_PATH];
	struct err err = {};
	int r = people_become_owner(b->settings);

	if (!r)
		r = store_copy_open(&copy, b->settings->store_file.data, &err);
	people_become_root();
	if (r)
		return cli_fail(b->cli, CLI_UNREACHABLE, "run this as root or as the user who owns the data directory",
			"%s", err.text[0] ? err.text : strerror(-r));
	r = backup_join(full, b->made, BACKUP_STORE) ? backup_make_folders(b->made, BACKUP_STORE, 0700) : -ENAMETOOLONG;
	if (!r)
		r = store_copy_write(copy, full, pages_moved, b, &b->store, &err);
	store_copy_free(copy);
	if (r)
		return cli_fail(b->cli, CLI_INTERNAL, NULL, "%s", err.text[0] ? err.text : strerror(-r));
	return sum_store(b, full);
}

/* ---- settings, policy, keys ---- */

static int copy_policy(struct backup *b, const char *source, const char *path, unsigned depth)
{
	DIR *dir = opendir(source);
	const struct dirent *e;
	int r = 0;

	if (!dir)
		return cli_fail(b->cli, CLI_UNREACHABLE, "run this as root or as the user who owns the data directory",
			"%s: %s", source, strerror(errno));
	while (!r && (e = readdir(dir))) {
		char from[BACKUP_PATH], to[BACKUP_PATH];
		struct stat st;

		if (e->d_name[0] == '.' || !backup_join(from, source, e->d_name) ||
			!backup_join(to, path, e->d_name) || lstat(from, &st))
			continue;
		if (S_ISDIR(st.st_mode) && depth < POLICY_DEPTH)
			r = copy_policy(b, from, to, depth + 1);
		else if (S_ISREG(st.st_mode))
			r = copy_file(b, to, from, true);
		else if (!S_ISDIR(st.st_mode))
			cli_say(b->cli, "left out, because it is no file: %s\n", from);
	}
	closedir(dir);
	return r;
}

/* What certificates of clients are judged by. */
static int copy_authorities(struct backup *b)
{
	int r = copy_place(b, "tls/clients.crt", false);

	return r || !b->settings->tls_client_crl.len ? r : copy_place(b, "tls/clients.crl", false);
}

static int copy_component_secrets(struct backup *b)
{
	char path[BACKUP_PATH];
	int r = 0;

	for (size_t i = 0; i < settings_components_len(b->settings) && !r; i++) {
		snprintf(path, sizeof(path), "keys/components/%.*s", STR_FMT(settings_component(b->settings, i)));
		r = copy_place(b, path, false);
	}
	return r;
}

static int copy_rest(struct backup *b)
{
	static const char *const files[] = {"VERSION", "tls/server.crt", "tls/ca.crt", "keys/record.pub"};
	static const char *const keys[] = {"tls/server.key", "keys/record.key", "keys/account.secret"};
	int r = copy_place(b, "gatehouse.yaml", true);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !r; i++)
		r = copy_place(b, files[i], false);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !r && cli_has(b->cli, "--with-keys"); i++)
		r = copy_place(b, keys[i], true);
	if (!r && cli_has(b->cli, "--with-keys"))
		r = copy_component_secrets(b);
	if (!r)
		r = copy_authorities(b);
	return r ? r : copy_policy(b, b->settings->policy_dir.data, "policy", 0);
}

/* ---- the record ---- */

/* One line of the stream's own; bytes behind it stay. False at the end. */
static bool read_header(int fd, char out[HEADER_MAX])
{
	size_t n = 0;
	ssize_t got;

	while (n < HEADER_MAX - 1 && ((got = read(fd, out + n, 1)) == 1 || (got < 0 && errno == EINTR))) {
		if (got == 1 && out[n] == '\n') {
			out[n] = '\0';
			return true;
		}
		n += got == 1;
	}
	return false;
}

static int link_file(struct backup *b, const char *path, const struct sum *sum)
{
	char from[BACKUP_PATH], to[BACKUP_PATH];
	struct stat st;
	int r = backup_make_folders(b->made, path, 0700);

	if (r || !backup_join(from, b->before, path) || !backup_join(to, b->made, path))
		return failed(b, path, r ? r : -ENAMETOOLONG);
	if (link(from, to)) /* another file system below, or one without links */
		return copy_file(b, path, from, true);
	if (stat(to, &st))
		return failed(b, to, -errno);
	b->linked++;
	b->linked_bytes += (uint64_t)st.st_size;
	b->files++;
	r = sums_add(&b->sums, path, (uint64_t)st.st_size, sum->hash);
	return r ? failed(b, path, r) : 0;
}

/* The file is in the backup before; it has to be the same one. */
static int take_same(struct backup *b, const char *path, const char *hex)
{
	const struct sum *sum = sums_find(&b->had, path);
	unsigned char hash[SUM_BYTES];

	if (!sum || !hex_parse(str_from(hex), hash, SUM_BYTES))
		return failed(b, path, -EPROTO);
	if (memcmp(hash, sum->hash, SUM_BYTES) == 0)
		return link_file(b, path, sum);
	return cli_fail(b->cli, CLI_NO,
		"run 'gatehouse record verify', and tools/verify-record on the copy; a sealed segment never changes",
		"%s is not what it was when %s was made: the record or that backup has been changed", path, b->before);
}

/* The newest checkpoint also stands in the manifest. */
static int keep_checkpoint(struct backup *b, const char *path)
{
	char full[BACKUP_PATH], text[8192];
	ssize_t n;

	if (strcmp(path, "record/checkpoint") || !backup_join(full, b->made, path))
		return 0;
	AUTO(auto_close) int fd = open(full, O_RDONLY | O_CLOEXEC);

	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	b->checkpoint = n < 0 ? NULL : strndup(text, (size_t)n);
	return n < 0 ? failed(b, full, -errno) : 0;
}

static int take_part(struct backup *b, int fd, const char *header, bool *out_end)
{
	char verb[8], name[256], hex[2 * SUM_BYTES + 1] = "", path[300];
	uint64_t bytes = 0;
	int r, n = sscanf(header, "%7s %255s %" SCNu64 " %64s", verb, name, &bytes, hex);

	*out_end = n == 1 && strcmp(verb, "end") == 0;
	if (*out_end)
		return 0;
	snprintf(path, sizeof(path), "record/%s", n >= 3 ? name : "");
	if (n < 3 || strchr(name, '/') || name[0] == '.')
		return failed(b, "the reader", -EPROTO);
	if (strcmp(verb, "same") == 0)
		return take_same(b, path, hex);
	r = target_fill(b, path, fd, bytes);
	return r ? r : keep_checkpoint(b, path);
}

static int take_stream(struct backup *b, int fd)
{
	char header[HEADER_MAX];
	bool end = false;
	int r = 0;

	while (!r && !end) {
		if (!read_header(fd, header))
			return CLI_INTERNAL;
		r = take_part(b, fd, header, &end);
	}
	return r;
}

static int copy_record(struct backup *b)
{
	json_t *argv = json_array();
	struct reading *reading = NULL;
	char word[64];
	int r, ended;

	if (b->have_last) {
		snprintf(word, sizeof(word), "--have-first=%" PRIu64, b->have_first);
		json_array_append_new(argv, json_string(word));
		snprintf(word, sizeof(word), "--have-last=%" PRIu64, b->have_last);
		json_array_append_new(argv, json_string(word));
	}
	r = reading_open(&reading, b->cli, b->settings, b->control, "copy", argv);
	if (!r) {
		r = take_stream(b, reading_fd(reading));
		ended = reading_close(reading);
		r = r && r != CLI_INTERNAL ? r : ended ? ended : r;
	}
	json_decref(argv);
	return r;
}

/* ---- the end ---- */

static json_t *manifest(const struct backup *b)
{
	struct buf time = BUF_INIT(64);
	json_t *m;

	clock_put(&time, clock_utc_us());
	m = json_pack("{s:i, s:s, s:s, s:i, s:i, s:I, s:b, s:s*, s:s}", "format", BACKUP_FORMAT, "version",
		GATEHOUSE_VERSION, "made", buf_cstr(&time), "layout", LAYOUT_VERSION, "schema", (int)b->store.schema,
		"applied_seq", (json_int_t)b->store.applied_seq, "keys", cli_has(b->cli, "--with-keys"), "checkpoint",
		b->checkpoint, "dir", b->settings->dir.data);
	buf_done(&time);
	return m;
}

static int write_manifest(struct backup *b)
{
	AUTO(auto_close) int pipe_fd = -1;
	json_t *m = manifest(b);
	AUTO(auto_free) char *text = m ? json_dumps(m, JSON_INDENT(2)) : NULL;
	AUTO(auto_close) int fd = -1;
	unsigned char hash[SUM_BYTES];
	char full[BACKUP_PATH];
	int r = text ? target_open(b, BACKUP_MANIFEST, &fd) : CLI_INTERNAL;

	json_decref(m);
	if (r)
		return r;
	r = write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0 ? 0 : -EIO;
	if (!r && backup_join(full, b->made, BACKUP_MANIFEST)) {
		pipe_fd = open(full, O_RDONLY | O_CLOEXEC);
		r = pipe_fd < 0 ? -errno : sum_copy(pipe_fd, -1, UINT64_MAX, NULL, NULL, hash, NULL);
	}
	if (!r)
		r = sums_add(&b->sums, BACKUP_MANIFEST, strlen(text), hash);
	return r ? failed(b, BACKUP_MANIFEST, r) : 0;
}

static int finish(struct backup *b)
{
	static const char *const folders[] = {"record", "store", "policy", "tls", "keys", "."};
	char path[BACKUP_PATH];
	struct err err = {};
	int r = write_manifest(b);

	if (r)
		return r;
	if (!backup_join(path, b->made, BACKUP_SUMS) || sums_write(&b->sums, path, &err))
		return cli_fail(b->cli, CLI_INTERNAL, NULL, "%s", err.text);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !r; i++)
		if (backup_join(path, b->made, folders[i]))
			r = backup_sync_folder(path);
	if (!r && rename(b->made, b->name))
		r = -errno;
	if (!r)
		r = backup_sync_folder(b->folder);
	return r ? failed(b, b->name, r) : 0;
}

static int report(const struct backup *b)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < b->sums.len; i++)
		bytes += b->sums.items[i].bytes;
	if (b->cli->json)
		return cli_print_json(json_pack("{s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:b}", "ok", 1, "backup", b->name,
					      "files", (json_int_t)b->sums.len, "bytes", (json_int_t)bytes, "linked",
					      (json_int_t)b->linked, "linked_bytes", (json_int_t)b->linked_bytes,
					      "applied_seq", (json_int_t)b->store.applied_seq, "keys",
					      cli_has(b->cli, "--with-keys")),
			CLI_OK);
	cli_say(b->cli, "%s\n  %s, %" PRIu64 " MiB; %zu of them from the backup before\n", b->name,
		AMOUNT(b->sums.len, "file", "files"), bytes >> 20, b->linked);
	cli_say(b->cli, cli_has(b->cli, "--with-keys")
				? "  it holds the private keys: keep it where nobody else comes\n"
				: "  without private keys: keep record.key elsewhere, the record cannot be continued "
				  "without it (or use --with-keys)\n");
	return CLI_OK;
}

static int make(struct backup *b)
{
	int r;

	progress_begin(&b->progress, "MiB", 0, b->cli->json);
	look_before(b);
	r = copy_store(b);
	if (!r)
		r = copy_rest(b);
	if (!r)
		r = copy_record(b);
	if (!r)
		r = finish(b);
	progress_end(&b->progress);
	return r ? r : report(b);
}

int cmd_backup(struct cli *cli)
{
	struct backup b = {.cli = cli};
	struct people people = {};
	uint64_t seq;
	int r;

	umask(0077);
	r = people_open_control(&people, cli);
	if (!r)
		r = people_need_settings(&people);
	b.settings = people.settings;
	b.control = people.control;
	if (!r)
		r = take_folder(&b);
	if (!r)
		r = people_announce(&people, "backup", b.name, "", &seq);
	if (!r)
		r = make(&b);
	if (r && b.made[0])
		backup_remove(b.made);
	sums_done(&b.sums);
	sums_done(&b.had);
	free(b.checkpoint);
	people_close(&people);
	return r;
}
