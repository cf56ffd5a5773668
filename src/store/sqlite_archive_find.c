/* From an archive id or a time to a place in the order.
 *
 * Ids are random. An index on them would be written all over, a page of it for each message. `id_key` is
 * instead (seq / 65536, 32 bits of the id): new keys go into one narrow part of the index, and a search asks
 * each part in turn, the newest first, where most of what clients ask for is: 153 short looks for ten million
 * rows.
 *
 * Times rise with seq (the record sees to that), so a time is found by halving. */
#include <errno.h>

#include "store/sqlite.h"

enum {
	PART_BITS = 16,
	HASH_BITS = 32,
};

/* The ids are random bytes in base64url: any mixing of them is as good as another. */
static uint32_t id_hash(struct str id)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < id.len; i++)
		h = (h ^ (uint8_t)id.data[i]) * 16777619u;
	return h;
}

uint64_t sq_archive_key(uint64_t seq, struct str id)
{
	return (seq >> PART_BITS) << HASH_BITS | id_hash(id);
}

/* The part of the highest key below `below`; false: there is none. */
static int part_below(struct sq *q, uint64_t below, bool *out_there, uint64_t *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_KEY_BELOW);
	uint64_t key = UINT64_MAX;
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, below);
	r = sq_number(q, st, &key);
	*out_there = key != UINT64_MAX;
	*out = key >> HASH_BITS;
	return r;
}

static int part_search(struct sq *q, uint64_t part, uint64_t owner, struct str id, uint64_t *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_BY_KEY);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, part << HASH_BITS | id_hash(id));
	sq_bind_str(st, 2, id);
	sq_bind_u64(st, 3, owner);
	return sq_number(q, st, out);
}

int sq_archive_seq(struct sq *q, uint64_t owner, struct str id, uint64_t *out)
{
	uint64_t part, found = 0, below = INT64_MAX;
	bool there;
	int r;

	for (;;) {
		r = part_below(q, below, &there, &part);
		if (r || !there)
			return r ? r : STORE_E_NONE;
		r = part_search(q, part, owner, id, &found);
		if (r || found) {
			*out = found;
			return r;
		}
		below = part << HASH_BITS;
	}
}

/* ---- times ---- */

/* The first row at or after `seq`. */
static int row_at(struct sq *q, uint64_t seq, bool *out_there, uint64_t *out_seq, uint64_t *out_time)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_AT);
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 1, seq);
	r = sq_step(q, st, out_there);
	if (r || !*out_there)
		return r;
	*out_seq = sq_column_u64(st, 0);
	*out_time = sq_column_u64(st, 1);
	sqlite3_reset(st);
	return 0;
}

int sq_archive_since(struct sq *q, uint64_t time_us, uint64_t *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_ARCHIVE_END);
	uint64_t low = 0, high = 0, seq, time;
	bool there;
	int r = st ? sq_number(q, st, &high) : -EIO;

	for (high++; r == 0 && low < high;) {
		uint64_t middle = low + (high - low) / 2;

		r = row_at(q, middle, &there, &seq, &time);
		if (r == 0 && there && time < time_us)
			low = seq + 1;
		else
			high = middle;
	}
	*out = low;
	return r;
}
