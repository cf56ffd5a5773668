/* Archives: putting rows in. */
#include <errno.h>

#include "store/sqlite_archive.h"

static void bind_owner(sqlite3_stmt *st, int at, uint64_t owner)
{
	if (owner)
		sq_bind_u64(st, at, owner);
	else
		sqlite3_bind_null(st, at);
}

static int row_insert(struct sq *q, const struct store_archived *row, const struct sq_peers *p)
{
	struct sq_entry e = {.seq = row->seq,
		.pair = (uint32_t)p->pair,
		.id = sq_id_hash(row->id),
		.own = sq_own_hash(row->own, row->origin)};
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_PUT);
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, row->seq);
	bind_owner(st, 2, p->sender);
	bind_owner(st, 3, p->recipient);
	sq_bind_u64(st, 4, p->pair);
	sq_bind_u64(st, 5, (uint64_t)e.own << 32 | e.id);
	sq_bind_str(st, 6, row->id);
	sq_bind_u64(st, 7, row->time_us);
	sq_bind_str(st, 8, jid_split(row->from).resource);
	sq_bind_str(st, 9, jid_split(row->to).resource);
	sq_bind_str(st, 10, row->xml);
	r = sq_exec(q, st);
	if (r || sqlite3_changes(q->db) == 0)
		return r;
	r = p->sender ? sq_tail_add(q, p->sender, &e) : 0;
	return r || !p->recipient ? r : sq_tail_add(q, p->recipient, &e);
}

/* Whom the sender has blocked he cannot have written to: that was refused, and stands nowhere. *out_arrived: the
 * recipient had not blocked the sender. */
static int views_judge(struct sq *q, const struct jid *from, const struct jid *to, unsigned *views, bool *out_arrived)
{
	struct sq_judgement sender = {}, recipient = {};
	unsigned kept = 0;
	int r = sq_prefs_judge(q, from, to, &sender);

	if (r == 0)
		r = sq_prefs_judge(q, to, from, &recipient);
	if (sender.wanted && !sender.blocked)
		kept |= STORE_VIEW_SENDER;
	*out_arrived = !recipient.blocked && !sender.blocked;
	if (recipient.wanted && *out_arrived)
		kept |= STORE_VIEW_RECIPIENT;
	*views &= kept;
	return r;
}

static int row_put(struct sq *q, const struct store_archived *row)
{
	struct jid from = jid_split(row->from), to = jid_split(row->to);
	struct sq_peers p;
	unsigned views = row->views;
	bool arrived = true;
	int r = views & STORE_VIEW_JUDGE ? views_judge(q, &from, &to, &views, &arrived) : 0;

	if (r == 0)
		r = sq_peers_get(q, from.bare, to.bare, &p);
	if (r == 0 && row->retracts.len && arrived)
		r = sq_archive_bury(q, &p, row);
	if (r == 0 && row->retracts.len && arrived)
		r = sq_message_bury(q, to.bare, row);
	if (r)
		return r;
	if (p.sender == p.recipient && (views & STORE_VIEW_RECIPIENT))
		views = STORE_VIEW_RECIPIENT; /* what one writes to oneself stands in one archive once */
	if (!(views & STORE_VIEW_SENDER))
		p.sender = 0;
	if (!(views & STORE_VIEW_RECIPIENT))
		p.recipient = 0;
	return p.sender || p.recipient ? row_insert(q, row, &p) : 0;
}

int sq_archive_put(struct sq *q, struct store_req *req)
{
	int r = sq_tail_turn(q, req->args->len);

	sq_archive_bury_begin(q);
	for (const struct store_archived *row = req->args->archived; r == 0 && row; row = row->next)
		r = row_put(q, row);
	return r;
}
