/* The calls that ask about devices, and the note about them. */
#include <errno.h>

#include "store/private.h"

static struct store_args *args_of_owner(struct store_req *req, enum store_op op, struct str owner)
{
	struct store_args *args = store_args_new(req, op);

	if (args)
		args->owner = arena_dup(req->arena, owner);
	return args;
}

int store_device_list(struct store *s, struct store_req *req, struct str owner, uint64_t now_us)
{
	struct store_args *args = args_of_owner(req, OP_DEVICE_LIST, owner);

	if (!args)
		return -ENOMEM;
	args->number = now_us;
	return store_args_send(s, req);
}

int store_device_untold(struct store *s, struct store_req *req, struct str owner, uint64_t after_us)
{
	struct store_args *args = args_of_owner(req, OP_DEVICE_UNTOLD, owner);

	if (!args)
		return -ENOMEM;
	args->number = after_us;
	return store_args_send(s, req);
}

int store_device_revoke(struct store *s, struct store_req *req, struct str owner, struct str key)
{
	struct store_args *args = args_of_owner(req, OP_DEVICE_REVOKE, owner);

	if (!args)
		return -ENOMEM;
	args->other = arena_dup(req->arena, key);
	return store_args_send(s, req);
}

int store_device_meet(struct store *s, struct store_req *req, const struct store_arrival *row)
{
	struct store_args *args = args_of_owner(req, OP_DEVICE_MEET, row->owner);
	struct store_arrival *copy = args ? arena_alloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = *row;
	copy->owner = args->owner;
	copy->key = arena_dup(req->arena, row->key);
	copy->network = arena_dup(req->arena, row->network);
	copy->beside = arena_dup(req->arena, row->beside);
	copy->product = arena_dup(req->arena, row->product);
	copy->device = arena_dup(req->arena, row->device);
	copy->address = arena_dup(req->arena, row->address);
	args->arrival = copy;
	return store_args_send(s, req);
}

int store_device_waiting(struct store *s, struct store_req *req, struct str owner)
{
	struct store_args *args = args_of_owner(req, OP_DEVICE_WAITING, owner);

	return args ? store_args_send(s, req) : -ENOMEM;
}

static int since(struct store *s, struct store_req *req, enum store_op op, struct str owner, uint64_t waits_us)
{
	struct store_args *args = args_of_owner(req, op, owner);

	if (!args)
		return -ENOMEM;
	args->number = waits_us;
	return store_args_send(s, req);
}

int store_device_confirm(struct store *s, struct store_req *req, struct str owner, uint64_t waits_us)
{
	return since(s, req, OP_DEVICE_CONFIRM, owner, waits_us);
}

int store_device_refuse(struct store *s, struct store_req *req, struct str owner, uint64_t waits_us)
{
	return since(s, req, OP_DEVICE_REFUSE, owner, waits_us);
}

void store_device_told(struct store *s, struct str owner, struct str key)
{
	store_note(s, OP_DEVICE_TOLD, owner, key, 0);
}
