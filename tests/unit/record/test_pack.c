#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/rand.h"
#include "record/line.h"
#include "record/pack.h"

static int temporary(void)
{
	char path[] = "/tmp/gatehouse-pack-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

/* Lines of all lengths that compress badly, to one far longer than a member. */
static void put_lines(struct pack *p, struct buf *whole, unsigned *members)
{
	struct buf line = BUF_INIT(0);
	unsigned char random[1024];

	for (unsigned i = 1; i < 8000; i++) {
		int r;

		buf_clear(&line);
		rand_bytes(random, sizeof(random));
		for (unsigned k = 0; k < i % 1024; k++)
			buf_putc(&line, (char)('0' + random[k] % 64));
		if (i == 2000)
			for (unsigned k = 0; k < PACK_MEMBER * 3; k++)
				buf_putc(&line, (char)('a' + k % 26));
		buf_putc(&line, '.');
		r = pack_put(p, buf_view(&line));
		assert_true(r >= 0);
		*members += r > 0;
		buf_str(whole, buf_view(&line));
		buf_putc(whole, '\n');
	}
	assert_int_equal(pack_end(p), 0);
	*members += 1;
	buf_done(&line);
}

static void lines_come_back_and_any_gzip_reader_has_them(void **state)
{
	struct buf whole = BUF_INIT(0), back = BUF_INIT(0);
	unsigned members = 0, n = 0;
	struct str lines;
	struct pack *p;
	int fd = temporary(), r;
	gzFile gz;

	(void)state;
	assert_int_equal(pack_new(&p, fd), 0);
	put_lines(p, &whole, &members);
	assert_true(members >= 3);
	while ((r = pack_next(p, &lines)) > 0) {
		assert_true(lines.len > 0 && lines.data[lines.len - 1] == '\n');
		buf_str(&back, lines);
		n++;
	}
	assert_int_equal(r, 0);
	assert_int_equal(n, members);
	assert_true(str_eq(buf_view(&back), buf_view(&whole)));
	pack_free(p);

	buf_clear(&back);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	gz = gzdopen(fd, "rb");
	while ((r = gzread(gz, buf_room(&back, 65536), 65536)) > 0)
		back.len += (size_t)r;
	assert_int_equal(r, 0);
	assert_true(str_eq(buf_view(&back), buf_view(&whole)));
	gzclose(gz);
	buf_done(&whole);
	buf_done(&back);
}

static void a_file_that_changed_meanwhile_is_not_what_was_written(void **state)
{
	static const off_t places[] = {0, 2, 20, 40};
	struct str lines;
	char c;

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd = temporary();
		struct pack *p;

		assert_int_equal(pack_new(&p, fd), 0);
		for (int k = 0; k < 1000; k++)
			assert_int_equal(pack_put(p, STR("a line of the record, one of many")), 0);
		assert_int_equal(pack_end(p), 0);
		assert_int_equal(pread(fd, &c, 1, places[i]), 1);
		c ^= 0x55;
		assert_int_equal(pwrite(fd, &c, 1, places[i]), 1);
		assert_int_equal(pack_next(p, &lines), -EBADMSG);
		pack_free(p);
		close(fd);
	}
}

static void a_file_that_was_cut_is_not_what_was_written(void **state)
{
	int fd = temporary();
	struct str lines;
	struct pack *p;

	(void)state;
	assert_int_equal(pack_new(&p, fd), 0);
	assert_int_equal(pack_put(p, STR("one line")), 0);
	assert_int_equal(pack_end(p), 0);
	assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 1), 0);
	assert_int_equal(pack_next(p, &lines), -EBADMSG);
	pack_free(p);
	close(fd);
}

static void a_line_that_no_record_has_is_refused(void **state)
{
	struct buf line = BUF_INIT(0);
	int fd = temporary();
	struct pack *p;

	(void)state;
	for (unsigned k = 0; k < LINE_MAX_BYTES + PACK_MEMBER + 2; k++)
		buf_putc(&line, 'x');
	assert_int_equal(pack_new(&p, fd), 0);
	assert_int_equal(pack_put(p, buf_view(&line)), -ENOMEM);
	pack_free(p);
	buf_done(&line);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_back_and_any_gzip_reader_has_them),
		cmocka_unit_test(a_file_that_changed_meanwhile_is_not_what_was_written),
		cmocka_unit_test(a_file_that_was_cut_is_not_what_was_written),
		cmocka_unit_test(a_line_that_no_record_has_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
