#include "cli/sums.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

enum {
	BLOCK = 256 << 10,
	LIST_MAX = 64 << 20, /* bytes of a list: half a million files */
	HEX = 2 * SUM_BYTES,
};

void sums_done(struct sums *s)
{
	for (size_t i = 0; i < s->len; i++)
		free(s->items[i].path);
	free(s->items);
	*s = (struct sums){};
}

int sums_add(struct sums *s, const char *path, uint64_t bytes, const unsigned char hash[SUM_BYTES])
{
	struct sum *item;

	if (strpbrk(path, "\n\r\\"))
		return -EINVAL;
	if (s->len == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct sum *items = realloc(s->items, cap * sizeof(*items));

		if (!items)
			return -ENOMEM;
		s->items = items;
		s->cap = cap;
	}
	item = &s->items[s->len];
	*item = (struct sum){.path = strdup(path), .bytes = bytes};
	if (!item->path)
		return -ENOMEM;
	memcpy(item->hash, hash, SUM_BYTES);
	s->len++;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	return strcmp(x->path, y->path);
}

const struct sum *sums_find(const struct sums *s, const char *path)
{
	struct sum wanted = {.path = (char *)(size_t)path};

	return s->len ? bsearch(&wanted, s->items, s->len, sizeof(*s->items), by_path) : NULL;
}

/* ---- the list ---- */

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int sums_write(const struct sums *s, const char *file, struct err *err)
{
	AUTO(auto_close) int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct buf text = BUF_INIT(LIST_MAX);
	int r;

	if (fd < 0)
		return err_errno(err, "%s", file);
	for (size_t i = 0; i < s->len; i++) {
		hex_put(&text, s->items[i].hash, SUM_BYTES);
		buf_printf(&text, "  %s\n", s->items[i].path);
	}
	r = buf_failed(&text) ? -EFBIG : write_all(fd, text.data, text.len);
	buf_done(&text);
	if (!r && fsync(fd))
		r = -errno;
	return r ? err_set(err, r, "%s: %s", file, strerror(-r)) : 0;
}

static bool path_is_safe(struct str path)
{
	struct str up = STR("..");
	size_t from = 0;

	if (!path.len || path.data[0] == '/')
		return false;
	while (from <= path.len) {
		size_t to = str_find(path, '/', from);
		struct str part = str_cut(path, from, to);

		if (!part.len || str_eq(part, up))
			return false;
		from = to + 1;
	}
	return true;
}

static int take_line(struct sums *s, struct str line)
{
	unsigned char hash[SUM_BYTES];
	struct str path = str_cut(line, HEX + 2, line.len);
	AUTO(auto_free) char *name = NULL;

	if (line.len < HEX + 3 || !hex_parse(str_cut(line, 0, HEX), hash, SUM_BYTES) || line.data[HEX] != ' ' ||
		!path_is_safe(path) || memchr(path.data, '\0', path.len))
		return -EINVAL;
	name = str_dupz(path);
	return name ? sums_add(s, name, 0, hash) : -ENOMEM;
}

static int take_text(struct sums *s, struct str text, const char *file, struct err *err)
{
	size_t from = 0;
	int r = 0;

	for (unsigned line = 1; from < text.len && !r; line++) {
		size_t to = str_find(text, '\n', from);

		r = take_line(s, str_cut(text, from, to));
		if (r)
			err_set(err, r, "%s, line %u: this is no checksum with a path", file, line);
		from = to + 1;
	}
	if (!r && s->len)
		qsort(s->items, s->len, sizeof(*s->items), by_path);
	return r;
}

int sums_read(struct sums *s, const char *file, struct err *err)
{
	AUTO(auto_close) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct buf text = BUF_INIT(LIST_MAX);
	ssize_t n = -1;
	char *room;
	int r;

	while (fd >= 0 && (room = buf_room(&text, BLOCK)) && (n = read(fd, room, BLOCK)) > 0)
		text.len += (size_t)n;
	r = n < 0 || buf_failed(&text) ? err_errno(err, "%s", file) : take_text(s, buf_view(&text), file, err);
	buf_done(&text);
	if (r)
		sums_done(s);
	return r;
}

/* ---- a file ---- */

static int copy_blocks(int from, int to, uint64_t bytes, sum_moved_fn *moved, void *owner, EVP_MD_CTX *hash,
	uint64_t *out_bytes)
{
	AUTO(auto_free) char *block = malloc(BLOCK);
	uint64_t at = 0;
	int r = block ? 0 : -ENOMEM;

	while (!r && at < bytes) {
		ssize_t n = read(from, block, bytes - at < BLOCK ? (size_t)(bytes - at) : BLOCK);

		if (n == 0 && bytes == UINT64_MAX)
			break;
		if (n == 0)
			return -EPIPE;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		r = to < 0 ? 0 : write_all(to, block, (size_t)n);
		if (!r && EVP_DigestUpdate(hash, block, (size_t)n) != 1)
			r = -EIO;
		at += (uint64_t)n;
		if (moved)
			moved(owner, (uint64_t)n);
	}
	*out_bytes = at;
	return r;
}

int sum_copy(int from, int to, uint64_t bytes, sum_moved_fn *moved, void *owner, unsigned char out_hash[SUM_BYTES],
	uint64_t *out_bytes)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	uint64_t done = 0;
	int r = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;

	if (!r)
		r = copy_blocks(from, to, bytes, moved, owner, hash, &done);
	if (!r && EVP_DigestFinal_ex(hash, out_hash, NULL) != 1)
		r = -EIO;
	EVP_MD_CTX_free(hash);
	if (!r && out_bytes)
		*out_bytes = done;
	return r;
}
