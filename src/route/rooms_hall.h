/* Where a room's words become deliveries. For route/rooms*.c. */
#pragma once

#include "room/room.h"
#include "route/rooms.h"

/* The sink of one request, on the room's loop. */
struct hall {
	struct room_sink sink;
	struct home *home;
	struct parcel *parcel; /* NULL: a session has ended */
	bool card; /* the parcel is for the recipient's vCard now */
	bool posted; /* the board has been shown what had changed */
};

void rooms_request(struct room_request *rq, const struct home *h, struct parcel *p);
void hall_init(struct hall *hall, struct home *h, struct parcel *p);

/* May the two be in one room? */
bool rooms_may_meet(const struct home *h, struct str a, struct str b);

/* Saves what has to be kept and shows the board what has changed; frees the room when it is over. */
void hall_leave(struct hall *hall, struct room *r);

/* The room of a row or a first presence, with its limits; it is on the home's list. NULL: memory is out. */
struct room *hall_room_new(struct home *h, struct str bare);
/* The room that the sender founds where there is none: locked, and his. NULL: memory is out, or there are too many, of
 * his or in all; *out_fault says it. */
struct room *hall_found(struct home *h, const struct parcel *p, const char **out_fault);

/* Its limits are those of the settings now. */
void hall_limit(const struct home *h, struct room *r);

/* Groups of accounts (rooms_groups.c), for the room and its sink. */
bool rooms_in_groups(const struct room *r, struct str bare, struct str groups);
bool hall_may_name_group(struct room_sink *sink, struct str bare, struct str group);
void hall_each_in_groups(
	struct room_sink *sink, struct str groups, void (*each)(void *owner, struct str bare), void *owner);

/* For its sink (rooms_names.c). Who may not know of somebody is not told that the name is his: it is free then. */
bool hall_may_be_called(struct room_sink *sink, struct str bare, struct str nick);

/* The store shall know it as it is now (rooms_store.c); `hold` is of the entry that changed it, or NULL. */
void rooms_save(struct home *h, struct room *r, struct hold *hold);
/* What the store has under its name goes, its archive with it. */
void rooms_forget(struct home *h, struct room *r, struct hold *hold);
