/* A packed contact: one byte of bits, the lengths of the four strings in seven bits a byte (least first, all but the last
 * with the eighth bit), the strings. What is replaced stays as dead bytes until the block has to grow.
 * The table is one of open addressing, as in base/map.c. */
#include "route/contacts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/map.h"

enum {
	BITS_STATE = 15,
	BIT_APPROVED = 16,
	BIT_HIDDEN = 32,
	BIT_DEAD = 64,
	SLOTS_MIN = 8,
	SLACK = 64, /* bytes; and an eighth of what there is */
};

struct contacts_slot {
	uint32_t hash;
	uint32_t at; /* of the contact in the block, plus one; 0: empty */
};

void contacts_done(struct contacts *c)
{
	free(c->bytes);
	free(c->slots);
	*c = (struct contacts){};
}

/* ---- one contact ---- */

static size_t number_size(size_t n)
{
	size_t size = 1;

	while (n >>= 7)
		size++;
	return size;
}

static char *number_put(char *to, size_t n)
{
	for (; n > 127; n >>= 7)
		*to++ = (char)(n | 128);
	*to++ = (char)n;
	return to;
}

static const char *number_get(const char *from, size_t *out)
{
	unsigned shift = 0;

	for (*out = 0; *from & 128; shift += 7)
		*out |= (size_t)(*from++ & 127) << shift;
	*out |= (size_t)*from++ << shift;
	return from;
}

static size_t text_size(struct str s)
{
	return number_size(s.len) + s.len;
}

size_t contact_size(const struct contact *like)
{
	return 1 + text_size(like->jid) + text_size(like->name) + text_size(like->groups) + text_size(like->pending_in);
}

static char *text_put(char *to, struct str s)
{
	if (s.len)
		memcpy(to, s.data, s.len);
	return to + s.len;
}

static void contact_put(char *to, const struct contact *like)
{
	const struct str text[] = {like->jid, like->name, like->groups, like->pending_in};

	*to++ = (char)(like->state | (like->approved ? BIT_APPROVED : 0) | (like->hidden ? BIT_HIDDEN : 0));
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		to = number_put(to, text[i].len);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		to = text_put(to, text[i]);
}

/* Returns what stands behind it. */
static const char *contact_get(const char *from, struct contact *out)
{
	unsigned bits = (unsigned char)*from++;

	*out = (struct contact){
		.state = bits & BITS_STATE, .approved = bits & BIT_APPROVED, .hidden = bits & BIT_HIDDEN};
	from = number_get(from, &out->jid.len);
	from = number_get(from, &out->name.len);
	from = number_get(from, &out->groups.len);
	from = number_get(from, &out->pending_in.len);
	out->jid.data = from;
	out->name.data = out->jid.data + out->jid.len;
	out->groups.data = out->name.data + out->name.len;
	out->pending_in.data = out->groups.data + out->groups.len;
	return out->pending_in.data + out->pending_in.len;
}

/* ---- the table ---- */

/* The slot of the contact, or the empty one where it would go. There is one: the table is never full. */
static struct contacts_slot *slot_of(const struct contacts *c, struct str jid, uint32_t hash)
{
	uint32_t at = hash & (c->slots_cap - 1);

	for (; c->slots[at].at; at = (at + 1) & (c->slots_cap - 1)) {
		struct contact one;

		if (c->slots[at].hash != hash)
			continue;
		contact_get(c->bytes + c->slots[at].at - 1, &one);
		if (str_eq(one.jid, jid))
			break;
	}
	return &c->slots[at];
}

/* One that is in no other slot. */
static void slot_add(struct contacts *c, struct contacts_slot slot)
{
	uint32_t at = slot.hash & (c->slots_cap - 1);

	while (c->slots[at].at)
		at = (at + 1) & (c->slots_cap - 1);
	c->slots[at] = slot;
}

/* Those that follow move up, unless that would bring one before its place. */
static void slot_drop(struct contacts *c, struct contacts_slot *slot)
{
	uint32_t mask = c->slots_cap - 1, hole = (uint32_t)(slot - c->slots);

	for (uint32_t at = (hole + 1) & mask; c->slots[at].at; at = (at + 1) & mask) {
		if (((at - c->slots[at].hash) & mask) < ((at - hole) & mask))
			continue;
		c->slots[hole] = c->slots[at];
		hole = at;
	}
	c->slots[hole] = (struct contacts_slot){};
}

