#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "record/seal.h"
#include "record/segment.h"
#include "rig.h"

enum {
	LINES = 40,
	LINE = 100000, /* several members */
	PATIENT_MS = 300000,
};

/* This file's. That sealing runs when the processor is idle is a wish; granted, it would wait for all else on this machine. */
int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param)
{
	(void)thread;
	(void)policy;
	(void)param;
	return EPERM;
}

static int folder(const struct rig *rig)
{
	int fd = open(rig->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* A record whose first segment is complete and raw. */
static void make_raw(struct rig *rig)
{
	struct buf raw = BUF_INIT(0);
	char *text = calloc(1, LINE + 1);
	struct segment_lines *lines;
	struct err err = {};
	struct journal *j;
	struct str line;
	int fd;

	rig_make(rig, 64 << 20);
	assert_int_equal(rig_open(rig, &j, &err), 0);
	memset(text, 'x', LINE);
	for (int i = 0; i < LINES; i++) {
		rig_add(j, text, "c");
		assert_int_equal(journal_flush(j), 0);
	}
	assert_int_equal(journal_seal(j), 0);
	journal_close(j);
	free(text);
	fd = folder(rig);
	assert_int_equal(segment_lines_open(&lines, fd, 1, 0, &err), 0);
	while (segment_lines_next(lines, &line) > 0) {
		buf_str(&raw, line);
		buf_putc(&raw, '\n');
	}
	segment_lines_free(lines);
	unlinkat(fd, "00000001.jsonl.gz", 0);
	rig_write(rig, "00000001.jsonl", buf_view(&raw));
	buf_done(&raw);
	close(fd);
}

static bool is_there(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, 0) == 0;
}

/* Until the raw file has gone, at most that long. */
static bool is_sealed(int dir_fd, unsigned ms)
{
	for (uint64_t end = clock_mono_ms() + ms; clock_mono_ms() < end; usleep(5000))
		if (!is_there(dir_fd, "00000001.jsonl"))
			return is_there(dir_fd, "00000001.jsonl.gz");
	return false;
}

static void sealing_gives_way_while_the_recorder_is_busy(void **state)
{
	struct seal *s;
	struct rig rig;
	int fd;

	(void)state;
	make_raw(&rig);
	fd = folder(&rig);
	assert_int_equal(seal_new(&s, fd, -1), 0);
	seal_give_way(s, true);
	seal_before(s, 2);
	assert_false(is_sealed(fd, 500));
	assert_false(is_there(fd, "00000001.jsonl.gz"));
	seal_give_way(s, false);
	assert_true(is_sealed(fd, PATIENT_MS));
	assert_false(seal_is_pending(s));
	seal_free(s);
	close(fd);
	rig_remove(&rig);
}

static void too_many_segments_that_wait_are_sealed_all_the_same(void **state)
{
	struct seal *s;
	struct rig rig;
	int fd;

	(void)state;
	make_raw(&rig);
	fd = folder(&rig);
	assert_int_equal(seal_new(&s, fd, -1), 0);
	seal_give_way(s, true);
	seal_before(s, 10);
	assert_true(is_sealed(fd, PATIENT_MS));
	seal_free(s);
	close(fd);
	rig_remove(&rig);
}

static void a_stop_does_not_wait_for_what_gives_way(void **state)
{
	struct seal *s;
	struct rig rig;
	uint64_t begin;
	int fd;

	(void)state;
	make_raw(&rig);
	fd = folder(&rig);
	assert_int_equal(seal_new(&s, fd, -1), 0);
	seal_give_way(s, true);
	seal_before(s, 2);
	assert_false(is_sealed(fd, 200));
	begin = clock_mono_ms();
	seal_free(s);
	assert_true(clock_mono_ms() - begin < 30000); /* what is busy gives way for ever */
	assert_true(is_there(fd, "00000001.jsonl"));
	assert_int_equal(seal_new(&s, fd, -1), 0); /* the next start */
	seal_before(s, 2);
	assert_true(is_sealed(fd, PATIENT_MS));
	seal_free(s);
	close(fd);
	rig_remove(&rig);
}

/* A raw file that was changed keeps its name; nothing is made of it. */
static void what_does_not_verify_is_not_sealed(void **state)
{
	struct buf raw = BUF_INIT(0);
	struct seal *s;
	struct rig rig;
	int fd;

	(void)state;
	make_raw(&rig);
	rig_read(&rig, 1, &raw);
	raw.data[raw.len / 2] ^= 1;
	rig_write(&rig, "00000001.jsonl", buf_view(&raw));
	fd = folder(&rig);
	assert_int_equal(seal_new(&s, fd, -1), 0);
	seal_before(s, 2);
	for (int i = 0; i < PATIENT_MS / 10 && !seal_is_pending(s); i++)
		usleep(10000);
	assert_true(seal_is_pending(s));
	assert_true(is_there(fd, "00000001.jsonl"));
	assert_false(is_there(fd, "00000001.jsonl.gz"));
	seal_free(s);
	close(fd);
	buf_done(&raw);
	rig_remove(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealing_gives_way_while_the_recorder_is_busy),
		cmocka_unit_test(too_many_segments_that_wait_are_sealed_all_the_same),
		cmocka_unit_test(a_stop_does_not_wait_for_what_gives_way),
		cmocka_unit_test(what_does_not_verify_is_not_sealed),
	};

	log_set_level(LOG_ERROR);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
