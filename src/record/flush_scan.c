#include "record/flush_scan.h"

#include <errno.h>

#include "record/line.h"
#include "record/segment.h"

enum {
	SECTOR = 512, /* the least that a device writes whole */
};

/* A flush being judged. */
struct candidate {
	struct tree tree;
	struct str line;
	uint64_t lines, time_us, end;
	size_t leaves; /* of s->leaves before it */
	uint64_t next; /* where to look for the next line */
};

void flush_scan_init(struct flush_scan *s, struct str file, uint64_t serial)
{
	*s = (struct flush_scan){.file = file, .serial = serial};
	tree_init(&s->tree);
}

void flush_scan_done(struct flush_scan *s)
{
	buf_done(&s->leaves);
}

static int wrong(const struct flush_scan *s, const struct candidate *c, struct err *err, const char *what)
{
	char name[SEGMENT_NAME];

	segment_name(name, s->serial, SEGMENT_RAW);
	err_set(err, 0, "%s, line %llu (byte %llu): %s", name, (unsigned long long)(s->line + c->lines + 1),
		(unsigned long long)(c->line.data ? (uint64_t)(c->line.data - s->file.data) : s->at), what);
	return 0;
}

static bool take_line(const struct flush_scan *s, struct candidate *c)
{
	size_t start = c->next, end;

	while (start < s->file.len && s->file.data[start] == '\n')
		start++;
	if (start - c->next > SEGMENT_BLOCK || start >= s->file.len)
		return false;
	end = str_find(s->file, '\n', start);
	if (end == s->file.len)
		return false;
	c->line = str_cut(s->file, start, end);
	c->next = end + 1;
	return true;
}

static bool batch_is_right(const struct flush_scan *s, const struct candidate *c, struct line_scan *scan)
{
	unsigned char stated[TREE_HASH], root[TREE_HASH];
	uint64_t size = UINT64_MAX, at = UINT64_MAX;
	struct line_value v;
	bool has_root = false;

	while (line_next(scan, &v) > 0) {
		if (str_is(v.key, "size") && !line_get_u64(&v, &size))
			return false;
		if (str_is(v.key, "at") && !line_get_u64(&v, &at))
			return false;
		if (str_is(v.key, "root"))
			has_root = line_get_base64(&v, stated, TREE_HASH);
	}
	tree_root(&c->tree, root);
	return has_root && size == c->tree.size && at == s->at && memcmp(root, stated, TREE_HASH) == 0;
}

static int check_known(const struct flush_scan *s, const struct candidate *c, struct err *err)
{
	unsigned char root[TREE_HASH];

	if (!s->known || s->known->size != c->tree.size)
		return 0;
	tree_root(&c->tree, root);
	if (memcmp(root, s->known->root, TREE_HASH) == 0)
		return 0;
	wrong(s, c, err, "the lines up to here are not those the last checkpoint signed");
	return -EBADMSG;
}

static int add_leaf(struct flush_scan *s, struct candidate *c)
{
	unsigned char leaf[TREE_HASH];

	tree_leaf(c->line, leaf);
	tree_append(&c->tree, leaf);
	buf_put(&s->leaves, leaf, TREE_HASH);
	c->lines++;
	return buf_failed(&s->leaves) ? -ENOMEM : 0;
}

static bool take_start(struct flush_scan *s, struct candidate *c)
{
	struct segment_start start;

	if (segment_parse_start(c->line, &start) < 0 || start.serial != s->serial)
		return false;
	c->tree = start.tree;
	memcpy(s->origin, start.origin, sizeof(s->origin));
	s->checkpoint = start.checkpoint;
	return true;
}

/* Reads lines up to the batch line. 1: whole; 0: not; negative: failure. */
static int read_lines(struct flush_scan *s, struct candidate *c, struct err *err)
{
	struct line_scan scan;
	struct line_head head;
	int r;

	for (;;) {
		if (!take_line(s, c))
			return wrong(s, c, err, "the batch line is missing");
		if (s->line + c->lines == 0 && !take_start(s, c))
			return wrong(s, c, err, "this is not a segment's first line");
		if (line_read_head(&scan, c->line, &head) < 0)
			return wrong(s, c, err, "this is not a line of a record (edited or cut)");
		if (head.seq != c->tree.size)
			return wrong(s, c, err, "lines are missing or out of order");
		c->time_us = line_time_us(head.time);
		if (head.type == EVENT_BATCH && !batch_is_right(s, c, &scan))
			return wrong(s, c, err,
				"the batch line's root is not that of the lines before it (one is edited)");
		r = check_known(s, c, err);
		if (r == 0)
			r = add_leaf(s, c);
		if (r)
			return r;
		if (head.type == EVENT_BATCH)
			return 1;
	}
}

