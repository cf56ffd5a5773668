/* Sealing: a segment that is complete is compressed, verified by reading it again, made read-only, copied to
 * the second place, and only then the raw file is removed. On a worker that runs when the processor is idle.
 * Whatever fails is tried again at the next call: the raw file stays until then. */
#pragma once

#include <stdint.h>

#include "record/worker.h"

struct seal;

/* Both descriptors are borrowed; copy_fd -1: no second place. */
[[nodiscard]] int seal_new(struct seal **out, int dir_fd, int copy_fd);
struct seal *seal_free(struct seal *s); /* lets a running job end; accepts NULL */

/* Seals every segment before `serial`. Returns at once; does nothing while an earlier call is still at work.
 */
void seal_before(struct seal *s, uint64_t serial);

/* The recorder has much to do: sealing waits between two members, up to a number of segments. */
void seal_give_way(struct seal *s, bool busy);

/* Is there something left that failed? */
bool seal_is_pending(struct seal *s);
