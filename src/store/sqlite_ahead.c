/* The format is that of https://www.sqlite.org/fileformat2.html, sections 1.6 and 2.1. A page of a tree is either a leaf or
 * has children, and between each two of them a cell: in the tree of a table with the highest key of the child before it, in
 * the tree of a table without rowid with a row that stands between them. All leaves of a tree are at one depth. */
#include "store/sqlite_ahead.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/sqlite.h"

enum {
	HEADER = 100, /* bytes before the tree on page 1 */
	PAGE_INNER = 5,
	PAGE_INNER_ROWS = 2,
	INNER_HEAD = 12, /* bytes before the places of the cells */
	DEPTH_MAX = 20,
};

struct sq_ahead {
	int fd;
	uint32_t archive, list; /* first pages of these tables; 0: not asked for yet */
	uint32_t page_size;
	uint8_t *page;
};

/* A row, and the page that leads to it. */
struct way_down {
	uint64_t seq;
	uint32_t page;
};

struct sq_ahead *sq_ahead_new(const char *path)
{
	struct sq_ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (a->fd >= 0)
		return a;
	free(a);
	return NULL;
}

struct sq_ahead *sq_ahead_free(struct sq_ahead *a)
{
	if (!a)
		return NULL;
	close(a->fd);
	free(a->page);
	free(a);
	return NULL;
}

static uint32_t get16(const uint8_t *from)
{
	return (uint32_t)from[0] << 8 | from[1];
}

static uint32_t get32(const uint8_t *from)
{
	return get16(from) << 16 | get16(from + 2);
}

/* SQLite's number of one to nine bytes, highest first. Returns what stands behind it; NULL: it does not end before `end`. */
static const uint8_t *get_number(const uint8_t *from, const uint8_t *end, uint64_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < 9 && from && from < end; i++) {
		uint8_t byte = *from++;

		*out = i == 8 ? *out << 8 | byte : *out << 7 | (byte & 127);
		if (i == 8 || !(byte & 128))
			return from;
	}
	return NULL;
}

static bool root_find(struct sq *q, const char *table, uint32_t *out)
{
	sqlite3_stmt *st = *out ? NULL : sq_get(q, SQ_TABLE_ROOT);
	uint64_t root = 0;

	if (*out)
		return true;
	if (!st)
		return false;
	sq_bind_str(st, 1, str_from(table));
	if (sq_number(q, st, &root) == 0 && root <= UINT32_MAX)
		*out = (uint32_t)root;
	return *out != 0;
}

/* Once: where the tables begin, and how large a page is. */
static bool is_ready(struct sq *q)
{
	struct sq_ahead *a = q->ahead;
	uint8_t size[2];

	if (!a || q->writes || !root_find(q, "archive", &a->archive) || !root_find(q, "archive_list", &a->list))
		return false;
	if (a->page)
		return true;
	if (pread(a->fd, size, 2, 16) != 2)
		return false;
	a->page_size = get16(size) == 1 ? 65536 : get16(size);
	a->page = a->page_size >= 512 ? malloc(a->page_size) : NULL;
	return a->page != NULL;
}

static off_t place_of(const struct sq_ahead *a, uint32_t page)
{
	return (off_t)(page - 1) * a->page_size;
}

static void ask_for(const struct sq_ahead *a, uint32_t page)
{
	posix_fadvise(a->fd, place_of(a, page), a->page_size, POSIX_FADV_WILLNEED);
}

/* The page, if it is of this kind, with children; NULL: it is a leaf, or nothing we know. */
static const uint8_t *inner_read(const struct sq_ahead *a, uint32_t page, uint8_t kind)
{
	const uint8_t *begin = a->page + (page == 1 ? HEADER : 0);

	if (pread(a->fd, a->page, a->page_size, place_of(a, page)) != (ssize_t)a->page_size)
		return NULL;
	return *begin == kind ? begin : NULL;
}

/* What stands in a cell, and the child before it; NULL: there is no such cell. */
static const uint8_t *cell_get(const struct sq_ahead *a, const uint8_t *head, uint32_t cell, uint32_t *out_child)
{
	size_t where = (size_t)(head - a->page) + INNER_HEAD + 2 * (size_t)cell;
	uint32_t at = where + 2 <= a->page_size ? get16(a->page + where) : a->page_size;

	if (at + 4 >= a->page_size)
		return NULL;
	*out_child = get32(a->page + at);
	return a->page + at + 4;
}

/* ---- rows of the archive ---- */

