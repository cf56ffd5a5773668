/* What a component asks the server itself (XEP-0030, 0092, 0199). */
#pragma once

#include "parcel/parcel.h"
#include "route/home.h"

/* An IQ to one of our domains. Takes over the parcel's reference. */
void components_serve(struct home *h, struct parcel *p);
