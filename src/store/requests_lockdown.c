/* The calls about what is switched off. */
#include <errno.h>

#include "store/private.h"

int store_switch_put(struct store *s, struct store_req *req, const struct store_switch *row)
{
	struct store_args *args = store_args_new(req, OP_SWITCH_PUT);
	struct store_switch *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = (struct store_switch){
		.id = arena_dup(req->arena, row->id),
		.what = arena_dup(req->arena, row->what),
		.scope = arena_dup(req->arena, row->scope),
		.name = arena_dup(req->arena, row->name),
		.versions = arena_dup(req->arena, row->versions),
		.reason = arena_dup(req->arena, row->reason),
		.by = arena_dup(req->arena, row->by),
		.except = arena_dup(req->arena, row->except),
		.start_us = row->start_us,
		.end_us = row->end_us,
	};
	args->off = copy;
	return store_args_send(s, req);
}

int store_switch_delete(struct store *s, struct store_req *req, struct str id)
{
	return store_args_ask_owner(s, req, OP_SWITCH_DELETE, id);
}

int store_switch_all(struct store *s, struct store_req *req)
{
	return store_args_ask_owner(s, req, OP_SWITCH_ALL, STR_NONE);
}
