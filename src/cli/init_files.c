/* What a data directory holds: folders, certificate, keys, a copy of the sample policy, an empty store, the
 * settings. Each step may run again over a half-made directory; who owns what is init_users.c's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/secret.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/certificate.h"
#include "cli/init.h"
#include "cli/places.h"
#include "conf/layout.h"
#include "conf/settings.h"
#include "record/note.h"
#include "store/store.h"

enum {
	COPY_MAX = 4 << 20, /* bytes of one policy file */
	COPY_DEPTH = 4,
};

int init_write(const char *path, struct str text, unsigned mode, struct err *err)
{
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || fchmod(fd, mode) || write(fd, text.data, text.len) != (ssize_t)text.len || fsync(fd))
		return err_errno(err, "%s", path);
	return 0;
}

struct folder {
	const char *name;
	mode_t root, user; /* modes */
};

int init_folders(struct init *in, struct err *err)
{
	/* as root the processes are other users, who pass through to what is theirs */
	static const struct folder folders[] = {{"policy", 0755, 0750}, {"tls", 0755, 0750},
		{"store", 0700, 0700}, {"record", 0700, 0700}, {"keys", 0755, 0700}, {"run", 0755, 0755}};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *path = init_path(in, folders[i].name);

		if (mkdir(path, 0700) && errno != EEXIST)
			return err_errno(err, "%s", path);
		if (chmod(path, in->root ? folders[i].root : folders[i].user))
			return err_errno(err, "%s", path);
	}
	return 0;
}

int init_tls(struct init *in, struct err *err)
{
	return certificate_make(init_path(in, "tls"), in->domains, in->domains_len, err);
}

/* The public half is written by the recorder when it begins the record and gives it its name; here it gets
 * its place, because the recorder may not make files in this folder. */
static int make_record_key(struct init *in, struct err *err)
{
	struct note_key key = {};
	int r = 0;

	if (access(init_path(in, "keys/record.key"), F_OK)) {
		r = note_key_create(&key, init_path(in, "keys/record.key"), err);
		note_key_done(&key);
	}
	return r ? r : init_write(init_path(in, "keys/record.pub"), STR(""), 0644, err);
}

int init_keys(struct init *in, struct err *err)
{
	struct account_secret secret;
	int r = make_record_key(in, err);

	if (!r)
		r = account_secret_load_or_make(&secret, init_path(in, "keys/account.secret"), err);
	account_secret_wipe(&secret);
	return r;
}

/* ---- policy ---- */

static int copy_file(const char *from, const char *to, struct err *err)
{
	AUTO(auto_close) int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct buf text = BUF_INIT(COPY_MAX);
	ssize_t n = -1;
	char *room;
	int r;

	while (fd >= 0 && (room = buf_room(&text, 65536)) && (n = read(fd, room, 65536)) > 0)
		text.len += (size_t)n;
	r = n < 0 || buf_failed(&text) ? err_errno(err, "%s", from)
				       : init_write(to, buf_view(&text), 0644, err);
	buf_done(&text);
	return r;
}

static int copy_tree(const char *from, const char *to, unsigned depth, struct err *err)
{
	DIR *dir = opendir(from);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return err_errno(err, "%s", from);
	if (mkdir(to, 0755) && errno != EEXIST)
		r = err_errno(err, "%s", to);
	while (!r && (entry = readdir(dir))) {
		char source[4300], target[4300];
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(source, sizeof(source), "%.4000s/%s", from, entry->d_name);
		snprintf(target, sizeof(target), "%.4000s/%s", to, entry->d_name);
		if (lstat(source, &st))
			r = err_errno(err, "%s", source);
		else if (S_ISDIR(st.st_mode) && depth < COPY_DEPTH)
			r = copy_tree(source, target, depth + 1, err);
		else if (S_ISREG(st.st_mode))
			r = copy_file(source, target, err);
	}
	closedir(dir);
	return r;
}

int init_policy(struct init *in, struct err *err)
{
	char from[PLACE_MAX];

	if (!place_rules(from))
		return err_set(err, -ENOENT,
			"the sample policy is not at %s; install the package completely, or set "
			"GATEHOUSE_DATA",
			from);
	return copy_tree(from, init_path(in, "policy"), 0, err);
}

/* ---- store, settings ---- */

int init_store(struct init *in, struct err *err)
{
	struct store_options options = {.path = init_path(in, "store/gatehouse.db"), .create = true};
	struct store *store = NULL;
	int r = store_open(&store, &options, err);

	if (r)
		return r > 0 ? -EBUSY : r;
	store_close(store);
	return 0;
}

static void put_listen(const struct init *in, unsigned port, struct buf *out)
{
	buf_printf(out, "[\"0.0.0.0:%u\", \"[::]:%u\"]", port + in->port_offset, port + in->port_offset);
}

static void put_domains(const struct init *in, struct buf *out)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < in->domains_len; i++)
		buf_printf(out, "%s\"%s\"", i ? ", " : "", in->domains[i].data);
	buf_putc(out, ']');
}

int init_settings(struct init *in, struct err *err)
{
	struct buf domains = BUF_INIT(65536), starttls = BUF_INIT(256), direct = BUF_INIT(256),
		   group = BUF_INIT(512);
	struct buf text = BUF_INIT(1 << 20), version = BUF_INIT(64);
	int r;

	put_domains(in, &domains);
	put_listen(in, 5222, &starttls);
	put_listen(in, 5223, &direct);
	buf_putc(&group, '"');
	json_escape(&group, str_from(in->record_group));
	buf_putc(&group, '"');
	struct settings_pair pairs[] = {{"domains", buf_cstr(&domains)},
		{"listen.starttls", buf_cstr(&starttls)}, {"listen.direct_tls", buf_cstr(&direct)},
		{"control.record_group", buf_cstr(&group)}};

	settings_write(pairs, 4, &text);
	buf_printf(&version, "%d\n", LAYOUT_VERSION);
	r = init_write(init_path(in, "VERSION"), buf_view(&version), 0644, err);
	if (!r)
		r = init_write(init_path(in, "gatehouse.yaml"), buf_view(&text), 0644, err);
	buf_done(&domains);
	buf_done(&starttls);
	buf_done(&direct);
	buf_done(&group);
	buf_done(&text);
	buf_done(&version);
	return r;
}