/* At most four of five are taken. */
static int slots_reserve(struct contacts *c, size_t count)
{
	struct contacts old = *c;
	size_t cap = c->slots_cap ? c->slots_cap : SLOTS_MIN;

	while (count * 5 > cap * 4)
		cap *= 2;
	if (cap == c->slots_cap)
		return 0;
	if (cap > UINT32_MAX)
		return -ENOMEM;
	c->slots = calloc(cap, sizeof(*c->slots));
	if (!c->slots) {
		c->slots = old.slots;
		return -ENOMEM;
	}
	c->slots_cap = (uint32_t)cap;
	for (uint32_t i = 0; i < old.slots_cap; i++)
		if (old.slots[i].at)
			slot_add(c, old.slots[i]);
	free(old.slots);
	return 0;
}

/* ---- the block ---- */

/* Copies what is not dead, and makes the table anew. */
static void block_copy(struct contacts *c, char *to)
{
	const char *from = c->bytes, *end = c->bytes + c->len;
	char *begin = to;

	if (c->slots)
		memset(c->slots, 0, c->slots_cap * sizeof(*c->slots));
	while (from < end) {
		struct contact one;
		const char *next = contact_get(from, &one);

		if (!(*from & BIT_DEAD)) {
			slot_add(c, (struct contacts_slot){
					    .hash = (uint32_t)map_hash(one.jid), .at = (uint32_t)(to - begin) + 1});
			memcpy(to, from, (size_t)(next - from));
			to += next - from;
		}
		from = next;
	}
}

/* A new block with room for so many bytes more. The one so far, of which somebody may have views, is *out_old: the
 * caller's to free. */
static int block_renew(struct contacts *c, size_t bytes, char **out_old)
{
	size_t live = c->len - c->dead, cap = live + bytes;
	char *block = cap < UINT32_MAX ? malloc(cap) : NULL;

	if (!block)
		return -ENOMEM;
	block_copy(c, block);
	*out_old = c->bytes;
	c->bytes = block;
	c->len = (uint32_t)live;
	c->cap = (uint32_t)cap;
	c->dead = 0;
	return 0;
}

int contacts_reserve(struct contacts *c, size_t count, size_t bytes)
{
	char *old = NULL;
	int r = slots_reserve(c, c->count + count);

	if (r == 0 && bytes > c->cap - c->len)
		r = block_renew(c, bytes, &old);
	free(old);
	return r;
}

static void kill_at(struct contacts *c, uint32_t at)
{
	struct contact one;
	const char *end = contact_get(c->bytes + at, &one);

	c->dead += (uint32_t)(end - (c->bytes + at));
	c->hidden -= one.hidden;
	c->bytes[at] = (char)(c->bytes[at] | BIT_DEAD);
}

/* ---- for others ---- */

bool contacts_find(const struct contacts *c, struct str jid, struct contact *out)
{
	const struct contacts_slot *slot = c->count ? slot_of(c, jid, (uint32_t)map_hash(jid)) : NULL;

	if (!slot || !slot->at)
		return false;
	if (out)
		contact_get(c->bytes + slot->at - 1, out);
	return true;
}

int contacts_set(struct contacts *c, const struct contact *like, struct contact *out)
{
	uint32_t hash = (uint32_t)map_hash(like->jid);
	size_t size = contact_size(like);
	struct contacts_slot *slot;
	char *old = NULL;
	int r = slots_reserve(c, (size_t)c->count + 1);

	if (r == 0 && size > c->cap - c->len)
		r = block_renew(c, size + c->len / 8 + SLACK, &old);
	if (r)
		return r;
	slot = slot_of(c, like->jid, hash);
	if (slot->at)
		kill_at(c, slot->at - 1);
	else
		c->count++;
	contact_put(c->bytes + c->len, like);
	c->hidden += like->hidden;
	*slot = (struct contacts_slot){.hash = hash, .at = c->len + 1};
	if (out)
		contact_get(c->bytes + c->len, out);
	c->len += (uint32_t)size;
	free(old);
	return 0;
}

void contacts_drop(struct contacts *c, struct str jid)
{
	struct contacts_slot *slot = c->count ? slot_of(c, jid, (uint32_t)map_hash(jid)) : NULL;

	if (!slot || !slot->at)
		return;
	kill_at(c, slot->at - 1);
	slot_drop(c, slot);
	c->count--;
}

bool contacts_next(const struct contacts *c, uint32_t *at, struct contact *out)
{
	while (*at < c->len) {
		const char *from = c->bytes + *at;

		*at = (uint32_t)(contact_get(from, out) - c->bytes);
		if (!(*from & BIT_DEAD))
			return true;
	}
	return false;
}
