/* Blocks of entries. In the file a block is four rows of numbers of 32 bits, little endian: seq less the block's
 * first, pair, id, own; so a hash is looked for in one narrow place. */
#include <errno.h>
#include <stdlib.h>

#include "store/sqlite_ahead.h"
#include "store/sqlite_archive.h"

enum {
	FIELDS = 4,
	ENTRY_BYTES = FIELDS * 4,
	AHEAD_BEGIN = 2,  /* blocks read before others are asked for */
	AHEAD_FIRST = 16, /* pages, */
	AHEAD_MANY = 32,  /* until so many blocks are read */
};

static void put32(uint8_t *to, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get32(const uint8_t *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static void block_encode(uint8_t *to, const struct sq_entry *e, size_t len)
{
	for (size_t i = 0; i < len; i++, to += 4) {
		put32(to, (uint32_t)(e[i].seq - e[0].seq));
		put32(to + 4 * len, e[i].pair);
		put32(to + 8 * len, e[i].id);
		put32(to + 12 * len, e[i].own);
	}
}

/* Columns first, entries of the row the statement is at. */
static int block_decode(sqlite3_stmt *st, struct sq_entry out[SQ_BLOCK], size_t *out_len)
{
	uint64_t first = sq_column_u64(st, 0);
	const uint8_t *from = sqlite3_column_blob(st, 1);
	size_t bytes = (size_t)sqlite3_column_bytes(st, 1), len = bytes / ENTRY_BYTES;

	if (bytes % ENTRY_BYTES || len == 0 || len > SQ_BLOCK)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++, from += 4)
		out[i] = (struct sq_entry){.seq = first + get32(from),
			.pair = get32(from + 4 * len),
			.id = get32(from + 8 * len),
			.own = get32(from + 12 * len)};
	*out_len = len;
	return 0;
}

/* ---- putting ---- */

static int block_write(struct sq *q, uint64_t owner, const struct sq_entry *e, size_t len)
{
	sqlite3_stmt *st = sq_get(q, SQ_LIST_PUT);
	uint8_t text[SQ_BLOCK * ENTRY_BYTES];

	if (!st)
		return -EIO;
	block_encode(text, e, len);
	sq_bind_u64(st, 1, owner);
	sq_bind_u64(st, 2, e[0].seq);
	sq_bind_u64(st, 3, e[len - 1].seq);
	sq_bind_blob(st, 4, text, len * ENTRY_BYTES);
	return sq_exec(q, st);
}

static int blocks_write(struct sq *q, uint64_t owner, const struct sq_entry *e, size_t len)
{
	int r = 0;

	for (size_t at = 0, n; r == 0 && at < len; at += n) {
		for (n = 1; n < SQ_BLOCK && at + n < len && e[at + n].seq - e[at].seq <= UINT32_MAX;)
			n++;
		r = block_write(q, owner, &e[at], n);
	}
	return r;
}

/* One block by a statement with owner and a seq. */
static int block_read(struct sq *q, enum sq_query query, uint64_t owner, uint64_t seq,
	struct sq_entry out[SQ_BLOCK], size_t *out_len)
{
	sqlite3_stmt *st = sq_get(q, query);
	bool row;
	int r;

	*out_len = 0;
	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, owner);
	sq_bind_u64(st, 2, seq);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r;
	r = block_decode(st, out, out_len);
	sqlite3_reset(st);
	return r;
}

int sq_list_first(struct sq *q, uint64_t owner, struct sq_entry out[SQ_BLOCK], size_t *out_len)
{
	return block_read(q, SQ_LIST_BEHIND, owner, 0, out, out_len);
}

static size_t merge(struct sq_entry *to, const struct sq_entry *a, size_t a_len, const struct sq_entry *b, size_t b_len)
{
	size_t len = 0, i = 0, j = 0;

	while (i < a_len || j < b_len) {
		bool same = i < a_len && j < b_len && a[i].seq == b[j].seq;
		bool left = j == b_len || (i < a_len && a[i].seq <= b[j].seq);

		to[len++] = left ? a[i++] : b[j++];
		j += same;
	}
	return len;
}

/* Entries that belong between the block's first and the next block's. */
static int block_merge(struct sq *q, uint64_t owner, const struct sq_entry *block, size_t block_len,
	const struct sq_entry *entries, size_t len)
{
	struct sq_entry *all;
	int r;

	if (block_len == 0 || (block_len == SQ_BLOCK && block[block_len - 1].seq < entries[0].seq))
		return blocks_write(q, owner, entries, len);
	all = reallocarray(NULL, block_len + len, sizeof(*all));
	if (!all)
		return -ENOMEM;
	r = blocks_write(q, owner, all, merge(all, block, block_len, entries, len));
	free(all);
	return r;
}

