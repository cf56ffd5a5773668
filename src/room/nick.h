/* Nicknames that could be taken for another's. */
#pragma once

#include "room/room.h"

struct nick_look nick_look(struct str nick);

/* May the account go by it, which nobody here has and nobody has reserved? Not if somebody else's nickname here looks the
 * same, nor against what the caller says (room_sink.may_be_called). Says nothing of who that is. */
[[nodiscard]] bool nick_is_free(const struct room *r, struct str nick, struct str bare, struct room_sink *sink);
