/* The room's vCard with its picture (XEP-0054, XEP-0486). For the files of this folder. */
#pragma once

#include "room/room.h"

enum room_outcome picture_get(struct room *r, struct room_sink *sink);
enum room_outcome picture_set(
	struct room *r, const struct node *vcard, const struct room_request *rq, struct room_sink *sink);

/* <value/> for each hash of the pictures, in hex (XEP-0153 3.1). False: there is none. */
bool picture_put_hashes(struct buf *out, const struct room *r);
/* The presence of the room itself, where it has a picture. */
void picture_show(const struct room *r, const struct seat *to, struct room_sink *sink);
