/* The calls that ask about what people keep for themselves and show of themselves (XEP-0049, 0054, 0115, 0163). */
#include <errno.h>

#include "store/private.h"

static struct store_args *args_of_owner(struct store_req *req, enum store_op op, struct str owner, struct str other)
{
	struct store_args *args = store_args_new(req, op);

	if (args) {
		args->owner = arena_dup(req->arena, owner);
		args->other = arena_dup(req->arena, other);
	}
	return args;
}

static struct store_stamp stamp_dup(struct arena *arena, struct store_stamp stamp)
{
	stamp.id = arena_dup(arena, stamp.id);
	return stamp;
}

/* --- private XML --- */

int store_private_get(struct store *s, struct store_req *req, struct str owner, struct str ns, struct str name)
{
	struct store_args *args = args_of_owner(req, OP_PRIVATE_GET, owner, ns);

	if (!args)
		return -ENOMEM;
	args->text = arena_dup(req->arena, name);
	return store_args_send(s, req);
}

int store_private_all(struct store *s, struct store_req *req, struct str owner)
{
	return store_args_ask_owner(s, req, OP_PRIVATE_ALL, owner);
}

static const struct store_private *privates_dup(struct arena *arena, const struct store_private *rows, size_t len)
{
	struct store_private *copy = arena_zalloc(arena, len * sizeof(*copy) + 1);

	for (size_t i = 0; copy && i < len; i++)
		copy[i] = (struct store_private){.ns = arena_dup(arena, rows[i].ns),
			.name = arena_dup(arena, rows[i].name),
			.xml = arena_dup(arena, rows[i].xml)};
	return copy;
}

int store_private_put(struct store *s, struct store_req *req, struct str owner, const struct store_private *rows,
	size_t len, uint64_t max)
{
	struct store_args *args = args_of_owner(req, OP_PRIVATE_PUT, owner, STR_NONE);

	if (!args)
		return -ENOMEM;
	args->privates = privates_dup(req->arena, rows, len);
	args->len = len;
	args->number = max;
	return store_args_send(s, req);
}

/* --- vCards --- */

int store_vcard_get(struct store *s, struct store_req *req, struct str owner)
{
	return store_args_ask_owner(s, req, OP_VCARD_GET, owner);
}

static const struct store_vcard *vcard_dup(struct arena *arena, const struct store_vcard *row)
{
	struct store_vcard *copy = arena_zalloc(arena, sizeof(*copy));

	if (copy)
		*copy = (struct store_vcard){.xml = arena_dup(arena, row->xml),
			.photo = arena_dup(arena, row->photo),
			.stamp = stamp_dup(arena, row->stamp)};
	return copy;
}

int store_vcard_put(struct store *s, struct store_req *req, struct str owner, const struct store_vcard *row)
{
	struct store_args *args = args_of_owner(req, OP_VCARD_PUT, owner, STR_NONE);

	if (!args)
		return -ENOMEM;
	args->vcard = vcard_dup(req->arena, row);
	return store_args_send(s, req);
}

/* --- personal eventing --- */

int store_pep_nodes(struct store *s, struct store_req *req, struct str owner)
{
	return store_args_ask_owner(s, req, OP_PEP_NODES, owner);
}

int store_pep_node_put(struct store *s, struct store_req *req, struct str owner, const struct store_pep_node *row)
{
	struct store_args *args = args_of_owner(req, OP_PEP_NODE_PUT, owner, row->name);

	if (!args)
		return -ENOMEM;
	args->text = arena_dup(req->arena, row->state);
	args->limit = row->items_max;
	return store_args_send(s, req);
}

int store_pep_node_delete(struct store *s, struct store_req *req, struct str owner, struct str node)
{
	return args_of_owner(req, OP_PEP_NODE_DELETE, owner, node) ? store_args_send(s, req) : -ENOMEM;
}

static struct store_pep_item item_dup(struct arena *arena, const struct store_pep_item *row)
{
	return (struct store_pep_item){.node = arena_dup(arena, row->node),
		.id = arena_dup(arena, row->id),
		.publisher = arena_dup(arena, row->publisher),
		.xml = arena_dup(arena, row->xml),
		.stamp = stamp_dup(arena, row->stamp)};
}

