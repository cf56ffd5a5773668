/* What gate and recorder say to each other: frames (ipc/frame.h) over a stream socket pair, one pair per loop
 * of the gate. Numbers are little endian. A frame that is not as described here ends the link.
 *
 *   gate                                    recorder
 *   HELLO boot, link, n, seq, replay   -->
 *                                      <--  RECEIPT ...    entries above n that the record has already
 *                                      <--  WELCOME        next n; everything below it is durable
 *   APPEND n, type, fields             -->                 n is the next number, without a gap
 *                                      <--  RECEIPT        runs of numbers, in order
 *                                      <--  FULL, READY    space; after FULL what is sent waits in the socket
 *   if asked for in HELLO:
 *                                      <--  REPLAY         at most LINK_WINDOW without a MORE
 *   MORE count                         -->
 *                                      <--  SM_COUNT
 *                                      <--  REPLAY_END
 *
 * The gate sends no APPEND between HELLO and WELCOME. */
#pragma once

#include <stdint.h>

#include "base/str.h"
#include "ipc/frame.h"
#include "record/event.h"

enum link_frame {
	LINK_HELLO = 1,
	LINK_APPEND = 2,
	LINK_MORE = 3,
	LINK_WELCOME = 16,
	LINK_RECEIPT = 17,
	LINK_FULL = 18,
	LINK_READY = 19,
	LINK_REPLAY = 20,
	LINK_SM_COUNT = 21,
	LINK_REPLAY_END = 22,
};

enum {
	LINK_WINDOW = 256,     /* replayed entries on the way */
	LINK_APPEND_HEAD = 12, /* u64 n, u16 type, u16 zero; then fields with keys of record/event.h */
	LINK_REPLAY_HEAD = 16, /* u64 seq, u64 time (microseconds); then fields as in the line */
	LINK_ENTRY_MAX = (1 << 20) + 4096, /* payload bytes of an APPEND */
};

/* HELLO: 8 hex digits of boot, then u16 link, u16 flags, u32 zero, u64 n, u64 seq, u64 applied_seq. */
struct link_hello {
	char boot[8 + 1];
	uint16_t link;
	bool replay;  /* flag 1 */
	uint64_t n;   /* last number with a receipt, 0: none */
	uint64_t seq; /* a sequence number before all that have none: the last receipt's, or the last the gate
		       * was told at the end of replay; 0: unknown */
	uint64_t applied_seq; /* replay what is above */
};

/* RECEIPT: entries first_n .. first_n + count - 1 are lines first_seq .. and all carry `time_us`. */
struct link_receipt {
	uint64_t first_n, count, first_seq, time_us;
};

void link_put_hello(struct buf *b, const struct link_hello *h);
[[nodiscard]] int link_get_hello(struct str payload, struct link_hello *out); /* 0 or -EPROTO */

void link_put_receipt(struct buf *b, const struct link_receipt *r);
[[nodiscard]] int link_get_receipt(struct str payload, struct link_receipt *out);

/* APPEND and REPLAY: the head; the caller adds fields and calls frame_end(b, returned position). */
size_t link_begin_append(struct buf *b, uint64_t n, enum event type);
size_t link_begin_replay(struct buf *b, uint64_t seq, uint64_t time_us);

/* WELCOME (next n), MORE (count), REPLAY_END (last seq): one number. FULL and READY: nothing. */
void link_put_number(struct buf *b, enum link_frame type, uint64_t value);
[[nodiscard]] int link_get_number(struct str payload, uint64_t *out);

uint64_t link_u64(const char *at);
void link_put_u64(struct buf *b, uint64_t value);
