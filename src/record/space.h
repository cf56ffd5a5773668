/* The open segment's file and the next one, written ahead with newlines so that a flush only overwrites
 * blocks that are allocated already: no allocation, no journal commit, and never "no space" for bytes that
 * were promised.
 *
 *   current   |=== lines ===|... newlines, in pieces ahead of the writer ...|
 *   next      |... newlines, prepared while the current one fills ...|
 *
 * The keeper thread (a worker) writes ahead; one other thread writes lines and owns the handle. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "record/worker.h"

struct space;

enum space_flush {
	SPACE_AUTO,     /* direct where the file system takes it */
	SPACE_DIRECT,   /* O_DIRECT and O_DSYNC */
	SPACE_BUFFERED, /* write, then fdatasync */
};

struct space_config {
	int dir_fd; /* borrowed */
	struct worker *keeper;
	enum space_flush flush;
	uint64_t segment_bytes;
	uint64_t min_free; /* bytes of the file system to leave alone */
};

/* Opens the file of `serial`, making it when it is not there. `used` bytes of it hold lines (a multiple of
 * SEGMENT_BLOCK). 0 or -errno. */
[[nodiscard]] int space_open(
	struct space **out, const struct space_config *c, uint64_t serial, uint64_t used, struct err *err);
struct space *space_free(struct space *s); /* after the keeper has settled; accepts NULL */

/* Writes whole blocks behind what is used and makes them durable. `data` is aligned to SEGMENT_BLOCK. 0;
 * -ENOSPC or -EDQUOT: nothing counts as written, the same bytes may be offered again; any other error is
 * final. It fails as well when a flush of the keeper's in the same file has failed: who flushes next may be told
 * that all is well. */
[[nodiscard]] int space_write(struct space *s, const void *data, size_t len);

uint64_t space_used(const struct space *s);
bool space_is_direct(const struct space *s);

/* Bytes that can be written without needing more of the disk. */
uint64_t space_left(struct space *s);

/* The disk has no more to give (tried again by space_tick, once a second). */
bool space_is_short(struct space *s);
void space_tick(struct space *s);

/* Makes the next file the current one, named for serial + 1. 0 or -errno (-ENOSPC, -EDQUOT, -EBUSY: later). */
[[nodiscard]] int space_rotate(struct space *s);
