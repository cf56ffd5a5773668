#include "pubsub/request.h"

#include "pubsub/place.h"
#include "stanza/ns.h"

struct verb {
	struct str name;
	bool owner, set, needs_node;
	enum pubsub_verb verb;
	enum pubsub_fault (*read)(struct pubsub_request *out, const struct node *n, struct arena *arena);
};

/* ---- items ---- */

static const struct node *only_item(const struct node *n, unsigned *count)
{
	const struct node *item = NULL;

	*count = 0;
	for (const struct node *c = node_first_element(n); c; c = node_next_element(c))
		if (node_is(c, STR("item"), NS_PUBSUB)) {
			item = c;
			++*count;
		}
	return item;
}

/* The form beside the verb: <publish-options/> or <configure/>. */
static const struct node *form_beside(const struct node *n, struct str name)
{
	const struct node *holder = node_child(n->parent, name, n->ns);

	return holder ? node_child(holder, STR("x"), NS_DATA_FORMS) : NULL;
}

static enum pubsub_fault read_publish(struct pubsub_request *out, const struct node *n, struct arena *arena)
{
	const struct node *options = node_child(n->parent, STR("publish-options"), NS_PUBSUB);
	unsigned count;

	(void)arena;
	out->item = only_item(n, &count);
	out->form = form_beside(n, STR("publish-options"));
	if (count > 1 || (options && !out->form))
		return PUBSUB_E_BAD;
	if (!out->item)
		return PUBSUB_OK;
	out->item_id = node_attr(out->item, STR("id"));
	out->payload = node_first_element(out->item);
	if (out->payload && node_next_element(out->payload))
		return PUBSUB_E_PAYLOAD;
	return out->item_id.len > PLACE_NAME_MAX ? PUBSUB_E_BAD : PUBSUB_OK;
}

static enum pubsub_fault read_retract(struct pubsub_request *out, const struct node *n, struct arena *arena)
{
	struct str notify = node_attr(n, STR("notify"));
	unsigned count;

	(void)arena;
	out->item = only_item(n, &count);
	out->item_id = out->item ? node_attr(out->item, STR("id")) : STR_NONE;
	out->notify = str_is(notify, "1") || str_is(notify, "true");
	return count == 1 && out->item_id.len ? PUBSUB_OK : PUBSUB_E_NO_ITEM;
}

static enum pubsub_fault read_items(struct pubsub_request *out, const struct node *n, struct arena *arena)
{
	struct str max = node_attr(n, STR("max_items"));
	struct str *ids = arena_alloc(arena, REQUEST_IDS_MAX * sizeof(*ids));
	unsigned long long value = 0;

	if (!ids)
		return PUBSUB_E_FAILED;
	if (max.data && (!str_to_u64(max, UINT32_MAX, &value) || value == 0))
		return PUBSUB_E_BAD;
	if (!page_read(&out->page, node_child(n->parent, STR("set"), NS_RSM)))
		return PUBSUB_E_BAD;
	out->max = (size_t)value;
	out->ids = ids;
	for (const struct node *c = node_first_element(n); c; c = node_next_element(c)) {
		if (!node_is(c, STR("item"), NS_PUBSUB))
			continue;
		if (out->ids_len == REQUEST_IDS_MAX || !node_attr(c, STR("id")).len)
			return PUBSUB_E_BAD;
		ids[out->ids_len++] = node_attr(c, STR("id"));
	}
	return PUBSUB_OK;
}

/* ---- people ---- */

static enum pubsub_fault read_jid(struct pubsub_request *out, const struct node *n, struct arena *arena)
{
	(void)arena;
	out->jid = node_attr(n, STR("jid"));
	return out->jid.len ? PUBSUB_OK : PUBSUB_E_NO_JID;
}

static enum pubsub_fault read_list(struct pubsub_request *out, const struct node *n, struct arena *arena)
{
	(void)arena;
	out->list = n;
	return PUBSUB_OK;
}

/* ---- configuration ---- */

