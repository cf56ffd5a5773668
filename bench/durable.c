/* Append, flush, then relay; see durable.h. */
#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "fatal.h"

#define GATHER_MAX (1 << 20) /* bytes read between two flushes */

struct waiting {
	int number;
	uint32_t length;
};

struct durable {
	int fd;
	pid_t pid;
	durable_safe_fn safe;
	void *owner;
	uint64_t delivered; /* records handed on */
	struct buf out;     /* framed, not sent yet */
	struct buf bytes;   /* of the records that wait, one after another */
	struct buf order;   /* struct waiting, one for each */
	size_t bytes_done;  /* of the first two: handed on, not cut off yet */
	size_t order_done;
};

/* How many whole records begin in `data`; *used is their length with frames. */
static uint64_t records_count(const char *data, size_t length, size_t *used)
{
	uint64_t count = 0;
	size_t at = 0;
	uint32_t size;

	while (length - at >= sizeof(size)) {
		memcpy(&size, data + at, sizeof(size));
		if (length - at - sizeof(size) < size)
			break;
		at += sizeof(size) + size;
		count++;
	}
	*used = at;
	return count;
}

static void recorder_append(int file, const char *data, size_t length)
{
	while (length) {
		ssize_t wrote = write(file, data, length);

		if (wrote <= 0)
			fatal_errno("recorder: write");
		data += wrote;
		length -= (size_t)wrote;
	}
	if (fdatasync(file))
		fatal_errno("recorder: fdatasync");
}

/* The second process: one blocking read takes what has gathered during the last flush. */
_Noreturn static void recorder_run(int link, int file)
{
	char *data = must_alloc(1, GATHER_MAX);
	size_t length = 0;
	uint64_t safe = 0;

	for (;;) {
		ssize_t got = read(link, data + length, GATHER_MAX - length);
		uint64_t count;
		size_t used;

		if (got <= 0)
			_exit(0);
		length += (size_t)got;
		count = records_count(data, length, &used);
		if (!count)
			continue;
		recorder_append(file, data, used);
		length -= used;
		memmove(data, data + used, length);
		safe += count;
		if (write(link, &safe, sizeof(safe)) != sizeof(safe))
			_exit(0);
	}
}

struct durable *durable_new(const char *path, durable_safe_fn safe, void *owner)
{
	struct durable *d = must_alloc(1, sizeof(*d));
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	int size = 4 << 20;
	int ends[2];

	if (file < 0)
		fatal_errno("%s", path);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		fatal_errno("socketpair");
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	d->pid = fork();
	if (d->pid < 0)
		fatal_errno("fork");
	if (!d->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		recorder_run(ends[1], file);
	}
	close(ends[1]);
	close(file);
	d->fd = ends[0];
	d->safe = safe;
	d->owner = owner;
	return d;
}

int durable_fd(const struct durable *d)
{
	return d->fd;
}

pid_t durable_pid(const struct durable *d)
{
	return d->pid;
}

void durable_add(struct durable *d, int number, struct str record)
{
	struct waiting w = {number, (uint32_t)record.len};

	buf_add(&d->out, (struct str){(const char *)&w.length, sizeof(w.length)});
	buf_add(&d->out, record);
	buf_add(&d->bytes, record);
	buf_add(&d->order, (struct str){(const char *)&w, sizeof(w)});
}

void durable_send(struct durable *d)
{
	size_t done = 0;

	while (done < d->out.len) {
		ssize_t sent =
			send(d->fd, d->out.data + done, d->out.len - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EAGAIN)
			break;
		if (sent <= 0)
			fatal_errno("the recorder has gone");
		done += (size_t)sent;
	}
	buf_consume(&d->out, done);
}

/* Cuts off what has been handed on, once it is most of what is held. */
static void durable_trim(struct durable *d)
{
	if (2 * d->order_done < d->order.len)
		return;
	buf_consume(&d->order, d->order_done);
	buf_consume(&d->bytes, d->bytes_done);
	d->order_done = d->bytes_done = 0;
}

void durable_receive(struct durable *d)
{
	uint64_t receipts[64];
	ssize_t got = recv(d->fd, receipts, sizeof(receipts), MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0 || got % (ssize_t)sizeof(*receipts))
		fatal("the recorder has gone");
	while (d->delivered < receipts[(size_t)got / sizeof(*receipts) - 1]) {
		struct waiting w;

		memcpy(&w, d->order.data + d->order_done, sizeof(w));
		d->safe(d->owner, w.number, (struct str){d->bytes.data + d->bytes_done, w.length});
		d->order_done += sizeof(w);
		d->bytes_done += w.length;
		d->delivered++;
	}
	durable_trim(d);
}
