/* For the files of this folder. */
#pragma once

#include "room/room.h"

/* muc#roomconfig_allowpm. */
bool talk_may_send_private(const struct room *r, const struct occupant *from);
/* A message to all (7.4, 8.1) of an occupant, who need not be on the room's list. */
enum room_outcome talk_groupchat(
	struct room *r, const struct occupant *o, const struct room_request *rq, struct room_sink *sink);
