/* The lists of owners and admins as fields of the configuration (10.2: muc#roomconfig_roomowners, _roomadmins). For the
 * files of this folder. */
#pragma once

#include "base/map.h"
#include "room/room.h"

enum {
	LISTS = 2,
};

/* What a form wishes of them: a list that is given is a whole one (10.5, 10.8). */
struct wishes {
	struct {
		bool given;
		struct map named; /* bare addresses, in the request's arena */
	} list[LISTS];
	enum affiliation otherwise; /* of who is on none of them any more: a member where one has to be one (10.4, 10.7) */
};

/* The fields with who is on them. */
void lists_put_form(struct buf *out, const struct room *r);

/* What the form wishes, where the room is going to be set like `next`. ROOM_E_CONFLICT: nobody would own the room. After
 * ROOM_OK there is a place for everybody it names, and granting it cannot fail; otherwise there is nothing to be done. */
[[nodiscard]] enum room_outcome wishes_read(struct wishes *w, struct room *r, const struct node *form,
	const struct room_config *next, struct arena *arena);
void wishes_done(struct wishes *w);
/* Who is named gets the affiliation, who is not any more loses it; all see it. The room is set already. */
void wishes_grant(struct room *r, const struct wishes *w, const struct room_request *rq, struct room_sink *sink);
