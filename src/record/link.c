#include "record/link.h"

#include <endian.h>
#include <errno.h>

enum {
	HELLO_LEN = 8 + 2 + 2 + 4 + 3 * 8,
	HELLO_REPLAY = 1,
};

uint64_t link_u64(const char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

static uint16_t link_u16(const char *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return le16toh(v);
}

void link_put_u64(struct buf *b, uint64_t value)
{
	uint64_t v = htole64(value);

	buf_put(b, &v, sizeof(v));
}

static void link_put_u16(struct buf *b, uint16_t value)
{
	uint16_t v = htole16(value);

	buf_put(b, &v, sizeof(v));
}

void link_put_hello(struct buf *b, const struct link_hello *h)
{
	size_t start = frame_begin(b, LINK_HELLO);

	buf_put(b, h->boot, 8);
	link_put_u16(b, h->link);
	link_put_u16(b, h->replay ? HELLO_REPLAY : 0);
	buf_put(b, "\0\0\0\0", 4);
	link_put_u64(b, h->n);
	link_put_u64(b, h->seq);
	link_put_u64(b, h->applied_seq);
	frame_end(b, start);
}

static bool link_is_boot(const char *boot)
{
	for (int i = 0; i < 8; i++)
		if (!((boot[i] >= '0' && boot[i] <= '9') || (boot[i] >= 'a' && boot[i] <= 'f')))
			return false;
	return true;
}

int link_get_hello(struct str p, struct link_hello *out)
{
	struct link_hello h = {};
	uint16_t flags;

	if (p.len != HELLO_LEN || !link_is_boot(p.data))
		return -EPROTO;
	memcpy(h.boot, p.data, 8);
	h.link = link_u16(p.data + 8);
	flags = link_u16(p.data + 10);
	if (flags & ~HELLO_REPLAY || memcmp(p.data + 12, "\0\0\0\0", 4) != 0)
		return -EPROTO;
	h.replay = flags & HELLO_REPLAY;
	h.n = link_u64(p.data + 16);
	h.seq = link_u64(p.data + 24);
	h.applied_seq = link_u64(p.data + 32);
	*out = h;
	return 0;
}

void link_put_receipt(struct buf *b, const struct link_receipt *r)
{
	size_t start = frame_begin(b, LINK_RECEIPT);

	link_put_u64(b, r->first_n);
	link_put_u64(b, r->count);
	link_put_u64(b, r->first_seq);
	link_put_u64(b, r->time_us);
	frame_end(b, start);
}

int link_get_receipt(struct str p, struct link_receipt *out)
{
	struct link_receipt r;
	uint64_t end;

	if (p.len != 32)
		return -EPROTO;
	r.first_n = link_u64(p.data);
	r.count = link_u64(p.data + 8);
	r.first_seq = link_u64(p.data + 16);
	r.time_us = link_u64(p.data + 24);
	if (r.count == 0 || r.first_seq == 0 || __builtin_add_overflow(r.first_n, r.count, &end))
		return -EPROTO;
	*out = r;
	return 0;
}

size_t link_begin_append(struct buf *b, uint64_t n, enum event type)
{
	size_t start = frame_begin(b, LINK_APPEND);

	link_put_u64(b, n);
	link_put_u16(b, (uint16_t)type);
	link_put_u16(b, 0);
	return start;
}

size_t link_begin_replay(struct buf *b, uint64_t seq, uint64_t time_us)
{
	size_t start = frame_begin(b, LINK_REPLAY);

	link_put_u64(b, seq);
	link_put_u64(b, time_us);
	return start;
}

void link_put_number(struct buf *b, enum link_frame type, uint64_t value)
{
	size_t start = frame_begin(b, (uint16_t)type);

	link_put_u64(b, value);
	frame_end(b, start);
}

int link_get_number(struct str p, uint64_t *out)
{
	if (p.len != 8)
		return -EPROTO;
	*out = link_u64(p.data);
	return 0;
}
