/* What a room says: the presence of its occupants (7.2 to 7.7, 9, 10.9), its messages, what was said before.
 * For the files of this folder. */
#pragma once

#include "base/buf.h"
#include "room/room.h"

enum {
	CODES_MAX = 6,
};

/* A presence beyond "this is how it is": the status codes of section 15.6.2 and what belongs to them. */
struct notice_of {
	bool gone;     /* unavailable */
	struct str id; /* of the presence it reflects */
	unsigned codes[CODES_MAX];
	unsigned own_codes[CODES_MAX]; /* further ones for whom it is about (110 is always there) */
	struct str new_nick;           /* 303 */
	struct str actor;              /* nickname of who did it */
	struct str reason;
	struct str destroyed; /* XML of <destroy/> */
	struct str status;    /* XML, in place of the last presence's content, when gone */
	bool has_role;        /* `role` in place of the occupant's */
	enum role role;
	enum role was; /* before a change of role; ROLE_NONE: none */
};

/* The occupant's presence to everybody in the room: real addresses to those who may see them, 110 to itself.
 */
void say_presence(const struct occupant *o, const struct notice_of *n, struct room_sink *sink,
	const struct room_stamp *stamp);
/* The same to one seat; `own` when the occupant is its own. */
void say_presence_to(const struct occupant *o, const struct seat *to, const struct notice_of *n,
	struct room_sink *sink, const struct room_stamp *stamp);
/* To one seat that leaves while its occupant stays. */
void say_left(const struct seat *s, struct str id, struct room_sink *sink, const struct room_stamp *stamp);

/* To all seats of all occupants with at least that role. */
void say_to_all(const struct room *r, enum role least, struct str xml, struct room_sink *sink,
	const struct room_stamp *stamp);
/* To all seats of one occupant. */
void say_to(const struct occupant *o, struct str xml, struct room_sink *sink, const struct room_stamp *stamp,
	enum room_goods goods);

/* <message from='room' type='groupchat'><x><status code/></x></message> to all (10.2.1). */
void say_codes(const struct room *r, const unsigned *codes, size_t len, struct room_sink *sink,
	const struct room_stamp *stamp);

/* The content of a stanza but what only a room may write and what is written anew. */
void say_put_content(struct buf *out, const struct room *r, const struct node *stanza);
/* from='room[/nick]' and the attributes that are kept: id, xml:lang. Without the end of the tag. */
void say_put_start(struct buf *out, const struct room *r, const struct node *stanza, struct str nick);
/* <stanza-id by='room'/> when it was recorded, <occupant-id/> when o is not NULL. */
void say_put_ids(
	struct buf *out, const struct room *r, const struct occupant *o, const struct room_stamp *stamp);

/* One message for all, and for history. */
struct saying {
	const struct room_stamp *stamp;
	const struct occupant *by; /* NULL: the room */
	struct str real, bare;     /* his address */
	bool kept;                 /* goes into the archive */
	bool shown;                /* and to who enters later */
};
/* `out` holds the message but its end; it is used up. */
void say_and_keep(struct room *r, const struct saying *s, struct buf *out, struct room_sink *sink);

/* Is the presence of this role shown (muc#roomconfig_presencebroadcast)? The ROLES_* bit of a role. */
uint32_t say_role_bit(enum role role);
bool say_is_broadcast(const struct room *r, enum role role);
/* `was`: the setting before. Who is shown now appears, who is not any more disappears. */
void say_broadcast(struct room *r, uint32_t was, struct room_sink *sink);

bool say_shows_jids(const struct room *r, const struct occupant *viewer);
