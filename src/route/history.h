/* People's history (XEP-0313): what of a message goes into whose archive, and its way into the store. Rows
 * are gathered on the home where a message arrives, one row for both sides, and written in batches: once a
 * second, when a batch is full, and before anybody reads (history_query.c), so that a reader sees all that
 * was delivered before he asked.
 *
 * Each row keeps the hold of its message (applied.h): applied_seq passes no entry whose row is not in the
 * store. What is still gathered when the gate dies is brought again by the record (replay.c); a row that is
 * there already stays as it is.
 *
 * A message that its author takes back (XEP-0424) becomes a tombstone in both archives, in the batch that brings the
 * retraction; a recipient who has blocked him keeps what he had, and so both do. What still waits offline becomes one as
 * well. The record keeps everything.
 *
 * The sender's archive holds what he sent and the policy let through, as his other resources were shown it,
 * also where the answer was an error. The recipient's holds what was delivered or kept for him. */
#pragma once

#include "parcel/parcel.h"
#include "route/history_kind.h"
#include "route/user.h"

struct history;

[[nodiscard]] struct history *history_new(struct home *h);
struct history *history_free(struct history *y); /* accepts NULL; the loop has stopped */

/* On the sender's home, before the parcel travels on: notes whether he wants it kept. */
void history_sent(struct user *sender, struct parcel *p);
/* On the recipient's home, once: writes the row. `accepted`: the recipient gets it, now or later. */
void history_arrived(struct user *recipient, struct parcel *p, bool accepted);
/* The same without a recipient: views are STORE_VIEW_*. */
void history_keep(struct home *h, const struct parcel *p, unsigned views);

/* A row of a room's archive: `to` is the occupant's address, STORE_VIEW_RECIPIENT its view. */
void history_put(struct home *h, struct hold *hold, const struct store_archived *row);

/* Asks the store for what is gathered. */
void history_flush(struct home *h);
/* The same if something of it takes a message back that may still wait for somebody. */
void history_flush_stones(struct home *h);
/* Once a second: flushes, and tries again what the store refused. */
void history_tick(struct home *h);
/* When the loops have stopped and the store has not: what is gathered is in the store when this returns. */
void history_settle(struct home *h);
