#include "record/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/frame.h"
#include "record/journal_private.h"
#include "record/segment.h"

/* ---- lines ---- */

/* All lines of a flush carry one time, and time never goes back within a record. */
static void stamp(struct journal *j)
{
	struct buf text = {.data = j->time, .cap = LINE_TIME, .max = LINE_TIME};
	uint64_t now = clock_utc_us();

	if (now + 1000000 < j->time_us && j->clock_back_us == 0)
		j->clock_back_us = j->time_us - now;
	if (now > j->time_us)
		j->time_us = now;
	clock_put_us(&text, j->time_us);
}

void journal_start_line(struct journal *j, enum event type)
{
	if (j->lines.len == 0)
		stamp(j);
	line_begin(&j->lines, j->tree.size, j->time, type != EVENT_SEGMENT && type != EVENT_BATCH, type);
}

int journal_finish_line(struct journal *j, size_t start)
{
	unsigned char leaf[TREE_HASH];

	line_end(&j->lines);
	if (buf_failed(&j->lines)) {
		j->lines.len = start;
		j->lines.failed = false;
		return -EPROTO;
	}
	tree_leaf(str_of(j->lines.data + start, j->lines.len - start - 1), leaf);
	tree_append(&j->tree, leaf);
	buf_put(&j->leaves, leaf, TREE_HASH);
	return 0;
}

bool journal_has_room(const struct journal *j)
{
	return j->lines.len < FLUSH_BYTES && !j->closed_batch;
}

bool journal_is_dirty(const struct journal *j)
{
	return j->lines.len > 0;
}

/* The conversation's number is given last: nothing can go wrong behind it. */
static int put_entry(struct journal *j, enum event type, struct str fields, bool gate)
{
	struct line_fields seen;
	uint64_t number;
	int r = line_put_fields(&j->lines, fields, gate, &seen);

	if (r)
		return r;
	if (type == EVENT_CONTENT && (seen.id.len != 22 || str_is_empty(seen.stanza)))
		return -EPROTO;
	if (buf_failed(&j->lines))
		return -EPROTO;
	if (line_has(&seen, KEY_CONV)) {
		number = conversations_next(j->conversations, seen.conv);
		if (number == 0)
			return -ENOMEM;
		line_number(&j->lines, event_member(KEY_CSEQ)->name, number);
	}
	return 0;
}

static int add(
	struct journal *j, enum event type, struct str src, struct str fields, bool gate, uint64_t *out_seq)
{
	size_t start = j->lines.len;
	int r;

	if (j->closed_batch)
		return -EBUSY;
	journal_start_line(j, type);
	if (src.len && !line_string(&j->lines, event_member(KEY_SRC)->name, src))
		return -EPROTO;
	r = put_entry(j, type, fields, gate);
	if (r) {
		j->lines.len = start;
		j->lines.failed = false;
		return r;
	}
	*out_seq = j->tree.size;
	return journal_finish_line(j, start);
}

int journal_append(struct journal *j, enum event type, struct str src, struct str fields, uint64_t *out_seq)
{
	const struct event_type *t = event_type(type);

	return t && t->gate ? add(j, type, src, fields, true, out_seq) : -EPROTO;
}

int journal_event(struct journal *j, enum event type, struct str fields, uint64_t *out_seq)
{
	return add(j, type, STR_NONE, fields, false, out_seq);
}

uint64_t journal_time_us(const struct journal *j)
{
	return j->flushed_us;
}

/* ---- flush ---- */

static void put_clock_alarm(struct journal *j)
{
	struct buf fields = BUF_INIT(1024);
	uint64_t seq, back = j->clock_back_us;

	j->clock_back_us = 0;
	field_put(&fields, KEY_REASON, STR("clock"));
	field_put(&fields, KEY_TEXT,
		STR("the system clock was set back; times of lines stand still until it has caught up"));
	field_put_u64(&fields, KEY_SECONDS, back / 1000000);
	if (journal_event(j, EVENT_ALARM, buf_view(&fields), &seq) < 0)
		log_error("record: the clock's alarm could not be recorded");
	log_warn("record: the system clock was set back by %llu seconds",
		(unsigned long long)(back / 1000000));
	buf_done(&fields);
}

/* The batch line, and newlines up to the end of the block. */
static int close_batch(struct journal *j)
{
	unsigned char root[TREE_HASH];
	size_t start, pad;
	char *to;
	int r;

	if (j->clock_back_us)
		put_clock_alarm(j);
	start = j->lines.len;
	journal_start_line(j, EVENT_BATCH);
	tree_root(&j->tree, root);
	line_number(&j->lines, STR("size"), j->tree.size);
	line_base64(&j->lines, STR("root"), root, sizeof(root));
	line_number(&j->lines, STR("at"), space_used(j->space));
	r = journal_finish_line(j, start);
	if (r)
		return r;
	pad = (size_t)-j->lines.len % SEGMENT_BLOCK;
	to = buf_room(&j->lines, pad);
	if (!to)
		return -ENOMEM;
	memset(to, '\n', pad);
	j->lines.len += pad;
	j->closed_batch = true;
	return 0;
}

