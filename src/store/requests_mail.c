/* The calls that ask about mails on their way out. */
#include <errno.h>

#include "store/private.h"

static int ask_row(struct store *s, struct store_req *req, enum store_op op, const struct store_mail *row,
	uint64_t since_us, size_t max)
{
	struct store_args *args = store_args_new(req, op);
	struct store_mail *copy = args ? arena_zalloc(req->arena, sizeof(*copy)) : NULL;

	if (!copy)
		return -ENOMEM;
	*copy = *row;
	copy->id = arena_dup(req->arena, row->id);
	copy->purpose = arena_dup(req->arena, row->purpose);
	copy->about = arena_dup(req->arena, row->about);
	copy->stage = arena_dup(req->arena, row->stage);
	copy->person = arena_dup(req->arena, row->person);
	copy->jid = arena_dup(req->arena, row->jid);
	copy->address = arena_dup(req->arena, row->address);
	copy->language = arena_dup(req->arena, row->language);
	copy->subject = arena_dup(req->arena, row->subject);
	copy->body = arena_dup(req->arena, row->body);
	copy->error = arena_dup(req->arena, row->error);
	args->mail = copy;
	args->number = since_us;
	args->limit = max;
	return store_args_send(s, req);
}

int store_mail_add(struct store *s, struct store_req *req, const struct store_mail *row, uint64_t since_us, size_t max)
{
	return ask_row(s, req, OP_MAIL_ADD, row, since_us, max);
}

int store_mail_mark(struct store *s, struct store_req *req, const struct store_mail *row)
{
	return ask_row(s, req, OP_MAIL_MARK, row, 0, 0);
}

static int ask_id(
	struct store *s, struct store_req *req, enum store_op op, struct str id, uint64_t number, size_t limit)
{
	struct store_args *args = store_args_new(req, op);

	if (!args)
		return -ENOMEM;
	args->owner = arena_dup(req->arena, id);
	args->number = number;
	args->limit = limit;
	return store_args_send(s, req);
}

int store_mail_open(struct store *s, struct store_req *req, struct str id, uint64_t now_us)
{
	return ask_id(s, req, OP_MAIL_OPEN, id, now_us, 0);
}

int store_mail_drop(struct store *s, struct store_req *req, struct str id, uint64_t now_us)
{
	return ask_id(s, req, OP_MAIL_DROP, id, now_us, 0);
}

int store_mail_due(struct store *s, struct store_req *req, uint64_t now_us, size_t limit)
{
	return ask_id(s, req, OP_MAIL_DUE, STR_NONE, now_us, limit);
}

int store_mail_list(struct store *s, struct store_req *req, int state, struct str before, size_t limit)
{
	return ask_id(s, req, OP_MAIL_LIST, before, state < 0 ? STORE_MAIL_STATES : (uint64_t)state, limit);
}

int store_mail_get(struct store *s, struct store_req *req, struct str id)
{
	return ask_id(s, req, OP_MAIL_GET, id, 0, 1);
}

int store_mail_count(struct store *s, struct store_req *req)
{
	return ask_id(s, req, OP_MAIL_COUNT, STR_NONE, 0, 0);
}
