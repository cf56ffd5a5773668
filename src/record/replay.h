/* Reading back, for a gate that starts or a link that is made anew: content above a sequence number, the last
 * inbound count of each stream-management id, receipts of entries the gate does not know are durable. Reads
 * the files; what is read is at least as old as the extent given. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "record/journal.h"
#include "record/link.h"

struct replay;

/* What is above `applied_seq`, and the counts in the last two segments as well. 0 or -errno. */
[[nodiscard]] int record_replay_new(struct replay **out, struct journal_extent extent, uint64_t applied_seq);
struct replay *record_replay_free(struct replay *r); /* accepts NULL */

/* Appends at most `max` REPLAY frames and, when nothing is left, SM_COUNT and REPLAY_END frames. *out_sent
 * counts the REPLAY frames. 1: there is more; 0: the end; or -errno, -EBADMSG. */
[[nodiscard]] int replay_step(struct replay *r, struct buf *out, unsigned max, unsigned *out_sent);

/* Appends RECEIPT frames for entries of this boot and link above h->n, looking from h->seq on (0: the last
 * two segments). *out_next: one above the highest number found, or h->n + 1. 0 or -errno. */
[[nodiscard]] int replay_receipts(
	struct journal_extent extent, const struct link_hello *h, struct buf *out, uint64_t *out_next);
