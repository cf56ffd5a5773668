/* The calls that ask: each copies its arguments into a fresh arena of the request and queues it. */
#include <errno.h>

#include "store/private.h"

struct store_args *store_args_new(struct store_req *req, enum store_op op)
{
	struct store_args *args;

	store_req_release(req);
	req->arena = arena_new(0);
	args = req->arena ? arena_zalloc(req->arena, sizeof(*args)) : NULL;
	req->op = (uint8_t)op;
	req->args = args;
	return args;
}

int store_args_send(struct store *s, struct store_req *req)
{
	if (arena_is_full(req->arena))
		return -ENOMEM;
	store_ask(s, req);
	return 0;
}

int store_args_ask_owner(struct store *s, struct store_req *req, enum store_op op, struct str owner)
{
	struct store_args *args = store_args_new(req, op);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	return store_args_send(s, req);
}

static const struct str *dup_names(struct arena *arena, const struct str *names, size_t len)
{
	struct str *copy = arena_zalloc(arena, len * sizeof(*copy) + 1);

	for (size_t i = 0; copy && i < len; i++)
		copy[i] = arena_dup(arena, names[i]);
	return copy;
}

const struct str *store_args_names(struct store_req *req, const struct str *names, size_t len)
{
	return dup_names(req->arena, names, len);
}

bool store_names_are_separable(const struct str *names, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (str_find(names[i], '\x1f', 0) < names[i].len)
			return false;
	return true;
}

int store_commit_applied(struct store *s, struct store_req *req, uint64_t seq)
{
	struct store_args *args = store_args_new(req, OP_APPLIED);

	if (!args)
		return -ENOMEM;
	args->applied_seq = seq;
	return store_args_send(s, req);
}

/* --- accounts --- */

int store_account_all(struct store *s, struct store_req *req)
{
	return store_args_ask_owner(s, req, OP_ACCOUNT_ALL, STR_NONE);
}

int store_account_get(struct store *s, struct store_req *req, struct str jid)
{
	return store_args_ask_owner(s, req, OP_ACCOUNT_GET, jid);
}

int store_account_remove(struct store *s, struct store_req *req, struct str jid)
{
	return store_args_ask_owner(s, req, OP_ACCOUNT_REMOVE, jid);
}

/* `verifiers` is the copy's place in the block that is wiped, or NULL. */
static void account_dup(struct arena *arena, struct store_account *to, const struct store_account *from,
	struct store_verifier *verifiers)
{
	*to = *from;
	to->person_id = arena_dup(arena, from->person_id);
	to->jid = arena_dup(arena, from->jid);
	to->name = arena_dup(arena, from->name);
	to->mail = arena_dup(arena, from->mail);
	to->language = arena_dup(arena, from->language);
	to->department = arena_dup(arena, from->department);
	to->groups = dup_names(arena, from->groups, from->groups_len);
	to->verifiers = from->verifiers ? verifiers : NULL;
	if (to->verifiers)
		memcpy(verifiers, from->verifiers, STORE_VERIFIER_KINDS * sizeof(*verifiers));
}

int store_args_ask_accounts(struct store *s, struct store_req *req, enum store_op op, struct str owner,
	const struct store_account *rows, size_t len, unsigned fields)
{
	struct store_args *args = store_args_new(req, op);
	struct store_account *copy;
	struct store_verifier *secret;

	if (!args)
		return -ENOMEM;
	copy = arena_zalloc(req->arena, len * sizeof(*copy) + 1);
	secret = arena_zalloc(req->arena, len * STORE_VERIFIER_KINDS * sizeof(*secret) + 1);
	if (!copy || !secret)
		return -ENOMEM;
	req->secret = secret;
	req->secret_len = len * STORE_VERIFIER_KINDS * sizeof(*secret);
	for (size_t i = 0; i < len; i++) {
		if (!store_names_are_separable(rows[i].groups, rows[i].groups_len))
			return -EINVAL;
		account_dup(req->arena, &copy[i], &rows[i], secret + i * STORE_VERIFIER_KINDS);
	}
	args->owner = arena_dup(req->arena, owner);
	args->accounts = copy;
	args->len = len;
	args->fields = fields;
	return store_args_send(s, req);
}

int store_account_add(struct store *s, struct store_req *req, const struct store_account *rows, size_t len)
{
	return store_args_ask_accounts(s, req, OP_ACCOUNT_ADD, STR_NONE, rows, len, 0);
}

int store_account_update(
	struct store *s, struct store_req *req, const struct store_account *row, unsigned fields)
{
	return store_args_ask_accounts(s, req, OP_ACCOUNT_UPDATE, STR_NONE, row, 1, fields);
}

int store_verifier_get(struct store *s, struct store_req *req, struct str jid, enum store_verifier_kind kind)
{
	struct store_args *args = store_args_new(req, OP_VERIFIER_GET);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, jid);
	args->kind = (uint8_t)kind;
	return store_args_send(s, req);
}

int store_verifier_lacking(struct store *s, struct store_req *req)
{
	return store_args_ask_owner(s, req, OP_VERIFIER_LACKING, STR_NONE);
}

/* --- roster and block list --- */

int store_roster_load(struct store *s, struct store_req *req, struct str owner)
{
	return store_args_ask_owner(s, req, OP_ROSTER_LOAD, owner);
}

