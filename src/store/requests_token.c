/* The calls that ask about tokens. */
#include <errno.h>

#include "store/private.h"

static int ask(struct store *s, struct store_req *req, enum store_op op, struct str owner, struct str key)
{
	struct store_args *args = store_args_new(req, op);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->other = arena_dup(req->arena, key);
	return store_args_send(s, req);
}

int store_token_find(struct store *s, struct store_req *req, struct str owner, struct str key)
{
	return ask(s, req, OP_TOKEN_FIND, owner, key);
}

int store_token_clear(struct store *s, struct store_req *req, struct str owner, struct str key)
{
	return ask(s, req, OP_TOKEN_CLEAR, owner, key);
}

static const struct store_token *copy_of(const struct store_token *row, struct arena *arena)
{
	struct store_token *copy = arena_alloc(arena, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *row;
	copy->mechanism = arena_dup(arena, row->mechanism);
	copy->seed = arena_dup(arena, row->seed);
	return copy;
}

int store_token_change(struct store *s, struct store_req *req, const struct store_token_change *change)
{
	struct store_args *args = store_args_new(req, OP_TOKEN_CHANGE);
	struct store_token_change *copy = args ? arena_alloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = *change;
	copy->owner = arena_dup(req->arena, change->owner);
	copy->key = arena_dup(req->arena, change->key);
	copy->used = arena_dup(req->arena, change->used);
	copy->salt = arena_dup(req->arena, change->salt);
	if (change->fresh)
		copy->fresh = copy_of(change->fresh, req->arena);
	args->tokens = copy;
	return store_args_send(s, req);
}
