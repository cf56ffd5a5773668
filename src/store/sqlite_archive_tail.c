#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "store/sqlite_archive.h"

enum {
	TURN_ROWS = 4096, /* then the next part's turn is come */
	SLACK = 16384,    /* the newest numbers stay in the tail: loops put their batches in any order */
	FILL_MAX = 1 << 20, /* entries that are made again before all parts go into blocks */
};

/* The newest entries of one owner. */
struct ending {
	uint64_t owner;
	struct sq_entry *entries; /* in order */
	size_t len, cap;
};

/* An entry of the transaction that runs. */
struct fresh {
	uint64_t owner;
	struct sq_entry entry;
};

struct sq_tail {
	pthread_mutex_t lock; /* of owners; all else is the writer's alone */
	struct map owners[SQ_PARTS]; /* of struct ending, by owner */
	size_t len;                  /* entries */
	uint64_t mark[SQ_PARTS];     /* as committed */
	uint64_t now[SQ_PARTS], saved[SQ_PARTS]; /* as the transaction has it, as it was at the savepoint */
	struct sq_rows fresh;        /* of struct fresh */
	size_t saved_fresh;
	uint64_t last; /* the highest seq */
	size_t rows;   /* since the last turn */
	unsigned turn; /* part */
	bool stuck;    /* memory was out, and something is missing: marks stay, so that it comes back at the next start */
};

static unsigned part_of(uint64_t owner)
{
	return owner % SQ_PARTS;
}

static struct str key_of(const uint64_t *owner)
{
	return str_of((const char *)owner, sizeof(*owner));
}

struct sq_tail *sq_tail_new(void)
{
	struct sq_tail *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	t->fresh.size = sizeof(struct fresh);
	for (unsigned i = 0; i < SQ_PARTS; i++)
		map_init(&t->owners[i]);
	return t;
}

static void ending_free(struct ending *e)
{
	free(e->entries);
	free(e);
}

struct sq_tail *sq_tail_free(struct sq_tail *t)
{
	struct map_slot *slot;

	if (!t)
		return NULL;
	for (unsigned i = 0; i < SQ_PARTS; i++) {
		for (size_t at = 0; (slot = map_next(&t->owners[i], &at));)
			ending_free(slot->value);
		map_done(&t->owners[i]);
	}
	sq_rows_done(&t->fresh);
	pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}

int sq_tail_copy(struct sq_tail *t, uint64_t owner, struct sq_rows *out)
{
	const struct ending *e;
	int r = 0;

	pthread_mutex_lock(&t->lock);
	e = map_get(&t->owners[part_of(owner)], key_of(&owner));
	for (size_t i = 0; e && r == 0 && i < e->len; i++) {
		struct sq_entry *copy = sq_rows_add(out);

		if (copy)
			*copy = e->entries[i];
		else
			r = -ENOMEM;
	}
	pthread_mutex_unlock(&t->lock);
	return r;
}

