/* Accounts, verifiers, and how far of the record is applied. */
#include <errno.h>
#include <openssl/crypto.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

int sq_applied_raise(struct sq *q, uint64_t seq)
{
	sqlite3_stmt *st = sq_get(q, SQ_APPLIED_RAISE);

	if (!st)
		return -EIO;
	if (seq == 0)
		return 0;
	sq_bind_u64(st, 1, seq);
	return sq_exec(q, st);
}

int store_sqlite_applied(struct store_backend *b, uint64_t *out)
{
	struct sq *q = container_of(b, struct sq, base);
	sqlite3_stmt *st = sq_get(q, SQ_APPLIED_GET);
	bool row;
	int r = st ? sq_step(q, st, &row) : -EIO;

	if (r)
		return r;
	*out = row ? sq_column_u64(st, 0) : 0;
	return row ? sq_exec(q, st) : 0;
}

static void account_read(sqlite3_stmt *st, struct store_account *a, struct arena *arena)
{
	*a = (struct store_account){
		.person_id = sq_column_str(st, 0, arena),
		.jid = sq_column_str(st, 1, arena),
		.name = sq_column_str(st, 2, arena),
		.mail = sq_column_str(st, 3, arena),
		.language = sq_column_str(st, 4, arena),
		.department = sq_column_str(st, 5, arena),
		.disabled = sq_column_u64(st, 7) != 0,
		.created_us = sq_column_u64(st, 8),
	};
	a->groups = sq_names_split(arena, sq_column_str(st, 6, arena), &a->groups_len);
}

static int accounts_read(struct sq *q, sqlite3_stmt *st, struct store_req *req, struct store_accounts *out)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_account)};
	struct store_account *a;
	void *taken;
	bool row = true;
	int r;

	for (;;) {
		r = sq_step(q, st, &row);
		if (r || !row)
			break;
		a = sq_rows_add(&rows);
		if (!a) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		account_read(st, a, req->arena);
	}
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &taken);
	if (r == 0)
		*out = (struct store_accounts){.rows = taken, .len = rows.len};
	return r;
}

int sq_account_all(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_ACCOUNT_ALL);
	struct store_accounts *out = arena_alloc(req->arena, sizeof(*out));

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	req->accounts = out;
	return accounts_read(q, st, req, out);
}

int sq_account_get(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_ACCOUNT_GET);
	struct store_accounts *out = arena_alloc(req->arena, sizeof(*out));
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	sq_bind_str(st, 1, req->args->owner);
	req->accounts = out;
	r = accounts_read(q, st, req, out);
	return r == 0 && out->len == 0 ? STORE_E_NONE : r;
}

static int verifiers_write(struct sq *q, uint64_t account, const struct store_verifier *verifiers)
{
	sqlite3_stmt *st = sq_get(q, SQ_VERIFIER_PUT);

	for (unsigned kind = 0; st && verifiers && kind < STORE_VERIFIER_KINDS; kind++) {
		const struct store_verifier *v = &verifiers[kind];
		int r;

		if (v->iterations == 0)
			continue;
		sq_bind_u64(st, 1, account);
		sq_bind_u64(st, 2, kind);
		sq_bind_u64(st, 3, v->iterations);
		sq_bind_blob(st, 4, v->salt, v->salt_len);
		sq_bind_blob(st, 5, v->stored_key, v->key_len);
		sq_bind_blob(st, 6, v->server_key, v->key_len);
		r = sq_exec(q, st);
		if (r)
			return r;
	}
	return st ? 0 : -EIO;
}

int sq_account_insert(struct sq *q, const struct store_account *a, struct arena *arena)
{
	sqlite3_stmt *st = sq_get(q, SQ_ACCOUNT_ADD);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, a->person_id);
	sq_bind_str(st, 2, a->jid);
	sq_bind_str(st, 3, a->name);
	sq_bind_str(st, 4, a->mail);
	sq_bind_str(st, 5, a->language);
	sq_bind_str(st, 6, a->department);
	sq_bind_str(st, 7, sq_names_join(arena, a->groups, a->groups_len));
	sq_bind_u64(st, 8, a->disabled);
	sq_bind_u64(st, 9, a->created_us);
	r = sq_exec(q, st);
	if (r)
		return r;
	if (sqlite3_changes(q->db) == 0)
		return STORE_E_EXISTS;
	return verifiers_write(q, (uint64_t)sqlite3_last_insert_rowid(q->db), a->verifiers);
}

int sq_account_add(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	int *outcomes = arena_alloc(req->arena, args->len * sizeof(*outcomes) + 1);
	int r = 0;

	if (!outcomes)
		return -ENOMEM;
	for (size_t i = 0; i < args->len; i++) {
		outcomes[i] = sq_account_insert(q, &args->accounts[i], req->arena);
		if (outcomes[i] == STORE_E_EXISTS)
			r = STORE_E_EXISTS;
		else if (outcomes[i])
			return outcomes[i];
	}
	req->outcomes = outcomes;
	return r;
}

/* STORE_E_NONE when there is no such account. */
static int account_find(struct sq *q, struct str jid, uint64_t *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_ACCOUNT_ID);
	bool row;
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, jid);
	r = sq_step(q, st, &row);
	if (r)
		return r;
	if (!row)
		return STORE_E_NONE;
	*out = sq_column_u64(st, 0);
	return sq_exec(q, st);
}

