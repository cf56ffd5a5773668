/* What a person's state begins with, in one go. */
#include <errno.h>

#include "store/sqlite.h"

/* The results of the single calls share their place in the request: each is taken from there before the next is read. */
int sq_user_load(struct sq *q, struct store_req *req)
{
	struct store_user *out = arena_zalloc(req->arena, sizeof(*out));
	int r = out ? sq_roster_load(q, req) : -ENOMEM;

	if (r)
		return r;
	out->roster = req->roster;
	r = sq_block_load(q, req);
	if (r)
		return r;
	out->blocks = req->names;
	r = sq_prefs_load(q, req);
	if (r)
		return r;
	out->prefs = req->prefs;
	r = sq_photo_get(q, req);
	if (r)
		return r;
	if (req->vcard)
		out->photo = req->vcard->photo;
	r = sq_privacy_get(q, req->args->owner, &out->privacy);
	if (r)
		return r;
	req->user = out;
	return 0;
}
