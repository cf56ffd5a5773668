/* Taking back: a row shows a tombstone from then on. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/sqlite_archive.h"
#include "store/tomb.h"

enum {
	SEARCH_NEWEST = 20000, /* of an owner's entries are looked through in any case; the writer waits meanwhile */
	SEARCH_LOOK = 1024,    /* entries between two looks at the clock */
	SEARCH_MS = 250,       /* for what is older, in all of one batch */
};

static int row_replace(struct sq *q, uint64_t seq, struct str xml)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_REPLACE);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, seq);
	sq_bind_str(st, 2, xml);
	return sq_exec(q, st);
}

int sq_archive_retract(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows tail = {.size = sizeof(struct sq_entry)};
	const struct store_archived *row = req->args->archived;
	uint64_t owner = 0, seq = 0;
	int r = sq_owner_find(q, req->args->owner, &owner);

	if (r == 0 && owner)
		r = sq_tail_all(q, owner, &tail);
	if (r == 0)
		r = owner ? sq_archive_seq(q, owner, &tail, row->id, &seq) : STORE_E_NONE;
	return r ? r : row_replace(q, seq, row->xml);
}

/* ---- by the author's own id ---- */

static bool may_be(const struct sq_entry *e, uint64_t pair, struct str id)
{
	uint32_t own = sq_own_hash(id, id);

	return e->pair == (uint32_t)pair && ((e->own & 0xFFFF) == (own & 0xFFFF) || e->own >> 16 == own >> 16 ||
						    e->id == sq_id_hash(id));
}

/* *out_found: it is the one; what it said is gone, unless that had been so before. */
static int row_bury(struct sq *q, uint64_t seq, const struct store_archived *by, bool *out_found)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_GET);
	struct buf stone = BUF_INIT(0);
	struct str id, xml, author = jid_split(by->from).bare;
	bool row, known;
	int r = st ? 0 : -EIO;

	*out_found = false;
	if (r)
		return r;
	sq_bind_u64(st, 1, seq);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r;
	id = sq_column_view(st, 0);
	xml = sq_column_view(st, 2);
	*out_found = tomb_fits(xml, author, by->retracts, str_eq(id, by->retracts));
	known = tomb_is(xml);
	tomb_put(&stone, xml, by->stone);
	sqlite3_reset(st);
	if (*out_found && !known)
		r = buf_failed(&stone) ? -ENOMEM : row_replace(q, seq, buf_view(&stone));
	buf_done(&stone);
	return r;
}

static uint64_t spent(const struct sq *q, uint64_t begin_ms)
{
	uint64_t ms = clock_mono_ms() - begin_ms;

	return ms < q->search_ms ? ms : q->search_ms;
}

/* At the entry with this number, counted from the newest. *begin: when it was that those began that take time; 0: not yet. */
static bool may_look(const struct sq *q, size_t number, uint64_t *begin)
{
	if (number < SEARCH_NEWEST || number % SEARCH_LOOK)
		return true;
	if (!*begin)
		*begin = clock_mono_ms();
	return spent(q, *begin) < q->search_ms;
}

void sq_archive_bury_begin(struct sq *q)
{
	q->search_ms = SEARCH_MS;
}

static int list_bury(struct sq *q, uint64_t owner, uint64_t pair, const struct store_archived *by, bool *out_found)
{
	AUTO(sq_rows_done) struct sq_rows tail = {.size = sizeof(struct sq_entry)};
	struct sq_walk w = {.high = by->seq, .down = true};
	struct sq_entry e;
	bool there;
	uint64_t begin = 0;
	int r = sq_tail_all(q, owner, &tail);

	if (r == 0)
		r = sq_walk_begin(&w, q, owner, &tail);
	for (size_t i = 0; r == 0 && !*out_found && may_look(q, i, &begin); i++) {
		r = sq_walk_next(&w, &there, &e);
		if (r || !there)
			break;
		if (may_be(&e, pair, by->retracts))
			r = row_bury(q, e.seq, by, out_found);
	}
	sq_walk_end(&w);
	if (begin)
		q->search_ms -= spent(q, begin);
	return r;
}

int sq_archive_bury(struct sq *q, const struct sq_peers *p, const struct store_archived *by)
{
	bool found = false;
	int r = p->sender ? list_bury(q, p->sender, p->pair, by, &found) : 0;

	return r || found || !p->recipient ? r : list_bury(q, p->recipient, p->pair, by, &found);
}
