/* The archives of rooms (XEP-0313 7.1.2): what is said goes into them, who enters after a start is shown what is in
 * them, who may asks for it, and what is taken back is replaced in them (XEP-0424, XEP-0425). On the room's loop, but
 * for the last two functions. */
#pragma once

#include "room/room.h"
#include "route/rooms.h"

/* For the sink (rooms_hall.h). */
void hall_keep(struct room_sink *sink, struct str nick, struct str xml, const struct room_stamp *stamp);
bool hall_retract(struct room_sink *sink, const struct room_retraction *t);

/* True: the room's history has to be read first; the task runs afterwards, and all that come meanwhile behind it.
 * `entry`: somebody wants to enter. */
bool rooms_wait(struct home *h, struct room *r, struct task *task, bool entry);

/* Is it a question to the archive of a room? */
bool rooms_is_query(const struct parcel *p);
/* It goes on to the asker's home, or is refused. Takes over the parcel's reference. */
void rooms_query(struct home *h, struct room *r, const struct room_request *rq, struct parcel *p);

/* As whom one reads. */
struct room_view {
	bool addresses;    /* sees real ones */
	uint64_t since_us; /* what is older is another room's */
	struct str self;   /* the asker, bare */
};

/* Narrows what is asked for. STANZA_CONDITIONS, or the condition of the refusal. */
[[nodiscard]] enum stanza_condition room_view_bound(const struct room_view *v, struct store_archive_query *q);
/* A row as it may be seen; STR_NONE: not at all. */
struct str room_view_of(const struct room_view *v, const struct home *h, struct str xml, struct arena *arena);
