/* The next number of each conversation. In memory: those that the open segment touches (and the one before it
 * while it is being merged); on disk a sorted file that is derived from the sealed segments and can be made
 * again from them.
 *
 *   conversations: "GHCONV1\n", u64 last serial merged, u64 count, SHA-256 of what follows, count x (16 bytes
 * of SHA-256 of the conversation's name, u64 last number); numbers little endian. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "record/worker.h"

struct conversations;

/* Takes the file if it is whole and covers exactly the segments up to `serial` (0: none); otherwise it is
 * made again by reading segments. `keeper` does the merging later. 0 or -errno. */
[[nodiscard]] int conversations_open(
	struct conversations **out, int dir_fd, uint64_t serial, struct worker *keeper, struct err *err);
struct conversations *conversations_free(struct conversations *c); /* after the keeper has settled */

/* The number that the conversation's next line gets (1 for the first); counts it. 0 when memory is out. */
uint64_t conversations_next(struct conversations *c, struct str name);

/* What a line that was read says. -EBADMSG when it is not the next number, -ENOMEM. */
[[nodiscard]] int conversations_check(struct conversations *c, struct str name, uint64_t number);

/* Segment `serial` has ended: its numbers are merged into the file. */
void conversations_rotate(struct conversations *c, uint64_t serial);