static void item_dup(struct arena *arena, struct store_roster_item *to, const struct store_roster_item *from)
{
	*to = *from;
	to->contact = arena_dup(arena, from->contact);
	to->name = arena_dup(arena, from->name);
	to->groups = dup_names(arena, from->groups, from->groups_len);
	to->pending_in = arena_dup(arena, from->pending_in);
}

int store_roster_put(struct store *s, struct store_req *req, struct str owner,
	const struct store_roster_item *items, size_t len, uint64_t version)
{
	struct store_args *args = store_args_new(req, OP_ROSTER_PUT);
	struct store_roster_item *copy = args ? arena_zalloc(req->arena, len * sizeof(*copy) + 1) : NULL;

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		if (!store_names_are_separable(items[i].groups, items[i].groups_len))
			return -EINVAL;
		item_dup(req->arena, &copy[i], &items[i]);
	}
	args->owner = arena_dup(req->arena, owner);
	args->items = copy;
	args->len = len;
	args->number = version;
	return store_args_send(s, req);
}

int store_roster_changes(struct store *s, struct store_req *req, struct str owner, uint64_t since)
{
	struct store_args *args = store_args_new(req, OP_ROSTER_CHANGES);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->number = since;
	return store_args_send(s, req);
}

int store_roster_delete(
	struct store *s, struct store_req *req, struct str owner, struct str contact, uint64_t version)
{
	struct store_args *args = store_args_new(req, OP_ROSTER_DELETE);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->other = arena_dup(req->arena, contact);
	args->number = version;
	return store_args_send(s, req);
}

static int ask_names(struct store *s, struct store_req *req, enum store_op op, struct str owner,
	const struct str *names, size_t len, uint64_t applied_seq)
{
	struct store_args *args = store_args_new(req, op);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->names = dup_names(req->arena, names, len);
	args->len = len;
	args->applied_seq = applied_seq;
	return store_args_send(s, req);
}

int store_block_load(struct store *s, struct store_req *req, struct str owner)
{
	return store_args_ask_owner(s, req, OP_BLOCK_LOAD, owner);
}

int store_block_put(
	struct store *s, struct store_req *req, struct str owner, const struct str *jids, size_t len)
{
	return ask_names(s, req, OP_BLOCK_PUT, owner, jids, len, 0);
}

int store_block_delete(
	struct store *s, struct store_req *req, struct str owner, const struct str *jids, size_t len)
{
	return ask_names(s, req, OP_BLOCK_DELETE, owner, jids, len, 0);
}

int store_user_load(struct store *s, struct store_req *req, struct str owner)
{
	return store_args_ask_owner(s, req, OP_USER_LOAD, owner);
}

/* --- waiting messages --- */

static void message_dup(struct arena *arena, struct store_message *to, const struct store_message *from)
{
	*to = *from;
	to->owner = arena_dup(arena, from->owner);
	to->session = arena_dup(arena, from->session);
	to->id = arena_dup(arena, from->id);
	to->from = arena_dup(arena, from->from);
	to->xml = arena_dup(arena, from->xml);
}

int store_message_put(struct store *s, struct store_req *req, enum store_queue queue,
	const struct store_message *rows, size_t len, size_t max, uint64_t applied_seq)
{
	struct store_args *args = store_args_new(req, OP_MESSAGE_PUT);
	struct store_message *copy = args ? arena_zalloc(req->arena, len * sizeof(*copy) + 1) : NULL;

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		message_dup(req->arena, &copy[i], &rows[i]);
	args->messages = copy;
	args->len = len;
	args->queue = (uint8_t)queue;
	args->limit = max;
	args->applied_seq = applied_seq;
	return store_args_send(s, req);
}

int store_message_load(struct store *s, struct store_req *req, enum store_queue queue, struct str owner,
	uint64_t after_seq, size_t limit)
{
	struct store_args *args = store_args_new(req, OP_MESSAGE_LOAD);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->queue = (uint8_t)queue;
	args->number = after_seq;
	args->limit = limit;
	return store_args_send(s, req);
}

int store_message_delete(struct store *s, struct store_req *req, struct str owner, const struct str *ids,
	size_t len, uint64_t applied_seq)
{
	return ask_names(s, req, OP_MESSAGE_DELETE, owner, ids, len, applied_seq);
}

int store_message_release(
	struct store *s, struct store_req *req, struct str owner, const struct str *ids, size_t len)
{
	return ask_names(s, req, OP_MESSAGE_RELEASE, owner, ids, len, 0);
}

int store_message_unspool(struct store *s, struct store_req *req, struct str owner, struct str session)
{
	struct store_args *args = store_args_new(req, OP_MESSAGE_UNSPOOL);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->other = arena_dup(req->arena, session);
	return store_args_send(s, req);
}

int store_message_count(struct store *s, struct store_req *req, enum store_queue queue, struct str owner)
{
	struct store_args *args = store_args_new(req, OP_MESSAGE_COUNT);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, owner);
	args->queue = (uint8_t)queue;
	return store_args_send(s, req);
}

int store_message_owners(struct store *s, struct store_req *req, enum store_queue queue)
{
	struct store_args *args = store_args_new(req, OP_MESSAGE_OWNERS);

	if (!args)
		return -ENOMEM;
	args->queue = (uint8_t)queue;
	return store_args_send(s, req);
}
