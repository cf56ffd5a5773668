/* The calls that ask about logins and about what is said to everybody. */
#include <errno.h>

#include "store/private.h"

int store_visit_put(struct store *s, struct store_req *req, struct str owner, uint64_t utc_us)
{
	struct store_args *args = store_args_new(req, OP_VISIT_PUT);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->number = utc_us;
	return store_args_send(s, req);
}

int store_visit_greet(struct store *s, struct store_req *req, struct str owner, struct str motd)
{
	struct store_args *args = store_args_new(req, OP_VISIT_GREET);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->other = arena_dup(req->arena, motd);
	return store_args_send(s, req);
}

int store_visit_get(struct store *s, struct store_req *req, struct str owner)
{
	return store_args_ask_owner(s, req, OP_VISIT_GET, owner);
}

int store_notice_put(struct store *s, struct store_req *req, const struct store_notice *row)
{
	struct store_args *args = store_args_new(req, OP_NOTICE_PUT);
	struct store_notice *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = *row;
	copy->name = arena_dup(req->arena, row->name);
	copy->text = arena_dup(req->arena, row->text);
	copy->id = arena_dup(req->arena, row->id);
	args->notice = copy;
	return store_args_send(s, req);
}

int store_notice_delete(struct store *s, struct store_req *req, struct str name)
{
	return store_args_ask_owner(s, req, OP_NOTICE_DELETE, name);
}

int store_notice_all(struct store *s, struct store_req *req)
{
	return store_args_ask_owner(s, req, OP_NOTICE_ALL, STR_NONE);
}
