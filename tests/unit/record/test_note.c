#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/note.h"

static char dir[] = "/tmp/gatehouse-note-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static struct checkpoint example(void)
{
	struct checkpoint c = {.origin = STR("example.org/record/1"), .size = 12};

	memset(c.root, 7, sizeof(c.root));
	return c;
}

static void a_checkpoint_is_signed_and_opened(void **state)
{
	struct checkpoint c = example(), back;
	struct note_key key, again;
	struct buf b = BUF_INIT(0);
	struct err err;

	(void)state;
	assert_int_equal(note_key_create(&key, in_dir("a.key"), &err), 0);
	assert_int_equal(note_key_load(&again, in_dir("a.key"), &err), 0);
	assert_memory_equal(key.public_key, again.public_key, 32);
	assert_int_equal(note_sign(&b, &again, &c), 0);
	assert_int_equal(note_open(buf_view(&b), key.public_key, &back), 0);
	assert_true(str_eq(back.origin, c.origin) && back.size == 12);
	assert_memory_equal(back.root, c.root, TREE_HASH);
	note_key_done(&key);
	note_key_done(&again);
	buf_done(&b);
}

static void every_changed_byte_is_noticed(void **state)
{
	struct checkpoint c = example(), back;
	struct note_key key;
	struct buf b = BUF_INIT(0);
	struct err err;

	(void)state;
	assert_int_equal(note_key_load(&key, in_dir("a.key"), &err), 0);
	assert_int_equal(note_sign(&b, &key, &c), 0);
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 1;
		assert_int_not_equal(note_open(buf_view(&b), key.public_key, &back), 0);
		b.data[i] ^= 1;
	}
	for (size_t i = 0; i < b.len; i++)
		assert_int_not_equal(note_open(str_of(b.data, i), key.public_key, &back), 0);
	key.public_key[0] ^= 1;
	assert_int_equal(note_open(buf_view(&b), key.public_key, &back), -EKEYREJECTED);
	note_key_done(&key);
	buf_done(&b);
}

static void signatures_of_others_are_passed_over(void **state)
{
	struct checkpoint c = example(), back;
	struct note_key key;
	struct buf b = BUF_INIT(0), mixed = BUF_INIT(0);
	struct err err;
	size_t body;

	(void)state;
	assert_int_equal(note_key_load(&key, in_dir("a.key"), &err), 0);
	assert_int_equal(note_sign(&b, &key, &c), 0);
	body = str_find(buf_view(&b), '\xe2', 0);
	buf_put(&mixed, b.data, body);
	buf_lit(&mixed, "\xe2\x80\x94 witness.example/w AAAAAAAAAAAA\n");
	buf_put(&mixed, b.data + body, b.len - body);
	assert_int_equal(note_open(buf_view(&mixed), key.public_key, &back), 0);
	note_key_done(&key);
	buf_done(&b);
	buf_done(&mixed);
}

static void keys_that_others_can_read_or_are_none_are_refused(void **state)
{
	struct note_key key;
	struct err err;
	FILE *file;

	(void)state;
	assert_int_equal(note_key_create(&key, in_dir("a.key"), &err), -EEXIST);
	chmod(in_dir("a.key"), 0640);
	assert_int_equal(note_key_load(&key, in_dir("a.key"), &err), -EPERM);
	chmod(in_dir("a.key"), 0600);
	file = fopen(in_dir("b.key"), "w");
	fputs("no key at all", file);
	fclose(file);
	chmod(in_dir("b.key"), 0600);
	assert_int_equal(note_key_load(&key, in_dir("b.key"), &err), -EINVAL);
	file = fopen(in_dir("b.key"), "w");
	fputs("0123456789abcdef0123456789abcdef", file);
	fclose(file);
	assert_int_equal(note_key_load(&key, in_dir("b.key"), &err), 0);
	note_key_done(&key);
	assert_int_equal(note_key_load(&key, in_dir("none.key"), &err), -ENOENT);
}

/* The verifier form and note of the C2SP specification's own kind: an Ed25519 key that is known everywhere
 * (RFC 8032 section 7.1, test 1). The id was computed with Python's hashlib. */
static void the_verifier_form_is_that_of_signed_notes(void **state)
{
	static const unsigned char public_key[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5,
		0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
		0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
	struct buf b = BUF_INIT(0);

	(void)state;
	note_put_verifier(&b, STR("example.org/log"), public_key);
	assert_str(buf_view(&b), "example.org/log+1c66b9ea+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea");
	buf_done(&b);
}

static void origins_are_names_of_keys(void **state)
{
	char big[300];

	(void)state;
	memset(big, 'a', sizeof(big));
	assert_true(note_origin_is_valid(STR("example.org/record/12")));
	assert_false(note_origin_is_valid(STR("")));
	assert_false(note_origin_is_valid(STR("a b")));
	assert_false(note_origin_is_valid(STR("a+b")));
	assert_false(note_origin_is_valid(STR("a\nb")));
	assert_false(note_origin_is_valid(STR("\xc3\xa4")));
	assert_true(note_origin_is_valid(str_of(big, 255)));
	assert_false(note_origin_is_valid(str_of(big, 256)));
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(in_dir("a.key"));
	unlink(in_dir("b.key"));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_checkpoint_is_signed_and_opened),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(signatures_of_others_are_passed_over),
		cmocka_unit_test(keys_that_others_can_read_or_are_none_are_refused),
		cmocka_unit_test(the_verifier_form_is_that_of_signed_notes),
		cmocka_unit_test(origins_are_names_of_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
