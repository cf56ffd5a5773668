#include "record/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "record/flush_scan.h"
#include "record/line.h"
#include "record/segment.h"

#define REMEDY "keep the folder as it is; restore the segment from its copy or a backup and start again"

struct mapping {
	void *data;
	size_t len;
	int fd;
};

static void mapping_close(struct mapping *m)
{
	if (m->data)
		munmap(m->data, m->len);
	if (m->fd >= 0)
		close(m->fd);
	*m = (struct mapping){.fd = -1};
}

static int mapping_open(struct mapping *m, int dir_fd, uint64_t serial, struct err *err)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(name, serial, SEGMENT_RAW);
	*m = (struct mapping){.fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC)};
	if (m->fd < 0 || fstat(m->fd, &st) < 0)
		return err_errno(err, "%s", name);
	m->len = (size_t)st.st_size;
	if (m->len == 0)
		return 0;
	m->data = mmap(NULL, m->len, PROT_READ, MAP_PRIVATE, m->fd, 0);
	if (m->data == MAP_FAILED) {
		m->data = NULL;
		return err_errno(err, "%s", name);
	}
	madvise(m->data, m->len, MADV_SEQUENTIAL);
	return 0;
}

/* ---- leaf hashes beside ---- */

/* How many leading leaf hashes of the file agree with the lines. */
static uint64_t leaves_agreeing(int fd, struct str right)
{
	AUTO(auto_free) char *data = malloc(right.len + 1);
	ssize_t n = data ? pread(fd, data, right.len, 0) : 0;
	size_t same = 0;

	while (n > 0 && same + TREE_HASH <= (size_t)n &&
		memcmp(data + same, right.data + same, TREE_HASH) == 0)
		same += TREE_HASH;
	return same / TREE_HASH;
}

/* Derived, and the lines are what counts: hashes for which there is no space stay in `out_rest` for later. */
static int leaves_restore(int dir_fd, uint64_t serial, struct str right, struct buf *out_rest)
{
	char name[SEGMENT_NAME];
	AUTO(auto_close) int fd = -1;
	struct stat st;
	uint64_t same;
	ssize_t n;

	segment_name(name, serial, SEGMENT_LEAVES);
	fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	same = leaves_agreeing(fd, right) * TREE_HASH;
	if (same < (uint64_t)st.st_size && same < right.len)
		log_warn("record: %s is damaged from hash %" PRIu64 " on; made again from the lines", name,
			same / TREE_HASH);
	if (ftruncate(fd, (off_t)same) < 0)
		return -errno;
	n = same < right.len ? pwrite(fd, right.data + same, right.len - same, (off_t)same) : 0;
	same += n > 0 ? (size_t)n : 0;
	buf_str(out_rest, str_cut(right, same, right.len));
	return buf_failed(out_rest) ? -ENOMEM : 0;
}

/* The line whose leaf hash beside it differs, or 0: names the place where a batch's root only says "in these
 * lines". */
static uint64_t leaves_first_difference(int dir_fd, const struct flush_scan *s)
{
	char name[SEGMENT_NAME];
	AUTO(auto_close) int fd = -1;
	struct flush_scan lines = *s;
	struct str file = str_cut(s->file, s->at, s->file.len);
	unsigned char leaf[TREE_HASH], kept[TREE_HASH];
	size_t at = 0, end;

	segment_name(name, s->serial, SEGMENT_LEAVES);
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && at < file.len && file.data[at] != '\n') {
		end = str_find(file, '\n', at);
		if (pread(fd, kept, TREE_HASH, (off_t)(lines.line * TREE_HASH)) != TREE_HASH)
			return 0;
		tree_leaf(str_cut(file, at, end), leaf);
		lines.line++;
		if (memcmp(leaf, kept, TREE_HASH) != 0)
			return lines.line;
		at = end + 1;
	}
	return 0;
}

/* ---- a torn flush ---- */

static int write_side_file(int dir_fd, const char *name, struct str data)
{
	AUTO(auto_close) int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < data.len;) {
		ssize_t n = write(fd, data.data + at, data.len - at);

		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	return fsync(fd) < 0 || fsync(dir_fd) < 0 ? -errno : 0;
}

static int move_torn(
	struct recovery *r, int dir_fd, const struct flush_scan *s, int fd, uint64_t end, struct err *err)
{
	struct str torn = str_cut(s->file, s->at, end);
	char name[80];
	int code;

