/* Frames and fields from a peer: whatever the bytes, the walk ends, stays inside its input and moves on; what
 * it finds, written again, gives the same bytes. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void walk_fields(struct str payload, struct buf *again)
{
	size_t at = 0, before = 0;
	struct str value;
	uint64_t number;
	uint16_t key;
	int r;

	while ((r = field_next(payload, &at, &key, &value)) == 1) {
		check(at > before && at <= payload.len &&
			value.data + value.len <= payload.data + payload.len);
		before = at;
		r = field_u64(value, &number);
		check(r == (value.len == 8 ? 0 : -EPROTO));
		if (r == 0)
			field_put_u64(again, key, number);
		else
			field_put(again, key, value);
	}
	check(r == 0 || r == -EPROTO);
	buf_put(again, payload.data + at, payload.len - at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size);
	struct buf again = BUF_INIT(0);
	size_t at = 0, before = 0;
	struct frame frame;
	int r;

	while ((r = frame_next(in, &at, &frame)) == 1) {
		size_t start = frame_begin(&again, frame.type);

		check(at > before && at <= size && frame.payload.data + frame.payload.len == in.data + at);
		before = at;
		walk_fields(frame.payload, &again);
		frame_end(&again, start);
		check(again.len == at);
	}
	check(r == 0 || r == -EPROTO);
	check(again.len == at && (at == 0 || memcmp(again.data, data, at) == 0));
	buf_done(&again);
	return 0;
}
