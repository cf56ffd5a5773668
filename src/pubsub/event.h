/* What subscribers hear (XEP-0060 7.1.2, 7.2.2, 8.2 to 8.5), and the same elements in answers, as XML. */
#pragma once

#include "base/buf.h"
#include "pubsub/place.h"

/* An item, serialised: `payload` is XML, may be empty. */
struct pubsub_item {
	struct str id, publisher, payload;
	uint64_t delay_us; /* when it was published, if that was before; 0: now */
};

/* Each writes a whole message without `to`, which begins with "<message". `id`: of the message. */
void event_put_item(struct buf *out, struct str owner, struct str id, const struct place *p,
	const struct pubsub_item *item);
/* Something has happened, and nothing is said of what (4.3: transient, without payloads). */
void event_put_notice(struct buf *out, struct str owner, struct str id, const struct place *p);
void event_put_retract(struct buf *out, struct str owner, struct str id, const struct place *p, struct str item);
void event_put_purge(struct buf *out, struct str owner, struct str id, const struct place *p);
void event_put_delete(struct buf *out, struct str owner, struct str id, const struct place *p);
void event_put_configuration(struct buf *out, struct str owner, struct str id, const struct place *p);
/* To him alone (8.8.4). */
void event_put_subscription(
	struct buf *out, struct str owner, struct str id, const struct place *p, struct str jid, bool subscribed);

/* <item>, as it stands in an answer. */
void item_put(struct buf *out, const struct pubsub_item *item, bool payload);

/* name='value' with a space before it. */
void pubsub_attr_put(struct buf *out, const char *name, struct str value);
