/* The calls that ask about logins and about what is said to everybody. */
#include <errno.h>

#include "store/private.h"

void store_visit_note(struct store *s, struct str owner, uint64_t utc_us)
{
	store_note(s, OP_VISIT_PUT, owner, STR_NONE, utc_us);
}

void store_visit_note_greeted(struct store *s, struct str owner, struct str motd)
{
	store_note(s, OP_VISIT_GREET, owner, motd, 0);
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
