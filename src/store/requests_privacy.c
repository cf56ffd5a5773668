/* What people have chosen for themselves. */
#include <errno.h>

#include "store/private.h"

int store_privacy_put(struct store *s, struct store_req *req, struct str owner, const struct store_privacy *row)
{
	struct store_args *args = store_args_new(req, OP_PRIVACY_PUT);
	struct store_privacy *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = *row;
	args->owner = arena_dup(req->arena, owner);
	args->privacy = copy;
	return store_args_send(s, req);
}
