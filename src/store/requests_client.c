/* The calls that ask about clients, and the notes about them. */
#include <errno.h>
#include <stddef.h>

#include "store/private.h"

#define TEXT(type, field) offsetof(struct type, field)

static const size_t client_texts[] = {
	TEXT(store_client, owner), TEXT(store_client, key), TEXT(store_client, product), TEXT(store_client, version),
	TEXT(store_client, os), TEXT(store_client, device), TEXT(store_client, caps), TEXT(store_client, node),
	TEXT(store_client, agent), TEXT(store_client, ja4), TEXT(store_client, resource),
	TEXT(store_client, version_before), TEXT(store_client, address), TEXT(store_client, mechanism),
	TEXT(store_client, tls)};
static const size_t caps_texts[] = {TEXT(store_caps_client, hash), TEXT(store_caps_client, product),
	TEXT(store_caps_client, version), TEXT(store_caps_client, os), TEXT(store_caps_client, node)};
static const size_t refusal_texts[] = {TEXT(store_refusal, kind), TEXT(store_refusal, owner),
	TEXT(store_refusal, address), TEXT(store_refusal, product), TEXT(store_refusal, version),
	TEXT(store_refusal, rule), TEXT(store_refusal, reason)};

#define ROW(row, texts)                                                                                      \
	(&(struct store_note_row){(row), sizeof(*(row)), (texts), sizeof(texts) / sizeof((texts)[0])})

void store_client_note(struct store *s, const struct store_client *row, struct str was, size_t max)
{
	store_note_with(s, OP_CLIENT_NOTE, ROW(row, client_texts), was, max);
}

void store_caps_client_note(struct store *s, const struct store_caps_client *row, struct str owner, size_t max)
{
	store_note_with(s, OP_CAPS_CLIENT_NOTE, ROW(row, caps_texts), owner, max);
}

void store_refusal_note(struct store *s, const struct store_refusal *row, size_t max)
{
	store_note_with(s, OP_REFUSAL_NOTE, ROW(row, refusal_texts), STR_NONE, max);
}

int store_client_list(struct store *s, struct store_req *req, const struct store_client_query *query)
{
	struct store_args *args = store_args_new(req, OP_CLIENT_LIST);
	struct store_client_query *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = *query;
	copy->owner = arena_dup(req->arena, query->owner);
	copy->after_owner = arena_dup(req->arena, query->after_owner);
	copy->after_key = arena_dup(req->arena, query->after_key);
	copy->product = arena_dup(req->arena, query->product);
	copy->agent = arena_dup(req->arena, query->agent);
	args->clients = copy;
	return store_args_send(s, req);
}

int store_client_sweep(struct store *s, struct store_req *req, uint64_t before_us)
{
	struct store_args *args = store_args_new(req, OP_CLIENT_SWEEP);

	if (!args)
		return -ENOMEM;
	args->number = before_us;
	return store_args_send(s, req);
}

int store_caps_client_all(struct store *s, struct store_req *req)
{
	return store_args_ask_owner(s, req, OP_CAPS_CLIENT_ALL, STR_NONE);
}

int store_caps_client_put(struct store *s, struct store_req *req, const struct store_caps_client *row)
{
	struct store_args *args = store_args_new(req, OP_CAPS_CLIENT_PUT);
	struct store_caps_client *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = *row;
	copy->hash = arena_dup(req->arena, row->hash);
	copy->product = arena_dup(req->arena, row->product);
	copy->version = arena_dup(req->arena, row->version);
	copy->os = arena_dup(req->arena, row->os);
	args->caps_client = copy;
	return store_args_send(s, req);
}

int store_caps_client_delete(struct store *s, struct store_req *req, struct str hash)
{
	return store_args_ask_owner(s, req, OP_CAPS_CLIENT_DELETE, hash);
}

int store_posture_put(struct store *s, struct store_req *req, const struct store_posture *rows, size_t len,
	uint64_t before_us)
{
	struct store_args *args = store_args_new(req, OP_POSTURE_PUT);
	struct store_posture *copy = args ? arena_zalloc(req->arena, len * sizeof(*copy) + 1) : NULL;

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		copy[i] = rows[i];
		copy[i].product = arena_dup(req->arena, rows[i].product);
		copy[i].baseline = arena_dup(req->arena, rows[i].baseline);
	}
	args->posture = copy;
	args->len = len;
	args->number = before_us;
	return store_args_send(s, req);
}

int store_posture_all(struct store *s, struct store_req *req, uint64_t since_us)
{
	struct store_args *args = store_args_new(req, OP_POSTURE_ALL);

	if (!args)
		return -ENOMEM;
	args->number = since_us;
	return store_args_send(s, req);
}

int store_refusal_all(struct store *s, struct store_req *req, uint64_t since_us, size_t limit)
{
	struct store_args *args = store_args_new(req, OP_REFUSAL_ALL);

	if (!args)
		return -ENOMEM;
	args->number = since_us;
	args->limit = limit;
	return store_args_send(s, req);
}
