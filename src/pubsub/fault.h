/* Why a request about nodes is refused (XEP-0060): the condition, its type, and the condition of its own beside it, in one
 * table. */
#pragma once

#include "stanza/stanza_error.h"

enum pubsub_fault {
	PUBSUB_OK,
	PUBSUB_E_BAD,          /* no request of this protocol */
	PUBSUB_E_NO_NODE,      /* names none where one is needed */
	PUBSUB_E_NO_ITEM,
	PUBSUB_E_ITEM,         /* an item where none is wanted */
	PUBSUB_E_NO_PAYLOAD,
	PUBSUB_E_PAYLOAD,      /* more than one, or of another namespace than the node's */
	PUBSUB_E_LARGE,
	PUBSUB_E_NOT_FOUND,
	PUBSUB_E_EXISTS,
	PUBSUB_E_PRECONDITION,
	PUBSUB_E_FORBIDDEN,
	PUBSUB_E_OPTIONS,      /* a configuration that is none */
	PUBSUB_E_ACCESS_MODEL,
	PUBSUB_E_PUBLISHER,    /* an affiliation that nobody has here (8.9.2.3) */
	PUBSUB_E_PUBLISH_ONLY,
	PUBSUB_E_PRESENCE,     /* 6.1.3.2 and the like: who may look in */
	PUBSUB_E_GROUP,
	PUBSUB_E_CLOSED,
	PUBSUB_E_OUTCAST,
	PUBSUB_E_JID,
	PUBSUB_E_NO_JID,
	PUBSUB_E_NOT_SUBSCRIBED,
	PUBSUB_E_SUBSCRIPTIONS, /* too many */
	PUBSUB_E_NODES,         /* too many */
	PUBSUB_E_FULL,          /* the account has no room */
	PUBSUB_E_TRANSIENT,     /* the node keeps no items */
	PUBSUB_E_SUBSCRIPTION_OPTIONS,
	PUBSUB_E_UNKNOWN,       /* a request of the protocol that is not served */
	PUBSUB_E_UNAVAILABLE,   /* nobody is there, for who asks */
	PUBSUB_E_FAILED,
	PUBSUB_FAULTS,
};

/* An error answer to the request, in the arena. NULL: the arena is full. */
[[nodiscard]] struct node *pubsub_refusal(struct arena *arena, const struct node *iq, enum pubsub_fault fault);