static enum pubsub_fault read_create(struct pubsub_request *out, const struct node *n, struct arena *arena)
{
	const struct node *configure = node_child(n->parent, STR("configure"), n->ns);

	(void)arena;
	out->form = form_beside(n, STR("configure"));
	return configure && node_attr(configure, STR("node")).data ? PUBSUB_E_BAD : PUBSUB_OK; /* 8.1.3 */
}

/* Before what it belongs to, or without it. */
static enum pubsub_fault read_misplaced(struct pubsub_request *out, const struct node *n, struct arena *arena)
{
	(void)out;
	(void)n;
	(void)arena;
	return PUBSUB_E_BAD;
}

static enum pubsub_fault read_form(struct pubsub_request *out, const struct node *n, struct arena *arena)
{
	(void)arena;
	out->form = node_child(n, STR("x"), NS_DATA_FORMS);
	return out->form ? PUBSUB_OK : PUBSUB_E_BAD;
}

/* ---- the table ---- */

static const struct verb verbs[] = {
	{STR("publish"), false, true, true, VERB_PUBLISH, read_publish},
	{STR("retract"), false, true, true, VERB_RETRACT, read_retract},
	{STR("items"), false, false, true, VERB_ITEMS, read_items},
	{STR("subscribe"), false, true, true, VERB_SUBSCRIBE, read_jid},
	{STR("unsubscribe"), false, true, true, VERB_UNSUBSCRIBE, read_jid},
	{STR("subscriptions"), false, false, false, VERB_SUBSCRIPTIONS, NULL},
	{STR("affiliations"), false, false, false, VERB_AFFILIATIONS, NULL},
	{STR("create"), false, true, false, VERB_CREATE, read_create},
	{STR("configure"), false, true, false, VERB_CREATE, read_misplaced},
	{STR("publish-options"), false, true, false, VERB_PUBLISH, read_misplaced},
	{STR("configure"), true, false, true, VERB_CONFIGURATION, NULL},
	{STR("configure"), true, true, true, VERB_CONFIGURE, read_form},
	{STR("default"), true, false, false, VERB_DEFAULT, NULL},
	{STR("delete"), true, true, true, VERB_DELETE, NULL},
	{STR("purge"), true, true, true, VERB_PURGE, NULL},
	{STR("subscriptions"), true, false, true, VERB_SUBSCRIBERS, NULL},
	{STR("subscriptions"), true, true, true, VERB_SET_SUBSCRIBERS, read_list},
	{STR("affiliations"), true, false, true, VERB_AFFILIATED, NULL},
	{STR("affiliations"), true, true, true, VERB_AFFILIATE, read_list},
};

static enum pubsub_fault verb_read(
	struct pubsub_request *out, const struct verb *v, const struct node *n, struct arena *arena)
{
	out->verb = v->verb;
	out->node = node_attr(n, STR("node"));
	if (v->needs_node && !out->node.len)
		return PUBSUB_E_NO_NODE;
	if (out->node.len > PLACE_NAME_MAX)
		return PUBSUB_E_BAD;
	return v->read ? v->read(out, n, arena) : PUBSUB_OK;
}

enum pubsub_fault pubsub_request_read(
	struct pubsub_request *out, const struct node *payload, bool set, struct arena *arena)
{
	bool owner = node_is(payload, STR("pubsub"), NS_PUBSUB_OWNER);
	const struct node *n = node_first_element(payload);

	*out = (struct pubsub_request){.node = STR("")};
	if (!owner && !node_is(payload, STR("pubsub"), NS_PUBSUB))
		return PUBSUB_E_UNAVAILABLE;
	if (!n || !str_eq(n->ns, payload->ns))
		return PUBSUB_E_BAD;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (verbs[i].owner == owner && verbs[i].set == set && str_eq(verbs[i].name, n->name))
			return verb_read(out, &verbs[i], n, arena);
	return str_is(n->name, "options") || (str_is(n->name, "default") && !owner) ? PUBSUB_E_SUBSCRIPTION_OPTIONS
										      : PUBSUB_E_UNKNOWN;
}
