/* What accounts want kept (XEP-0441). */
#include <errno.h>

#include "store/prefs.h"
#include "store/sqlite.h"

static int prefs_read(struct sq *q, struct str owner, struct arena *arena, const struct store_prefs **out)
{
	sqlite3_stmt *st = sq_get(q, SQ_PREFS_LOAD);
	struct store_prefs *p;
	bool row;
	int r;

	*out = NULL;
	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r;
	p = arena_zalloc(arena, sizeof(*p));
	if (p) {
		p->fallback = (uint8_t)sq_column_u64(st, 0);
		p->always = sq_names_split(arena, sq_column_str(st, 1, arena), &p->always_len);
		p->never = sq_names_split(arena, sq_column_str(st, 2, arena), &p->never_len);
	}
	sqlite3_reset(st);
	*out = p;
	return p && !arena_is_full(arena) ? 0 : -ENOMEM;
}

int sq_prefs_load(struct sq *q, struct store_req *req)
{
	return prefs_read(q, req->args->owner, req->arena, &req->prefs);
}

int sq_prefs_put(struct sq *q, struct store_req *req)
{
	const struct store_prefs *p = req->args->prefs;
	sqlite3_stmt *st = sq_get(q, SQ_PREFS_PUT);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, req->args->owner);
	sq_bind_u64(st, 2, p->fallback);
	sq_bind_str(st, 3, sq_names_join(req->arena, p->always, p->always_len));
	sq_bind_str(st, 4, sq_names_join(req->arena, p->never, p->never_len));
	return sq_exec(q, st);
}

/* ---- judging (replay alone: live, route/ has all of this in memory) ---- */

static int is_there(struct sq *q, sqlite3_stmt *st, bool *out)
{
	uint64_t one = 0;
	int r = sq_number(q, st, &one);

	*out = one != 0;
	return r;
}

static int in_roster(struct sq *q, struct str owner, struct str contact, bool *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_IN_ROSTER);

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	sq_bind_str(st, 2, contact);
	return is_there(q, st, out);
}

/* The four forms of XEP-0191 section 2.1. Nobody blocks himself. */
static int blocks(struct sq *q, struct str owner, const struct jid *peer, struct arena *arena, bool *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_BLOCKS);
	struct str service = arena_printf(arena, "%.*s/%.*s", STR_FMT(peer->domain), STR_FMT(peer->resource));

	if (!st)
		return -EIO;
	*out = false;
	if (str_eq(owner, peer->bare))
		return 0;
	sq_bind_str(st, 1, owner);
	sq_bind_str(st, 2, peer->full);
	sq_bind_str(st, 3, peer->bare);
	sq_bind_str(st, 4, peer->domain);
	sq_bind_str(st, 5, service);
	return is_there(q, st, out);
}

int sq_prefs_judge(struct sq *q, const struct jid *owner, const struct jid *peer, struct sq_judgement *out)
{
	struct arena *arena = arena_new(0);
	const struct store_prefs *prefs = NULL;
	bool known = false;
	int r = arena ? prefs_read(q, owner->bare, arena, &prefs) : -ENOMEM;

	if (r == 0 && prefs)
		r = in_roster(q, owner->bare, peer->bare, &known);
	if (r == 0)
		r = blocks(q, owner->bare, peer, arena, &out->blocked);
	out->wanted = store_prefs_allow(prefs, peer, known);
	arena_free(arena);
	return r;
}
