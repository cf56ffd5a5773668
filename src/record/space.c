#include "record/space.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "record/segment.h"

enum {
	PIECE = 1 << 20,        /* the largest single write ahead */
	PIECE_OPEN = 256 << 10, /* in the current file, where a large one would hold up a flush */
	LEAVE_FREE = 256 << 10, /* for checkpoints and leaf hashes */
	AHEAD = 2 << 20,        /* bytes to keep ready in the current file */
};

struct file {
	int fd;       /* lines */
	int ahead_fd; /* newlines: not O_DSYNC, one fdatasync at the end of a piece */
	uint64_t serial;
	uint64_t used;
	/* guarded by the lock */
	uint64_t ready;  /* below: newlines or lines are durable */
	bool ahead_busy; /* the keeper writes at `ready` */
	bool line_busy;  /* a flush writes beyond `ready` */
	int lost;        /* what a flush of the keeper's said: lines that were written meanwhile may have gone with it */
};

struct space {
	struct space_config c;
	struct file current, next; /* next.fd is -1 until it is prepared */
	struct job job;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool posted, short_of; /* guarded by the lock */
	bool direct;
	char *newlines; /* PIECE bytes, aligned */
};

static void file_close(struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->ahead_fd >= 0)
		close(f->ahead_fd);
	f->fd = f->ahead_fd = -1;
}

static int file_open(struct space *s, struct file *f, uint64_t serial, enum segment_file kind)
{
	int mode = s->direct ? O_DIRECT : 0, sync = s->direct ? O_DSYNC : 0;
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(name, serial, kind);
	*f = (struct file){.fd = -1, .ahead_fd = -1, .serial = serial};
	f->fd = openat(s->c.dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | mode | sync, 0600);
	if (f->fd >= 0)
		f->ahead_fd = openat(s->c.dir_fd, name, O_RDWR | O_CLOEXEC | mode);
	if (f->ahead_fd < 0 || fstat(f->fd, &st) < 0) {
		int r = -errno;

		file_close(f);
		return r;
	}
	f->ready = (uint64_t)st.st_size / SEGMENT_BLOCK * SEGMENT_BLOCK;
	return 0;
}

/* ---- the keeper's side ---- */

static bool is_short(int code)
{
	return code == -ENOSPC || code == -EDQUOT;
}

static bool has_free(const struct space *s, size_t len)
{
	struct statvfs v;

	return fstatvfs(s->c.dir_fd, &v) < 0 ||
	       (uint64_t)v.f_bavail * v.f_frsize >= s->c.min_free + LEAVE_FREE + len;
}

