/* Frames between our own processes over a stream socket pair: 8 bytes of header (length of the payload, type, zero),
 * little endian, then the payload. A payload is plain bytes or a run of fields (key, length, bytes). A malformed frame
 * from a peer is fatal to the link. */
#pragma once

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

enum {
	FRAME_HEADER = 8,
	FIELD_HEADER = 6,
	FRAME_MAX = 4 << 20, /* payload bytes; a longer one is malformed */
};

struct frame {
	uint16_t type;
	struct str payload; /* borrowed from the receive buffer */
};

/* Writing: frame_begin() notes where the frame starts, the caller appends the payload to b, frame_end() fills in the
 * length. Failure shows in buf_failed(b). */
size_t frame_begin(struct buf *b, uint16_t type);
void frame_end(struct buf *b, size_t start);

/* Fields inside a payload: u16 key, u32 length, bytes. */
void field_put(struct buf *b, uint16_t key, struct str value);
void field_put_u64(struct buf *b, uint16_t key, uint64_t value);

/* Takes the next frame of `in` at *at. 1: a frame is in *out and *at moved; 0: incomplete; -EPROTO: malformed. */
[[nodiscard]] int frame_next(struct str in, size_t *at, struct frame *out);

/* Walks the fields of a payload. 1: one is in key and value; 0: the end; -EPROTO: malformed. Here, because a busy recorder
 * does it a million times a second. */
[[nodiscard]] static inline int field_next(struct str payload, size_t *at, uint16_t *key, struct str *value)
{
	uint16_t k;
	uint32_t n;

	if (*at == payload.len)
		return 0;
	if (payload.len - *at < 6)
		return -EPROTO;
	memcpy(&k, payload.data + *at, 2);
	memcpy(&n, payload.data + *at + 2, 4);
	n = le32toh(n);
	if (payload.len - *at - 6 < n)
		return -EPROTO;
	*key = le16toh(k);
	*value = str_of(payload.data + *at + 6, n);
	*at += 6 + n;
	return 1;
}

/* 0 or -EPROTO. */
[[nodiscard]] static inline int field_u64(struct str value, uint64_t *out)
{
	uint64_t v;

	if (value.len != sizeof(v))
		return -EPROTO;
	memcpy(&v, value.data, sizeof(v));
	*out = le64toh(v);
	return 0;
}
