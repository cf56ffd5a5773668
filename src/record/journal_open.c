/* Opening and closing a journal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "ipc/frame.h"
#include "record/journal_private.h"
#include "record/segment.h"

int journal_open_leaves(struct journal *j)
{
	char name[SEGMENT_NAME];

	auto_close(&j->leaves_fd);
	segment_name(name, j->serial, SEGMENT_LEAVES);
	j->leaves_fd = openat(j->c.dir_fd, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	return j->leaves_fd < 0 ? -errno : 0;
}

static void put_peaks(struct journal *j)
{
	line_member(&j->lines, STR("peaks"));
	buf_putc(&j->lines, '[');
	for (unsigned i = 0; i < j->tree.peaks_len; i++) {
		buf_str(&j->lines, i ? STR(",\"") : STR("\""));
		base64_put(&j->lines, j->tree.peaks[i], TREE_HASH);
		buf_putc(&j->lines, '"');
	}
	buf_putc(&j->lines, ']');
}

int journal_begin_segment(struct journal *j)
{
	struct buf key = BUF_INIT(1024);
	unsigned char root[TREE_HASH];
	size_t start = j->lines.len;
	bool ok;

	tree_root(&j->tree, root);
	note_put_verifier(&key, str_from(j->origin), j->c.key.public_key);
	journal_start_line(j, EVENT_SEGMENT);
	ok = line_string(&j->lines, STR("origin"), str_from(j->origin));
	line_number(&j->lines, STR("serial"), j->serial);
	line_number(&j->lines, STR("size"), j->tree.size);
	line_base64(&j->lines, STR("root"), root, sizeof(root));
	put_peaks(j);
	ok = ok && line_string(&j->lines, STR("key"), buf_view(&key)) &&
	     line_string(&j->lines, STR("version"), str_from(j->c.version)) &&
	     (j->note.len == 0 || line_string(&j->lines, STR("checkpoint"), buf_view(&j->note)));
	buf_done(&key);
	return ok ? journal_finish_line(j, start) : -EINVAL;
}

static int put_recovered(struct journal *j, const struct recovery *r)
{
	size_t start = j->lines.len;
	char file[80];
	bool ok;

	snprintf(file, sizeof(file), "torn-%08llu-%llu.bin", (unsigned long long)r->torn_serial,
		(unsigned long long)r->torn_offset);
	journal_start_line(j, EVENT_RECOVERED);
	line_number(&j->lines, STR("serial"), r->torn_serial);
	line_number(&j->lines, STR("offset"), r->torn_offset);
	line_number(&j->lines, STR("bytes"), r->torn_bytes);
	line_base64(&j->lines, STR("sha256"), r->torn_hash, TREE_HASH);
	ok = line_string(&j->lines, STR("file"), str_from(file));
	return ok ? journal_finish_line(j, start) : -EINVAL;
}

static int put_start(struct journal *j, const struct recovery *r)
{
	struct buf fields = BUF_INIT(1024);
	uint64_t seq;
	int code = 0;

	if (r->serial == 0)
		code = journal_begin_segment(j);
	if (code == 0 && r->torn_bytes)
		code = put_recovered(j, r);
	if (code == 0) {
		field_put(&fields, KEY_VERSION, str_from(j->c.version));
		code = journal_event(j, EVENT_START, buf_view(&fields), &seq);
	}
	buf_done(&fields);
	return code ? code : journal_flush(j);
}

/* Two recorders on one record would give one number to two lines. */
static int lock(struct journal *j, struct err *err)
{
	if (flock(j->c.dir_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err, -EBUSY, "another recorder is at work on this record");
	return err_errno(err, "record");
}

static void take_state(struct journal *j, struct recovery *r)
{
	struct str origin = str_from(r->serial ? r->origin : j->c.origin);

	memcpy(j->origin, origin.data, origin.len);
	j->serial = r->serial ? r->serial : r->serial_next;
	j->tree = r->tree;
	j->time_us = r->last_time_us;
	j->note = r->checkpoint;
	r->checkpoint = BUF_INIT(0);
	j->leaves = r->leaves;
	r->leaves = BUF_INIT(0);
	j->conversations = r->conversations;
	r->conversations = NULL;
}

static int open_helpers(struct journal *j, struct recovery *r, struct err *err)
{
	struct space_config space = {
		.dir_fd = j->c.dir_fd,
		.keeper = j->keeper,
		.flush = j->c.flush,
		.segment_bytes = j->c.segment_bytes,
		.min_free = j->c.min_free,
	};
	struct publish_config publish = {
		.dir_fd = j->c.dir_fd, .outside_fd = j->c.outside_fd,
		.outside_path = j->c.outside_path, .syslog_fd = j->c.syslog_fd};
	int code = publish_new(&j->publish, &publish, err);

	j->c.outside_fd = j->c.syslog_fd = -1;
	if (code == 0)
		code = seal_new(&j->seal, j->c.dir_fd, j->c.copy_fd);
	if (code == 0)
		code = space_open(&j->space, &space, j->serial, r->used, err);
	if (code == 0)
		code = journal_open_leaves(j);
	return code;
}

static int resume(struct journal *j, struct err *err)
{
	struct recovery r = {};
	int code = lock(j, err);

	if (code == 0)
		code = recovery_run(&r, j->c.dir_fd, j->c.key.public_key, j->keeper, err);
	if (code)
		return code;
	if (r.serial == 0 && !note_origin_is_valid(str_from(j->c.origin)))
		code = err_set(err, -EINVAL, "origin of the record '%s' is not usable", j->c.origin);
	if (code == 0) {
		take_state(j, &r);
		code = open_helpers(j, &r, err);
	}
	if (code == 0)
		code = put_start(j, &r);
	if (code == JOURNAL_E_FULL)
		code = 0; /* waits for space like everything else */
	if (code == 0)
		seal_before(j->seal, j->serial);
	recovery_done(&r);
	return code;
}

void journal_release(struct journal *j)
{
	j->seal = seal_free(j->seal);
	j->publish = publish_free(j->publish);
	j->keeper = worker_free(j->keeper);
	space_free(j->space);
	conversations_free(j->conversations);
	auto_close(&j->leaves_fd);
	auto_close(&j->c.outside_fd);
	auto_close(&j->c.syslog_fd);
	auto_close(&j->c.copy_fd);
	auto_close(&j->c.dir_fd);
	note_key_done(&j->c.key);
	buf_done(&j->leaves);
	buf_done(&j->note);
	if (j->lines.data)
		munmap(j->lines.data, FLUSH_CAP);
	free(j);
}

int journal_open(struct journal **out, const struct journal_config *c, struct err *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return -ENOMEM;
	j->c = *c;
	j->leaves_fd = -1;
	j->note = BUF_INIT(1 << 16);
	j->lines.data = mmap(
		NULL, FLUSH_CAP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	j->lines.cap = j->lines.max = FLUSH_CAP;
	if (j->lines.data == MAP_FAILED)
		j->lines.data = NULL;
	r = j->lines.data ? worker_new(&j->keeper, false) : -ENOMEM;
	err->text[0] = '\0';
	if (r == 0)
		r = resume(j, err);
	if (r) {
		if (!err->text[0])
			err_set(err, r, "record: %s", strerror(-r));
		journal_release(j);
		return r;
	}
	log_info("record '%s': %llu lines, segment %08llu, %s", j->origin, (unsigned long long)j->tree.size,
		(unsigned long long)j->serial,
		space_is_direct(j->space) ? "direct writes" : "buffered writes with fdatasync");
	*out = j;
	return 0;
}

struct journal *journal_close(struct journal *j)
{
	uint64_t seq;

	if (!j)
		return NULL;
	if (journal_flush(j) == 0 && journal_event(j, EVENT_STOP, STR_NONE, &seq) == 0 &&
		journal_flush(j) == 0)
		journal_checkpoint(j, true);
	else
		log_error("record: there was no space for the stop line");
	journal_write_leaves(j);
	journal_release(j);
	return NULL;
}
