/* The calls about whom strangers are held off from. */
#include <errno.h>
#include <stddef.h>

#include "store/private.h"

void store_silence_note(struct store *s, const struct store_silence *row)
{
	static const size_t texts[] = {offsetof(struct store_silence, owner), offsetof(struct store_silence, cause)};

	store_note_with(s, OP_SILENCE_PUT,
		&(struct store_note_row){row, sizeof(*row), texts, sizeof(texts) / sizeof(texts[0])}, STR_NONE, 0);
}

void store_silence_note_end(struct store *s, struct str owner)
{
	store_note(s, OP_SILENCE_DELETE, owner, STR_NONE, 0);
}

int store_silence_put(struct store *s, struct store_req *req, const struct store_silence *row)
{
	struct store_args *args = store_args_new(req, OP_SILENCE_PUT);
	struct store_silence *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = *row;
	copy->owner = arena_dup(req->arena, row->owner);
	copy->cause = arena_dup(req->arena, row->cause);
	args->silence = copy;
	return store_args_send(s, req);
}

int store_silence_all(struct store *s, struct store_req *req)
{
	return store_args_ask_owner(s, req, OP_SILENCE_ALL, STR_NONE);
}
