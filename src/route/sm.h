/* Stream management, the sending half (XEP-0198): what a client has been sent and not acknowledged. The queue
 * is plain arithmetic modulo 2^32 and knows no session. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "parcel/blob.h"
#include "parcel/origin.h"
#include "parcel/parcel.h"
#include "record/record.h"
#include "route/applied.h"

/* One message on its way to several sessions of a user: has any of them got it for good? */
struct fan {
	unsigned refs;
	bool reached;
};

struct fan *fan_new(void); /* NULL: memory is out; the functions below take it */
struct fan *fan_ref(struct fan *f);
struct fan *fan_unref(struct fan *f);

/* One stanza a client has not acknowledged. All references are its own. */
struct unacked {
	struct blob *blob;
	struct origin *from; /* of content that goes to the offline queue if need be; else NULL */
	struct hold *hold;
	struct fan *fan;
	struct parcel *request; /* an IQ that must be answered if the client never gets it; else NULL */
	uint64_t seq, time_us;
	uint64_t sent_ms;
	char id[RECORD_ID];
	bool stored;  /* the store has it (offline or spool): delete there when acknowledged */
	bool note;    /* its delivery is an event of the record */
	bool storing; /* on its way to the spool */
};

struct sm {
	struct unacked *ring;
	uint32_t cap, first, len; /* ring slots */
	uint32_t acked;           /* h of the last acknowledgement */
	uint32_t since_request;   /* stanzas sent after the last <r/> */
	bool requested;           /* an <r/> is unanswered */
	bool resumable;
	char secret[24]; /* 22 characters */
};

enum {
	SM_E_TOO_HIGH = 1, /* h is beyond what was sent */
	SM_REQUEST_AFTER = 10,
};

[[nodiscard]] struct sm *sm_new(bool resumable);
struct sm *sm_free(struct sm *q); /* drops what is left; accepts NULL */

/* Takes over the references in *item (on failure too). 0 or -ENOMEM. */
[[nodiscard]] int sm_push(struct sm *q, const struct unacked *item);
struct unacked *sm_at(const struct sm *q, uint32_t i); /* i < len, oldest first */

/* How many of the oldest are acknowledged by h: *out. 0 or SM_E_TOO_HIGH. Removes nothing. */
[[nodiscard]] int sm_count(const struct sm *q, uint32_t h, uint32_t *out);
/* Removes the n oldest. */
void sm_drop(struct sm *q, uint32_t n);

/* Stanzas sent in all, modulo 2^32. */
static inline uint32_t sm_sent(const struct sm *q)
{
	return q->acked + q->len;
}
