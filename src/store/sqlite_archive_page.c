/* Reading a page of an archive: bounds first, then a walk through the owner's entries, and as many rows as the page
 * holds. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/sqlite_ahead.h"
#include "store/sqlite_archive.h"

enum {
	SEARCH_MS = 2000, /* how long one question may take */
};

/* What is asked for, in numbers of rows. */
struct range {
	uint64_t owner;
	uint64_t low, high; /* between these, both excluded */
	uint64_t pair;      /* of `with`; 0: everybody */
	struct str resource;
	struct str nick;
	bool self;    /* `with` is the owner's own address */
	bool nothing; /* nothing can be in it */
	struct sq_rows tail; /* the owner's newest entries */
};

/* ---- bounds ---- */

static void range_above(struct range *g, uint64_t seq)
{
	g->low = seq > g->low ? seq : g->low;
}

static void range_below(struct range *g, uint64_t seq)
{
	g->high = seq < g->high ? seq : g->high;
}

static int bound_ids(struct sq *q, struct range *g, const struct store_archive_query *query)
{
	const struct str ids[] = {query->after, query->after_page, query->before, query->before_page};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint64_t seq;
		int r;

		if (ids[i].len == 0)
			continue;
		r = g->owner ? sq_archive_seq(q, g->owner, &g->tail, ids[i], &seq) : STORE_E_NONE;
		if (r)
			return r;
		if (i < 2)
			range_above(g, seq);
		else
			range_below(g, seq);
	}
	return 0;
}

static int bound_times(struct sq *q, struct range *g, const struct store_archive_query *query)
{
	uint64_t seq, floor = g->low;
	int r = 0;

	if (!g->owner)
		return 0;
	if (query->start_us) {
		r = sq_archive_since(q, g->owner, &g->tail, floor, query->start_us, &seq);
		if (r == 0 && seq)
			range_above(g, seq - 1);
	}
	if (r == 0 && query->end_us) {
		r = sq_archive_since(q, g->owner, &g->tail, floor, query->end_us + 1, &seq);
		if (r == 0)
			range_below(g, seq);
	}
	return r;
}

static int bound_with(struct sq *q, struct range *g, const struct store_archive_query *query)
{
	struct jid with = jid_split(query->with);
	int r;

	if (query->with.len == 0)
		return 0;
	r = sq_pair_find(q, query->owner, with.bare, &g->pair);
	g->resource = with.resource;
	g->self = str_eq(query->owner, with.bare);
	g->nothing = g->nothing || g->pair == 0;
	return r;
}

static int range_find(struct sq *q, struct range *g, const struct store_archive_query *query)
{
	int r = sq_owner_find(q, query->owner, &g->owner);

	g->nothing = g->owner == 0;
	g->high = INT64_MAX;
	g->nick = query->nick;
	if (r == 0 && g->owner)
		r = sq_tail_copy(q->tail, g->owner, &g->tail); /* before any block is read */
	if (r == 0)
		r = sq_archive_floor(q, &g->low);
	if (r == 0)
		r = bound_times(q, g, query);
	if (r == 0)
		r = bound_ids(q, g, query);
	return r ? r : bound_with(q, g, query);
}

/* ---- rows ---- */

/* Does this row stand in the archive, with the resource that was asked for? Statement: SQ_ARCHIVE_GET. */
static bool row_fits(const struct range *g, sqlite3_stmt *st)
{
	bool sent = sq_column_u64(st, 3) == g->owner, received = sq_column_u64(st, 4) == g->owner;

	if (g->nick.len)
		return received && str_eq(sq_column_view(st, 6), g->nick);
	if (g->resource.len == 0)
		return sent || received;
	return (received && str_eq(sq_column_view(st, 5), g->resource)) ||
	       ((sent || (received && g->self)) && str_eq(sq_column_view(st, 6), g->resource));
}