/* The child in which the key is, by halving; 0: the page is not what it should be. */
static uint32_t child_of(const struct sq_ahead *a, const uint8_t *head, uint64_t seq)
{
	uint32_t low = 0, high = get16(head + 3), child = get32(head + 8);

	while (low < high) {
		uint32_t middle = (low + high) / 2, found;
		const uint8_t *cell = cell_get(a, head, middle, &found);
		uint64_t key;

		if (!get_number(cell, a->page + a->page_size, &key))
			return 0;
		if (key >= seq) {
			child = found;
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return child;
}

/* One level down for all. False: that was the last level, or nothing could be read. */
static bool step_down(const struct sq_ahead *a, struct way_down *rows, size_t len)
{
	const uint8_t *head = NULL;
	uint32_t page = 0;

	for (size_t i = 0; i < len; i++) {
		if (rows[i].page != page) {
			page = rows[i].page;
			head = inner_read(a, page, PAGE_INNER);
		}
		if (!head)
			return false;
		rows[i].page = child_of(a, head, rows[i].seq);
		if (rows[i].page == 0)
			return false;
	}
	return true;
}

static int compare(const void *x, const void *y)
{
	const struct way_down *a = x, *b = y;

	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

void sq_ahead_rows(struct sq *q, const uint64_t *seq, size_t len)
{
	struct way_down rows[SQ_AHEAD_MAX];

	if (len > SQ_AHEAD_MAX)
		len = SQ_AHEAD_MAX;
	if (len < 2 || !is_ready(q))
		return;
	for (size_t i = 0; i < len; i++)
		rows[i] = (struct way_down){.seq = seq[i], .page = q->ahead->archive};
	qsort(rows, len, sizeof(rows[0]), compare);
	for (unsigned depth = 0; depth < DEPTH_MAX && step_down(q->ahead, rows, len); depth++)
		for (size_t i = 0; i < len; i++)
			if (i == 0 || rows[i].page != rows[i - 1].page)
				ask_for(q->ahead, rows[i].page);
}

/* ---- blocks of a list ---- */

/* What is looked for in the tree of archive_list: blocks of an owner that begin between these. */
struct span {
	uint64_t owner, low, high;
	bool down;
};

struct pages {
	uint32_t at[SQ_AHEAD_MAX];
	size_t len, max;
};

/* An integer of a row, by its kind. */
static const uint8_t *get_integer(const uint8_t *from, const uint8_t *end, uint64_t kind, uint64_t *out)
{
	static const uint8_t sizes[] = {0, 1, 2, 3, 4, 6, 8};
	size_t size = kind < sizeof(sizes) ? sizes[kind] : 0;

	if (!from || size > (size_t)(end - from))
		return NULL;
	*out = kind == 9;
	for (size_t i = 0; i < size; i++)
		*out = *out << 8 | from[i];
	return from + size;
}

/* Owner and first number of the block in a cell. */
static bool block_get(const uint8_t *cell, const uint8_t *end, uint64_t *out_owner, uint64_t *out_first)
{
	uint64_t payload, head, owner, first;
	const uint8_t *row = get_number(cell, end, &payload);
	const uint8_t *at = get_number(row, end, &head);

	at = get_number(at, end, &owner);
	if (!get_number(at, end, &first) || head > (size_t)(end - row))
		return false;
	at = get_integer(row + head, end, owner, out_owner);
	return get_integer(at, end, first, out_first) != NULL;
}

/* -1, 1: the block of the cell is before, behind all that is looked for; 0: among it. False: it is none. */
static bool cell_place(const struct sq_ahead *a, const uint8_t *cell, const struct span *s, int *out)
{
	uint64_t owner, first;

	if (!cell || !block_get(cell, a->page + a->page_size, &owner, &first))
		return false;
	*out = 0;
	if (owner < s->owner || (owner == s->owner && first <= s->low))
		*out = -1;
	else if (owner > s->owner || first >= s->high)
		*out = 1;
	return true;
}

/* The children of a page in which something of it may be, the one that is read first before the others. */
static bool children_add(const struct sq_ahead *a, const uint8_t *head, const struct span *s, struct pages *out)
{
	uint32_t cells = get16(head + 3), child[SQ_AHEAD_MAX + 1], len = 0;

	for (uint32_t i = 0; i <= cells && len <= SQ_AHEAD_MAX; i++) {
		const uint8_t *cell = i < cells ? cell_get(a, head, i, &child[len]) : NULL;
		int place = 1;

		if (i < cells && !cell_place(a, cell, s, &place))
			return false;
		if (i == cells)
			child[len] = get32(head + 8);
		len += place >= 0;
		if (place > 0)
			break;
	}
	for (uint32_t i = 0; i < len && out->len < out->max; i++)
		out->at[out->len++] = child[s->down ? len - 1 - i : i];
	return true;
}

void sq_ahead_list(struct sq *q, uint64_t owner, uint64_t low, uint64_t high, bool down, size_t pages)
{
	struct span span = {.owner = owner, .low = low, .high = high, .down = down};
	struct pages now = {.len = 1};

	if (!is_ready(q))
		return;
	now.at[0] = q->ahead->list;
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		struct pages next = {.max = pages < SQ_AHEAD_MAX ? pages : SQ_AHEAD_MAX};

		for (size_t i = 0; i < now.len && next.len < next.max; i++) {
			const uint8_t *head = inner_read(q->ahead, now.at[i], PAGE_INNER_ROWS);

			if (!head || !children_add(q->ahead, head, &span, &next))
				return;
		}
		for (size_t i = 0; i < next.len; i++)
			ask_for(q->ahead, next.at[i]);
		now = next;
	}
}
