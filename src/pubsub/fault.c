#include "pubsub/fault.h"

#include "stanza/ns.h"

static const struct {
	enum stanza_condition condition;
	enum stanza_error_type type;
	const char *name, *feature, *text;
} faults[PUBSUB_FAULTS] = {
	[PUBSUB_E_BAD] = {STANZA_BAD_REQUEST, STANZA_TYPE_MODIFY, NULL, NULL, NULL},
	[PUBSUB_E_NO_NODE] = {STANZA_BAD_REQUEST, STANZA_TYPE_MODIFY, "nodeid-required", NULL, NULL},
	[PUBSUB_E_NO_ITEM] = {STANZA_BAD_REQUEST, STANZA_TYPE_MODIFY, "item-required", NULL, NULL},
	[PUBSUB_E_ITEM] = {STANZA_BAD_REQUEST, STANZA_TYPE_MODIFY, "item-forbidden", NULL, NULL},
	[PUBSUB_E_NO_PAYLOAD] = {STANZA_BAD_REQUEST, STANZA_TYPE_MODIFY, "payload-required", NULL, NULL},
	[PUBSUB_E_PAYLOAD] = {STANZA_BAD_REQUEST, STANZA_TYPE_MODIFY, "invalid-payload", NULL, NULL},
	[PUBSUB_E_LARGE] = {STANZA_NOT_ACCEPTABLE, STANZA_TYPE_MODIFY, "payload-too-big", NULL, NULL},
	[PUBSUB_E_NOT_FOUND] = {STANZA_ITEM_NOT_FOUND, STANZA_TYPE_CANCEL, NULL, NULL, NULL},
	[PUBSUB_E_EXISTS] = {STANZA_CONFLICT, STANZA_TYPE_CANCEL, NULL, NULL, NULL},
	[PUBSUB_E_PRECONDITION] = {STANZA_CONFLICT, STANZA_TYPE_CANCEL, "precondition-not-met", NULL, NULL},
	[PUBSUB_E_FORBIDDEN] = {STANZA_FORBIDDEN, STANZA_TYPE_AUTH, NULL, NULL, NULL},
	[PUBSUB_E_OPTIONS] = {STANZA_NOT_ACCEPTABLE, STANZA_TYPE_MODIFY, NULL, NULL, NULL},
	[PUBSUB_E_ACCESS_MODEL] = {STANZA_NOT_ACCEPTABLE, STANZA_TYPE_MODIFY, "unsupported-access-model", NULL, NULL},
	[PUBSUB_E_PUBLISHER] = {STANZA_FEATURE_NOT_IMPLEMENTED, STANZA_TYPE_CANCEL, "unsupported",
		"publisher-affiliation", NULL},
	[PUBSUB_E_PUBLISH_ONLY] = {STANZA_FEATURE_NOT_IMPLEMENTED, STANZA_TYPE_CANCEL, "unsupported",
		"publish-only-affiliation", NULL},
	[PUBSUB_E_PRESENCE] = {STANZA_NOT_AUTHORIZED, STANZA_TYPE_AUTH, "presence-subscription-required", NULL, NULL},
	[PUBSUB_E_GROUP] = {STANZA_NOT_AUTHORIZED, STANZA_TYPE_AUTH, "not-in-roster-group", NULL, NULL},
	[PUBSUB_E_CLOSED] = {STANZA_NOT_ALLOWED, STANZA_TYPE_CANCEL, "closed-node", NULL, NULL},
	[PUBSUB_E_OUTCAST] = {STANZA_FORBIDDEN, STANZA_TYPE_AUTH, NULL, NULL, NULL},
	[PUBSUB_E_JID] = {STANZA_BAD_REQUEST, STANZA_TYPE_MODIFY, "invalid-jid", NULL, NULL},
	[PUBSUB_E_NO_JID] = {STANZA_BAD_REQUEST, STANZA_TYPE_MODIFY, "jid-required", NULL, NULL},
	[PUBSUB_E_NOT_SUBSCRIBED] = {STANZA_UNEXPECTED_REQUEST, STANZA_TYPE_CANCEL, "not-subscribed", NULL, NULL},
	[PUBSUB_E_SUBSCRIPTIONS] = {STANZA_POLICY_VIOLATION, STANZA_TYPE_WAIT, "too-many-subscriptions", NULL, NULL},
	[PUBSUB_E_NODES] = {STANZA_POLICY_VIOLATION, STANZA_TYPE_WAIT, "max-nodes-exceeded", NULL,
		"This account has as many nodes as it may have."},
	[PUBSUB_E_FULL] = {STANZA_RESOURCE_CONSTRAINT, STANZA_TYPE_WAIT, NULL, NULL,
		"This account has no room for more items."},
	[PUBSUB_E_TRANSIENT] = {STANZA_FEATURE_NOT_IMPLEMENTED, STANZA_TYPE_CANCEL, "unsupported", "persistent-items",
		NULL},
	[PUBSUB_E_SUBSCRIPTION_OPTIONS] = {STANZA_FEATURE_NOT_IMPLEMENTED, STANZA_TYPE_CANCEL, "unsupported",
		"subscription-options", NULL},
	[PUBSUB_E_UNKNOWN] = {STANZA_FEATURE_NOT_IMPLEMENTED, STANZA_TYPE_CANCEL, NULL, NULL, NULL},
	[PUBSUB_E_UNAVAILABLE] = {STANZA_SERVICE_UNAVAILABLE, STANZA_TYPE_CANCEL, NULL, NULL, NULL},
	[PUBSUB_E_FAILED] = {STANZA_INTERNAL_SERVER_ERROR, STANZA_TYPE_CANCEL, NULL, NULL, NULL},
};

struct node *pubsub_refusal(struct arena *arena, const struct node *iq, enum pubsub_fault fault)
{
	struct node *app = NULL;

	if (faults[fault].name)
		app = node_new(arena, str_from(faults[fault].name), NS_PUBSUB_ERRORS);
	if (app && faults[fault].feature)
		node_set_attr(arena, app, STR("feature"), str_from(faults[fault].feature));
	return stanza_error_reply(arena, iq, faults[fault].condition, faults[fault].type, str_from(faults[fault].text),
		STR("en"), app);
}