static int row_keep(sqlite3_stmt *st, uint64_t seq, struct sq_rows *rows, struct arena *arena, size_t *bytes)
{
	struct store_archived *row = sq_rows_add(rows);

	if (!row)
		return -ENOMEM;
	row->seq = seq;
	row->id = sq_column_str(st, 0, arena);
	row->time_us = sq_column_u64(st, 1);
	row->xml = sq_column_str(st, 2, arena);
	*bytes += row->xml.len;
	return 0;
}

/* The row of an entry, if it is there still and fits; then the statement is to be reset. */
static int row_find(struct sq *q, const struct range *g, uint64_t seq, sqlite3_stmt **out)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_GET);
	bool row;
	int r;

	*out = NULL;
	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, seq);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r;
	if (row_fits(g, st))
		*out = st;
	else
		sqlite3_reset(st);
	return 0;
}

static bool is_full(const struct store_archive_query *query, size_t max, size_t len, size_t bytes)
{
	return len == max || (query->max_bytes && bytes >= query->max_bytes);
}

/* Numbers of the next rows that may be what is asked for, up to `max`; fewer: there are no others. */
static int walk_gather(struct sq_walk *w, const struct range *g, size_t max, uint64_t *out, size_t *out_len)
{
	struct sq_entry e;
	bool there = true;
	int r = 0;

	for (*out_len = 0; r == 0 && there && *out_len < max;) {
		r = sq_walk_next(w, &there, &e);
		if (r == 0 && there && (!g->pair || e.pair == (uint32_t)g->pair))
			out[(*out_len)++] = e.seq;
	}
	return r;
}

/* As many as the page may still want are found in the list before any is read. */
static int walk_read(struct sq *q, struct sq_walk *w, const struct range *g, const struct store_archive_query *query,
	size_t max, struct arena *arena, struct sq_rows *rows, bool *out_more)
{
	size_t bytes = 0, begin = rows->len, want, len;
	uint64_t seq[SQ_AHEAD_MAX];
	sqlite3_stmt *st;
	int r;

	do {
		want = max - (rows->len - begin) + 1;
		want = want < SQ_AHEAD_MAX ? want : SQ_AHEAD_MAX;
		r = walk_gather(w, g, want, seq, &len);
		if (r == 0)
			sq_ahead_rows(q, seq, len);
		for (size_t i = 0; r == 0 && i < len && !*out_more; i++) {
			r = row_find(q, g, seq[i], &st);
			if (r || !st)
				continue;
			*out_more = is_full(query, max, rows->len - begin, bytes);
			r = *out_more ? 0 : row_keep(st, seq[i], rows, arena, &bytes);
			sqlite3_reset(st);
		}
	} while (r == 0 && !*out_more && len == want);
	return r;
}

/* Up to `max` rows from one end. *out_more: there were more, or they were too many bytes. */
static int run_read(struct sq *q, const struct range *g, const struct store_archive_query *query, size_t max,
	struct arena *arena, struct sq_rows *rows, bool *out_more)
{
	struct sq_walk w = {.low = g->low, .high = g->high, .down = query->newest};
	int r = sq_walk_begin(&w, q, g->owner, &g->tail);

	*out_more = false;
	if (r == 0)
		r = walk_read(q, &w, g, query, max, arena, rows, out_more);
	sq_walk_end(&w);
	return r;
}

static void rows_turn(struct store_archived *rows, size_t len)
{
	for (size_t i = 0; i < len / 2; i++) {
		struct store_archived other = rows[i];

		rows[i] = rows[len - 1 - i];
		rows[len - 1 - i] = other;
	}
}

static int page_read(struct sq *q, const struct range *g, const struct store_archive_query *query,
	struct arena *arena, struct sq_rows *rows, bool *out_more)
{
	int r = run_read(q, g, query, query->max, arena, rows, out_more);

	if (r == 0 && query->newest)
		rows_turn((struct store_archived *)(void *)rows->data, rows->len);
	return r;
}

/* The first, and the last unless it is the same. */
static int edges_read(struct sq *q, const struct range *g, const struct store_archive_query *query,
	struct arena *arena, struct sq_rows *rows)
{
	struct store_archive_query last = *query;
	const struct store_archived *both;
	bool more;
	int r = run_read(q, g, query, 1, arena, rows, &more);