/* What is not bound is NULL and stays as it is (coalesce). */
static int account_set(
	struct sq *q, uint64_t account, const struct store_account *a, unsigned fields, struct arena *arena)
{
	sqlite3_stmt *st = sq_get(q, SQ_ACCOUNT_UPDATE);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, account);
	if (fields & STORE_ACCOUNT_NAME)
		sq_bind_str(st, 2, a->name);
	if (fields & STORE_ACCOUNT_MAIL)
		sq_bind_str(st, 3, a->mail);
	if (fields & STORE_ACCOUNT_LANGUAGE)
		sq_bind_str(st, 4, a->language);
	if (fields & STORE_ACCOUNT_DEPARTMENT)
		sq_bind_str(st, 5, a->department);
	if (fields & STORE_ACCOUNT_GROUPS)
		sq_bind_str(st, 6, sq_names_join(arena, a->groups, a->groups_len));
	if (fields & STORE_ACCOUNT_DISABLED)
		sq_bind_u64(st, 7, a->disabled);
	return sq_exec(q, st);
}

static int exec_with_id(struct sq *q, enum sq_query query, uint64_t id)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, id);
	return sq_exec(q, st);
}

static int exec_with_owner(struct sq *q, enum sq_query query, struct str owner)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	return sq_exec(q, st);
}

/* A new password, or none any more: what was given out on the old one is worth nothing. */
static bool ends_tokens(const struct store_account *a, unsigned fields)
{
	return fields & STORE_ACCOUNT_VERIFIERS || (fields & STORE_ACCOUNT_DISABLED && a->disabled);
}

int sq_account_update(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	uint64_t account;
	int r = account_find(q, args->accounts[0].jid, &account);

	if (r == 0)
		r = account_set(q, account, &args->accounts[0], args->fields, req->arena);
	if (r == 0 && ends_tokens(&args->accounts[0], args->fields))
		r = exec_with_owner(q, SQ_TOKEN_CLEAR, args->accounts[0].jid);
	if (r || !(args->fields & STORE_ACCOUNT_VERIFIERS))
		return r;
	r = exec_with_id(q, SQ_VERIFIER_CLEAR, account);
	if (r == 0)
		r = exec_with_owner(q, SQ_CLIENT_LEAVE, args->accounts[0].jid);
	return r ? r : verifiers_write(q, account, args->accounts[0].verifiers);
}

int sq_account_remove(struct sq *q, struct store_req *req)
{
	static const enum sq_query owned[] = {
		SQ_ROSTER_CLEAR, SQ_ROSTER_VERSION_CLEAR, SQ_ROSTER_LOG_CLEAR, SQ_BLOCK_CLEAR, SQ_MESSAGE_CLEAR,
		SQ_PREFS_CLEAR, SQ_SEEN_CLEAR, SQ_VISIT_CLEAR, SQ_OWNER_LEAVE, SQ_PRIVATE_CLEAR, SQ_VCARD_CLEAR, SQ_PEP_NODES_CLEAR,
		SQ_PEP_ITEMS_CLEAR, SQ_CLIENT_CLEAR, SQ_VOUCHER_CLEAR, SQ_REFUSAL_CLEAR, SQ_MAIL_CLEAR,
		SQ_TOKEN_CLEAR, SQ_SILENCE_CLEAR, SQ_DEVICE_CLEAR, SQ_PRIVACY_CLEAR};
	uint64_t account;
	int r = account_find(q, req->args->owner, &account);

	if (r == 0)
		r = sq_roster_leave(q, req);
	if (r == 0)
		r = exec_with_id(q, SQ_ACCOUNT_REMOVE, account);
	if (r == 0)
		r = exec_with_id(q, SQ_VERIFIER_CLEAR, account);
	for (size_t i = 0; r == 0 && i < sizeof(owned) / sizeof(owned[0]); i++)
		r = exec_with_owner(q, owned[i], req->args->owner);
	sq_peers_forget(q);
	return r;
}

static bool blob_read(sqlite3_stmt *st, int at, uint8_t *to, size_t max, uint8_t *out_len)
{
	int len = sqlite3_column_bytes(st, at);

	if (len <= 0 || (size_t)len > max)
		return false;
	memcpy(to, sqlite3_column_blob(st, at), (size_t)len);
	*out_len = (uint8_t)len;
	return true;
}

static int verifier_read(sqlite3_stmt *st, struct store_verifier *v)
{
	uint8_t len = 0;

	v->iterations = (uint32_t)sqlite3_column_int64(st, 0);
	if (!blob_read(st, 1, v->salt, sizeof(v->salt), &v->salt_len) ||
		!blob_read(st, 2, v->stored_key, sizeof(v->stored_key), &v->key_len) ||
		!blob_read(st, 3, v->server_key, sizeof(v->server_key), &len) || len != v->key_len)
		return -EBADMSG;
	return 0;
}

int sq_verifier_get(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_VERIFIER_GET);
	struct store_verifier *v = arena_zalloc(req->arena, sizeof(*v));
	bool row;
	int r;

	if (!st || !v)
		return st ? -ENOMEM : -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_u64(st, 2, req->args->kind);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r ? r : STORE_E_NONE;
	req->secret = v;
	req->secret_len = sizeof(*v);
	req->verifier = v;
	r = verifier_read(st, v);
	sqlite3_reset(st);
	return r;
}

int sq_verifier_lacking(struct sq *q, struct store_req *req)
{
	sqlite3_stmt *st = sq_get(q, SQ_VERIFIER_LACKING);
	uint64_t *out = arena_zalloc(req->arena, STORE_VERIFIER_KINDS * sizeof(*out));
	bool row;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	r = sq_step(q, st, &row);
	for (int kind = 0; r == 0 && row && kind < STORE_VERIFIER_KINDS; kind++)
		out[kind] = sq_column_u64(st, kind);
	sqlite3_reset(st);
	req->lacking = out;
	return r;
}
