/* Packets of the supervision socket: queued when the socket is full, put together when a text came in parts.
 */
#include "ipc/supervise.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/fdpass.h"

enum {
	CONTROL_HEAD = 6, /* type, u32 id, u8 more */
	NUMBER_HEAD = 5,  /* type, u32 index */
};

struct packet {
	struct list link;
	int fd;
	size_t len;
	char data[];
};

/* A CONTROL text of which only the beginning has come. */
struct part {
	struct list link;
	uint32_t id;
	struct buf text;
};

int supervise_pair(int out_fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out_fds) ? -errno : 0;
}

int supervise_init(struct supervise *s, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	*s = (struct supervise){.fd = fd};
	list_init(&s->queue);
	list_init(&s->parts);
	buf_init(&s->text, SUPERVISE_TEXT_MAX);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	s->packet = malloc(SUPERVISE_PACKET + 1);
	return s->packet ? 0 : -ENOMEM;
}

static void packet_free(struct packet *p)
{
	list_remove(&p->link);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

static void part_free(struct part *p)
{
	list_remove(&p->link);
	buf_done(&p->text);
	free(p);
}

void supervise_done(struct supervise *s)
{
	list_each_safe (it, &s->queue)
		packet_free(container_of(it, struct packet, link));
	list_each_safe (it, &s->parts)
		part_free(container_of(it, struct part, link));
	buf_done(&s->text);
	free(s->packet);
	s->packet = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* ---- receiving ---- */

static struct part *part_get(struct supervise *s, uint32_t id)
{
	struct part *p;

	list_each (it, &s->parts)
		if (container_of(it, struct part, link)->id == id)
			return container_of(it, struct part, link);
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->id = id;
	buf_init(&p->text, SUPERVISE_TEXT_MAX);
	list_append(&s->parts, &p->link);
	return p;
}

/* 1: the text of this id is complete and in s->text; 0: more is to come. */
static int take_part(struct supervise *s, uint32_t id, bool more, struct str text)
{
	struct part *p = part_get(s, id);
	struct buf whole;

	if (!p)
		return -ENOMEM;
	buf_str(&p->text, text);
	if (buf_failed(&p->text))
		return -EPROTO;
	if (more)
		return 0;
	whole = s->text;
	s->text = p->text;
	p->text = whole;
	part_free(p);
	return 1;
}

static bool type_takes_fd(char type)
{
	return type == SUPERVISE_LISTENER || type == SUPERVISE_LINK || type == SUPERVISE_KEY ||
	       type == SUPERVISE_COURIER;
}

static int decode_number(struct str packet, uint32_t *out)
{
	uint32_t v;

	if (packet.len < NUMBER_HEAD)
		return -EPROTO;
	memcpy(&v, packet.data + 1, sizeof(v));
	*out = le32toh(v);
	return 0;
}

static int decode_control(struct supervise *s, struct str packet, struct supervise_message *out)
{
	unsigned char more;
	int r;

	if (packet.len < CONTROL_HEAD || decode_number(packet, &out->number))
		return -EPROTO;
	more = (unsigned char)packet.data[5];
	if (more > 1)
		return -EPROTO;
	r = take_part(s, out->number, more, str_cut(packet, CONTROL_HEAD, packet.len));
	out->text = buf_view(&s->text);
	return r;
}

static int decode(struct supervise *s, struct str packet, int fd, struct supervise_message *out)
{
	char type = packet.data[0];

	*out = (struct supervise_message){.type = (enum supervise_type)type, .fd = fd};
	if ((fd >= 0) != type_takes_fd(type))
		return -EPROTO;
	switch (type) {
	case SUPERVISE_LISTENER:
	case SUPERVISE_LINK:
		return packet.len == NUMBER_HEAD && !decode_number(packet, &out->number) ? 1 : -EPROTO;
	case SUPERVISE_START:
	case SUPERVISE_KEY:
	case SUPERVISE_RELOAD:
		out->text = str_cut(packet, 1, packet.len);
		return 1;
	case SUPERVISE_READY:
	case SUPERVISE_STOP:
	case SUPERVISE_COURIER:
		return packet.len == 1 ? 1 : -EPROTO;
	case SUPERVISE_CONTROL:
		return decode_control(s, packet, out);
	}
	return -EPROTO;
}

int supervise_recv(struct supervise *s, struct supervise_message *out)
{
	ssize_t n;
	int fd, r;

	do {
		buf_clear(&s->text);
		n = fdpass_recv(s->fd, s->packet, SUPERVISE_PACKET + 1, &fd);
		if (n == -EAGAIN)
			return 0;
		if (n == 0 || n == -ECONNRESET)
			return -EPIPE;
		if (n < 0)
			return (int)n;
		r = n > SUPERVISE_PACKET ? -EPROTO : decode(s, str_of(s->packet, (size_t)n), fd, out);
		if (r < 0 && fd >= 0)
			close(fd);
	} while (r == 0);
	return r;
}

/* ---- sending ---- */

static int send_now(struct supervise *s, const void *data, size_t len, int fd)
{
	int r = fdpass_send(s->fd, data, len, fd);

	return r == -ECONNRESET || r == -ENOTCONN ? -EPIPE : r;
}

static int queue_packet(struct supervise *s, const void *data, size_t len, int fd)
{
	struct packet *p = malloc(sizeof(*p) + len);

	if (!p)
		return -ENOMEM;
	p->len = len;
	p->fd = -1;
	memcpy(p->data, data, len);
	list_init(&p->link);
	if (fd >= 0) {
		p->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (p->fd < 0) {
			packet_free(p);
			return -errno;
		}
	}
	list_append(&s->queue, &p->link);
	return 0;
}

static int send_packet(struct supervise *s, const void *data, size_t len, int fd)
{
	int r = list_is_empty(&s->queue) ? send_now(s, data, len, fd) : -EAGAIN;

	return r == -EAGAIN || r == -ENOBUFS ? queue_packet(s, data, len, fd) : r;
}

static int send_control(struct supervise *s, uint32_t id, struct str text)
{
	char data[SUPERVISE_PACKET];
	uint32_t v = htole32(id);
	size_t at = 0, n;
	int r;

	data[0] = SUPERVISE_CONTROL;
	memcpy(data + 1, &v, sizeof(v));
	do {
		n = text.len - at;
		if (n > sizeof(data) - CONTROL_HEAD)
			n = sizeof(data) - CONTROL_HEAD;
		data[5] = at + n < text.len;
		if (n)
			memcpy(data + CONTROL_HEAD, text.data + at, n);
		r = send_packet(s, data, CONTROL_HEAD + n, -1);
		at += n;
	} while (!r && at < text.len);
	return r;
}

int supervise_send(struct supervise *s, enum supervise_type type, uint32_t number, struct str text, int fd)
{
	char data[SUPERVISE_PACKET];
	uint32_t v = htole32(number);

	if (type == SUPERVISE_CONTROL)
		return text.len > SUPERVISE_TEXT_MAX ? -EMSGSIZE : send_control(s, number, text);
	data[0] = (char)type;
	if (type == SUPERVISE_LISTENER || type == SUPERVISE_LINK) {
		memcpy(data + 1, &v, sizeof(v));
		return send_packet(s, data, NUMBER_HEAD, fd);
	}
	if (text.len > sizeof(data) - 1)
		return -EMSGSIZE;
	if (text.len)
		memcpy(data + 1, text.data, text.len);
	return send_packet(s, data, 1 + text.len, fd);
}

int supervise_flush(struct supervise *s)
{
	while (!list_is_empty(&s->queue)) {
		struct packet *p = container_of(s->queue.next, struct packet, link);
		int r = send_now(s, p->data, p->len, p->fd);

		if (r == -EAGAIN || r == -ENOBUFS)
			return 0;
		if (r)
			return r;
		packet_free(p);
	}
	return 0;
}

bool supervise_wants_write(const struct supervise *s)
{
	return !list_is_empty(&s->queue);
}
