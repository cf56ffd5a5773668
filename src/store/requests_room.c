/* The calls that ask about rooms (XEP-0045). */
#include <errno.h>

#include "store/private.h"

int store_room_all(struct store *s, struct store_req *req)
{
	return store_args_ask_owner(s, req, OP_ROOM_ALL, STR_NONE);
}

int store_room_delete(struct store *s, struct store_req *req, struct str jid)
{
	return store_args_ask_owner(s, req, OP_ROOM_DELETE, jid);
}

static const struct store_affiliation *affiliations_dup(
	struct arena *arena, const struct store_affiliation *rows, size_t len)
{
	struct store_affiliation *copy = arena_zalloc(arena, len * sizeof(*copy) + 1);

	for (size_t i = 0; copy && i < len; i++)
		copy[i] = (struct store_affiliation){.jid = arena_dup(arena, rows[i].jid),
			.nick = arena_dup(arena, rows[i].nick),
			.reason = arena_dup(arena, rows[i].reason),
			.affiliation = rows[i].affiliation};
	return copy;
}

static void room_dup(struct arena *arena, struct store_room *to, const struct store_room *from)
{
	*to = *from;
	to->jid = arena_dup(arena, from->jid);
	to->config = arena_dup(arena, from->config);
	to->secret = arena_dup(arena, from->secret);
	to->subject = arena_dup(arena, from->subject);
	to->subject_from = arena_dup(arena, from->subject_from);
	to->subject_id = arena_dup(arena, from->subject_id);
	to->subject_bare = arena_dup(arena, from->subject_bare);
	to->vcard = arena_dup(arena, from->vcard);
	to->creator = arena_dup(arena, from->creator);
	to->affiliations = affiliations_dup(arena, from->affiliations, from->affiliations_len);
}

int store_room_put(struct store *s, struct store_req *req, const struct store_room *row)
{
	struct store_args *args = store_args_new(req, OP_ROOM_PUT);
	struct store_room *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	room_dup(req->arena, copy, row);
	args->room = copy;
	return store_args_send(s, req);
}
