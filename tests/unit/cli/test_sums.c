/* Sums: a list that sha256sum reads, what it refuses, and copying with a sum. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/sums.h"

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/sums-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/list", folder);
	unlink(path);
	return rmdir(folder);
}

static const char *list_path(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/list", folder);
	return path;
}

static int read_text(struct sums *s, const char *text, struct err *err)
{
	FILE *file = fopen(list_path(), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return sums_read(s, list_path(), err);
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_what_is_written_is_read_and_found(void **state)
{
	struct sums out = {}, in = {};
	unsigned char hash[SUM_BYTES] = {1, 2, 3};
	struct err err = {};

	(void)state;
	unlink(list_path());
	assert_int_equal(sums_add(&out, "record/b", 5, hash), 0);
	hash[0] = 9;
	assert_int_equal(sums_add(&out, "a with space", 6, hash), 0);
	assert_int_equal(sums_add(&out, "two\nlines", 6, hash), -EINVAL);
	assert_int_equal(sums_add(&out, "back\\slash", 6, hash), -EINVAL);
	assert_int_equal(sums_write(&out, list_path(), &err), 0);
	assert_int_equal(sums_write(&out, list_path(), &err), -EEXIST);
	assert_int_equal(sums_read(&in, list_path(), &err), 0);
	assert_int_equal(in.len, 2);
	assert_non_null(sums_find(&in, "record/b"));
	assert_int_equal(sums_find(&in, "record/b")->hash[0], 1);
	assert_int_equal(sums_find(&in, "a with space")->hash[0], 9);
	assert_null(sums_find(&in, "record"));
	sums_done(&out);
	sums_done(&in);
}

static void test_lists_that_are_none(void **state)
{
	static const char *const bad[] = {"x\n", HASH "\n", HASH "  \n", HASH " \n", HASH "x file\n",
		HASH "  /etc/passwd\n", HASH "  ../up\n", HASH "  a/../../up\n", HASH "  a//b\n", HASH "  a/\n",
		"g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef  file\n",
		HASH "  good\n" HASH "  ../bad\n", "\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sums s = {};
		struct err err = {};

		assert_int_equal(read_text(&s, bad[i], &err), -EINVAL);
		assert_int_equal(s.len, 0);
		assert_non_null(strstr(err.text, "line"));
	}
}

static void test_an_empty_list_has_nothing(void **state)
{
	struct sums s = {};
	struct err err = {};

	(void)state;
	assert_int_equal(read_text(&s, "", &err), 0);
	assert_null(sums_find(&s, "a"));
	unlink(list_path());
	assert_int_equal(sums_read(&s, list_path(), &err), -ENOENT);
	sums_done(&s);
}

static void counted(void *owner, uint64_t bytes)
{
	*(uint64_t *)owner += bytes;
}

static void test_a_copy_has_its_sum_and_a_short_one_is_told(void **state)
{
	/* SHA-256 of "abc" (FIPS 180-4) */
	static const unsigned char abc[SUM_BYTES] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde,
		0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00,
		0x15, 0xad};
	unsigned char hash[SUM_BYTES];
	uint64_t moved = 0, bytes = 0;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abcdef", 6), 6);
	assert_int_equal(sum_copy(ends[0], -1, 3, counted, &moved, hash, &bytes), 0);
	assert_memory_equal(hash, abc, SUM_BYTES);
	assert_int_equal(moved, 3);
	assert_int_equal(bytes, 3);
	close(ends[1]);
	assert_int_equal(sum_copy(ends[0], -1, 4, NULL, NULL, hash, NULL), -EPIPE);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read_and_found),
		cmocka_unit_test(test_lists_that_are_none),
		cmocka_unit_test(test_an_empty_list_has_nothing),
		cmocka_unit_test(test_a_copy_has_its_sum_and_a_short_one_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
