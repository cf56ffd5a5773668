/* Frames without a receipt. They stay until it has come, for a recorder that is restarted has to get them
 * again. */
#include <errno.h>
#include <stdlib.h>

#include "record/link.h"
#include "record/record_private.h"

enum {
	SLOTS_START = 1024,
	SHIFT_AT = 256 << 10, /* finished bytes at the front before the rest is moved down */
};

int backlog_init(struct backlog *b, size_t max_bytes)
{
	*b = (struct backlog){.cap = SLOTS_START, .first_n = 1};
	buf_init(&b->frames, max_bytes);
	b->slots = calloc(b->cap, sizeof(*b->slots));
	return b->slots ? 0 : -ENOMEM;
}

void backlog_done(struct backlog *b)
{
	buf_done(&b->frames);
	free(b->slots);
	b->slots = NULL;
}

static bool grow(struct backlog *b)
{
	struct slot *slots;

	if (b->len < b->cap)
		return true;
	slots = calloc(b->cap * 2, sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < b->len; i++)
		slots[i] = b->slots[(b->first + i) & (b->cap - 1)];
	free(b->slots);
	b->slots = slots;
	b->cap *= 2;
	b->first = 0;
	return true;
}

static int put_frame(struct backlog *b, const struct entry *e)
{
	size_t start = link_begin_append(&b->frames, backlog_next(b), e->type);
	int r = entry_put(&b->frames, e);

	if (r)
		return r;
	if (buf_failed(&b->frames))
		return RECORD_E_BUSY;
	if (b->frames.len - start > RECORD_ENTRY_MAX)
		return RECORD_E_LARGE;
	frame_end(&b->frames, start);
	return 0;
}

int backlog_put(struct backlog *b, const struct entry *e, struct waiter *w)
{
	size_t start = b->frames.len;
	struct slot *slot;
	int r;

	if (!grow(b))
		return RECORD_E_BUSY;
	r = put_frame(b, e);
	if (r) {
		b->frames.len = start;
		b->frames.failed = false;
		return r;
	}
	slot = &b->slots[(b->first + b->len) & (b->cap - 1)];
	*slot = (struct slot){.waiter = w, .bytes = (uint32_t)(b->frames.len - start)};
	if (e->id.len == RECORD_ID)
		memcpy(slot->id, e->id.data, RECORD_ID);
	b->len++;
	return 0;
}

struct slot backlog_take(struct backlog *b)
{
	struct slot slot = b->slots[b->first];

	b->first = (b->first + 1) & (b->cap - 1);
	b->len--;
	b->first_n++;
	b->taken += slot.bytes;
	if (b->len == 0 || b->taken >= SHIFT_AT) {
		buf_shift(&b->frames, b->taken);
		b->sent -= b->sent < b->taken ? b->sent : b->taken;
		b->taken = 0;
	}
	return slot;
}

void backlog_rewind(struct backlog *b, uint64_t next_n)
{
	size_t at = b->taken;

	for (size_t i = 0; i < b->len && b->first_n + i < next_n; i++)
		at += b->slots[(b->first + i) & (b->cap - 1)].bytes;
	b->sent = at;
}
