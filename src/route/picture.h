/* One picture, two forms (XEP-0398): XEP-0084's items are what there is; the vCard (XEP-0054, XEP-0153) has the picture's type and
 * is shown with the item's bytes, to who may look into both nodes. Each form, when it is set, sets the other. */
#pragma once

#include "pubsub/avatar.h"
#include "route/pep_act.h"

/* What was published or deleted is a picture: the vCard and presence follow, then act_finish(). False: it is none. */
[[nodiscard]] bool picture_follows(struct act *a);

/* May he see the picture? The account's nodes have been read. */
[[nodiscard]] bool picture_is_seen(const struct user *owner, struct str bare);

/* A card that is set, with its picture (NULL: without one). The nodes have been read. The rows live on the arena. */
struct picture_change {
	struct store_personal row;
	struct store_pep_node nodes[2];
	struct store_pep_item items[2];
	struct store_vcard card;
	bool tells;   /* what is shown has changed: metadata is to be told */
	bool made[2]; /* the node is there since this change */
};

/* PUBSUB_OK, or why not; then nothing has changed. PUBSUB_E_LARGE, PUBSUB_E_NODES, PUBSUB_E_TRANSIENT: the picture cannot stand
 * in the nodes. */
[[nodiscard]] enum pubsub_fault picture_of_card(
	struct picture_change *out, struct user *owner, const struct parcel *p, const struct avatar *a);
/* It has not been asked of the store; nothing has happened since. */
void picture_undo(struct picture_change *c, struct user *owner);
/* The store did not take it: nodes in memory may be ahead of it, and others may have changed them meanwhile. */
void picture_failed(const struct picture_change *c, struct user *owner);
void picture_tell(const struct picture_change *c, struct user *owner, const struct parcel *p);
