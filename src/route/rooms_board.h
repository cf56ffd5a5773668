/* What all loops may know of the rooms: who is in which, for the record and for policy, which run before a
 * parcel reaches its room; the list of rooms; and how many there are, in all and of each who made them. Written by
 * each room's own loop; any thread reads. */
#pragma once

#include "base/buf.h"
#include "jid/jid.h"
#include "room/room.h"

struct board;

[[nodiscard]] struct board *board_new(void); /* NULL: memory is out */
struct board *board_free(struct board *b);   /* accepts NULL, returns NULL */

enum board_claim {
	BOARD_CLAIMED,
	BOARD_E_FULL,        /* there are `max` rooms */
	BOARD_E_PERSON_FULL, /* of the person's, `max_by_person` */
	BOARD_E_MEMORY,
};
/* A room that `creator` is about to make: it counts from here on, so that of two at once on two loops none is one too
 * many. board_put() or board_drop() follows. */
[[nodiscard]] enum board_claim board_claim(
	struct board *b, struct str room, struct str creator, size_t max, size_t max_by_person);

/* The room is as it is now. Memory being out leaves what was known before (logged). */
void board_put(struct board *b, const struct room *r);
void board_drop(struct board *b, struct str room);
size_t board_count(struct board *b);

/* Appends the real full addresses of who is in the room, or of whom its occupant `to` is, as the record's
 * lists are encoded (u16 length and bytes, each). False: no such room. */
bool board_members(struct board *b, const struct jid *to, struct buf *out);
/* Appends the account behind an occupant. False: there is none. */
bool board_account(struct board *b, const struct jid *to, struct buf *out);

/* Appends the nickname that a session has. False: it is not in it. */
bool board_nick(struct board *b, struct str room, struct str full, struct buf *out);

struct board_room {
	struct str jid, name;
	bool public;
	bool within; /* `bare` is in it */
};
/* Calls `each` for the rooms of a service until it returns false; under the board's lock: it may not call
 * back. */
void board_each(struct board *b, struct str service, struct str bare,
	bool (*each)(void *owner, const struct board_room *room), void *owner);