int sq_list_put(struct sq *q, uint64_t owner, const struct sq_entry *entries, size_t len)
{
	struct sq_entry block[SQ_BLOCK], next[SQ_BLOCK];
	size_t block_len, next_len, n;
	int r = 0;

	for (; r == 0 && len; entries += n, len -= n) {
		n = 1;
		r = block_read(q, SQ_LIST_AT, owner, entries[0].seq, block, &block_len);
		if (r == 0)
			r = block_read(q, SQ_LIST_BEHIND, owner, entries[0].seq, next, &next_len);
		if (r)
			break;
		while (n < len && (next_len == 0 || entries[n].seq < next[0].seq))
			n++;
		r = block_merge(q, owner, block, block_len, entries, n);
	}
	return r;
}

/* ---- walking ---- */

int sq_walk_begin(struct sq_walk *w, struct sq *q, uint64_t owner, const struct sq_rows *tail)
{
	w->q = q;
	w->st = sq_get(q, w->down ? SQ_LIST_DOWN : SQ_LIST_UP);
	w->ended = false;
	w->len = w->at = 0;
	w->owner = owner;
	w->blocks = w->ahead = 0;
	w->tail = (const struct sq_entry *)(const void *)tail->data;
	w->tail_len = tail->len;
	w->tail_at = 0;
	if (!w->st)
		return -EIO;
	sq_bind_u64(w->st, 1, owner);
	sq_bind_u64(w->st, 2, w->low);
	sq_bind_u64(w->st, 3, w->high);
	return 0;
}

void sq_walk_end(struct sq_walk *w)
{
	if (w->st)
		sqlite3_reset(w->st);
}

static bool is_within(const struct sq_walk *w, const struct sq_entry *e)
{
	return e->seq > w->low && e->seq < w->high;
}

static const struct sq_entry *entry_at(const struct sq_walk *w, const struct sq_entry *list, size_t len, size_t at)
{
	return &list[w->down ? len - 1 - at : at];
}

/* Who reads one block may find all he wants in it; who has read some goes on. Four blocks are on a page. */
static void block_ahead(struct sq_walk *w)
{
	size_t pages = w->blocks < AHEAD_MANY ? AHEAD_FIRST : SQ_AHEAD_MAX;

	if (++w->blocks < AHEAD_BEGIN || w->blocks + AHEAD_BEGIN < w->ahead)
		return;
	sq_ahead_list(w->q, w->owner, w->down ? w->low : w->block[0].seq, w->down ? w->block[0].seq : w->high, w->down, pages);
	w->ahead = w->blocks + 4 * pages;
}

/* The next entry of the blocks that is within; NULL: there is none. */
static int block_peek(struct sq_walk *w, const struct sq_entry **out)
{
	bool row;
	int r;

	for (*out = NULL; !w->ended;) {
		while (w->at < w->len && !is_within(w, entry_at(w, w->block, w->len, w->at)))
			w->at++;
		if (w->at < w->len) {
			*out = entry_at(w, w->block, w->len, w->at);
			return 0;
		}
		r = sq_step(w->q, w->st, &row);
		w->ended = r || !row;
		w->at = 0;
		if (r == 0 && row)
			r = block_decode(w->st, w->block, &w->len);
		if (r)
			return r;
		if (!w->ended)
			block_ahead(w);
	}
	return 0;
}

static const struct sq_entry *tail_peek(struct sq_walk *w)
{
	while (w->tail_at < w->tail_len && !is_within(w, entry_at(w, w->tail, w->tail_len, w->tail_at)))
		w->tail_at++;
	return w->tail_at < w->tail_len ? entry_at(w, w->tail, w->tail_len, w->tail_at) : NULL;
}

int sq_walk_next(struct sq_walk *w, bool *out_there, struct sq_entry *out)
{
	const struct sq_entry *tail = tail_peek(w), *block;
	int r = block_peek(w, &block);
	bool use_block, use_tail;

	*out_there = r == 0 && (tail || block);
	if (!*out_there)
		return r;
	use_block = block && (!tail || block->seq == tail->seq || (block->seq < tail->seq) != w->down);
	use_tail = tail && (!block || block->seq == tail->seq || !use_block);
	*out = use_block ? *block : *tail;
	w->at += use_block;
	w->tail_at += use_tail;
	return 0;
}
