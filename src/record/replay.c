#include "record/replay.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/map.h"
#include "base/text.h"
#include "record/line.h"
#include "record/segment.h"

struct count {
	uint64_t h;
	size_t len;
	char sm[];
};

struct replay {
	struct journal_extent extent;
	uint64_t applied_seq, last_seq;
	uint64_t serial; /* of `lines`, or the next to open */
	struct segment_lines *lines;
	struct map counts; /* of struct count */
	size_t counts_at;
	bool lines_done;
	struct buf text; /* one unescaped value */
};

/* The segment that holds line `seq`, not after `upto`. */
static uint64_t find_segment(const struct journal_extent *e, uint64_t seq, uint64_t upto)
{
	uint64_t serial = e->serial, first;

	while (serial > 1 &&
		(serial > upto || (segment_first_seq(e->dir_fd, serial, &first) == 0 && first > seq)))
		serial--;
	while (serial < e->serial && segment_first_seq(e->dir_fd, serial, &first) == -ENOENT)
		serial++; /* disposed of */
	return serial;
}

int record_replay_new(struct replay **out, struct journal_extent extent, uint64_t applied_seq)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->extent = extent;
	r->applied_seq = applied_seq;
	r->serial = find_segment(&extent, applied_seq + 1, extent.serial > 1 ? extent.serial - 1 : 1);
	map_init(&r->counts);
	buf_init(&r->text, LINE_MAX_BYTES);
	*out = r;
	return 0;
}

struct replay *record_replay_free(struct replay *r)
{
	struct map_slot *slot;
	size_t at = 0;

	if (!r)
		return NULL;
	while ((slot = map_next(&r->counts, &at)))
		free(slot->value);
	map_done(&r->counts);
	segment_lines_free(r->lines);
	buf_done(&r->text);
	free(r);
	return NULL;
}

/* The next line of any segment. 1, 0 at the end, or negative. */
static int next_line(struct replay *r, struct str *out)
{
	int code;

	for (;;) {
		if (!r->lines) {
			if (r->serial > r->extent.serial)
				return 0;
			code = segment_lines_open(&r->lines, r->extent.dir_fd, r->serial,
				r->serial == r->extent.serial ? r->extent.bytes : 0, NULL);
			if (code)
				return code;
		}
		code = segment_lines_next(r->lines, out);
		if (code)
			return code;
		r->lines = segment_lines_free(r->lines);
		r->serial++;
	}
}

static int note_count(struct replay *r, struct str sm, uint64_t h)
{
	struct count *c = map_get(&r->counts, sm);

	if (!c) {
		c = calloc(1, sizeof(*c) + sm.len);
		if (!c)
			return -ENOMEM;
		c->len = sm.len;
		memcpy(c->sm, sm.data, sm.len);
		if (map_put(&r->counts, str_of(c->sm, c->len), c) < 0) {
			free(c);
			return -ENOMEM;
		}
	}
	c->h = h;
	return 0;
}

static bool put_list(struct replay *r, struct buf *out, enum event_key key, struct str array)
{
	struct buf list = BUF_INIT(LINE_MAX_BYTES);
	struct str item;
	size_t at = 0;
	int code;

	while ((code = line_next_string(array, &at, &item)) > 0) {
		uint16_t len;

		buf_clear(&r->text);
		if (!line_unescape(item, &r->text))
			break;
		len = htole16((uint16_t)r->text.len);
		buf_put(&list, &len, sizeof(len));
		buf_str(&list, buf_view(&r->text));
	}
	field_put(out, (uint16_t)key, buf_view(&list));
	code = code == 0 && !buf_failed(&list) ? 0 : -1;
	buf_done(&list);
	return code == 0;
}

static bool put_member(struct replay *r, struct buf *out, const struct line_value *v)
{
	enum event_key key = event_key_by_name(v->key);
	uint64_t number;

	if (key == KEY_NONE)
		return true; /* of a later version */
	switch (event_member(key)->value) {
	case VALUE_STRING:
		buf_clear(&r->text);
		if (v->kind != '"' || !line_unescape(v->text, &r->text))
			return false;
		field_put(out, (uint16_t)key, buf_view(&r->text));
		return true;
	case VALUE_NUMBER:
		if (!line_get_u64(v, &number))
			return false;
		field_put_u64(out, (uint16_t)key, number);
		return true;
	case VALUE_BOOL:
		field_put(out, (uint16_t)key, str_is(v->text, "true") ? str_of("\1", 1) : str_of("\0", 1));
		return true;
	case VALUE_LIST:
		return v->kind == '[' && put_list(r, out, key, v->text);
	case VALUE_PAIRS:
		break; /* not in content */
	}
	return true;
}

static int put_entry(struct replay *r, struct buf *out, const struct line_head *head, struct line_scan scan)
{
	size_t start = link_begin_replay(out, head->seq, line_time_us(head->time));
	struct line_value v;
	int code;

	while ((code = line_next(&scan, &v)) > 0)
		if (!put_member(r, out, &v))
			return -EBADMSG;
	frame_end(out, start);
	return code < 0 ? code : buf_failed(out) ? -ENOMEM : 0;
}

