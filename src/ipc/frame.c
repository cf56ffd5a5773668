#include "ipc/frame.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

size_t frame_begin(struct buf *b, uint16_t type)
{
	size_t start = b->len;
	uint16_t head[4] = {0, 0, htole16(type), 0};

	buf_put(b, head, sizeof(head));
	return start;
}

void frame_end(struct buf *b, size_t start)
{
	uint32_t len;

	if (buf_failed(b))
		return;
	len = htole32((uint32_t)(b->len - start - FRAME_HEADER));
	memcpy(b->data + start, &len, sizeof(len));
}

void field_put(struct buf *b, uint16_t key, struct str value)
{
	char *to = buf_room(b, FIELD_HEADER + value.len);
	uint16_t k = htole16(key);
	uint32_t n = htole32((uint32_t)value.len);

	if (!to)
		return;
	memcpy(to, &k, 2);
	memcpy(to + 2, &n, 4);
	if (value.len)
		memcpy(to + FIELD_HEADER, value.data, value.len);
	b->len += FIELD_HEADER + value.len;
}

void field_put_u64(struct buf *b, uint16_t key, uint64_t value)
{
	uint64_t v = htole64(value);

	field_put(b, key, str_of((const char *)&v, sizeof(v)));
}

int frame_next(struct str in, size_t *at, struct frame *out)
{
	const char *p = in.data + *at;
	uint16_t type, zero;
	uint32_t len;

	if (in.len - *at < FRAME_HEADER)
		return 0;
	memcpy(&len, p, 4);
	memcpy(&type, p + 4, 2);
	memcpy(&zero, p + 6, 2);
	len = le32toh(len);
	if (len > FRAME_MAX || zero)
		return -EPROTO;
	if (in.len - *at - FRAME_HEADER < len)
		return 0;
	out->type = le16toh(type);
	out->payload = str_of(p + FRAME_HEADER, len);
	*at += FRAME_HEADER + len;
	return 1;
}