	snprintf(name, sizeof(name), "torn-%08" PRIu64 "-%" PRIu64 ".bin", s->serial, s->at);
	code = write_side_file(dir_fd, name, torn);
	if (code == -ENOSPC && ftruncate(fd, (off_t)end) == 0) /* what was kept ready makes room */
		code = write_side_file(dir_fd, name, torn);
	if (code)
		return err_set(err, code, "%s: %s", name, strerror(-code));
	r->torn_serial = s->serial;
	r->torn_offset = s->at;
	r->torn_bytes = torn.len;
	tree_sha256(torn, r->torn_hash);
	log_warn("record: an unfinished flush of %zu bytes, for which no receipt was given, was moved to %s",
		torn.len, name);
	return 0;
}

/* ---- one segment ---- */

/* Newlines up to where the next flush begins, for a longer file would read as something else. Space that was
 * kept ready behind it stays: it may be the last there is on this disk. -1 with errno. */
static int end_segment(const struct flush_scan *s, int fd, bool torn)
{
	char newlines[SEGMENT_BLOCK];
	uint64_t end = s->at, len = s->file.len;
	size_t gap = len < end ? (size_t)(end - len) : 0;

	memset(newlines, '\n', sizeof(newlines));
	if (gap && pwrite(fd, newlines, gap, (off_t)len) != (ssize_t)gap)
		return -1;
	while (!torn && end < len && s->file.data[end] == '\n')
		end++;
	return ftruncate(fd, (off_t)(end / SEGMENT_BLOCK * SEGMENT_BLOCK)) < 0 || fsync(fd) < 0 ? -1 : 0;
}

static int judge_tail(struct recovery *r, int dir_fd, const struct flush_scan *s, int fd,
	const struct err *why, struct err *err)
{
	uint64_t end, line;
	enum flush_tail tail = flush_scan_tail(s, &end);
	int code = 0;

	if (tail == FLUSH_TORN && s->known && s->known->size > s->tree.size)
		tail = FLUSH_DAMAGED; /* what was signed was whole once */
	switch (tail) {
	case FLUSH_CLEAN:
		break;
	case FLUSH_TORN:
		code = move_torn(r, dir_fd, s, fd, end, err);
		break;
	case FLUSH_DAMAGED:
		line = leaves_first_difference(dir_fd, s);
		if (line)
			return err_set(err, -EBADMSG,
				"record damaged: %08" PRIu64 ".jsonl, line %" PRIu64
				" is not the line whose hash is kept beside it (edited, missing or "
				"added); " REMEDY,
				s->serial, line);
		return err_set(err, -EBADMSG, "record damaged: %s; " REMEDY, why->text);
	}
	if (code == 0 && end_segment(s, fd, r->torn_bytes > 0) < 0)
		return err_errno(err, "segment %08" PRIu64, s->serial);
	return code;
}

static int unescape_checkpoint(struct recovery *r, struct str escaped)
{
	buf_clear(&r->checkpoint);
	return str_is_empty(escaped) || line_unescape(escaped, &r->checkpoint) ? 0 : -EBADMSG;
}

static int adopt(struct recovery *r, int dir_fd, const struct flush_scan *s)
{
	r->serial = s->serial;
	r->used = s->at;
	r->tree = s->tree;
	r->last_time_us = s->time_us;
	memcpy(r->origin, s->origin, sizeof(r->origin));
	if (r->checkpoint.len == 0 && unescape_checkpoint(r, s->checkpoint) < 0)
		return -EBADMSG;
	return leaves_restore(dir_fd, s->serial, buf_view(&s->leaves), &r->leaves);
}

/* Reads the open segment. 1: it is begun and in *r; 0: nothing of it was ever whole; negative: failure. */
static int read_open(
	struct recovery *r, int dir_fd, uint64_t serial, const struct checkpoint *known, struct err *err)
{
	AUTO(mapping_close) struct mapping m = {.fd = -1};
	struct flush_scan s;
	struct err why = {};
	int code = mapping_open(&m, dir_fd, serial, err);

	if (code)
		return code;
	flush_scan_init(&s, str_of(m.data, m.len), serial);
	s.known = known;
	do
		code = flush_scan_next(&s, r->conversations, &why);
	while (code > 0);
	if (code == 0)
		code = judge_tail(r, dir_fd, &s, m.fd, &why, err);
	else
		err_set(err, code, "record damaged: %s; " REMEDY, why.text);
	if (code == 0 && s.at > 0)
		code = adopt(r, dir_fd, &s) < 0 ? -EBADMSG : 1;
	flush_scan_done(&s);
	return code;
}

/* ---- the whole ---- */

