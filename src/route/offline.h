/* Messages for people who are not there (XEP-0160), and what waits in the store for a client's
 * acknowledgement. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"
#include "route/user.h"

/* Record ids, one behind the other. */
struct ids {
	struct buf text;
};

void ids_add(struct ids *ids, struct str id);

/* Deletes them from the store, unless there are none; empties the list. */
void offline_delete(struct user *u, struct ids *ids);

/* Gathers rows for one store request; *put is made when needed. False: memory is out. */
struct put;
bool offline_gather(struct put **put, struct user *u, const struct unacked *item);
/* Asks for it (NULL: nothing to do). `session` for the spool: whose. */
void offline_put(struct put *put, enum store_queue queue, struct origin *session);

/* What the session had in the spool goes back to the offline queue. */
void offline_unspool(struct user *u, struct str session);

enum {
	OFFLINE_APART = 1, /* store_message.kind: it is not in his history */
};

/* Rows that have just been moved to the offline queue: to the sessions that take messages now, or (`now` false) as soon as
 * somebody comes. */
void offline_release(struct user *u, const struct store_message *rows, size_t len, bool now);

/* Keeps a message for u; takes over the parcel's reference and answers the sender if there is no room. */
void offline_keep(struct user *u, struct parcel *p);

/* Hands the session what waits for its user, oldest first. Messages that arrive meanwhile wait (user->held).
 */
void offline_flood(struct session *s);
/* From this number on they are read again: some stayed where they were. */
void offline_again(struct user *u, uint64_t seq);