static int compare_seq(const void *a, const void *b)
{
	const struct sq_entry *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int sq_tail_all(struct sq *q, uint64_t owner, struct sq_rows *out)
{
	const struct fresh *fresh = (const struct fresh *)(const void *)q->tail->fresh.data;
	int r = sq_tail_copy(q->tail, owner, out);

	for (size_t i = 0; r == 0 && i < q->tail->fresh.len; i++) {
		struct sq_entry *copy = fresh[i].owner == owner ? sq_rows_add(out) : NULL;

		if (copy)
			*copy = fresh[i].entry;
		else if (fresh[i].owner == owner)
			r = -ENOMEM;
	}
	if (out->len)
		qsort(out->data, out->len, sizeof(struct sq_entry), compare_seq);
	return r;
}

/* ---- the writer's changes; under the lock ---- */

static struct ending *ending_of(struct sq_tail *t, uint64_t owner)
{
	struct map *m = &t->owners[part_of(owner)];
	struct ending *e = map_get(m, key_of(&owner));

	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->owner = owner;
	if (map_put(m, key_of(&e->owner), e) == 0)
		return e;
	free(e);
	return NULL;
}

static int tail_insert(struct sq_tail *t, uint64_t owner, const struct sq_entry *entry)
{
	struct ending *e = ending_of(t, owner);
	size_t at;

	if (!e)
		return -ENOMEM;
	if (e->len == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 4;
		struct sq_entry *entries = reallocarray(e->entries, cap, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		e->entries = entries;
		e->cap = cap;
	}
	for (at = e->len; at && e->entries[at - 1].seq > entry->seq; at--)
		e->entries[at] = e->entries[at - 1];
	e->entries[at] = *entry;
	e->len++;
	t->len++;
	if (entry->seq > t->last)
		t->last = entry->seq;
	return 0;
}

/* How many entries are not above the mark. */
static size_t ending_below(const struct ending *e, uint64_t mark)
{
	size_t len = e->len;

	while (len && e->entries[len - 1].seq > mark)
		len--;
	return len;
}

/* What is in blocks now goes. An ending that is empty stays: its owner will write again. */
static void part_drop(struct sq_tail *t, unsigned part)
{
	struct map_slot *slot;

	for (size_t at = 0; (slot = map_next(&t->owners[part], &at));) {
		struct ending *e = slot->value;
		size_t gone = ending_below(e, t->mark[part]);

		e->len -= gone;
		t->len -= gone;
		for (size_t i = 0; i < e->len; i++)
			e->entries[i] = e->entries[gone + i];
		if (e->len == 0) {
			free(e->entries);
			e->entries = NULL;
			e->cap = 0;
		}
	}
}

/* ---- transactions ---- */

void sq_tail_save(struct sq *q)
{
	struct sq_tail *t = q->tail;

	t->saved_fresh = t->fresh.len;
	memcpy(t->saved, t->now, sizeof(t->now));
}

void sq_tail_undo(struct sq *q)
{
	struct sq_tail *t = q->tail;

	t->fresh.len = t->saved_fresh;
	memcpy(t->now, t->saved, sizeof(t->now));
}

void sq_tail_rollback(struct sq *q)
{
	struct sq_tail *t = q->tail;

	t->fresh.len = 0;
	memcpy(t->now, t->mark, sizeof(t->now));
}

void sq_tail_commit(struct sq *q)
{
	struct sq_tail *t = q->tail;
	const struct fresh *fresh = (const struct fresh *)(const void *)t->fresh.data;
	bool stuck = t->stuck;

	pthread_mutex_lock(&t->lock);
	for (unsigned part = 0; part < SQ_PARTS; part++) {
		if (t->now[part] == t->mark[part])
			continue;
		t->mark[part] = t->now[part];
		part_drop(t, part);
	}
	for (size_t i = 0; i < t->fresh.len; i++)
		if (tail_insert(t, fresh[i].owner, &fresh[i].entry))
			t->stuck = true;
	pthread_mutex_unlock(&t->lock);
	t->fresh.len = 0;
	if (t->stuck && !stuck)
		log_error("out of memory: some messages are not in people's history until the next start");
}

int sq_tail_add(struct sq *q, uint64_t owner, const struct sq_entry *entry)
{
	struct sq_tail *t = q->tail;
	struct fresh *f;

	if (entry->seq <= t->now[part_of(owner)])
		return sq_list_put(q, owner, entry, 1);
	f = sq_rows_add(&t->fresh);
	if (!f)
		return -ENOMEM;
	*f = (struct fresh){.owner = owner, .entry = *entry};
	return 0;
}

/* ---- into blocks ---- */

static int part_settle(struct sq *q, unsigned part, uint64_t mark)
{
	struct sq_tail *t = q->tail;
	sqlite3_stmt *st = sq_get(q, SQ_LIST_MARK);
	struct map_slot *slot;
	int r = st ? 0 : -EIO;

	if (t->stuck || mark <= t->now[part])
		return r;
	for (size_t at = 0; r == 0 && (slot = map_next(&t->owners[part], &at));) {
		const struct ending *e = slot->value;
		size_t len = ending_below(e, mark);

		if (len)
			r = sq_list_put(q, e->owner, e->entries, len);
	}
	if (r)
		return r;
	sq_bind_u64(st, 1, part);
	sq_bind_u64(st, 2, mark);
	t->now[part] = mark;
	return sq_exec(q, st);
}

/* With something fresh it is not: that may be below the mark. */
int sq_tail_turn(struct sq *q, size_t rows)
{
	struct sq_tail *t = q->tail;

	t->rows += rows;
	if (t->rows < TURN_ROWS || t->fresh.len || t->last <= SLACK)
		return 0;
	t->rows = t->rows < 2 * TURN_ROWS ? t->rows - TURN_ROWS : 0;
	t->turn = (t->turn + 1) % SQ_PARTS;
	return part_settle(q, t->turn, t->last - SLACK);
}

int sq_tail_settle(struct sq *q, uint64_t owner, bool *out_ready)
{
	*out_ready = q->tail->fresh.len == 0 && !q->tail->stuck;
	return *out_ready ? part_settle(q, part_of(owner), q->tail->last) : 0;
}

static int all_settle(struct sq *q)
{
	int r = sq_do(q, SQ_BEGIN);

	if (r)
		return r;
	for (unsigned part = 0; r == 0 && part < SQ_PARTS; part++)
		r = part_settle(q, part, q->tail->last);
	if (r == 0)
		r = sq_do(q, SQ_COMMIT);
	if (r == 0) {
		sq_tail_commit(q);
		return 0;
	}
	sq_tail_rollback(q);
	if (!sqlite3_get_autocommit(q->db) && sq_do(q, SQ_ROLLBACK))
		log_error("store: cannot roll back");
	return r;
}

void sq_tail_close(struct sq *q)
{
	if (q->tail->len && all_settle(q))
		log_warn("store: the next start will take longer");
}

/* ---- opening ---- */

static int marks_read(struct sq *q, uint64_t *out_lowest)
{
	sqlite3_stmt *st = sq_get(q, SQ_LIST_MARKS);
	struct sq_tail *t = q->tail;
	bool row;
	int r = st ? 0 : -EIO;

	while (r == 0 && (r = sq_step(q, st, &row)) == 0 && row)
		t->mark[sq_column_u64(st, 0) % SQ_PARTS] = sq_column_u64(st, 1);
	memcpy(t->now, t->mark, sizeof(t->mark));
	*out_lowest = t->mark[0];
	for (unsigned i = 0; i < SQ_PARTS; i++) {
		*out_lowest = t->mark[i] < *out_lowest ? t->mark[i] : *out_lowest;
		t->last = t->mark[i] > t->last ? t->mark[i] : t->last;
	}
	return r;
}

/* Columns seq, pair, id_key, sender, recipient. */
static int row_enter(struct sq_tail *t, sqlite3_stmt *st)
{
	uint64_t key = sq_column_u64(st, 2);
	struct sq_entry e = {.seq = sq_column_u64(st, 0),
		.pair = (uint32_t)sq_column_u64(st, 1),
		.id = (uint32_t)key,
		.own = (uint32_t)(key >> 32)};
	int r = 0;

	for (int side = 3; r == 0 && side <= 4; side++) {
		uint64_t owner = sq_column_u64(st, side);

		if (owner && e.seq > t->mark[part_of(owner)])
			r = tail_insert(t, owner, &e);
	}
	return r;
}

/* Up to FILL_MAX entries of rows behind *seq, which moves on. */
static int rows_enter(struct sq *q, uint64_t *seq, bool *out_more)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_BEHIND);
	int r = st ? 0 : -EIO;

	if (st)
		sq_bind_u64(st, 1, *seq);
	*out_more = true;
	while (r == 0 && q->tail->len < FILL_MAX && (r = sq_step(q, st, out_more)) == 0 && *out_more) {
		*seq = sq_column_u64(st, 0);
		r = row_enter(q->tail, st);
	}
	if (st)
		sqlite3_reset(st);
	return r;
}

int sq_tail_fill(struct sq *q)
{
	uint64_t seq;
	bool more = true;
	int r = marks_read(q, &seq);

	while (r == 0 && more) {
		r = rows_enter(q, &seq, &more);
		if (r == 0 && more)
			r = all_settle(q);
	}
	q->tail->stuck = r != 0;
	return r;
}
