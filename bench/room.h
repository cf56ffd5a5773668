/* Rooms (XEP-0045) as the generator uses them: clients [k * occupants, (k + 1) * occupants) are in room k, the first of
 * them makes it. At the floor a room is a group of numbers that share what one of them says (`floor --fan`). */
#ifndef BENCH_ROOM_H
#define BENCH_ROOM_H

#include <stdint.h>

#include "client.h"

struct room_seat {  /* one for each client */
	uint32_t seen;  /* presences of occupants, its own among them */
	bool made;      /* it has made the room and must open it */
	bool inside;    /* its own presence has come back */
};

/* Sends what enters the client's room. */
void room_enter(struct client *c);

/* Takes what concerns entering: counts presences, opens a room just made. True: that is what it was. */
bool room_stanza(struct client *c, struct room_seat *seat, struct str stanza);

/* Enters all: the makers first, the others when their room is open. Dies when somebody is still outside at the end of
 * the time limit (opt->drain, in seconds). `seats` is of the mode, whose duty calls room_stanza(). */
void room_enter_all(struct crowd *crowd, struct room_seat *seats);

/* Enters the first of each room and waits until it is open. */
void room_make_all(struct crowd *crowd, struct room_seat *seats);

/* How many are in one room, and which room a client is in. */
unsigned room_occupants(const struct crowd *crowd);
unsigned room_of(const struct client *c);

/* Appends the address of a client's room. */
void room_address(const struct client *c, struct buf *out);

#endif
