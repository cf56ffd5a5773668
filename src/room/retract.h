/* Messages are taken back, by who said them (XEP-0424) or by a moderator (XEP-0425). For the files of this folder. */
#pragma once

#include "room/room.h"

/* A message with <retract/> has gone to all: what it is about becomes a tombstone. */
void retract_own(struct room *r, const struct occupant *o, const struct room_request *rq, struct room_sink *sink);

/* A moderator's request: payload is <moderate/>, or <apply-to/> with it inside. */
enum room_outcome retract_moderate(
	struct room *r, const struct node *payload, const struct room_request *rq, struct room_sink *sink);
