/* What the record has of a room and the store has not, after a crash: messages for its archive, what was taken back,
 * subjects, affiliations, configuration. Nobody is told anything again. */
#pragma once

#include "jid/jid.h"
#include "route/route.h"
#include "stanza/node.h"

/* On loop 0, before the first login, in the order of the record. Takes over the arena. */
void rooms_replay(struct route *r, const struct route_replayed *entry, struct node *stanza, struct arena *arena);
