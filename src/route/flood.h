/* Many senders, one victim (account/crowd.h): what reaches somebody from people he does not know is counted on his home, and
 * held off while it is too much. He knows his contacts, who shares a shown group with him, and whom he has written to. What
 * is refused here has been recorded; who has been refused once is refused by stage check while it lasts. */
#pragma once

#include "route/letter.h"
#include "route/user.h"

/* A message, or a request to one of his sessions, for a user who is loaded. True: the sender has been told to wait; the
 * parcel is still the caller's. */
[[nodiscard]] bool flood_stops(struct user *u, struct parcel *p);
/* The same of presence shown to him or a request for a subscription. */
[[nodiscard]] bool flood_stops_letter(struct user *u, const struct letter *l);

/* He writes to that bare address; `hash` is its map_hash(), 0: not made yet. True: nobody knew so far that he knows it. */
bool flood_meet(struct user *u, struct str bare, uint64_t hash);

/* A session has become available: it is told what has gone on meanwhile, once a flood. */
void flood_greet(struct session *s);
