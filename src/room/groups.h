/* Affiliations by groups of accounts: whoever is in a group that the configuration names is a member, an admin or an owner,
 * for as long as he is in it. Nothing of it stands on the room's lists. For the files of this folder. */
#pragma once

#include "room/room.h"

enum {
	GROUP_MAX = 128, /* bytes of a name */
	GROUPS_MAX = 20, /* in one list */
};

/* Does the list, a group a line, name it? */
bool groups_name(struct str list, struct str group);

/* May the sender give the room these groups: each is named already, or he may name it? */
enum room_outcome groups_check(const struct room *r, const struct room_config *next, const struct room_request *rq,
	struct room_sink *sink);

/* The people who have this affiliation by a group, not by the list, as items of muc#admin. */
void groups_put(struct buf *out, const struct room *r, enum affiliation affiliation, const struct room_request *rq,
	struct room_sink *sink);
