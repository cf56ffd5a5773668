/* The calls that ask when somebody was there last. */
#include "store/private.h"

void store_seen_note(struct store *s, struct str owner, uint64_t utc_us)
{
	store_note(s, OP_SEEN_PUT, owner, STR_NONE, utc_us);
}

int store_seen_get(struct store *s, struct store_req *req, struct str owner)
{
	return store_args_ask_owner(s, req, OP_SEEN_GET, owner);
}
