/* Where a room's words become deliveries. For route/rooms*.c. */
#pragma once

#include "room/room.h"
#include "route/rooms.h"

/* The sink of one request, on the room's loop. */
struct hall {
	struct room_sink sink;
	struct home *home;
	struct parcel *parcel; /* NULL: a session has ended */
};

void hall_init(struct hall *hall, struct home *h, struct parcel *p);

/* Saves what has to be kept and shows the board what has changed; frees the room when it is over. */
void hall_leave(struct hall *hall, struct room *r);

/* The room of a row or a first presence, with its limits; it is on the home's list. NULL: memory is out. */
struct room *hall_room_new(struct home *h, struct str bare);

/* The store shall know it, or know it no more (rooms_store.c). */
void rooms_save(struct home *h, struct room *r);
