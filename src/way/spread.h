/* What spreads (account/outbreak.h): links and files that go from one person to another are counted. */
#pragma once

#include "way/stages.h"

/* The parcel has been inspected and nothing stops it. On the connection's loop. */
void spread_watch(struct parcel *p, struct way_loop *wl);
