/* Requests of one occupant to another (17.4): on their way to a session they are the occupant's, under an id of the
 * room's own, by which the answer finds back. The room remembers a bounded number of them for a while. For the files of
 * this folder. */
#pragma once

#include "room/room.h"

enum {
	ASK_TOKEN = 22,     /* characters: 128 bits in base64url */
	ASKS_MAX = 1000,    /* in a room */
	ASKS_EACH_MAX = 50, /* of one session */
	ASK_ID_MAX = 1023,  /* bytes of the asker's id */
	ASK_SECONDS = 300,  /* people may have to be asked first */
};

struct ask {
	struct list link; /* room->asks, oldest first */
	char token[ASK_TOKEN];
	uint64_t due; /* room_request.now */
	struct str asker, asked; /* real and full; views into text, as the next ones */
	struct str nick, id;     /* what the asker called him, and his request */
	char text[];
};

/* To somebody else who is in, by who is in. */
enum room_outcome ask_send(struct room *r, const struct seat *from, const struct occupant *to,
	const struct room_request *rq, struct room_sink *sink);