static void read_checkpoint(struct recovery *r, int dir_fd, const unsigned char *key, struct checkpoint *out,
	bool *has, struct err *err)
{
	AUTO(auto_close) int fd = openat(dir_fd, "checkpoint", O_RDONLY | O_CLOEXEC);
	char *to = buf_room(&r->checkpoint, NOTE_MAX);
	ssize_t n = fd >= 0 && to ? read(fd, to, NOTE_MAX) : 0;
	int code;

	*has = false;
	if (n <= 0)
		return;
	r->checkpoint.len = (size_t)n;
	code = note_open(buf_view(&r->checkpoint), key, out);
	if (code == -EKEYREJECTED)
		err_set(err, code,
			"the record's checkpoint is not signed by the record's key; use the key it was made "
			"with");
	if (code == -EINVAL) {
		log_warn("record: the file 'checkpoint' is not readable; using the one in the segment");
		buf_clear(&r->checkpoint);
	}
	*has = code == 0;
}

static int check_end(const struct recovery *r, const struct checkpoint *known, struct err *err)
{
	if (r->serial == 0)
		return err_set(err, -EBADMSG,
			"record damaged: a checkpoint signed %" PRIu64
			" lines, but there is no segment; " REMEDY,
			known->size);
	if (strlen(r->origin) != known->origin.len ||
		memcmp(r->origin, known->origin.data, known->origin.len) != 0)
		return err_set(err, -EBADMSG, "the checkpoint is of another record (%.*s); " REMEDY,
			STR_FMT(known->origin));
	if (r->tree.size < known->size)
		return err_set(err, -EBADMSG,
			"record damaged: %08" PRIu64 ".jsonl ends with line number %" PRIu64
			" but the last checkpoint signed %" PRIu64 " lines: %" PRIu64
			" are missing from the end; " REMEDY,
			r->serial, r->tree.size, known->size, known->size - r->tree.size);
	return 0;
}

static int check_serials(const struct segment_list *l, struct err *err)
{
	for (size_t i = 1; i < l->len; i++)
		if (l->items[i].serial != l->items[i - 1].serial + 1)
			return err_set(err, -EBADMSG,
				"record damaged: segment %08" PRIu64 " is missing; " REMEDY,
				l->items[i - 1].serial + 1);
	return 0;
}

static int open_numbers(struct recovery *r, int dir_fd, uint64_t upto, struct worker *keeper, struct err *err)
{
	conversations_free(r->conversations);
	r->conversations = NULL;
	return conversations_open(&r->conversations, dir_fd, upto, keeper, err);
}

/* The newest raw segment; the one before it when the newest was never begun. */
static int read_segments(struct recovery *r, int dir_fd, const struct segment_list *l,
	const struct checkpoint *known, struct worker *keeper, struct err *err)
{
	char name[SEGMENT_NAME];

	for (size_t i = l->len; i > 0 && i + 2 > l->len; i--) {
		const struct segment_info *s = &l->items[i - 1];
		int code;

		if (!s->raw)
			return err_set(err, -EBADMSG,
				"record damaged: the open segment behind %08" PRIu64 " is missing; " REMEDY,
				s->serial);
		code = open_numbers(r, dir_fd, s->serial - 1, keeper, err);
		if (code == 0)
			code = read_open(r, dir_fd, s->serial, known, err);
		if (code)
			return code < 0 ? code : 0;
		segment_name(name, s->serial, SEGMENT_RAW);
		if (unlinkat(dir_fd, name, 0) < 0)
			return err_errno(err, "%s", name);
	}
	if (l->len > 1 || (l->len == 1 && l->items[0].serial != 1))
		return err_set(err, -EBADMSG, "record damaged: no segment has a first line; " REMEDY);
	r->serial_next = 1;
	return r->conversations ? 0 : open_numbers(r, dir_fd, 0, keeper, err);
}

int recovery_run(struct recovery *out, int dir_fd, const unsigned char public_key[32], struct worker *keeper,
	struct err *err)
{
	struct recovery r = {.checkpoint = BUF_INIT(1 << 16), .leaves = BUF_INIT(0)};
	struct segment_list list = {};
	struct checkpoint known;
	bool has;
	int code;

	err->text[0] = '\0';
	read_checkpoint(&r, dir_fd, public_key, &known, &has, err);
	code = err->text[0] ? -EKEYREJECTED : segment_list(dir_fd, &list);
	if (code == 0)
		code = check_serials(&list, err);
	if (code == 0)
		code = read_segments(&r, dir_fd, &list, has ? &known : NULL, keeper, err);
	if (code == 0 && has)
		code = check_end(&r, &known, err);
	segment_list_done(&list);
	if (code) {
		recovery_done(&r);
		return code;
	}
	*out = r;
	return 0;
}

void recovery_done(struct recovery *r)
{
	conversations_free(r->conversations);
	r->conversations = NULL;
	buf_done(&r->checkpoint);
	buf_done(&r->leaves);
}
