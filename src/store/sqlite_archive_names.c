/* Names of owners and of pairs of correspondents are rows of their own, so that archive rows and lists hold small
 * numbers; what was looked up is remembered, because people write to each other again. What has not been asked for
 * while as much else was is forgotten. */
#include <errno.h>
#include <stdlib.h>

#include "store/sqlite_archive.h"

enum {
	PEERS_MAX = 65536, /* pairs in each of two halves: at most some twenty megabytes */
};

/* What two addresses are in the tables. One block of memory; `key` is both bare addresses, the lesser one first. */
struct peers {
	uint64_t one, other; /* owners; 0: an account that was removed, which has no archive */
	uint64_t pair;
	size_t len;
	char key[];
};

static void half_forget(struct map *half)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(half, &i));)
		free(slot->value);
	map_done(half);
	map_init(half);
}

void sq_peers_forget(struct sq *q)
{
	half_forget(&q->peers[0]);
	half_forget(&q->peers[1]);
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

static int peers_keep(struct sq *q, struct peers *p)
{
	if (q->peers[0].len >= PEERS_MAX) {
		half_forget(&q->peers[1]);
		q->peers[1] = q->peers[0];
		map_init(&q->peers[0]);
	}
	return map_put(&q->peers[0], str_of(p->key, p->len), p);
}

static int peers_make(struct sq *q, struct str key, struct str one, struct str other, struct peers **out)
{
	struct peers *p = malloc(sizeof(*p) + key.len);
	int r;

	if (!p)
		return -ENOMEM;
	*p = (struct peers){.len = key.len};
	memcpy(p->key, key.data, key.len);
	r = owner_get(q, one, &p->one);
	if (r == 0)
		r = owner_get(q, other, &p->other);
	if (r == 0)
		r = pair_get(q, one, other, &p->pair);
	if (r == 0)
		r = peers_keep(q, p);
	if (r)
		free(p);
	else
		*out = p;
	return r;
}

static int peers_find(struct sq *q, struct str key, struct peers **out)
{
	uint64_t hash = map_hash(key);

	*out = map_get_hashed(&q->peers[0], key, hash);
	if (*out)
		return 0;
	*out = map_get_hashed(&q->peers[1], key, hash);
	if (!*out)
		return 0;
	map_del(&q->peers[1], key);
	if (peers_keep(q, *out) == 0)
		return 0;
	free(*out);
	return -ENOMEM;
}

int sq_peers_get(struct sq *q, struct str from, struct str to, struct sq_peers *out)
{
	bool in_order = str_cmp(from, to) <= 0;
	struct str one = in_order ? from : to, other = in_order ? to : from;
	char text[2 * JID_MAX + 1];
	size_t len = one.len + 1 + other.len;
	struct peers *p;
	int r;

	if (len > sizeof(text))
		return -EINVAL;
	memcpy(text, one.data, one.len);
	text[one.len] = '\x1f';
	memcpy(text + one.len + 1, other.data, other.len);
	r = peers_find(q, str_of(text, len), &p);
	if (r == 0 && !p)
		r = peers_make(q, str_of(text, len), one, other, &p);
	if (r == 0)
		*out = (struct sq_peers){.sender = in_order ? p->one : p->other,
			.recipient = in_order ? p->other : p->one,
			.pair = p->pair};
	return r;
}
