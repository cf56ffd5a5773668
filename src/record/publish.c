#include "record/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/log.h"
#include "record/note.h"
#include "record/worker.h"

enum {
	QUEUE_MAX = 64,
	SYSLOG_AUTH_NOTICE = 10 << 3 | 5, /* authpriv.notice */
	OUTSIDE_FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
};

struct item {
	struct job job;
	struct publish *owner;
	size_t len;
	bool sync;
	char note[NOTE_MAX];
};

struct publish {
	int dir_fd, history_fd, outside_fd, syslog_fd; /* outside_fd: the worker's */
	const char *outside_path;
	struct worker *worker;
	pthread_mutex_t lock;
	unsigned queued; /* guarded by the lock */
	bool complained, syslog_complained; /* the worker's */
};

/* Not connected: a syslog that is started again, or only later, is found by its name. */
int publish_open_syslog(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		log_warn("record: no socket for syslog: %s; checkpoints are not sent to it", strerror(errno));
	return fd;
}

int publish_open_outside(const char *path, int *out, struct err *err)
{
	int fd = -1;

	if (path && *path) {
		fd = open(path, OUTSIDE_FLAGS, 0644);
		if (fd < 0)
			return err_errno(err, "record.checkpoint_file '%s'", path);
	}
	*out = fd;
	return 0;
}

/* How much of the end of a history is whole: up to behind the empty line after a signature. 0: no such place. */
static size_t whole_part(const char *text, size_t len)
{
	static const char signature[] = "\n\n\xe2\x80\x94 ";
	size_t whole = 0;

	for (const char *at = text; (at = memmem(at, len - (size_t)(at - text), signature, sizeof(signature) - 1));) {
		const char *end;

		at += sizeof(signature) - 1;
		end = memmem(at, len - (size_t)(at - text), "\n\n", 2);
		if (end && !memchr(at, '\n', (size_t)(end - at)))
			whole = (size_t)(end + 2 - text);
	}
	return whole;
}

/* What a power failure left unfinished at the end goes away, or the next checkpoint would stand behind it. */
static void trim_history(int fd)
{
	static const size_t window = 64 << 10;
	AUTO(auto_free) char *text = malloc(window);
	off_t size = lseek(fd, 0, SEEK_END), from = size > (off_t)window ? size - (off_t)window : 0;
	ssize_t n = text && size > 0 ? pread(fd, text, window, from) : 0;
	size_t whole = n > 0 ? whole_part(text, (size_t)n) : 0;

	if (n <= 0 || whole == (size_t)n || (whole == 0 && from > 0))
		return;
	log_warn("record: the last checkpoint in 'checkpoints' was not finished; removing its beginning");
	if (ftruncate(fd, from + (off_t)whole) < 0)
		log_warn("record: 'checkpoints' cannot be cut: %s", strerror(errno));
}

