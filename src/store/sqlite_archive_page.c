/* Reading a page of an archive: bounds first, then one run of an index, and as many rows as the page holds.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/sqlite.h"

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
		r = g->owner ? sq_archive_seq(q, g->owner, ids[i], &seq) : STORE_E_NONE;
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
	uint64_t seq;
	int r = 0;

	if (query->start_us) {
		r = sq_archive_since(q, query->start_us, &seq);
		if (r == 0 && seq)
			range_above(g, seq - 1);
	}
	if (r == 0 && query->end_us) {
		r = sq_archive_since(q, query->end_us + 1, &seq);
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
	if (r == 0)
		r = bound_ids(q, g, query);
	if (r == 0)
		r = bound_times(q, g, query);
	return r ? r : bound_with(q, g, query);
}

/* ---- rows ---- */

static sqlite3_stmt *range_bind(struct sq *q, enum sq_query query, const struct range *g)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (!st)
		return NULL;
	sq_bind_u64(st, 1, g->owner);
	sq_bind_u64(st, 2, g->low);
	sq_bind_u64(st, 3, g->high);
	if (!g->pair && g->nick.len)
		sq_bind_str(st, 6, g->nick);
	if (g->pair) {
		sq_bind_u64(st, 5, g->pair);
		sq_bind_str(st, 6, g->resource);
		sq_bind_u64(st, 7, g->self);
	}
	return st;
}

static int row_read(sqlite3_stmt *st, struct sq_rows *rows, struct arena *arena, size_t *bytes)
{
	struct store_archived *row = sq_rows_add(rows);

	if (!row)
		return -ENOMEM;
	row->seq = sq_column_u64(st, 0);
	row->id = sq_column_str(st, 1, arena);
	row->time_us = sq_column_u64(st, 2);
	row->xml = sq_column_str(st, 3, arena);
	*bytes += row->xml.len;
	return 0;
}

/* Up to `max` rows from one end. *out_more: there were more, or they were too many bytes. */
static int run_read(struct sq *q, const struct range *g, const struct store_archive_query *query, size_t max,
	struct arena *arena, struct sq_rows *rows, bool *out_more)
{
	bool down = query->newest, row = false;
	enum sq_query all = down ? SQ_ARCHIVE_ALL_DOWN : SQ_ARCHIVE_ALL_UP;
	enum sq_query with = down ? SQ_ARCHIVE_WITH_DOWN : SQ_ARCHIVE_WITH_UP;
	enum sq_query nick = down ? SQ_ARCHIVE_NICK_DOWN : SQ_ARCHIVE_NICK_UP;
	sqlite3_stmt *st = range_bind(q, g->pair ? with : g->nick.len ? nick : all, g);
	size_t bytes = 0, begin = rows->len;
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 4, max + 1);
	while ((r = sq_step(q, st, &row)) == 0 && row) {
		*out_more = rows->len - begin == max || (query->max_bytes && bytes >= query->max_bytes);
		r = *out_more ? 0 : row_read(st, rows, arena, &bytes);
		if (r || *out_more)
			break;
	}
	sqlite3_reset(st);
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
		r = g->owner ? sq_archive_seq(q, g->owner, query->ids[i], &seq[i]) : STORE_E_NONE;
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

static int rows_count(struct sq *q, const struct range *g, uint64_t *out)
{
	enum sq_query all = g->nick.len ? SQ_ARCHIVE_COUNT_NICK : SQ_ARCHIVE_COUNT_ALL;
	sqlite3_stmt *st = range_bind(q, g->pair ? SQ_ARCHIVE_COUNT_WITH : all, g);

	return st ? sq_number(q, st, out) : -EIO;
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
	struct range g = {.low = 0};
	void *taken;
	int r;

	if (!out)
		return -ENOMEM;
	q->deadline_ms = clock_mono_ms() + SEARCH_MS;
	r = range_find(q, &g, req->args->query);
	if (r == 0)
		r = rows_read(q, &g, req, &rows, out);
	q->deadline_ms = 0;
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &taken);
	if (r)
		return r;
	out->rows = taken;
	out->len = rows.len;
	req->page = out;
	return 0;
}
