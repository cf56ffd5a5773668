#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/frame.h"
#include "record/line.h"
#include "record/segment.h"
#include "rig.h"

enum { SMALL = 65536 }; /* bytes of a segment, where hundreds are made: each is written to the disk */

static pthread_t writer;
static atomic_int failing;  /* what the next flush of the keeper answers, once; 0: what is true */
static atomic_uint failed;  /* how often it did */

/* This file's. */
int fdatasync(int fd)
{
	int code = pthread_equal(pthread_self(), writer) ? 0 : atomic_exchange(&failing, 0);

	if (!code)
		return (int)syscall(SYS_fdatasync, fd);
	atomic_fetch_add(&failed, 1);
	errno = code;
	return -1;
}

static struct journal *must_open(struct rig *rig)
{
	struct journal *j = NULL;
	struct err err = {};

	if (rig_open(rig, &j, &err))
		fail_msg("refused: %s", err.text);
	return j;
}

static void lines_get_numbers_and_a_closed_record_goes_on(void **state)
{
	struct rig rig;
	struct journal *j;

	(void)state;
	rig_make(&rig, 1 << 20);
	j = must_open(&rig);
	assert_int_equal(rig_add(j, "one", "c"), 3); /* segment, start, batch come before */
	assert_int_equal(rig_add(j, "two", "c"), 4);
	assert_true(journal_is_dirty(j));
	assert_int_equal(journal_flush(j), 0);
	assert_int_equal(journal_extent(j).size, 6);
	journal_close(j);
	j = must_open(&rig);
	assert_int_equal(rig_add(j, "three", "c"), 10); /* stop, batch, start, batch */
	journal_close(j);
	rig_remove(&rig);
}

static void refused_entries_leave_nothing_behind(void **state)
{
	struct buf fields = BUF_INIT(0);
	struct rig rig;
	struct journal *j;
	uint64_t seq;

	(void)state;
	rig_make(&rig, 1 << 20);
	j = must_open(&rig);
	rig_content(&fields, "\xff", "c");
	assert_int_equal(journal_append(j, EVENT_CONTENT, STR("1.0.1"), buf_view(&fields), &seq), -EPROTO);
	assert_int_equal(journal_append(j, EVENT_CONTENT, STR("1.0.1"), STR_NONE, &seq), -EPROTO);
	assert_int_equal(journal_append(j, EVENT_BATCH, STR("1.0.1"), STR_NONE, &seq), -EPROTO);
	assert_int_equal(journal_append(j, EVENT_END, STR("1.0.1"), STR_NONE, &seq), -EPROTO);
	assert_false(journal_is_dirty(j));
	assert_int_equal(rig_add(j, "good", "c"), 3);
	journal_close(j);
	buf_done(&fields);
	rig_remove(&rig);
}

struct counts {
	unsigned content, recovered, segments;
	uint64_t cseq; /* of the last content line */
};

static struct counts count(struct journal *j)
{
	struct journal_extent e = journal_extent(j);
	struct counts c = {};

	for (uint64_t serial = 1; serial <= e.serial; serial++) {
		struct segment_lines *l;
		struct line_scan scan;
		struct line_head head;
		struct line_value v;
		struct str line;

		assert_int_equal(
			segment_lines_open(&l, e.dir_fd, serial, serial == e.serial ? e.bytes : 0, NULL), 0);
		while (segment_lines_next(l, &line) > 0) {
			assert_int_equal(line_read_head(&scan, line, &head), 0);
			c.content += head.type == EVENT_CONTENT;
			c.recovered += head.type == EVENT_RECOVERED;
			c.segments += head.type == EVENT_SEGMENT;
			if (line_find(line, STR("cseq"), &v))
				assert_true(line_get_u64(&v, &c.cseq));
		}
		segment_lines_free(l);
	}
	return c;
}

