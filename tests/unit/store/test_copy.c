/* A copy of the store while it is written to: the state of the moment it was asked for, also for long afterwards. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/copy.h"
#include "store/store.h"

static char folder[64], from[128], to[128];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/store-copy-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(from, sizeof(from), "%s/a.db", folder);
	snprintf(to, sizeof(to), "%s/b.db", folder);
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	char path[160];

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "%s%s", i < 4 ? from : to, ends[i % 4]);
		unlink(path);
	}
	return rmdir(folder);
}

static struct store *opened(const char *path, bool create)
{
	struct store_options options = {.path = path, .create = create};
	struct store *s = NULL;
	struct err err = {};

	assert_int_equal(store_open(&s, &options, &err), 0);
	return s;
}

static void advance(struct store *s, uint64_t seq)
{
	struct store_req req;

	store_req_init(&req, NULL, NULL);
	assert_int_equal(store_commit_applied(s, &req, seq), 0);
	assert_int_equal(store_wait(&req), 0);
	store_req_release(&req);
}

static void counted(void *owner, uint64_t done, uint64_t all)
{
	assert_true(done <= all);
	*(uint64_t *)owner = done;
}

static void test_the_copy_is_of_the_moment_and_nobody_waits(void **state)
{
	struct store *s = opened(from, true), *copied;
	struct store_copied told = {};
	struct store_copy *copy = NULL;
	struct err err = {};
	uint64_t pages = 0;
	struct stat st;

	(void)state;
	advance(s, 7);
	assert_int_equal(store_copy_open(&copy, from, &err), 0);
	for (uint64_t seq = 8; seq < 40; seq++)
		advance(s, seq); /* answered while the copy holds its state */
	assert_int_equal(store_copy_write(copy, to, counted, &pages, &told, &err), 0);
	advance(s, 50);
	assert_int_equal(told.applied_seq, 7);
	assert_int_equal(told.schema, store_schema_version());
	assert_true(pages > 0);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(store_copy_write(copy, to, NULL, NULL, &told, &err), -EEXIST);
	store_copy_free(copy);
	store_close(s);
	copied = opened(to, false);
	assert_int_equal(store_applied_seq(copied), 7);
	store_close(copied);
	copied = opened(from, false);
	assert_int_equal(store_applied_seq(copied), 50);
	store_close(copied);
}

static void test_what_is_no_store_is_told(void **state)
{
	struct store_copy *copy = NULL;
	struct err err = {};
	char path[160];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/none.db", folder);
	assert_int_equal(store_copy_open(&copy, path, &err), -ENOENT);
	assert_non_null(strstr(err.text, "none.db"));
	file = fopen(path, "w");
	fputs("this is no database, however long it may be", file);
	fclose(file);
	assert_int_equal(store_copy_open(&copy, path, &err), -EIO);
	assert_null(copy);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_copy_is_of_the_moment_and_nobody_waits),
		cmocka_unit_test(test_what_is_no_store_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
