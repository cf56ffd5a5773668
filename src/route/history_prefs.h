/* What of somebody's messages stands in his archive (XEP-0441). Each takes over the parcel's reference. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

void history_prefs_get(struct session *s, struct parcel *p);
void history_prefs_set(struct session *s, struct parcel *p);