static int write_all(int fd, const char *data, size_t len, uint64_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

/* The piece of f to write ahead next: claims it and returns its length, 0 when there is none. */
static size_t claim(struct space *s, struct file *f, size_t piece, uint64_t upto, uint64_t *at)
{
	size_t len = 0;

	pthread_mutex_lock(&s->lock);
	if (f->ready < upto && !f->line_busy) {
		*at = f->ready;
		len = upto - *at < piece ? (size_t)(upto - *at) : piece;
		f->ahead_busy = true;
	}
	pthread_mutex_unlock(&s->lock);
	return len;
}

/* `lost`: as in struct file. A system may say only once, and to whoever asks first, that it could not write. */
static void settle(struct space *s, struct file *f, uint64_t at, size_t len, int r, int lost)
{
	pthread_mutex_lock(&s->lock);
	if (r == 0)
		f->ready = at + len;
	if (lost)
		f->lost = lost;
	f->ahead_busy = false;
	s->short_of = is_short(r);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/* Writes one piece ahead. 1: go on; 0: f is ready up to `upto`; or -errno. */
static int extend(struct space *s, struct file *f, size_t piece, uint64_t upto)
{
	uint64_t at;
	size_t len = claim(s, f, piece, upto, &at);
	int r, lost = 0;

	if (len == 0)
		return 0;
	r = has_free(s, len) ? write_all(f->ahead_fd, s->newlines, len, at) : -ENOSPC;
	if (r == 0 && fdatasync(f->ahead_fd) < 0)
		r = lost = -errno;
	settle(s, f, at, len, r, lost);
	return r < 0 ? r : 1;
}

static uint64_t round_up(uint64_t n)
{
	return (n + SEGMENT_BLOCK - 1) / SEGMENT_BLOCK * SEGMENT_BLOCK;
}

/* The name is made durable before lines can be in the file. */
static int prepare_next(struct space *s)
{
	struct file f;
	int r = file_open(s, &f, s->current.serial + 1, SEGMENT_NEXT);

	if (r == 0) {
		f.ready = 0; /* whatever a file of an earlier run holds is written over */
		if (ftruncate(f.fd, 0) < 0 || fsync(s->c.dir_fd) < 0)
			r = -errno;
	}
	if (r) {
		pthread_mutex_lock(&s->lock);
		s->short_of = is_short(r);
		pthread_mutex_unlock(&s->lock);
		return r;
	}
	pthread_mutex_lock(&s->lock);
	s->next = f;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static int keep_current(struct space *s)
{
	uint64_t upto, size = round_up(s->c.segment_bytes);
	int r;

	do {
		pthread_mutex_lock(&s->lock);
		upto = s->current.used + AHEAD < size ? round_up(s->current.used + AHEAD) : size;
		pthread_mutex_unlock(&s->lock);
		r = extend(s, &s->current, PIECE_OPEN, upto);
	} while (r > 0);
	return r;
}

/* How much of the next file is wanted: begun when a quarter of the current one is used, whole when half is.
 */
static uint64_t wanted_next(struct space *s)
{
	uint64_t size = round_up(s->c.segment_bytes), used;

	pthread_mutex_lock(&s->lock);
	used = s->current.used;
	pthread_mutex_unlock(&s->lock);
	if (used < size / 4)
		return 0;
	return used >= size / 2 ? size : round_up((used - size / 4) * 4);
}

static int keep_next(struct space *s)
{
	uint64_t upto = wanted_next(s);
	int r = 0;

	if (upto == 0)
		return 0;
	if (s->next.fd < 0)
		r = prepare_next(s);
	while (r == 0 && (r = extend(s, &s->next, PIECE, upto)) > 0)
		r = keep_current(s);
	return r;
}

static void keep(struct job *job)
{
	struct space *s = container_of(job, struct space, job);
	int r;

	pthread_mutex_lock(&s->lock);
	s->posted = false;
	pthread_mutex_unlock(&s->lock);
	r = keep_current(s);
	if (r == 0)
		r = keep_next(s);
	if (r < 0 && !is_short(r))
		log_warn("record: writing ahead failed: %s", strerror(-r)); /* the next flush fails, if it is the open file's */
}

static void call_keeper(struct space *s)
{
	bool post;

	pthread_mutex_lock(&s->lock);
	post = !s->posted;
	s->posted = true;
	pthread_mutex_unlock(&s->lock);
	if (post)
		worker_post(s->c.keeper, &s->job);
}

/* ---- the writer's side ---- */

static int open_current(struct space *s, uint64_t serial, struct err *err)
{
	int r;

	s->direct = s->c.flush != SPACE_BUFFERED;
	r = file_open(s, &s->current, serial, SEGMENT_RAW);
	if (r == -EINVAL && s->c.flush == SPACE_AUTO) {
		s->direct = false;
		r = file_open(s, &s->current, serial, SEGMENT_RAW);
	}
	if (r == 0 && fsync(s->c.dir_fd) < 0)
		r = -errno;
	return r ? err_set(err, r, "segment %08llu: %s", (unsigned long long)serial, strerror(-r)) : 0;
}

int space_open(
	struct space **out, const struct space_config *c, uint64_t serial, uint64_t used, struct err *err)
{
	struct space *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->c = *c;
	s->job.run = keep;
	s->current.fd = s->current.ahead_fd = s->next.fd = s->next.ahead_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	s->newlines = aligned_alloc(SEGMENT_BLOCK, PIECE);
	r = s->newlines ? open_current(s, serial, err) : -ENOMEM;
	if (r) {
		space_free(s);
		return r;
	}
	memset(s->newlines, '\n', PIECE);
	s->current.used = used;
	if (s->current.ready < used)
		s->current.ready = used;
	call_keeper(s);
	*out = s;
	return 0;
}

struct space *space_free(struct space *s)
{
	if (!s)
		return NULL;
	file_close(&s->current);
	file_close(&s->next);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s->newlines);
	free(s);
	return NULL;
}

/* Takes [used, used + len) for lines: the keeper must not be writing there. Want of space before now took no line. */
static void claim_lines(struct space *s, size_t len)
{
	struct file *f = &s->current;

	pthread_mutex_lock(&s->lock);
	while (f->ahead_busy && f->used + len > f->ready)
		pthread_cond_wait(&s->changed, &s->lock);
	f->line_busy = f->used + len > f->ready;
	if (is_short(f->lost))
		f->lost = 0;
	pthread_mutex_unlock(&s->lock);
}

/* What became of the lines: `r`, or what the keeper was told meanwhile. */
static int settle_lines(struct space *s, size_t len, int r, bool *out_low)
{
	struct file *f = &s->current;

	pthread_mutex_lock(&s->lock);
	if (r == 0)
		r = f->lost;
	if (r == 0)
		f->used += len;
	if (f->ready < f->used)
		f->ready = f->used;
	f->line_busy = false;
	*out_low = f->ready - f->used < AHEAD / 2 || s->next.fd < 0 || s->next.ready < s->c.segment_bytes;
	pthread_mutex_unlock(&s->lock);
	return r;
}

/* The keeper is asked once in a while, not after every flush. */
static bool keeper_is_due(const struct space *s, size_t len)
{
	uint64_t used = s->current.used;

	return used / PIECE_OPEN != (used - len) / PIECE_OPEN || used - len == 0;
}

int space_write(struct space *s, const void *data, size_t len)
{
	struct file *f = &s->current;
	bool low;
	int r;

	claim_lines(s, len);
	r = write_all(f->fd, data, len, f->used);
	if (r == -EINVAL && s->direct && s->c.flush == SPACE_AUTO && f->used == 0) {
		log_warn("record: the file system does not take O_DIRECT writes; using fdatasync");
		s->direct = false;
		r = fcntl(f->fd, F_SETFL, 0) < 0 || fcntl(f->ahead_fd, F_SETFL, 0) < 0 ? -errno : 0;
		if (r == 0)
			r = write_all(f->fd, data, len, f->used);
	}
	if (r == 0 && !s->direct && fdatasync(f->fd) < 0)
		r = -errno;
	r = settle_lines(s, len, r, &low);
	if (r == 0 && low && keeper_is_due(s, len))
		call_keeper(s);
	return r;
}

uint64_t space_used(const struct space *s)
{
	return s->current.used;
}

bool space_is_direct(const struct space *s)
{
	return s->direct;
}

uint64_t space_left(struct space *s)
{
	uint64_t left;

	pthread_mutex_lock(&s->lock);
	left = s->current.ready - s->current.used;
	if (s->next.fd >= 0)
		left += s->next.ready;
	pthread_mutex_unlock(&s->lock);
	return left;
}

bool space_is_short(struct space *s)
{
	bool r;

	pthread_mutex_lock(&s->lock);
	r = s->short_of;
	pthread_mutex_unlock(&s->lock);
	return r;
}

void space_tick(struct space *s)
{
	if (space_is_short(s))
		call_keeper(s);
}

static int take_next(struct space *s)
{
	char from[SEGMENT_NAME], to[SEGMENT_NAME];
	int r = 0;

	if (s->next.fd < 0)
		r = prepare_next(s);
	if (r)
		return r;
	segment_name(from, s->next.serial, SEGMENT_NEXT);
	segment_name(to, s->next.serial, SEGMENT_RAW);
	if (renameat(s->c.dir_fd, from, s->c.dir_fd, to) < 0 || fsync(s->c.dir_fd) < 0)
		return -errno;
	file_close(&s->current);
	s->current = s->next;
	s->current.lost = 0; /* there was no line in it */
	s->next = (struct file){.fd = -1, .ahead_fd = -1};
	return 0;
}

int space_rotate(struct space *s)
{
	int r;

	if (!worker_settle(s->c.keeper, 60000)) /* it must not be at work in either file */
		return -EBUSY;
	r = take_next(s);
	if (r == 0)
		call_keeper(s);
	return r;
}