int store_pep_item_put(struct store *s, struct store_req *req, const struct store_pep_place *place,
	const struct store_pep_item *row)
{
	struct store_args *args = args_of_owner(req, OP_PEP_ITEM_PUT, place->owner, row->node);
	struct store_pep_item *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = item_dup(req->arena, row);
	args->item = copy;
	args->text = arena_dup(req->arena, place->state);
	args->limit = place->items_max;
	args->number = place->bytes_max;
	return store_args_send(s, req);
}

int store_pep_item_delete(
	struct store *s, struct store_req *req, struct str owner, struct str node, struct str id)
{
	struct store_args *args = args_of_owner(req, OP_PEP_ITEM_DELETE, owner, node);

	if (!args)
		return -ENOMEM;
	args->text = arena_dup(req->arena, id);
	return store_args_send(s, req);
}

static const struct store_pep_node *nodes_dup(struct arena *arena, const struct store_pep_node *rows, size_t len)
{
	struct store_pep_node *copy = arena_zalloc(arena, len * sizeof(*copy) + 1);

	for (size_t i = 0; copy && i < len; i++)
		copy[i] = (struct store_pep_node){.name = arena_dup(arena, rows[i].name),
			.state = arena_dup(arena, rows[i].state),
			.items_max = rows[i].items_max};
	return copy;
}

static const struct store_pep_item *items_dup(struct arena *arena, const struct store_pep_item *rows, size_t len)
{
	struct store_pep_item *copy = arena_zalloc(arena, len * sizeof(*copy) + 1);

	for (size_t i = 0; copy && i < len; i++)
		copy[i] = item_dup(arena, &rows[i]);
	return copy;
}

int store_personal_put(struct store *s, struct store_req *req, const struct store_personal *change)
{
	struct store_args *args = args_of_owner(req, OP_PERSONAL_PUT, change->owner, STR_NONE);
	struct store_personal *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = *change;
	copy->owner = args->owner;
	copy->nodes = nodes_dup(req->arena, change->nodes, change->nodes_len);
	copy->items = items_dup(req->arena, change->items, change->items_len);
	copy->gone = items_dup(req->arena, change->gone, change->gone_len);
	copy->privates = privates_dup(req->arena, change->privates, change->privates_len);
	copy->vcard = change->vcard ? vcard_dup(req->arena, change->vcard) : NULL;
	args->personal = copy;
	return store_args_send(s, req);
}

int store_pep_items(struct store *s, struct store_req *req, struct str owner, struct str node, size_t max)
{
	struct store_args *args = args_of_owner(req, OP_PEP_ITEMS, owner, node);

	if (!args)
		return -ENOMEM;
	args->limit = max;
	return store_args_send(s, req);
}

static int ask_names(struct store *s, struct store_req *req, struct store_args *args, const struct str *names,
	size_t len)
{
	if (!args)
		return -ENOMEM;
	args->names = store_args_names(req, names, len);
	args->len = len;
	return store_args_send(s, req);
}

int store_pep_items_by_id(struct store *s, struct store_req *req, struct str owner, struct str node,
	const struct str *ids, size_t len)
{
	return ask_names(s, req, args_of_owner(req, OP_PEP_ITEMS_BY_ID, owner, node), ids, len);
}

int store_pep_last(struct store *s, struct store_req *req, struct str owner, const struct str *nodes, size_t len)
{
	return ask_names(s, req, args_of_owner(req, OP_PEP_LAST, owner, STR_NONE), nodes, len);
}

int store_pep_who(
	struct store *s, struct store_req *req, const struct str *owners, size_t len, struct str wanted)
{
	return ask_names(s, req, args_of_owner(req, OP_PEP_WHO, STR_NONE, wanted), owners, len);
}

/* --- capabilities --- */

int store_caps_get(struct store *s, struct store_req *req, struct str hash, struct str ver)
{
	return args_of_owner(req, OP_CAPS_GET, hash, ver) ? store_args_send(s, req) : -ENOMEM;
}

int store_caps_put(struct store *s, struct store_req *req, struct str hash, struct str ver, struct str text,
	size_t max)
{
	struct store_args *args = args_of_owner(req, OP_CAPS_PUT, hash, ver);

	if (!args)
		return -ENOMEM;
	args->text = arena_dup(req->arena, text);
	args->limit = max;
	return store_args_send(s, req);
}
