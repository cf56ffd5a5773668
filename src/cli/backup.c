#include "cli/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "conf/layout.h"
#include "store/store.h"

bool backup_join(char out[BACKUP_PATH], const char *folder, const char *path)
{
	int n = snprintf(out, BACKUP_PATH, "%s/%s", folder, path);

	return n > 0 && n < BACKUP_PATH;
}

/* ---- places ---- */

/* The folder of a file. */
static bool folder_of(char out[BACKUP_PATH], const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash && snprintf(out, BACKUP_PATH, "%.*s", (int)(slash - file), file) < BACKUP_PATH;
}

static bool public_key(const struct settings *s, char out[BACKUP_PATH])
{
	struct str key = s->record_key, end = STR(".key");
	size_t len = str_ends(key, end) ? key.len - end.len : key.len;

	return snprintf(out, BACKUP_PATH, "%.*s.pub", (int)len, key.data) < BACKUP_PATH;
}

static bool beside_certificate(const struct settings *s, char out[BACKUP_PATH])
{
	char folder[BACKUP_PATH];

	return folder_of(folder, s->tls_certificate.data) && backup_join(out, folder, "ca.crt");
}

static bool below(const char *path, const char *folder, const char **rest)
{
	size_t n = strlen(folder);

	*rest = path + n;
	return strncmp(path, folder, n) == 0 && path[n];
}

bool backup_place(const struct settings *s, const char *path, char out[BACKUP_PATH])
{
	const struct {
		const char *path, *place;
	} files[] = {{"gatehouse.yaml", s->file.data}, {BACKUP_STORE, s->store_file.data},
		{"tls/server.crt", s->tls_certificate.data}, {"tls/server.key", s->tls_key.data},
		{"keys/record.key", s->record_key.data}, {"tls/clients.crt", s->tls_client_ca.data},
		{"tls/clients.crl", s->tls_client_crl.data}};
	const char *rest;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(path, files[i].path) == 0)
			return snprintf(out, BACKUP_PATH, "%s", files[i].place) < BACKUP_PATH;
	if (strcmp(path, "VERSION") == 0 || strcmp(path, "keys/account.secret") == 0)
		return backup_join(out, s->dir.data, path);
	if (strcmp(path, "keys/record.pub") == 0)
		return public_key(s, out);
	if (strcmp(path, "tls/ca.crt") == 0)
		return beside_certificate(s, out);
	if (below(path, "policy/", &rest))
		return backup_join(out, s->policy_dir.data, rest);
	if (below(path, "keys/components/", &rest))
		return !strchr(rest, '/') && backup_join(out, s->components_secrets.data, rest);
	return below(path, "record/", &rest) && !strchr(rest, '/') && backup_join(out, s->record_dir.data, rest);
}

int backup_make_folders(const char *folder, const char *path, unsigned mode)
{
	char full[BACKUP_PATH];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		int n = snprintf(full, sizeof(full), "%s/%.*s", folder, (int)(slash - path), path);

		if (n < 0 || n >= (int)sizeof(full))
			return -ENAMETOOLONG;
		if (mkdir(full, mode) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

int backup_sync_folder(const char *path)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void backup_remove(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS))
		log_warn("%s stays: %s", path, strerror(errno));
}

/* ---- what is there ---- */

static bool is_finished(const char *folder, const char *name, char out[BACKUP_PATH])
{
	char sums[BACKUP_PATH];

	return name[0] != '.' && backup_join(out, folder, name) && backup_join(sums, out, BACKUP_SUMS) &&
	       access(sums, R_OK) == 0;
}

/* The names are times, so the greatest is the newest. */
bool backup_newest(const char *folder, char out[BACKUP_PATH])
{
	DIR *dir = opendir(folder);
	const struct dirent *e;
	char newest[256] = "", path[BACKUP_PATH];

	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, newest) > 0 && is_finished(folder, e->d_name, path))
			snprintf(newest, sizeof(newest), "%s", e->d_name);
	if (dir)
		closedir(dir);
	return newest[0] && backup_join(out, folder, newest);
}

static int refuse_folder(const struct cli *cli, const char *folder)
{
	char newest[BACKUP_PATH], remedy[BACKUP_PATH + 64] = "name a folder that 'gatehouse backup' has made";

	if (backup_newest(folder, newest))
		snprintf(remedy, sizeof(remedy), "its newest backup is %s", newest);
	return cli_fail(cli, CLI_USAGE, remedy, "%s is no finished backup: it has no %s", folder, BACKUP_SUMS);
}

static int judge_versions(const struct cli *cli, const char *folder, const json_t *manifest)
{
	json_int_t format = json_integer_value(json_object_get(manifest, "format"));
	json_int_t layout = json_integer_value(json_object_get(manifest, "layout"));
	json_int_t schema = json_integer_value(json_object_get(manifest, "schema"));
	const char *version = json_string_value(json_object_get(manifest, "version"));

	if (format == BACKUP_FORMAT && layout <= LAYOUT_VERSION && schema <= (json_int_t)store_schema_version())
		return 0;
	return cli_fail(cli, CLI_USAGE, "install the version that made it, or a later one",
		"%s was made by Gatehouse %s, which is later than this one", folder,
		version ? LOG_STR(str_from(version)) : "(unknown)");
}

int backup_load(const struct cli *cli, const char *folder, struct sums *out, json_t **out_manifest)
{
	char path[BACKUP_PATH];
	struct err err = {};
	int r = backup_join(path, folder, BACKUP_SUMS) ? sums_read(out, path, &err) : -ENAMETOOLONG;

	if (r == -ENOENT)
		return refuse_folder(cli, folder);
	if (r)
		return cli_fail(cli, CLI_USAGE, "it is damaged, or may not be read; take another backup", "%s", err.text);
	*out_manifest = backup_join(path, folder, BACKUP_MANIFEST) ? json_load_file(path, 0, NULL) : NULL;
	if (*out_manifest)
		return judge_versions(cli, folder, *out_manifest);
	return cli_fail(cli, CLI_USAGE, "take another backup", "%s is damaged or missing", path);
}
