/* The calls that ask about invitations (XEP-0445). */
#include <errno.h>

#include "store/private.h"

int store_invite_all(struct store *s, struct store_req *req)
{
	return store_args_ask_owner(s, req, OP_INVITE_ALL, STR_NONE);
}

int store_invite_find(struct store *s, struct store_req *req, struct str token_hash)
{
	return store_args_ask_owner(s, req, OP_INVITE_FIND, token_hash);
}

int store_invite_revoke(struct store *s, struct store_req *req, struct str id, uint64_t now_us)
{
	struct store_args *args = store_args_new(req, OP_INVITE_REVOKE);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, id);
	args->number = now_us;
	return store_args_send(s, req);
}

int store_invite_add(struct store *s, struct store_req *req, const struct store_invite *row, size_t max,
	size_t max_by_person)
{
	struct store_args *args = store_args_new(req, OP_INVITE_ADD);
	struct store_invite *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	if (!store_names_are_separable(row->groups, row->groups_len))
		return -EINVAL;
	*copy = *row;
	copy->token_hash = arena_dup(req->arena, row->token_hash);
	copy->id = arena_dup(req->arena, row->id);
	copy->domain = arena_dup(req->arena, row->domain);
	copy->jid = arena_dup(req->arena, row->jid);
	copy->made_by = arena_dup(req->arena, row->made_by);
	copy->groups = store_args_names(req, row->groups, row->groups_len);
	args->invite = copy;
	args->limit = max;
	args->number = max_by_person;
	return store_args_send(s, req);
}

int store_invite_redeem(
	struct store *s, struct store_req *req, struct str token_hash, const struct store_account *row)
{
	return store_args_ask_accounts(s, req, OP_INVITE_REDEEM, token_hash, row, 1, 0);
}
