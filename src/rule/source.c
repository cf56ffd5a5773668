#include "rule/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "rule/rule_set.h"

struct reader {
	int dir;
	struct arena *arena;
	struct problems *problems;
	const struct policy_change *change; /* may be NULL */
};

static int fd_read(int fd, char *to, size_t len)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n = read(fd, to + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += (size_t)n;
	}
	return 0;
}

static int file_wrong(struct reader *r, struct str file, const char *what)
{
	problem_add(r->problems, file, 0, 0, "%s", what);
	return -EINVAL;
}

/* `file` is followed by a NUL. */
static int file_read(struct reader *r, struct str file, struct str *out)
{
	AUTO(auto_close) int fd = openat(r->dir, file.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *text;
	int ret;

	if (fd < 0 || fstat(fd, &st))
		return file_wrong(r, file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return file_wrong(r, file, "this is not a regular file");
	if (st.st_size > RULE_FILE_BYTES_MAX)
		return file_wrong(r, file, "the file is larger than 1 MiB");
	text = arena_bytes(r->arena, (size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	ret = fd_read(fd, text, (size_t)st.st_size);
	if (ret)
		return file_wrong(r, file, strerror(-ret));
	text[st.st_size] = '\0';
	*out = str_of(text, (size_t)st.st_size);
	if (!utf8_is_valid(*out))
		return file_wrong(r, file, "the file is not UTF-8");
	return 0;
}

static int source_read(
	struct reader *r, const char *folder, struct str base, struct str ending, struct source **out)
{
	struct source *s = arena_zalloc(r->arena, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->file = arena_printf(r->arena, "%s%s%.*s", folder, folder[0] ? "/" : "", STR_FMT(base));
	s->name = str_cut(s->file, s->file.len - base.len, s->file.len - ending.len);
	if (!s->file.data)
		return -ENOMEM;
	*out = s;
	if (!r->change || !str_eq(r->change->file, s->file))
		return file_read(r, s->file, &s->text);
	s->text = arena_dup(r->arena, r->change->text);
	if (r->change->text.len > RULE_FILE_BYTES_MAX || !utf8_is_valid(s->text))
		return file_wrong(r, s->file, "the file is larger than 1 MiB, or not UTF-8");
	return 0;
}

const char *const policy_folder_names[FOLDERS] = {
	[FOLDER_RULES] = "rules", [FOLDER_CLIENTS] = "clients", [FOLDER_DICTIONARIES] = "dictionaries"};

/* Editors' leavings and read-me files are no rules; anything else must have the ending, or a rule would be
 * lost without a word because of its file's name. */
static bool name_is_foreign(struct str name)
{
	return str_starts(name, STR(".")) || str_ends(name, STR("~")) || str_ends(name, STR(".md"));
}

static int names_compare(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct names {
	struct str name[RULE_FILES_MAX];
	size_t count;
};

static int names_add(
	struct reader *r, struct names *names, const char *folder, struct str name, struct str ending)
{
	struct str file = arena_printf(r->arena, "%s/%.*s", folder, STR_FMT(name));

	if (name_is_foreign(name))
		return 0;
	if (!str_ends(name, ending) || name.len == ending.len) {
		problem_add(r->problems, file, 0, 0,
			"found a file that is not read here; accepted: NAME%s, NAME.md", ending.data);
		return 0;
	}
	if (names->count == RULE_FILES_MAX) {
		problem_add(r->problems, str_from(folder), 0, 0, "more than %d files", RULE_FILES_MAX);
		return -EINVAL;
	}
	names->name[names->count] = arena_dup(r->arena, name);
	return names->name[names->count++].data ? 0 : -ENOMEM;
}

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int names_read(struct reader *r, const char *folder, struct str ending, struct names *names, bool *there)
{
	int fd = openat(r->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(dir_close) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int ret = 0;

	*there = dir != NULL;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return fd < 0 && errno == ENOENT ? 0 : file_wrong(r, str_from(folder), strerror(errno));
	}
	while (ret == 0 && (entry = readdir(dir)))
		ret = names_add(r, names, folder, str_from(entry->d_name), ending);
	qsort(names->name, names->count, sizeof(*names->name), names_compare);
	return ret;
}

/* The names as they are when the change has been made. */
static int names_change(struct reader *r, struct names *names, const char *folder, struct str ending)
{
	struct str head = arena_printf(r->arena, "%s/", folder), name;
	size_t at = 0;
	int ret = 0;

	if (!r->change || !str_starts(r->change->file, head))
		return 0;
	name = str_cut(r->change->file, head.len, r->change->file.len);
	while (at < names->count && !str_eq(names->name[at], name))
		at++;
	if (r->change->gone && at < names->count)
		memmove(&names->name[at], &names->name[at + 1], (--names->count - at) * sizeof(*names->name));
	else if (!r->change->gone && at == names->count)
		ret = names_add(r, names, folder, name, ending);
	qsort(names->name, names->count, sizeof(*names->name), names_compare);
	return ret;
}

static int folder_read(struct reader *r, struct sources *all, enum policy_folder which, struct str ending, struct source **out)
{
	const char *folder = policy_folder_names[which];
	struct names names = {};
	bool there;
	int ret = names_read(r, folder, ending, &names, &there);

	if (ret == 0)
		ret = names_change(r, &names, folder, ending);
	all->there |= there ? 1u << which : 0;
	all->filled |= names.count ? 1u << which : 0;
	for (size_t i = 0; i < names.count && ret == 0; i++) {
		ret = source_read(r, folder, names.name[i], ending, out);
		if (ret == 0)
			out = &(*out)->next;
	}
	return ret;
}

int sources_read(struct sources *out, const char *dir, const struct policy_change *change, struct arena *arena,
	struct problems *problems)
{
	AUTO(auto_close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct reader r = {.dir = fd, .arena = arena, .problems = problems, .change = change};
	int ret;

	*out = (struct sources){};
	if (fd < 0) {
		problem_add(problems, str_from(dir), 0, 0, "%s", strerror(errno));
		return -EINVAL;
	}
	ret = source_read(&r, "", STR("policy.yaml"), STR(".yaml"), &out->policy);
	if (ret == 0)
		ret = folder_read(&r, out, FOLDER_RULES, STR(".yaml"), &out->rules);
	if (ret == 0)
		ret = folder_read(&r, out, FOLDER_CLIENTS, STR(".yaml"), &out->clients);
	if (ret == 0)
		ret = folder_read(&r, out, FOLDER_DICTIONARIES, STR(".txt"), &out->dictionaries);
	return ret;
}

static bool digest_list(EVP_MD_CTX *ctx, const struct source *s)
{
	for (; s; s = s->next) {
		uint64_t len[2] = {s->file.len, s->text.len};

		if (!EVP_DigestUpdate(ctx, len, sizeof(len)) ||
			!EVP_DigestUpdate(ctx, s->file.data, s->file.len) ||
			!EVP_DigestUpdate(ctx, s->text.data, s->text.len))
			return false;
	}
	return true;
}

int sources_version(const struct sources *s, char *out, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf text = BUF_INIT(EVP_MAX_MD_SIZE * 2);
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) && digest_list(ctx, s->policy) &&
		  digest_list(ctx, s->rules) && digest_list(ctx, s->dictionaries) && digest_list(ctx, s->clients) &&
		  EVP_DigestFinal_ex(ctx, digest, NULL);

	EVP_MD_CTX_free(ctx);
	if (ok) {
		hex_put(&text, digest, len / 2);
		ok = !buf_failed(&text);
	}
	if (ok)
		memcpy(out, buf_view(&text).data, len);
	out[ok ? len : 0] = '\0';
	buf_done(&text);
	return ok ? 0 : -EIO;
}
