/* Archives: putting rows in.
 *
 * Names of owners and of pairs of correspondents are rows of their own, so that archive rows and indexes hold
 * small numbers; what was looked up is remembered (sq->peers), because people write to each other again. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

enum {
	PEERS_MAX = 16384, /* remembered pairs: a few megabytes */
};

/* What two addresses are in the tables. One block of memory; `key` is "from US to", both bare. */
struct peers {
	uint64_t sender, recipient; /* owners; 0: an account that was removed, which has no archive */
	uint64_t pair;
	size_t len;
	char key[];
};

void sq_peers_forget(struct sq *q)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&q->peers, &i));)
		free(slot->value);
	map_done(&q->peers);
}

/* ---- names ---- */

int sq_owner_find(struct sq *q, struct str jid, uint64_t *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_OWNER_FIND);

	*out = 0;
	if (!st)
		return -EIO;
	sq_bind_str(st, 1, jid);
	return sq_number(q, st, out);
}

static int owner_add(struct sq *q, struct str jid, uint64_t *out)
{
	sqlite3_stmt *gone = sq_get(q, SQ_ACCOUNT_GONE), *add = sq_get(q, SQ_OWNER_ADD);
	uint64_t removed = 0;
	int r;

	if (!gone || !add)
		return -EIO;
	sq_bind_str(gone, 1, jid);
	r = sq_number(q, gone, &removed);
	if (r || removed)
		return r;
	sq_bind_str(add, 1, jid);
	r = sq_exec(q, add);
	*out = (uint64_t)sqlite3_last_insert_rowid(q->db);
	return r;
}

static int owner_get(struct sq *q, struct str jid, uint64_t *out)
{
	int r = sq_owner_find(q, jid, out);

	return r || *out ? r : owner_add(q, jid, out);
}

static sqlite3_stmt *pair_bind(struct sq *q, enum sq_query query, struct str a, struct str b)
{
	sqlite3_stmt *st = sq_get(q, query);
	bool in_order = str_cmp(a, b) <= 0;

	if (!st)
		return NULL;
	sq_bind_str(st, 1, in_order ? a : b);
	sq_bind_str(st, 2, in_order ? b : a);
	return st;
}

int sq_pair_find(struct sq *q, struct str a, struct str b, uint64_t *out)
{
	sqlite3_stmt *st = pair_bind(q, SQ_PAIR_FIND, a, b);

	*out = 0;
	return st ? sq_number(q, st, out) : -EIO;
}

static int pair_get(struct sq *q, struct str a, struct str b, uint64_t *out)
{
	int r = sq_pair_find(q, a, b, out);
	sqlite3_stmt *st;

	if (r || *out)
		return r;
	st = pair_bind(q, SQ_PAIR_ADD, a, b);
	r = st ? sq_exec(q, st) : -EIO;
	*out = (uint64_t)sqlite3_last_insert_rowid(q->db);
	return r;
}

/* ---- what is remembered of them ---- */

static int peers_make(struct sq *q, struct str key, struct str from, struct str to, const struct peers **out)
{
	struct peers *p = malloc(sizeof(*p) + key.len);
	int r;

	if (!p)
		return -ENOMEM;
	*p = (struct peers){.len = key.len};
	memcpy(p->key, key.data, key.len);
	r = owner_get(q, from, &p->sender);
	if (r == 0)
		r = owner_get(q, to, &p->recipient);
	if (r == 0)
		r = pair_get(q, from, to, &p->pair);
	if (r == 0)
		r = map_put(&q->peers, str_of(p->key, p->len), p);
	if (r)
		free(p);
	else
		*out = p;
	return r;
}

static int peers_get(struct sq *q, struct str from, struct str to, const struct peers **out)
{
	char text[2 * JID_MAX + 1];
	size_t len = from.len + 1 + to.len;

	if (len > sizeof(text))
		return -EINVAL;
	memcpy(text, from.data, from.len);
	text[from.len] = '\x1f';
	memcpy(text + from.len + 1, to.data, to.len);
	*out = map_get(&q->peers, str_of(text, len));
	if (*out)
		return 0;
	if (q->peers.len >= PEERS_MAX)
		sq_peers_forget(q);
	return peers_make(q, str_of(text, len), from, to, out);
}

/* ---- rows ---- */

static void bind_owner(sqlite3_stmt *st, int at, uint64_t owner)
{
	if (owner)
		sq_bind_u64(st, at, owner);
	else
		sqlite3_bind_null(st, at);
}

static int row_insert(struct sq *q, const struct store_archived *row, const struct peers *p, unsigned views)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_PUT);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, row->seq);
	bind_owner(st, 2, views & STORE_VIEW_SENDER ? p->sender : 0);
	bind_owner(st, 3, views & STORE_VIEW_RECIPIENT ? p->recipient : 0);
	sq_bind_u64(st, 4, p->pair);
	sq_bind_u64(st, 5, sq_archive_key(row->seq, row->id));
	sq_bind_str(st, 6, row->id);
	sq_bind_u64(st, 7, row->time_us);
	sq_bind_str(st, 8, jid_split(row->from).resource);
	sq_bind_str(st, 9, jid_split(row->to).resource);
	sq_bind_str(st, 10, row->xml);
	return sq_exec(q, st);
}

/* Whom the sender has blocked he cannot have written to: that was refused, and stands nowhere. */
static int views_judge(struct sq *q, const struct jid *from, const struct jid *to, unsigned *views)
{
	struct sq_judgement sender = {}, recipient = {};
	unsigned kept = 0;
	int r = sq_prefs_judge(q, from, to, &sender);

	if (r == 0)
		r = sq_prefs_judge(q, to, from, &recipient);
	if (sender.wanted && !sender.blocked)
		kept |= STORE_VIEW_SENDER;
	if (recipient.wanted && !recipient.blocked && !sender.blocked)
		kept |= STORE_VIEW_RECIPIENT;
	*views &= kept;
	return r;
}

static int row_put(struct sq *q, const struct store_archived *row)
{
	struct jid from = jid_split(row->from), to = jid_split(row->to);
	const struct peers *p = NULL;
	unsigned views = row->views;
	int r = views & STORE_VIEW_JUDGE ? views_judge(q, &from, &to, &views) : 0;

	if (r == 0)
		r = peers_get(q, from.bare, to.bare, &p);
	if (r)
		return r;
	if (p->sender == p->recipient && (views & STORE_VIEW_RECIPIENT))
		views = STORE_VIEW_RECIPIENT; /* what one writes to oneself stands in one archive once */
	if (!(views & STORE_VIEW_SENDER && p->sender) && !(views & STORE_VIEW_RECIPIENT && p->recipient))
		return 0;
	return row_insert(q, row, p, views);
}

int sq_archive_put(struct sq *q, struct store_req *req)
{
	int r = 0;

	for (const struct store_archived *row = req->args->archived; r == 0 && row; row = row->next)
		r = row_put(q, row);
	return r;
}
