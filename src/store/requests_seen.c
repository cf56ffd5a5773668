/* The calls that ask when somebody was there last. */
#include <errno.h>

#include "store/private.h"

int store_seen_put(struct store *s, struct store_req *req, struct str owner, uint64_t utc_us)
{
	struct store_args *args = store_args_new(req, OP_SEEN_PUT);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->number = utc_us;
	return store_args_send(s, req);
}

int store_seen_get(struct store *s, struct store_req *req, struct str owner)
{
	return store_args_ask_owner(s, req, OP_SEEN_GET, owner);
}