static int write_lines(struct journal *j)
{
	int r = space_write(j->space, j->lines.data, j->lines.len);

	if (r == -ENOSPC || r == -EDQUOT)
		return JOURNAL_E_FULL;
	if (r)
		return r;
	buf_clear(&j->lines);
	j->closed_batch = false;
	j->flushes++;
	if (j->leaves.len >= 65536)
		journal_write_leaves(j);
	return 0;
}

static int rotate(struct journal *j)
{
	int r;

	journal_write_leaves(j);
	if (j->leaves.len || fdatasync(j->leaves_fd) < 0)
		return 0; /* no space for what belongs beside this segment: it goes on */
	r = space_rotate(j->space);
	if (r == -ENOSPC || r == -EDQUOT || r == -EBUSY)
		return 0; /* the open segment goes on for as long as it can */
	if (r)
		return r;
	journal_checkpoint(j, true);
	conversations_rotate(j->conversations, j->serial);
	j->serial++;
	r = journal_open_leaves(j);
	if (r == 0)
		r = journal_begin_segment(j);
	if (r == 0)
		r = close_batch(j);
	if (r == 0)
		r = write_lines(j);
	if (r == 0)
		seal_before(j->seal, j->serial);
	return r == JOURNAL_E_FULL ? 0 : r;
}

int journal_flush(struct journal *j)
{
	int r = 0;

	if (j->lines.len == 0)
		return 0;
	if (!j->closed_batch)
		r = close_batch(j);
	if (r == 0)
		r = write_lines(j);
	if (r)
		return r;
	j->flushed_us = j->time_us;
	if (space_used(j->space) >= j->c.segment_bytes / 16 * 15)
		return rotate(j);
	return 0;
}

int journal_seal(struct journal *j)
{
	int r = journal_flush(j);

	return r ? r : rotate(j);
}

/* ---- space ---- */

static uint64_t reserve(const struct journal *j)
{
	return j->c.segment_bytes / 4 < RESERVE ? j->c.segment_bytes / 4 : RESERVE;
}

bool journal_is_full(struct journal *j)
{
	return j->closed_batch || (space_is_short(j->space) && space_left(j->space) < reserve(j));
}

bool journal_takes_rest(struct journal *j)
{
	return !j->closed_batch && (!space_is_short(j->space) || space_left(j->space) >= reserve(j) / 2);
}

/* ---- now and then ---- */

void journal_checkpoint(struct journal *j, bool sync)
{
	struct checkpoint c = {.origin = str_from(j->origin), .size = j->tree.size};

	tree_root(&j->tree, c.root);
	buf_clear(&j->note);
	if (note_sign(&j->note, &j->c.key, &c) < 0) {
		log_error("record: a checkpoint could not be signed");
		return;
	}
	j->note_size = c.size;
	j->note_mono_us = clock_mono_us();
	publish_checkpoint(j->publish, buf_view(&j->note), sync);
}

void journal_write_leaves(struct journal *j)
{
	ssize_t n = j->leaves.len ? write(j->leaves_fd, j->leaves.data, j->leaves.len) : 0;

	if (n > 0)
		buf_shift(&j->leaves, (size_t)n); /* the rest at the next call: the file is derived */
}

/* While many lines come, and there is space for them, sealing stays away. */
static void weigh(struct journal *j)
{
	uint64_t now = clock_mono_us(), lines = j->tree.size - j->weighed_size;

	seal_give_way(j->seal,
		lines * 1000000 > (now - j->weighed_us) * BUSY_LINES && !space_is_short(j->space));
	j->weighed_size = j->tree.size;
	j->weighed_us = now;
}

int journal_tick(struct journal *j)
{
	int r = 0;

	space_tick(j->space);
	weigh(j);
	if (j->closed_batch)
		r = journal_flush(j);
	if (r)
		return r;
	if (j->lines.len == 0 && j->tree.size > j->note_size &&
		clock_mono_us() - j->note_mono_us >= CHECKPOINT_US)
		journal_checkpoint(j, false);
	if (j->lines.len == 0)
		journal_write_leaves(j);
	if (seal_is_pending(j->seal) && j->time_us % 60000000 < 1000000)
		seal_before(j->seal, j->serial);
	return 0;
}

/* ---- looking ---- */

struct journal_extent journal_extent(const struct journal *j)
{
	return (struct journal_extent){.dir_fd = j->c.dir_fd,
		.serial = j->serial,
		.bytes = space_used(j->space),
		.size = j->tree.size};
}

void journal_stats(struct journal *j, struct journal_stats *out)
{
	struct statvfs v = {};

	fstatvfs(j->c.dir_fd, &v);
	*out = (struct journal_stats){
		.lines = j->tree.size,
		.segments = j->serial,
		.flushes = j->flushes,
		.bytes_free = (uint64_t)v.f_bavail * v.f_frsize,
		.origin = j->origin,
		.checkpoint_size = j->note_size,
		.direct = space_is_direct(j->space),
		.full = journal_is_full(j),
	};
	tree_root(&j->tree, out->root);
}

void journal_put_verifier(const struct journal *j, struct buf *out)
{
	note_put_verifier(out, str_from(j->origin), j->c.key.public_key);
	buf_putc(out, '\n');
}
