/* User search (XEP-0055): the people of the domain that is asked, by the beginning of a name, localpart or mail address, from
 * the directory, whatever capitals and accents it is written with (base/fold.h).
 * Who is beyond a wall, or disabled, is not found; search.results caps what is told. The directory is read on a worker
 * thread, one search at a time a home. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

/* Handlers of iq.c; they take over the parcel's reference. */
void search_fields(struct session *s, struct parcel *p);
void search_ask(struct session *s, struct parcel *p);
