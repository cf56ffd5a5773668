#include "record/pack.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "record/line.h"

enum {
	LEVEL = 1, /* docs/decisions/0015: each step above costs half as much again for 3 % */
	PLAIN_MAX = PACK_MEMBER + LINE_MAX_BYTES + 1,
};

struct member {
	size_t plain, packed; /* bytes */
};

struct pack {
	int fd;
	struct libdeflate_compressor *compressor;
	struct libdeflate_decompressor *decompressor;
	struct buf plain, packed;
	struct buf members; /* of struct member */
	size_t next;        /* member to be read, its place */
	off_t at;
};

int pack_new(struct pack **out, int fd)
{
	struct pack *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->fd = fd;
	buf_init(&p->plain, PLAIN_MAX);
	p->compressor = libdeflate_alloc_compressor(LEVEL);
	p->decompressor = libdeflate_alloc_decompressor();
	if (!p->compressor || !p->decompressor) {
		pack_free(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

struct pack *pack_free(struct pack *p)
{
	if (!p)
		return NULL;
	libdeflate_free_compressor(p->compressor);
	libdeflate_free_decompressor(p->decompressor);
	buf_done(&p->plain);
	buf_done(&p->packed);
	buf_done(&p->members);
	free(p);
	return NULL;
}

void pack_freep(struct pack **p)
{
	*p = pack_free(*p);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_member(struct pack *p)
{
	size_t bound = libdeflate_gzip_compress_bound(p->compressor, p->plain.len);
	struct member m = {.plain = p->plain.len};
	int r;

	buf_clear(&p->packed);
	if (!buf_room(&p->packed, bound))
		return -ENOMEM;
	m.packed = libdeflate_gzip_compress(p->compressor, p->plain.data, m.plain, p->packed.data, bound);
	if (m.packed == 0)
		return -EIO;
	r = write_all(p->fd, p->packed.data, m.packed);
	buf_put(&p->members, &m, sizeof(m));
	buf_clear(&p->plain);
	return r == 0 && buf_failed(&p->members) ? -ENOMEM : r;
}

int pack_put(struct pack *p, struct str line)
{
	int r;

	buf_str(&p->plain, line);
	buf_putc(&p->plain, '\n');
	if (buf_failed(&p->plain))
		return -ENOMEM;
	if (p->plain.len < PACK_MEMBER)
		return 0;
	r = write_member(p);
	return r ? r : 1;
}

int pack_end(struct pack *p)
{
	return p->plain.len ? write_member(p) : 0;
}

/* The bytes of the member into `packed`. */
static int read_member(struct pack *p, size_t len)
{
	buf_clear(&p->packed);
	if (!buf_room(&p->packed, len))
		return -ENOMEM;
	while (p->packed.len < len) {
		ssize_t n = pread(p->fd, p->packed.data + p->packed.len, len - p->packed.len, p->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		p->packed.len += (size_t)n;
		p->at += n;
	}
	return 0;
}

int pack_next(struct pack *p, struct str *out)
{
	struct member m;
	int r;

	if (p->next == p->members.len)
		return 0;
	memcpy(&m, p->members.data + p->next, sizeof(m));
	p->next += sizeof(m);
	buf_clear(&p->plain);
	r = read_member(p, m.packed);
	if (r == 0 && !buf_room(&p->plain, m.plain))
		r = -ENOMEM;
	if (r)
		return r;
	if (libdeflate_gzip_decompress(
		    p->decompressor, p->packed.data, m.packed, p->plain.data, m.plain, NULL) != 0)
		return -EBADMSG;
	p->plain.len = m.plain;
	*out = buf_view(&p->plain);
	return 1;
}
