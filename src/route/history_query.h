/* Clients read their archive (XEP-0313 sections 4 and 5). Each takes over the parcel's reference; the payload
 * is known. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

void history_query(struct session *s, struct parcel *p);    /* a page: messages, then the answer */
void history_fields(struct session *s, struct parcel *p);   /* the form */
void history_metadata(struct session *s, struct parcel *p); /* the first and the last */
