#include "record/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/log.h"
#include "record/segment.h"
#include "record/tree.h"

struct seal {
	int dir_fd, copy_fd;
	struct worker *worker;
	struct job job;
	atomic_uint_fast64_t before;
	atomic_bool posted, stopping, failed;
};

/* Where the next segment says this one ends. */
static int expected_end(int dir_fd, uint64_t serial, struct segment_start *out)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	struct str line;
	int r = segment_lines_open(&l, dir_fd, serial + 1, 0, NULL);

	if (r == 0)
		r = segment_lines_next(l, &line);
	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	return segment_parse_start(line, out);
}

static int gz_write(gzFile gz, struct str line)
{
	if ((line.len && gzwrite(gz, line.data, (unsigned)line.len) <= 0) || gzputc(gz, '\n') < 0)
		return errno ? -errno : -EIO;
	return 0;
}

/* Reads all lines of a segment into a tree and, where gz is given, into that. */
static int read_lines(struct seal *s, uint64_t serial, bool sealed_only, gzFile gz, struct tree *tree)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	unsigned char leaf[TREE_HASH];
	struct segment_start start;
	struct str line;
	bool first = true;
	int r = segment_lines_open_kind(&l, s->dir_fd, serial, sealed_only);

	while (r == 0 && (r = segment_lines_next(l, &line)) > 0) {
		if (atomic_load(&s->stopping))
			return -ECANCELED;
		r = first ? segment_parse_start(line, &start) : 0;
		if (first && r == 0)
			*tree = start.tree;
		first = false;
		tree_leaf(line, leaf);
		tree_append(tree, leaf);
		if (r == 0 && gz)
			r = gz_write(gz, line);
	}
	return first && r == 0 ? -EBADMSG : r;
}

static int compare(const struct tree *tree, const struct segment_start *end)
{
	unsigned char a[TREE_HASH], b[TREE_HASH];

	tree_root(tree, a);
	tree_root(&end->tree, b);
	return tree->size == end->tree.size && memcmp(a, b, TREE_HASH) == 0 ? 0 : -EBADMSG;
}