static int take_count(struct replay *r, struct line_scan scan)
{
	struct str sm = STR_NONE;
	struct line_value v;
	uint64_t h = UINT64_MAX;
	int code;

	while ((code = line_next(&scan, &v)) > 0) {
		if (str_is(v.key, "sm"))
			sm = v.text;
		else if (str_is(v.key, "sm_h") && !line_get_u64(&v, &h))
			return -EBADMSG;
	}
	if (code < 0 || sm.len == 0 || h == UINT64_MAX)
		return code;
	buf_clear(&r->text);
	return line_unescape(sm, &r->text) ? note_count(r, buf_view(&r->text), h) : -EBADMSG;
}

static void put_counts(struct replay *r, struct buf *out)
{
	struct map_slot *slot;

	while ((slot = map_next(&r->counts, &r->counts_at))) {
		const struct count *c = slot->value;
		size_t start = frame_begin(out, LINK_SM_COUNT);

		field_put(out, KEY_SM, slot->key);
		field_put_u64(out, KEY_SM_H, c->h);
		frame_end(out, start);
	}
	link_put_number(out, LINK_REPLAY_END, r->last_seq);
}

/* One line. 1: an entry was put; 0: it held none; or negative. */
static int take_line(struct replay *r, struct buf *out, struct str line)
{
	struct line_scan scan;
	struct line_head head;
	size_t before = out->len;
	int code;

	if (line_read_head(&scan, line, &head) < 0 || (r->last_seq && head.seq != r->last_seq + 1))
		return -EBADMSG;
	r->last_seq = head.seq;
	if (head.type != EVENT_CONTENT)
		return 0;
	code = take_count(r, scan);
	if (code < 0 || head.seq <= r->applied_seq)
		return code < 0 ? code : 0;
	code = put_entry(r, out, &head, scan);
	if (code < 0)
		out->len = before;
	return code < 0 ? code : 1;
}

/* A damaged segment is passed over when the store has all of it: only the counts of streams are missed then,
 * and what a client sends again for that is recorded again. 1 or -EBADMSG. */
static int pass_over(struct replay *r)
{
	uint64_t next = UINT64_MAX;

	if (segment_first_seq(r->extent.dir_fd, r->serial + 1, &next) < 0 || next > r->applied_seq + 1) {
		log_error("record damaged: segment %08llu behind line number %llu, and the store does not "
			  "have what "
			  "it holds; restore it from its copy or a backup and start again",
			(unsigned long long)r->serial, (unsigned long long)r->last_seq);
		return -EBADMSG;
	}
	log_error("record damaged: segment %08llu behind line number %llu; nothing of it is needed for the "
		  "start",
		(unsigned long long)r->serial, (unsigned long long)r->last_seq);
	r->lines = segment_lines_free(r->lines);
	r->serial++;
	r->last_seq = 0;
	return 1;
}

int replay_step(struct replay *r, struct buf *out, unsigned max, unsigned *out_sent)
{
	struct str line;
	unsigned looked = 0;
	int code = 1;

	*out_sent = 0;
	while (*out_sent < max && looked++ < 4096) {
		code = next_line(r, &line);
		if (code == 0)
			break;
		if (code > 0)
			code = take_line(r, out, line);
		if (code > 0)
			++*out_sent;
		if (code == -EBADMSG)
			code = pass_over(r);
		if (code < 0)
			return code;
		code = 1;
	}
	if (code == 0)
		put_counts(r, out);
	return code;
}

/* ---- receipts ---- */

/* "BOOT.LINK.N" of this boot and link: N, else 0. */
static uint64_t own_number(struct str src, struct str prefix)
{
	unsigned long long n;

	if (!str_starts(src, prefix) || !str_to_u64(str_cut(src, prefix.len, src.len), UINT64_MAX, &n))
		return 0;
	return n;
}

static void add_receipt(struct link_receipt *run, struct buf *out, uint64_t n, uint64_t seq, uint64_t time_us)
{
	if (run->count && n == run->first_n + run->count && seq == run->first_seq + run->count &&
		time_us == run->time_us) {
		run->count++;
		return;
	}
	if (run->count)
		link_put_receipt(out, run);
	*run = (struct link_receipt){.first_n = n, .count = 1, .first_seq = seq, .time_us = time_us};
}

int replay_receipts(
	struct journal_extent extent, const struct link_hello *h, struct buf *out, uint64_t *out_next)
{
	struct replay r = {.extent = extent};
	struct link_receipt run = {};
	struct line_scan scan;
	struct line_head head;
	struct line_value v;
	struct str line;
	char prefix[32];
	uint64_t n, next = h->n + 1;
	int code;

	snprintf(prefix, sizeof(prefix), "%s.%u.", h->boot, h->link);
	r.serial = h->seq ? find_segment(&extent, h->seq, extent.serial)
			  : find_segment(&extent, extent.size, extent.serial > 1 ? extent.serial - 1 : 1);
	while ((code = next_line(&r, &line)) > 0) {
		if (!memmem(line.data, line.len, prefix, strlen(prefix)))
			continue;
		if (line_read_head(&scan, line, &head) < 0 || line_next(&scan, &v) <= 0 ||
			!str_is(v.key, "src"))
			continue;
		n = own_number(v.text, str_from(prefix));
		if (n >= next) {
			add_receipt(&run, out, n, head.seq, line_time_us(head.time));
			next = n + 1;
		}
	}
	if (run.count)
		link_put_receipt(out, &run);
	segment_lines_free(r.lines);
	*out_next = next;
	return code;
}