/* A record whose last flush holds two of three content lines: the raw file, and where that flush begins. */
static uint64_t make_tail(struct rig *rig, struct buf *out)
{
	struct journal *j = must_open(rig);
	uint64_t before;

	rig_add(j, "kept", "c");
	assert_int_equal(journal_flush(j), 0);
	before = journal_extent(j).bytes;
	rig_add(j, "last", "c");
	rig_add(j, "line", "d");
	assert_int_equal(journal_flush(j), 0);
	rig_read(rig, 1, out);
	out->len = journal_extent(j).bytes;
	journal_close(j);
	return before;
}

static uint64_t end_of_lines(const struct buf *b)
{
	uint64_t end = b->len;

	while (b->data[end - 1] == '\n')
		end--;
	return end + 1;
}

static void restart_on(struct rig *rig, struct str file)
{
	char name[SEGMENT_NAME];

	rig_clear(rig);
	segment_name(name, 1, SEGMENT_RAW);
	rig_write(rig, name, file);
}

static void a_tail_cut_at_every_byte_is_recovered_and_told(void **state)
{
	struct buf whole = BUF_INIT(0);
	struct rig rig;
	uint64_t before, end;

	(void)state;
	rig_make(&rig, SMALL);
	before = make_tail(&rig, &whole);
	end = end_of_lines(&whole);
	for (uint64_t cut = before; cut <= end; cut++) {
		struct counts c;
		struct journal *j;

		restart_on(&rig, str_cut(buf_view(&whole), 0, cut));
		j = must_open(&rig);
		c = count(j);
		assert_int_equal(c.content, cut == end ? 3 : 1);
		assert_int_equal(c.recovered, cut > before && cut < end);
		rig_add(j, "next", "c");
		assert_int_equal(journal_flush(j), 0);
		assert_int_equal(count(j).cseq, cut == end ? 3 : 2);
		journal_close(j);
	}
	buf_done(&whole);
	rig_remove(&rig);
}

static void zeros_behind_the_last_flush_are_no_tail(void **state)
{
	struct buf whole = BUF_INIT(0);
	struct rig rig;
	struct journal *j;

	(void)state;
	rig_make(&rig, 1 << 20);
	make_tail(&rig, &whole);
	for (int i = 0; i < 10000; i++)
		buf_putc(&whole, i % 3 ? '\0' : '\n');
	restart_on(&rig, buf_view(&whole));
	j = must_open(&rig);
	assert_int_equal(count(j).content, 3);
	assert_int_equal(count(j).recovered, 0);
	journal_close(j);
	buf_done(&whole);
	rig_remove(&rig);
}

/* Every flipped bit before the last flush is refused; the file is not touched. */
static void damage_before_the_last_flush_is_refused(void **state)
{
	struct buf whole = BUF_INIT(0), after = BUF_INIT(0);
	struct rig rig;
	uint64_t before;

	(void)state;
	rig_make(&rig, SMALL);
	before = make_tail(&rig, &whole);
	for (uint64_t at = 0; at < before; at += 7) {
		struct journal *j;
		struct err err = {};

		if (whole.data[at] == '\n')
			continue;
		whole.data[at] ^= 4;
		restart_on(&rig, buf_view(&whole));
		if (rig_open(&rig, &j, &err) != -EBADMSG)
			fail_msg("byte %llu was not noticed", (unsigned long long)at);
		assert_non_null(strstr(err.text, "00000001.jsonl, line "));
		buf_clear(&after);
		rig_read(&rig, 1, &after);
		assert_true(str_eq(buf_view(&after), buf_view(&whole)));
		whole.data[at] ^= 4;
	}
	buf_done(&whole);
	buf_done(&after);
	rig_remove(&rig);
}

static void numbers_of_conversations_go_on_over_starts_and_segments(void **state)
{
	struct rig rig;
	struct counts c = {};

	(void)state;
	rig_make(&rig, 65536);
	for (unsigned i = 1; i <= 60; i++) {
		struct journal *j = must_open(&rig);

		rig_add(j, "text", "one conversation");
		assert_int_equal(journal_flush(j), 0);
		c = count(j);
		assert_int_equal(c.content, i);
		assert_int_equal(c.cseq, i);
		journal_close(j);
	}
	assert_true(c.segments > 5);
	rig_remove(&rig);
}