static int compress_segment(struct seal *s, uint64_t serial, const struct segment_start *end)
{
	int fd = openat(s->dir_fd, "seal.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), keep, r;
	gzFile gz = fd < 0 ? NULL : gzdopen(fd, "wb1");
	struct tree tree;

	if (!gz)
		return -errno;
	keep = dup(fd);
	errno = 0;
	r = read_lines(s, serial, false, gz, &tree);
	if (r == 0)
		r = compare(&tree, end);
	if (gzclose(gz) != Z_OK && r == 0)
		r = errno ? -errno : -EIO;
	if (r == 0 && (keep < 0 || fchmod(keep, 0400) < 0 || fsync(keep) < 0))
		r = -errno;
	auto_close(&keep);
	return r;
}

static int seal_rename(struct seal *s, uint64_t serial)
{
	char sealed[SEGMENT_NAME], leaves[SEGMENT_NAME];
	AUTO(auto_close) int fd = -1;

	segment_name(sealed, serial, SEGMENT_SEALED);
	segment_name(leaves, serial, SEGMENT_LEAVES);
	fd = openat(s->dir_fd, leaves, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && (fchmod(fd, 0400) < 0 || fsync(fd) < 0))
		return -errno;
	if (renameat(s->dir_fd, "seal.tmp", s->dir_fd, sealed) < 0 || fsync(s->dir_fd) < 0)
		return -errno;
	return 0;
}

static int verify_sealed(struct seal *s, uint64_t serial, const struct segment_start *end)
{
	struct tree tree;
	int r = read_lines(s, serial, true, NULL, &tree);

	return r ? r : compare(&tree, end);
}

/* ---- the second place ---- */

static int copy_bytes(int from, int to)
{
	char data[65536];
	ssize_t n;

	while ((n = read(from, data, sizeof(data))) > 0)
		for (ssize_t at = 0, m; at < n; at += m) {
			m = write(to, data + at, (size_t)(n - at));
			if (m < 0)
				return -errno;
		}
	return n < 0 || fsync(to) < 0 ? -errno : 0;
}

static int copy_file(struct seal *s, const char *name)
{
	AUTO(auto_close) int from = openat(s->dir_fd, name, O_RDONLY | O_CLOEXEC), to = -1;
	struct stat a, b;
	int r;

	if (from < 0 || fstat(from, &a) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstatat(s->copy_fd, name, &b, 0) == 0 && a.st_size == b.st_size)
		return 0;
	to = openat(s->copy_fd, "copy.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	r = copy_bytes(from, to);
	if (r == 0 && (fchmod(to, 0400) < 0 || renameat(s->copy_fd, "copy.tmp", s->copy_fd, name) < 0 ||
			      fsync(s->copy_fd) < 0))
		r = -errno;
	return r;
}

static int copy_segment(struct seal *s, uint64_t serial)
{
	char name[SEGMENT_NAME];
	int r;

	if (s->copy_fd < 0)
		return 0;
	segment_name(name, serial, SEGMENT_LEAVES);
	r = copy_file(s, name);
	segment_name(name, serial, SEGMENT_SEALED);
	return r ? r : copy_file(s, name);
}

/* ---- */

static int seal_one(struct seal *s, const struct segment_info *i)
{
	struct segment_start end;
	char raw[SEGMENT_NAME];
	int r = 0;

	if (i->raw) {
		r = expected_end(s->dir_fd, i->serial, &end);
		if (r == 0 && !i->sealed)
			r = compress_segment(s, i->serial, &end);
		if (r == 0 && !i->sealed)
			r = seal_rename(s, i->serial);
		if (r == 0)
			r = verify_sealed(s, i->serial, &end);
	}
	if (r == 0)
		r = copy_segment(s, i->serial);
	if (r == 0 && i->raw) {
		segment_name(raw, i->serial, SEGMENT_RAW);
		if (unlinkat(s->dir_fd, raw, 0) < 0 || fsync(s->dir_fd) < 0)
			r = -errno;
	}
	return r;
}

static void seal_run(struct job *job)
{
	struct seal *s = container_of(job, struct seal, job);
	uint64_t before = atomic_load(&s->before);
	struct segment_list list = {};
	bool failed = segment_list(s->dir_fd, &list) < 0;

	atomic_store(&s->posted, false);
	for (size_t i = 0; i < list.len && list.items[i].serial < before && !atomic_load(&s->stopping); i++) {
		int r = seal_one(s, &list.items[i]);

		if (r == 0 || r == -ECANCELED)
			continue;
		failed = true;
		log_error("record: segment %08" PRIu64 " cannot be sealed or copied yet: %s",
			list.items[i].serial,
			r == -EBADMSG ? "it does not verify; its raw file is kept" : strerror(-r));
	}
	segment_list_done(&list);
	atomic_store(&s->failed, failed);
}

int seal_new(struct seal **out, int dir_fd, int copy_fd)
{
	struct seal *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->dir_fd = dir_fd;
	s->copy_fd = copy_fd;
	s->job.run = seal_run;
	r = worker_new(&s->worker, true);
	if (r) {
		free(s);
		return r;
	}
	*out = s;
	return 0;
}

struct seal *seal_free(struct seal *s)
{
	if (!s)
		return NULL;
	atomic_store(&s->stopping, true);
	worker_free(s->worker);
	free(s);
	return NULL;
}

void seal_before(struct seal *s, uint64_t serial)
{
	atomic_store(&s->before, serial);
	if (!atomic_exchange(&s->posted, true))
		worker_post(s->worker, &s->job);
}

bool seal_is_pending(struct seal *s)
{
	return atomic_load(&s->failed);
}
