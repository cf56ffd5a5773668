/* A request about nodes (XEP-0060), read from its payload. Strings and nodes are views of the stanza. */
#pragma once

#include "pubsub/fault.h"
#include "pubsub/page.h"
#include "stanza/node.h"

enum pubsub_verb {
	VERB_PUBLISH,
	VERB_RETRACT,
	VERB_ITEMS,
	VERB_SUBSCRIBE,
	VERB_UNSUBSCRIBE,
	VERB_SUBSCRIPTIONS, /* one's own */
	VERB_AFFILIATIONS,
	VERB_CREATE,
	VERB_CONFIGURATION, /* get */
	VERB_CONFIGURE,
	VERB_DEFAULT,
	VERB_DELETE,
	VERB_PURGE,
	VERB_SUBSCRIBERS, /* get, as the owner */
	VERB_SET_SUBSCRIBERS,
	VERB_AFFILIATED,
	VERB_AFFILIATE,
};

enum {
	REQUEST_IDS_MAX = 100, /* items asked for by id at once */
};

struct pubsub_request {
	enum pubsub_verb verb;
	struct str node; /* empty: none */
	struct str jid;  /* as written */
	const struct node *item; /* publish: NULL: none */
	struct str item_id;      /* publish, retract; empty: none */
	const struct node *payload; /* of the item; NULL: none */
	const struct node *form;    /* submitted configuration or preconditions; NULL: none */
	const struct node *list;    /* the element whose children are people */
	const struct str *ids;      /* items */
	size_t ids_len;
	size_t max;  /* items; 0: all */
	struct page page; /* items (6.5.4) */
	bool notify; /* retract: as asked */
};

/* `set`: of an IQ set. PUBSUB_OK, or why it is none that can be served. */
[[nodiscard]] enum pubsub_fault pubsub_request_read(
	struct pubsub_request *out, const struct node *payload, bool set, struct arena *arena);
