/* Invitations (XEP-0401, XEP-0445): made, listed, looked at by the hash of their token, used once. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

static const uint64_t kept_us = 30ULL * 24 * 3600 * 1000000; /* a row stays this long behind its end */

static void invite_read(sqlite3_stmt *st, struct store_invite *i, struct arena *arena)
{
	*i = (struct store_invite){
		.id = sq_column_str(st, 0, arena),
		.domain = sq_column_str(st, 1, arena),
		.jid = sq_column_str(st, 2, arena),
		.made_by = sq_column_str(st, 4, arena),
		.created_us = sq_column_u64(st, 5),
		.expires_us = sq_column_u64(st, 6),
		.used_us = sq_column_u64(st, 7),
		.used_by = sq_column_str(st, 8, arena),
		.revoked_us = sq_column_u64(st, 9),
	};
	i->groups = sq_names_split(arena, sq_column_str(st, 3, arena), &i->groups_len);
}

static int invites_read(struct sq *q, sqlite3_stmt *st, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_invite)};
	struct store_invites *out = arena_zalloc(req->arena, sizeof(*out));
	void *item;
	bool row;
	int r;

	if (!out)
		return -ENOMEM;
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		item = sq_rows_add(&rows);
		if (!item) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		invite_read(st, item, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &item);
	if (r)
		return r;
	*out = (struct store_invites){.rows = item, .len = rows.len};
	req->invites = out;
	return 0;
}

int sq_invite_all(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_INVITE_ALL);

	return st ? invites_read(q, st, req) : -EIO;
}

int sq_invite_find(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_INVITE_FIND);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	r = invites_read(q, st, req);
	return r == 0 && req->invites->len == 0 ? STORE_E_NONE : r;
}

/* Is the address somebody's, was it once, or has another open invitation kept it? */
static int jid_is_taken(struct sq *q, struct str jid, struct str but, uint64_t now_us, bool *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_INVITE_TAKEN);
	uint64_t n = 0;
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, jid);
	sq_bind_str(st, 2, but);
	sq_bind_u64(st, 3, now_us);
	r = sq_number(q, st, &n);
	*out = n > 0;
	return r;
}

static int invite_insert(struct sq *q, const struct store_invite *i, struct arena *arena)
{
	sqlite3_stmt *st = sq_get(q, SQ_INVITE_ADD);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, i->token_hash);
	sq_bind_str(st, 2, i->id);
	sq_bind_str(st, 3, i->domain);
	sq_bind_str(st, 4, i->jid);
	sq_bind_str(st, 5, sq_names_join(arena, i->groups, i->groups_len));
	sq_bind_str(st, 6, i->made_by);
	sq_bind_u64(st, 7, i->created_us);
	sq_bind_u64(st, 8, i->expires_us);
	return sq_exec(q, st);
}

/* `made_by`: of this person alone; STR_NONE: all. */
static int open_count(struct sq *q, uint64_t now_us, struct str made_by, uint64_t *out)
{
	sqlite3_stmt *st = sq_get(q, made_by.data ? SQ_INVITE_COUNT_BY : SQ_INVITE_COUNT);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, now_us);
	if (made_by.data)
		sq_bind_str(st, 2, made_by);
	return sq_number(q, st, out);
}

/* Asked where it is added, on the one thread that adds: two at once are not one too many. */
static int check_room(struct sq *q, const struct store_invite *i, const struct store_args *args)
{
	uint64_t open = 0, own = 0;
	int r = open_count(q, i->created_us, STR_NONE, &open);

	if (r == 0 && open >= args->limit)
		return STORE_E_FULL;
	if (r == 0 && args->number != SIZE_MAX)
		r = open_count(q, i->created_us, i->made_by, &own);
	return r == 0 && own >= args->number ? STORE_E_MANY : r;
}

static int forget_old(struct sq *q, uint64_t now_us)
{
	sqlite3_stmt *st = sq_get(q, SQ_INVITE_FORGET);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, now_us > kept_us ? now_us - kept_us : 0);
	return sq_exec(q, st);
}

int sq_invite_add(struct sq *q, struct store_req *req)
{
	const struct store_invite *i = req->args->invite;
	bool taken = false;
	int r = forget_old(q, i->created_us);

	if (r == 0)
		r = check_room(q, i, req->args);
	if (r == 0 && i->jid.len)
		r = jid_is_taken(q, i->jid, i->token_hash, i->created_us, &taken);
	if (r || taken)
		return r ? r : STORE_E_EXISTS;
	return invite_insert(q, i, req->arena);
}

int sq_invite_revoke(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_INVITE_REVOKE);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_u64(st, 2, req->args->number);
	r = sq_exec(q, st);
	return r == 0 && sqlite3_changes(q->db) == 0 ? STORE_E_NONE : r;
}

static int invite_use(struct sq *q, struct str token_hash, struct str jid, uint64_t now_us)
{
	sqlite3_stmt *st = sq_get(q, SQ_INVITE_USE);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, token_hash);
	sq_bind_str(st, 2, jid);
	sq_bind_u64(st, 3, now_us);
	r = sq_exec(q, st);
	return r == 0 && sqlite3_changes(q->db) == 0 ? STORE_E_NONE : r;
}

/* The account first: what cannot be added leaves the invitation as it was (STORE_E_EXISTS undoes nothing). */
int sq_invite_redeem(struct sq *q, struct store_req *req)
{
	const struct store_account *a = &req->args->accounts[0];
	bool taken = false;
	int r = jid_is_taken(q, a->jid, req->args->owner, a->created_us, &taken);

	if (r || taken)
		return r ? r : STORE_E_EXISTS;
	r = sq_account_insert(q, a, req->arena);
	return r ? r : invite_use(q, req->args->owner, a->jid, a->created_us);
}
