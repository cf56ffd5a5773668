/* Clients read their archive (XEP-0313 sections 4 and 5). Each takes over the parcel's reference; the payload
 * is known. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

void history_query(struct session *s, struct parcel *p);    /* a page: messages, then the answer */
void history_fields(struct session *s, struct parcel *p);   /* the form */
void history_metadata(struct session *s, struct parcel *p); /* the first and the last */

struct store_archive_page;
/* <metadata/> of a page of edges (section 5.2). */
void history_put_metadata(struct buf *out, const struct store_archive_page *page);