int publish_new(struct publish **out, const struct publish_config *c, struct err *err)
{
	struct publish *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->dir_fd = c->dir_fd;
	p->outside_fd = c->outside_fd;
	p->outside_path = c->outside_path;
	p->syslog_fd = c->syslog_fd;
	pthread_mutex_init(&p->lock, NULL);
	p->history_fd = openat(c->dir_fd, "checkpoints", O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	r = p->history_fd < 0 ? err_errno(err, "history of checkpoints") : worker_new(&p->worker, false);
	if (r) {
		publish_free(p);
		return r;
	}
	trim_history(p->history_fd);
	*out = p;
	return 0;
}

struct publish *publish_free(struct publish *p)
{
	if (!p)
		return NULL;
	if (p->worker && !worker_settle(p->worker, 5000)) {
		log_warn("record: the last checkpoints could not be written outside in time");
		return NULL; /* its thread still uses it; the process is about to end */
	}
	worker_free(p->worker);
	auto_close(&p->history_fd);
	auto_close(&p->outside_fd);
	auto_close(&p->syslog_fd);
	pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

/* Without space for a second file the first one is written over: a start copes with one that is half written.
 */
static int write_over(const struct publish *p, const struct item *i)
{
	AUTO(auto_close) int fd = openat(p->dir_fd, "checkpoint", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || pwrite(fd, i->note, i->len, 0) != (ssize_t)i->len || ftruncate(fd, (off_t)i->len) < 0)
		return errno ? -errno : -ENOSPC;
	return i->sync && fsync(fd) < 0 ? -errno : 0;
}

static int replace(const struct publish *p, const struct item *i)
{
	AUTO(auto_close)
	int fd = openat(p->dir_fd, "checkpoint.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return errno == ENOSPC || errno == EDQUOT ? write_over(p, i) : -errno;
	if (write(fd, i->note, i->len) != (ssize_t)i->len)
		return write_over(p, i);
	if ((i->sync && fsync(fd) < 0) ||
		renameat(p->dir_fd, "checkpoint.tmp", p->dir_fd, "checkpoint") < 0 ||
		(i->sync && fsync(p->dir_fd) < 0))
		return -errno;
	return 0;
}

/* Notes in a history are separated by a blank line behind each. One that did not fit is taken back. */
static int append(int fd, const struct item *i)
{
	off_t before = lseek(fd, 0, SEEK_END);
	char text[NOTE_MAX + 1];
	ssize_t n;
	int r;

	if (fd < 0)
		return 0;
	memcpy(text, i->note, i->len);
	text[i->len] = '\n';
	n = write(fd, text, i->len + 1);
	if (n != (ssize_t)i->len + 1) {
		r = n < 0 ? -errno : -ENOSPC;
		return n > 0 && before >= 0 && ftruncate(fd, before) < 0 ? -errno : r;
	}
	return i->sync && fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* Whoever rotates files moves this one away or puts another in its place: from then on the new one is written. */
static int follow_outside(struct publish *p)
{
	struct stat there, ours;
	int fd;

	if (p->outside_fd < 0 || !p->outside_path || fstat(p->outside_fd, &ours) < 0)
		return 0;
	if (stat(p->outside_path, &there) == 0 && there.st_ino == ours.st_ino && there.st_dev == ours.st_dev)
		return 0;
	fd = open(p->outside_path, OUTSIDE_FLAGS, 0644);
	if (fd < 0)
		return -errno;
	close(p->outside_fd);
	p->outside_fd = fd;
	log_info("record: record.checkpoint_file was moved away or replaced; the new file is written");
	return 0;
}

static int append_outside(struct publish *p, const struct item *i)
{
	int moved = follow_outside(p), r = append(p->outside_fd, i); /* the old one rather than none */

	return r ? r : moved;
}

/* The three lines of the body and the signature, in one datagram. */
static void send_syslog(struct publish *p, const struct item *i)
{
	static const struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	char text[NOTE_MAX + 64];
	int head = snprintf(text, sizeof(text), "<%d>gatehouse-record: checkpoint ", SYSLOG_AUTH_NOTICE);

	bool sent;

	if (p->syslog_fd < 0)
		return;
	for (size_t k = 0; k < i->len; k++)
		text[(size_t)head + k] = i->note[k] == '\n' ? ' ' : i->note[k];
	sent = sendto(p->syslog_fd, text, (size_t)head + i->len, MSG_NOSIGNAL | MSG_DONTWAIT,
		       (const struct sockaddr *)&to, sizeof(to)) >= 0;
	if (!sent && !p->syslog_complained)
		log_warn("record: checkpoints cannot be sent to syslog (/dev/log: %s); tried again with each",
			strerror(errno));
	if (sent && p->syslog_complained)
		log_info("record: checkpoints are sent to syslog again");
	p->syslog_complained = !sent;
}

static void complain(struct publish *p, const char *what, int r)
{
	if (r < 0 && !p->complained)
		log_error("record: a checkpoint could not be written to %s: %s", what, strerror(-r));
	p->complained = p->complained || r < 0;
}

static void publish_run(struct job *job)
{
	struct item *i = container_of(job, struct item, job);
	struct publish *p = i->owner;
	int inside = replace(p, i), history = append(p->history_fd, i), outside = append_outside(p, i);

	if (inside == 0 && history == 0 && outside == 0)
		p->complained = false;
	complain(p, "the record's folder", inside ? inside : history);
	complain(p, "the outside file", outside);
	send_syslog(p, i);
	pthread_mutex_lock(&p->lock);
	p->queued--;
	pthread_mutex_unlock(&p->lock);
	free(i);
}

void publish_checkpoint(struct publish *p, struct str note, bool sync)
{
	struct item *i = note.len <= NOTE_MAX ? calloc(1, sizeof(*i)) : NULL;
	bool room;

	pthread_mutex_lock(&p->lock);
	room = p->queued < QUEUE_MAX;
	p->queued += room;
	pthread_mutex_unlock(&p->lock);
	if (!i || !room) { /* a later checkpoint covers what this one did */
		free(i);
		log_warn("record: writing checkpoints is too slow, one was left out");
		return;
	}
	i->job.run = publish_run;
	i->owner = p;
	i->len = note.len;
	i->sync = sync;
	memcpy(i->note, note.data, note.len);
	worker_post(p->worker, &i->job);
}
