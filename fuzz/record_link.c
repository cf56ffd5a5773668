/* A stream of frames as the recorder and the gate read them: every parser behind the link. The first byte
 * chooses the side's view of APPEND. Whatever is accepted must be a line that reads back. */
#include <stdint.h>
#include <stdlib.h>

#include "record/line.h"
#include "record/link.h"
#include "record/record_private.h"

static void try_append(struct str payload)
{
	static const char time_text[LINE_TIME + 1] = "2026-11-22T15:04:05.123456Z";
	struct buf b = BUF_INIT(FRAME_MAX * 6), text = BUF_INIT(0);
	struct line_fields seen;
	struct line_scan scan;
	struct line_head head;
	struct line_value v;
	int r;

	line_begin(&b, 1, time_text, true, EVENT_ALARM);
	if (line_put_fields(&b, payload, true, &seen) == 0 && !buf_failed(&b)) {
		line_end(&b);
		if (memchr(b.data, '\n', b.len) != b.data + b.len - 1 ||
			line_read_head(&scan, str_of(b.data, b.len - 1), &head))
			abort();
		while ((r = line_next(&scan, &v)) > 0)
			if (v.kind == '"' && !line_unescape(v.text, &text))
				abort();
		if (r < 0)
			abort();
	}
	buf_done(&text);
	buf_done(&b);
}

/* Each field once more as an extra of an entry: what is refused is refused, nothing else. */
static void try_extras(struct str fields)
{
	struct str value;
	size_t at = 0;
	uint16_t key;

	while (field_next(fields, &at, &key, &value) > 0) {
		struct extra extra = {.key = (enum event_key)key, .text = value, .number = value.len};
		struct entry entry = {.type = EVENT_ALARM, .sm = value, .sm_h = at, .rules = &value, .rules_len = 1,
			.extra = &extra, .extra_len = 1};
		struct buf b = BUF_INIT(0);

		(void)!entry_put(&b, &entry);
		buf_done(&b);
	}
}

static void try_entry(struct str fields)
{
	struct str rules[8], src;
	struct buf b = BUF_INIT(0);
	struct entry entry;

	if (entry_get(fields, &entry, rules, 8, &src) == 0 && entry_put(&b, &entry) == 0 &&
		b.len > fields.len + 64)
		abort();
	buf_done(&b);
}

static void try_frame(const struct frame *f)
{
	struct link_hello hello;
	struct link_receipt receipt;
	struct buf b = BUF_INIT(0);
	uint64_t number;

	if (link_get_hello(f->payload, &hello) == 0)
		link_put_hello(&b, &hello);
	if (link_get_receipt(f->payload, &receipt) == 0)
		link_put_receipt(&b, &receipt);
	if (link_get_number(f->payload, &number) == 0)
		link_put_number(&b, LINK_MORE, number);
	if (b.len && b.len != f->payload.len + FRAME_HEADER)
		abort();
	buf_done(&b);
	if (f->payload.len >= LINK_APPEND_HEAD)
		try_append(str_cut(f->payload, LINK_APPEND_HEAD, f->payload.len));
	if (f->payload.len >= LINK_REPLAY_HEAD)
		try_entry(str_cut(f->payload, LINK_REPLAY_HEAD, f->payload.len));
	if (f->payload.len >= LINK_APPEND_HEAD)
		try_extras(str_cut(f->payload, LINK_APPEND_HEAD, f->payload.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct str in = str_of((const char *)data, len);
	struct frame f;
	size_t at = 0;

	while (frame_next(in, &at, &f) > 0)
		try_frame(&f);
	return 0;
}
