/* The calls that ask for archives. A batch is built in the request itself: its rows are copied once. */
#include <errno.h>

#include "store/prefs.h"
#include "store/private.h"

int store_archive_begin(struct store_req *req)
{
	return store_args_new(req, OP_ARCHIVE_PUT) ? 0 : -ENOMEM;
}

int store_archive_add(struct store_req *req, const struct store_archived *row)
{
	struct store_args *args = store_args_of(req);
	struct store_archived *copy = arena_alloc(req->arena, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *row;
	copy->id = arena_dup(req->arena, row->id);
	copy->from = arena_dup(req->arena, row->from);
	copy->to = arena_dup(req->arena, row->to);
	copy->own = arena_dup(req->arena, row->own);
	copy->origin = arena_dup(req->arena, row->origin);
	copy->retracts = arena_dup(req->arena, row->retracts);
	copy->stone = arena_dup(req->arena, row->stone);
	copy->xml = arena_dup(req->arena, row->xml);
	if (arena_is_full(req->arena))
		return -ENOMEM;
	copy->next = NULL;
	if (args->last)
		args->last->next = copy; /* in order: rows go to the end of their table */
	else
		args->archived = copy;
	args->last = copy;
	args->len++;
	return 0;
}

int store_archive_put(struct store *s, struct store_req *req)
{
	store_ask(s, req);
	return 0;
}

int store_archive_load(struct store *s, struct store_req *req, const struct store_archive_query *query)
{
	struct store_args *args = store_args_new(req, OP_ARCHIVE_LOAD);
	struct store_archive_query *copy = args ? arena_alloc(req->arena, sizeof(*copy)) : NULL;
	struct str *ids;

	if (!copy)
		return -ENOMEM;
	ids = arena_zalloc(req->arena, query->ids_len * sizeof(*ids) + 1);
	for (size_t i = 0; ids && i < query->ids_len; i++)
		ids[i] = arena_dup(req->arena, query->ids[i]);
	*copy = *query;
	copy->ids = ids;
	copy->owner = arena_dup(req->arena, query->owner);
	copy->with = arena_dup(req->arena, query->with);
	copy->nick = arena_dup(req->arena, query->nick);
	copy->after = arena_dup(req->arena, query->after);
	copy->before = arena_dup(req->arena, query->before);
	copy->after_page = arena_dup(req->arena, query->after_page);
	copy->before_page = arena_dup(req->arena, query->before_page);
	args->query = copy;
	return store_args_send(s, req);
}

int store_archive_retract(struct store *s, struct store_req *req, struct str owner, struct str id, struct str xml)
{
	struct store_args *args = store_args_new(req, OP_ARCHIVE_RETRACT);
	struct store_archived *row = args ? arena_zalloc(req->arena, sizeof(*row)) : NULL;

	if (!row)
		return -ENOMEM;
	row->id = arena_dup(req->arena, id);
	row->xml = arena_dup(req->arena, xml);
	args->owner = arena_dup(req->arena, owner);
	args->archived = row;
	return store_args_send(s, req);
}

int store_archive_leave(struct store *s, struct store_req *req, struct str owner)
{
	return store_args_ask_owner(s, req, OP_ARCHIVE_LEAVE, owner);
}

int store_archive_sweep(struct store *s, struct store_req *req, uint64_t before_us, size_t limit)
{
	struct store_args *args = store_args_new(req, OP_ARCHIVE_SWEEP);

	if (!args)
		return -ENOMEM;
	args->number = before_us;
	args->limit = limit;
	return store_args_send(s, req);
}

int store_prefs_load(struct store *s, struct store_req *req, struct str owner)
{
	struct store_args *args = store_args_new(req, OP_PREFS_LOAD);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	return store_args_send(s, req);
}

int store_prefs_put(struct store *s, struct store_req *req, struct str owner, const struct store_prefs *prefs)
{
	struct store_args *args = store_args_new(req, OP_PREFS_PUT);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->prefs = store_prefs_dup(req->arena, prefs);
	return store_args_send(s, req);
}
