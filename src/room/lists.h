/* The lists of owners and admins as fields of the configuration (10.2: muc#roomconfig_roomowners, _roomadmins). For the
 * files of this folder. */
#pragma once

#include "room/room.h"

/* The fields with who is on them. */
void lists_put_form(struct buf *out, const struct room *r);

/* May the submitted lists be? ROOM_E_CONFLICT: nobody would own the room. */
enum room_outcome lists_check(const struct room *r, const struct node *form, const struct room_request *rq);
/* What is in a checked form: who is named gets the affiliation, who is not any more loses it. */
enum room_outcome lists_apply(
	struct room *r, const struct node *form, const struct room_request *rq, struct room_sink *sink);
