/* What an account may do in some time that costs others more than a stanza does (settings limits.*): bytes that are kept for
 * good, rooms it enters, nicknames it changes, and what others ask of one account. Beyond it a stanza is refused, to be tried
 * again later; nothing is slowed down, so that the rest of the session goes on. Stanzas and bytes of a stream, an account, an
 * address and a domain are counted before, by stage charge. Shared by all loops; bounded (account/meter.h). */
#pragma once

#include "parcel/parcel.h"
#include "way/stages.h"

/* A part of stage check, behind it: NEXT, or REFUSE with resource-constraint (wait) in p->refusal. */
enum stage_result quota_take(struct parcel *p, struct way_loop *wl);
/* So many bytes of it go into the record. */
void quota_pay(const struct parcel *p, struct way_loop *wl, size_t bytes);