	last.newest = true;
	if (r == 0 && rows->len)
		r = run_read(q, g, &last, 1, arena, rows, &more);
	both = (const struct store_archived *)(const void *)rows->data;
	if (r == 0 && rows->len == 2 && both[0].seq == both[1].seq)
		rows->len = 1;
	return r;
}

static int compare_seq(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Each of the ids has to be there; of them, those that fit the other bounds, in order, no more than a page.
 */
static int ids_read(struct sq *q, const struct range *g, const struct store_archive_query *query,
	struct arena *arena, struct sq_rows *rows, bool *out_more)
{
	uint64_t *seq = arena_alloc(arena, (query->ids_len + 1) * sizeof(*seq));
	size_t skip, len = query->ids_len;
	int r = seq ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < len; i++)
		r = g->owner ? sq_archive_seq(q, g->owner, &g->tail, query->ids[i], &seq[i]) : STORE_E_NONE;
	if (r || g->nothing)
		return r;
	qsort(seq, len, sizeof(*seq), compare_seq);
	skip = 0;
	for (size_t i = 0; i < len; i++) /* within the bounds, each once */
		if (seq[i] > g->low && seq[i] < g->high && (skip == 0 || seq[skip - 1] != seq[i]))
			seq[skip++] = seq[i];
	len = skip;
	*out_more = len > query->max;
	skip = *out_more && query->newest ? len - query->max : 0;
	len = *out_more ? query->max : len;
	for (size_t i = skip; r == 0 && i < skip + len; i++) {
		struct range one = *g;
		bool more;

		one.low = seq[i] - 1;
		one.high = seq[i] + 1;
		r = run_read(q, &one, query, 1, arena, rows, &more);
	}
	return r;
}

/* A row is looked at only for what its entry does not tell. */
static int entry_count(struct sq *q, const struct range *g, const struct sq_entry *e, uint64_t *out)
{
	sqlite3_stmt *st;
	int r;

	if (g->pair && e->pair != (uint32_t)g->pair)
		return 0;
	if (g->resource.len == 0 && g->nick.len == 0) {
		++*out;
		return 0;
	}
	r = row_find(q, g, e->seq, &st);
	if (r == 0 && st) {
		++*out;
		sqlite3_reset(st);
	}
	return r;
}

static int rows_count(struct sq *q, const struct range *g, uint64_t *out)
{
	struct sq_walk w = {.low = g->low, .high = g->high};
	struct sq_entry e;
	bool there;
	int r = sq_walk_begin(&w, q, g->owner, &g->tail);

	while (r == 0 && (r = sq_walk_next(&w, &there, &e)) == 0 && there)
		r = entry_count(q, g, &e, out);
	sq_walk_end(&w);
	return r;
}

static int rows_read(struct sq *q, const struct range *g, struct store_req *req, struct sq_rows *rows,
	struct store_archive_page *out)
{
	const struct store_archive_query *query = req->args->query;
	bool more = false;
	int r;

	if (query->ids_len)
		r = ids_read(q, g, query, req->arena, rows, &more);
	else if (g->nothing)
		r = 0;
	else if (query->count)
		r = rows_count(q, g, &out->count);
	else if (query->edges)
		r = edges_read(q, g, query, req->arena, rows);
	else
		r = page_read(q, g, query, req->arena, rows, &more);
	out->complete = !more && !(query->count && out->count);
	return r;
}

int sq_archive_load(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_archived)};
	struct store_archive_page *out = arena_zalloc(req->arena, sizeof(*out));
	struct range g = {.tail = {.size = sizeof(struct sq_entry)}};
	void *taken;
	int r;

	if (!out)
		return -ENOMEM;
	q->deadline_ms = clock_mono_ms() + SEARCH_MS;
	r = range_find(q, &g, req->args->query);
	if (r == 0)
		r = rows_read(q, &g, req, &rows, out);
	q->deadline_ms = 0;
	sq_rows_done(&g.tail);
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &taken);
	if (r)
		return r;
	out->rows = taken;
	out->len = rows.len;
	req->page = out;
	return 0;
}
