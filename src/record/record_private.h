/* What only src/record/ sees: a receipt can be made nowhere else. */
#pragma once

#include "base/buf.h"
#include "record/record.h"

struct receipt {
	uint64_t seq; /* 0: a signal */
	uint64_t time_us;
	char id[RECORD_ID]; /* zeros when the entry has none */
};

/* Entries of one loop that have no receipt yet, as frames, oldest first. */
struct backlog {
	struct buf frames;
	size_t sent;        /* bytes of `frames` that were written to the present link */
	size_t taken;       /* bytes at the front that have their receipts */
	struct slot *slots; /* ring; cap is a power of two */
	size_t cap, first, len;
	uint64_t first_n; /* number of slots[first] */
};

struct slot {
	struct waiter *waiter;
	uint32_t bytes; /* of its frame */
	char id[RECORD_ID];
};

/* The next entry's number. */
static inline uint64_t backlog_next(const struct backlog *b)
{
	return b->first_n + b->len;
}

[[nodiscard]] int backlog_init(struct backlog *b, size_t max_bytes);
void backlog_done(struct backlog *b);

/* Appends the frame of an entry. 0; RECORD_E_BUSY: the ceiling; RECORD_E_LARGE; -EINVAL. Nothing is changed
 * then. */
[[nodiscard]] int backlog_put(struct backlog *b, const struct entry *e, struct waiter *w);

/* Takes the oldest entry off. */
struct slot backlog_take(struct backlog *b);

/* Entries below next_n are not to be sent again; sending starts at the front of the rest. */
void backlog_rewind(struct backlog *b, uint64_t next_n);

/* Writes the fields of an entry. -EINVAL: something cannot be recorded. */
[[nodiscard]] int entry_put(struct buf *b, const struct entry *e);

/* An entry from the fields of a REPLAY frame; strings borrow from it. `rules` has room for `rules_max`.
 * -EPROTO. */
[[nodiscard]] int entry_get(
	struct str fields, struct entry *out, struct str *rules, size_t rules_max, struct str *src);
