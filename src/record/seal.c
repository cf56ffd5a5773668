#include "record/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/log.h"
#include "record/pack.h"
#include "record/segment.h"
#include "record/tree.h"

enum {
	PAUSE_MS = 50,
	PATIENCE = 8, /* segments that may wait while the recorder is busy */
};

struct seal {
	int dir_fd, copy_fd;
	struct worker *worker;
	struct job job;
	atomic_uint_fast64_t before;
	atomic_bool posted, stopping, failed, busy;
};

/* Whoever delivers messages now needs the processor and the disk more, unless too much has gathered. -ECANCELED
 * when the recorder ends. */
static int give_way(struct seal *s, uint64_t serial)
{
	struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};

	while (atomic_load(&s->busy) && !atomic_load(&s->stopping) &&
		atomic_load(&s->before) <= serial + PATIENCE)
		nanosleep(&pause, NULL);
	return atomic_load(&s->stopping) ? -ECANCELED : 0;
}

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

/* The lines of the raw file, without padding. */
static int pack_lines(struct seal *s, uint64_t serial, struct pack *p)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	struct str line;
	int r = segment_lines_open_kind(&l, s->dir_fd, serial, false);

	while (r >= 0 && (r = segment_lines_next(l, &line)) > 0) {
		r = pack_put(p, line);
		if (r > 0)
			r = give_way(s, serial);
	}
	return r == 0 ? pack_end(p) : r;
}

/* The first line says which tree the segment begins with. */
static int first_line(struct str lines, struct tree *tree)
{
	struct segment_start start;
	int r = segment_parse_start(str_cut(lines, 0, str_find(lines, '\n', 0)), &start);

	if (r == 0)
		*tree = start.tree;
	return r;
}

static void add_leaves(struct tree *tree, struct str lines)
{
	unsigned char leaf[TREE_HASH];

	for (size_t at = 0, end; at < lines.len; at = end + 1) {
		end = str_find(lines, '\n', at);
		tree_leaf(str_cut(lines, at, end), leaf);
		tree_append(tree, leaf);
	}
}

/* Reads back what was written: the tree over it. */
static int read_back(struct seal *s, uint64_t serial, struct pack *p, struct tree *tree)
{
	struct str lines;
	bool first = true;
	int r;

	while ((r = pack_next(p, &lines)) > 0) {
		r = give_way(s, serial);
		if (r == 0 && first)
			r = first_line(lines, tree);
		if (r)
			return r;
		first = false;
		add_leaves(tree, lines);
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

/* An interrupted attempt may have left one, of whatever rights. */
static int make_file(struct seal *s)
{
	int fd;

	unlinkat(s->dir_fd, "seal.tmp", 0);
	fd = openat(s->dir_fd, "seal.tmp", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* "seal.tmp": durable, read-only, and the tree over what it holds is the one the next segment begins with. */
static int compress_segment(struct seal *s, uint64_t serial, const struct segment_start *end)
{
	AUTO(auto_close) int fd = make_file(s);
	AUTO(pack_freep) struct pack *p = NULL;
	struct tree tree;
	int r = fd < 0 ? fd : pack_new(&p, fd);

	if (r == 0)
		r = pack_lines(s, serial, p);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0)
		r = read_back(s, serial, p, &tree);
	if (r == 0)
		r = compare(&tree, end);
	if (r == 0 && (fchmod(fd, 0400) < 0 || fsync(fd) < 0))
		r = -errno;
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
		if (r == 0)
			r = compress_segment(s, i->serial, &end); /* again, if it was interrupted */
		if (r == 0)
			r = seal_rename(s, i->serial);
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

void seal_give_way(struct seal *s, bool busy)
{
	atomic_store(&s->busy, busy);
}

bool seal_is_pending(struct seal *s)
{
	return atomic_load(&s->failed);
}
