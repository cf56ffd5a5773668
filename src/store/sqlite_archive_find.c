/* From an archive id or a time to a place in an owner's order.
 *
 * Ids are random, and nothing is sorted by them: an owner's entries hold a hash of each, and are looked through from
 * the newest, where most of what clients ask for is; a row is read only where the hash is right.
 *
 * Times rise with seq among one owner's entries (the record sees to that, and an import does), so a time is found by
 * halving; every other probe is where the time would be if messages came evenly, which is near it. Among all rows they
 * do not: what was brought from another server has higher numbers and earlier times than what others said here before. */
#include <errno.h>

#include "store/sqlite_archive.h"

/* The ids are random bytes in base64url: any mixing of them is as good as another. */
uint32_t sq_id_hash(struct str id)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < id.len; i++)
		h = (h ^ (uint8_t)id.data[i]) * 16777619u;
	return h;
}

static uint32_t fold(uint32_t h)
{
	return (h >> 16 ^ h) & 0xFFFF;
}

uint32_t sq_own_hash(struct str own, struct str origin)
{
	return fold(sq_id_hash(origin)) << 16 | fold(sq_id_hash(own));
}

static int row_is(struct sq *q, uint64_t seq, struct str id, bool *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_IS);
	uint64_t one = 0;
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, seq);
	sq_bind_str(st, 2, id);
	r = sq_number(q, st, &one);
	*out = one != 0;
	return r;
}

int sq_archive_seq(struct sq *q, uint64_t owner, const struct sq_rows *tail, struct str id, uint64_t *out)
{
	struct sq_walk w = {.high = INT64_MAX, .down = true};
	uint32_t hash = sq_id_hash(id);
	struct sq_entry e;
	bool there, found = false;
	int r = sq_walk_begin(&w, q, owner, tail);

	while (r == 0 && !found && (r = sq_walk_next(&w, &there, &e)) == 0 && there)
		if (e.id == hash)
			r = row_is(q, e.seq, id, &found);
	sq_walk_end(&w);
	*out = e.seq;
	return r ? r : found ? 0 : STORE_E_NONE;
}

/* ---- times ---- */

struct mark {
	uint64_t seq, time;
};

/* One owner's entries. */
struct line {
	struct sq *q;
	uint64_t owner;
	const struct sq_rows *tail;
};

/* The first row at or after `seq`. */
static int row_at(struct sq *q, uint64_t seq, bool *out_there, struct mark *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_AT);
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, seq);
	r = sq_step(q, st, out_there);
	if (r || !*out_there)
		return r;
	*out = (struct mark){.seq = sq_column_u64(st, 0), .time = sq_column_u64(st, 1)};
	sqlite3_reset(st);
	return 0;
}

int sq_archive_floor(struct sq *q, uint64_t *out)
{
	struct mark first = {};
	bool there;
	int r = row_at(q, 0, &there, &first);

	*out = there && first.seq ? first.seq - 1 : 0;
	return r;
}

/* The owner's first entry above `low`, or his last one. */
static int entry_at(const struct line *l, uint64_t low, bool last, bool *out_there, struct mark *out)
{
	struct sq_walk w = {.low = low, .high = INT64_MAX, .down = last};
	struct sq_entry e;
	int r = sq_walk_begin(&w, l->q, l->owner, l->tail);

	if (r == 0)
		r = sq_walk_next(&w, out_there, &e);
	sq_walk_end(&w);
	if (r || !*out_there)
		return r;
	r = row_at(l->q, e.seq, out_there, out);
	out->seq = e.seq;
	return r;
}

/* Where to look between two entries of which the one is too early and the other is not. */
static uint64_t probe(const struct mark *early, const struct mark *late, uint64_t time_us, bool even)
{
	uint64_t gap = late->seq - early->seq, at;

	if (!even || late->time <= early->time)
		return early->seq + gap / 2;
	at = (uint64_t)((double)gap * ((double)(time_us - early->time) / (double)(late->time - early->time)));
	return early->seq + (at < 1 ? 1 : at < gap ? at : gap - 1);
}

/* early.time < time_us <= late.time */
static int halve(const struct line *l, struct mark early, struct mark late, uint64_t time_us, uint64_t *out)
{
	struct mark m;
	bool there, even = true;
	int r = 0;

	for (; r == 0 && late.seq - early.seq > 1; even = !even) {
		uint64_t middle = probe(&early, &late, time_us, even);

		r = entry_at(l, middle - 1, false, &there, &m);
		if (r == 0 && there && m.seq < late.seq && m.time < time_us)
			early = m;
		else if (there && m.seq < late.seq)
			late = (struct mark){.seq = middle, .time = m.time};
		else
			late.seq = middle;
	}
	*out = late.seq;
	return r;
}

int sq_archive_since(struct sq *q, uint64_t owner, const struct sq_rows *tail, uint64_t low, uint64_t time_us, uint64_t *out)
{
	struct line l = {.q = q, .owner = owner, .tail = tail};
	struct mark first = {}, last = {};
	bool there;
	int r = entry_at(&l, low, false, &there, &first);

	*out = 0;
	if (r || !there || first.time >= time_us)
		return r;
	r = entry_at(&l, low, true, &there, &last);
	if (r == 0 && last.time < time_us)
		*out = last.seq + 1;
	else if (r == 0)
		r = halve(&l, first, last, time_us, out);
	return r;
}
