/* What a start finds: the open segment is read, its tree computed again and compared with its batch lines and
 * with the last checkpoint.
 *
 *   end of the last batch line that verifies, rounded up to a block
 *   |
 *   | nothing but newlines and zeros            clean
 *   | the beginning of one flush, with holes    torn: moved to torn-SERIAL-OFFSET.bin, told in a line
 * "recovered" | anything else                             damage: refused, nothing is touched
 *
 * A flush is written only after the one before it returned, so bytes behind a damaged flush that belong to a
 * later one prove that the damaged one was whole once. A torn write leaves whole sectors unwritten; a flush
 * without such a hole that does not verify was changed afterwards. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "record/conversations.h"
#include "record/note.h"
#include "record/worker.h"

struct recovery {
	char origin[NOTE_ORIGIN_MAX + 1]; /* empty: there is no record yet */
	uint64_t serial;                  /* the open segment; 0: none, begin serial_next */
	uint64_t serial_next;             /* where serial is 0 */
	uint64_t used;                    /* bytes of it that hold whole flushes */
	struct tree tree;
	uint64_t last_time_us;
	struct buf leaves;                   /* hashes its .leaves file had no space for. The caller's */
	struct conversations *conversations; /* the caller's */
	struct buf checkpoint;               /* the last one found, whole note; empty: none. The caller's */
	/* where a torn flush was moved; torn_bytes 0: none */
	uint64_t torn_serial, torn_offset, torn_bytes;
	unsigned char torn_hash[TREE_HASH];
};

/* -EBADMSG: damage, named in *err with the remedy; or -errno. */
[[nodiscard]] int recovery_run(struct recovery *out, int dir_fd, const unsigned char public_key[32],
	struct worker *keeper, struct err *err);
void recovery_done(struct recovery *r);
