/* The recorder's side of the links: reads entries from the gate's loops, flushes, answers with receipts. One
 * thread, its own epoll. The journal stays the caller's. */
#pragma once

#include <stdint.h>

#include "record/journal.h"

struct server;

struct server_config {
	struct journal *journal;
	unsigned gather_us; /* wait that long for more entries before a flush, when few are there */
	int watch_fd;       /* one more descriptor to watch (the supervisor's); -1: none */
	/* Called when it is readable or writable (server_watch_write). A nonzero return ends server_run with
	 * it. */
	int (*on_watch)(void *owner);
	void *owner;
};

[[nodiscard]] int server_new(struct server **out, const struct server_config *c);
struct server *server_free(struct server *s); /* closes the links; accepts NULL */

/* A link of the gate's loop `index`; fd is the server's from now on. Replaces an older link of that index. */
[[nodiscard]] int server_add(struct server *s, uint32_t index, int fd);

/* Tells whether the watched descriptor is also to be watched for writing. */
void server_watch_write(struct server *s, bool on);

/* Runs until on_watch returns nonzero (what it returned) or the journal fails (-errno). */
[[nodiscard]] int server_run(struct server *s);

/* Takes what the links have sent so far and makes it durable: before a stop. */
[[nodiscard]] int server_drain(struct server *s);

/* Adds events of the recorder's own (fields by field_put) and flushes. 0, JOURNAL_E_FULL or -errno (none of them may be
 * relied on then); see server_failure(). */
[[nodiscard]] int server_events(
	struct server *s, enum event type, const struct buf *fields, size_t n, uint64_t *out_seqs);

/* -errno of a flush that failed: nothing may be written any more, the process must end. 0: all is well. */
int server_failure(const struct server *s);
