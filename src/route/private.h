/* Private XML (XEP-0049): what a client keeps for itself, read by its own account alone. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

/* Handlers of iq.c; they take over the parcel's reference. */
void private_get(struct session *s, struct parcel *p);
void private_set(struct session *s, struct parcel *p);
