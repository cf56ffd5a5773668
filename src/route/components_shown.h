/* Which of a component's addresses are available in whose eyes: what has to be taken back when it goes away. Of the
 * component's loop. */
#pragma once

#include "base/map.h"

struct shown {
	struct map pairs; /* "from NUL to" -> its bytes */
};

void components_shown_init(struct shown *s);
/* False: there is no room for it (`max` pairs), or no memory. */
[[nodiscard]] bool components_shown_add(struct shown *s, struct str from, struct str to, size_t max);
void components_shown_remove(struct shown *s, struct str from, struct str to);
/* Empties it and frees what it holds; calls `each` (may be NULL) for all that was in it. */
void components_shown_clear(struct shown *s, void (*each)(void *owner, struct str from, struct str to), void *owner);