static void a_record_is_of_one_writer(void **state)
{
	struct rig rig;
	struct journal *j, *second;
	struct err err;

	(void)state;
	rig_make(&rig, 1 << 20);
	j = must_open(&rig);
	assert_int_equal(rig_open(&rig, &second, &err), -EBUSY);
	journal_close(j);
	rig_remove(&rig);
}

static void a_large_entry_has_room(void **state)
{
	struct buf text = BUF_INIT(0);
	struct rig rig;
	struct journal *j;

	(void)state;
	rig_make(&rig, 1 << 20);
	j = must_open(&rig);
	for (int i = 0; i < (1 << 20) - 100; i++)
		buf_putc(&text, '\x01');
	buf_putc(&text, '\0');
	for (int i = 0; i < 3; i++) {
		while (!journal_has_room(j))
			assert_int_equal(journal_flush(j), 0);
		rig_add(j, text.data, "c");
	}
	assert_int_equal(journal_flush(j), 0);
	assert_int_equal(count(j).content, 3);
	journal_close(j);
	buf_done(&text);
	rig_remove(&rig);
}

/* A record with a line that is not flushed, of which the keeper was writing ahead when a flush of its own failed. */
static struct journal *open_lost(struct rig *rig, int code)
{
	struct journal *j;
	char text[65536];
	int r = 0;

	rig_make(rig, 8 << 20);
	j = must_open(rig);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	atomic_store(&failed, 0);
	atomic_store(&failing, code);
	for (unsigned i = 0; i < 20 && r == 0 && atomic_load(&failed) == 0; i++) {
		rig_add(j, text, "c");
		r = journal_flush(j);
	}
	for (unsigned i = 0; i < 30000 && atomic_load(&failed) == 0; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&failed), 1);
	usleep(10000); /* from what the system said to what is made of it */
	if (r == 0)
		rig_add(j, "said", "c");
	return j;
}

/* The system may have dropped lines together with what was written ahead, and has said so: it need not say so again. */
static void a_flush_that_failed_beside_the_lines_is_theirs_too(void **state)
{
	struct journal *j;
	unsigned before;
	struct rig rig;

	(void)state;
	j = open_lost(&rig, EIO);
	before = count(j).content;
	assert_int_equal(journal_flush(j), -EIO);
	assert_int_equal(journal_flush(j), -EIO); /* it stays so: the process has to end */
	assert_int_equal(count(j).content, before);
	journal_close(j);
	j = must_open(&rig);
	assert_in_range(count(j).content, before, before + 1); /* the disk may hold the line */
	rig_add(j, "again", "c");
	assert_int_equal(journal_flush(j), 0);
	journal_close(j);
	rig_remove(&rig);
}

/* Want of space took nothing of what was durable before. */
static void a_flush_beside_the_lines_without_space_is_no_loss(void **state)
{
	struct journal *j;
	unsigned before;
	struct rig rig;
	int r;

	(void)state;
	j = open_lost(&rig, ENOSPC);
	before = count(j).content;
	for (r = journal_flush(j); r == JOURNAL_E_FULL;)
		r = journal_flush(j);
	assert_int_equal(r, 0);
	assert_int_equal(count(j).content, before + 1);
	journal_close(j);
	rig_remove(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_get_numbers_and_a_closed_record_goes_on),
		cmocka_unit_test(refused_entries_leave_nothing_behind),
		cmocka_unit_test(a_tail_cut_at_every_byte_is_recovered_and_told),
		cmocka_unit_test(zeros_behind_the_last_flush_are_no_tail),
		cmocka_unit_test(damage_before_the_last_flush_is_refused),
		cmocka_unit_test(numbers_of_conversations_go_on_over_starts_and_segments),
		cmocka_unit_test(a_record_is_of_one_writer),
		cmocka_unit_test(a_large_entry_has_room),
		cmocka_unit_test(a_flush_that_failed_beside_the_lines_is_theirs_too),
		cmocka_unit_test(a_flush_beside_the_lines_without_space_is_no_loss),
	};

	writer = pthread_self();
	log_set_level(LOG_ERROR);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