static int apply_line(struct conversations *conversations, struct str line)
{
	struct buf name = BUF_INIT(LINE_MAX_BYTES);
	struct line_value conv, cseq;
	uint64_t number;
	int r = -EBADMSG;

	if (!line_find(line, STR("conv"), &conv))
		return 0;
	if (line_find(line, STR("cseq"), &cseq) && line_get_u64(&cseq, &number) &&
		line_unescape(conv.text, &name))
		r = conversations_check(conversations, buf_view(&name), number);
	buf_done(&name);
	return r;
}

/* The lines verified: now their effects. */
static int apply(struct flush_scan *s, const struct candidate *whole, struct conversations *conversations,
	struct err *err)
{
	struct candidate c = {.next = s->at};
	int r = 0;

	while (r == 0 && c.next < whole->next && take_line(s, &c)) {
		r = apply_line(conversations, c.line);
		c.lines++;
	}
	if (r == -EBADMSG) {
		c.lines--;
		wrong(s, &c, err, "the number of its conversation is not the next one");
	}
	return r;
}

int flush_scan_next(struct flush_scan *s, struct conversations *conversations, struct err *err)
{
	struct candidate c = {.tree = s->tree, .leaves = s->leaves.len, .next = s->at};
	int r = read_lines(s, &c, err);

	if (r > 0) {
		r = check_known(s, &c, err); /* a checkpoint covers the batch line too */
		if (r == 0)
			r = apply(s, &c, conversations, err);
		if (r < 0)
			return r;
		s->tree = c.tree;
		s->line += c.lines;
		s->time_us = c.time_us;
		s->at = (c.next + SEGMENT_BLOCK - 1) / SEGMENT_BLOCK * SEGMENT_BLOCK;
		return 1;
	}
	s->leaves.len = c.leaves;
	return r;
}

/* ---- what the tail is ---- */

static bool is_fill(char c)
{
	return c == '\n' || c == '\0';
}

/* The line around position `at`; empty when it does not end. */
static struct str line_around(struct str file, uint64_t from, uint64_t at)
{
	uint64_t start = at, end = str_find(file, '\n', at);

	while (start > from && file.data[start - 1] != '\n')
		start--;
	return end == file.len ? STR_NONE : str_cut(file, start, end);
}

/* Is there a batch line of a flush that started behind `at`? */
static bool has_later_flush(const struct flush_scan *s)
{
	static const char mark[] = ",\"type\":\"batch\",";
	struct str rest = str_cut(s->file, s->at, s->file.len);
	struct line_value v;
	uint64_t at;

	while (rest.len) {
		const char *hit = memmem(rest.data, rest.len, mark, sizeof(mark) - 1);
		struct str line;

		if (!hit)
			break;
		line = line_around(s->file, s->at, (uint64_t)(hit - s->file.data));
		if (line_find(line, STR("at"), &v) && line_get_u64(&v, &at) && at > s->at)
			return true;
		rest = str_cut(s->file, (uint64_t)(hit - s->file.data) + 1, s->file.len);
	}
	return false;
}

static bool sector_is_empty(const struct flush_scan *s, uint64_t at)
{
	for (uint64_t i = at; i < at + SECTOR && i < s->file.len; i++)
		if (!is_fill(s->file.data[i]))
			return false;
	return true;
}

/* Is there a hole a torn write would leave: an unwritten sector before the end, or an end that is a cut? */
static bool has_hole(const struct flush_scan *s, uint64_t end)
{
	if (end == s->file.len || s->file.len % SEGMENT_BLOCK)
		return true; /* the file itself was cut */
	for (uint64_t at = s->at; at < end; at += SECTOR)
		if (sector_is_empty(s, at))
			return true;
	return s->file.data[end - 1] != '}' || end % SECTOR == 0 || (end + 1) % SECTOR == 0;
}

enum flush_tail flush_scan_tail(const struct flush_scan *s, uint64_t *out_end)
{
	uint64_t end = s->file.len;

	while (end > s->at && is_fill(s->file.data[end - 1]))
		end--;
	*out_end = end;
	if (end <= s->at)
		return FLUSH_CLEAN;
	if (has_later_flush(s))
		return FLUSH_DAMAGED;
	return has_hole(s, end) ? FLUSH_TORN : FLUSH_DAMAGED;
}
