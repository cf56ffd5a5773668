/* Puts checkpoints where people and machines look for them: `checkpoint` (replaced) and `checkpoints`
 * (appended to) in the record directory, a file outside, syslog. On a thread of its own, because the outside
 * may be slow. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct publish;

struct publish_config {
	int dir_fd;     /* borrowed */
	int outside_fd; /* publish's from now on; -1: none */
	const char *outside_path; /* of outside_fd, borrowed: once another file lies there, that one is written.
				   * NULL: the descriptor is written for good */
	int syslog_fd;  /* likewise */
};

/* Before the process confines itself. *out is -1 when path is "" or NULL. 0 or -errno. */
[[nodiscard]] int publish_open_outside(const char *path, int *out, struct err *err);
int publish_open_syslog(void); /* a socket for it, whether it is there or not; -1, with a log line, on failure */

[[nodiscard]] int publish_new(struct publish **out, const struct publish_config *c, struct err *err);

/* Waits up to five seconds for what is queued. Accepts NULL, returns NULL. */
struct publish *publish_free(struct publish *p);

/* Queues a copy. `sync`: the files are also synced (at seal and stop). When the outside is too slow the
 * oldest is left out there. */
void publish_checkpoint(struct publish *p, struct str note, bool sync);
