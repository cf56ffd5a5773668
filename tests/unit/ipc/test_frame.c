#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "ipc/frame.h"

static void frames_there_and_back(void **state)
{
	struct buf b = BUF_INIT(0);
	struct frame frame;
	struct str value = {};
	size_t at = 0, start = frame_begin(&b, 7), field_at = 0;
	uint64_t number = 0;
	uint16_t key = 0;

	(void)state;
	field_put(&b, 1, STR("abc"));
	field_put_u64(&b, 2, UINT64_MAX - 1);
	field_put(&b, 65535, STR(""));
	frame_end(&b, start);
	start = frame_begin(&b, 65535);
	frame_end(&b, start);

	assert_int_equal(frame_next(buf_view(&b), &at, &frame), 1);
	assert_int_equal(frame.type, 7);
	assert_int_equal(field_next(frame.payload, &field_at, &key, &value), 1);
	assert_int_equal(key, 1);
	assert_str(value, "abc");
	assert_int_equal(field_u64(value, &number), -EPROTO);
	assert_int_equal(field_next(frame.payload, &field_at, &key, &value), 1);
	assert_int_equal(field_u64(value, &number), 0);
	assert_true(number == UINT64_MAX - 1);
	assert_int_equal(field_next(frame.payload, &field_at, &key, &value), 1);
	assert_int_equal(key, 65535);
	assert_int_equal(value.len, 0);
	assert_int_equal(field_next(frame.payload, &field_at, &key, &value), 0);

	assert_int_equal(frame_next(buf_view(&b), &at, &frame), 1);
	assert_int_equal(frame.type, 65535);
	assert_int_equal(frame.payload.len, 0);
	assert_int_equal(frame_next(buf_view(&b), &at, &frame), 0);
	assert_int_equal(at, b.len);
	buf_done(&b);
}

static void the_bytes_are_little_endian(void **state)
{
	struct buf b = BUF_INIT(0);
	size_t start = frame_begin(&b, 0x0102);

	(void)state;
	field_put(&b, 0x0304, STR("x"));
	frame_end(&b, start);
	assert_int_equal(b.len, 15);
	assert_memory_equal(b.data, "\7\0\0\0\2\1\0\0\4\3\1\0\0\0x", 15);
	buf_done(&b);
}

static void every_prefix_of_a_frame_is_incomplete(void **state)
{
	struct buf b = BUF_INIT(0);
	size_t start = frame_begin(&b, 1);

	(void)state;
	field_put(&b, 1, STR("some value"));
	frame_end(&b, start);
	for (size_t len = 0; len < b.len; len++) {
		char *exact = malloc(len ? len : 1);
		struct frame frame;
		size_t at = 0;

		memcpy(exact, b.data, len);
		assert_int_equal(frame_next(str_of(exact, len), &at, &frame), 0);
		assert_int_equal(at, 0);
		free(exact);
	}
	buf_done(&b);
}

static void malformed_frames_are_refused(void **state)
{
	static const struct str bad[] = {
		STR("\x01\x00\x40\x00\x01\x00\x00\x00"), /* a byte longer than the longest */
		STR("\xff\xff\xff\xff\x01\x00\x00\x00"),
		STR("\x00\x00\x00\x00\x01\x00\x01\x00"), /* not zero */
	};
	static const struct str bad_fields[] = {STR("\1"), STR("\1\0\0\0\0"), STR("\1\0\1\0\0\0"),
		STR("\1\0\xff\xff\xff\xffx"), STR("\1\0\0\0\0\0x")};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct frame frame;
		size_t at = 0;

		assert_int_equal(frame_next(bad[i], &at, &frame), -EPROTO);
	}
	for (size_t i = 0; i < sizeof(bad_fields) / sizeof(*bad_fields); i++) {
		struct str value;
		uint16_t key;
		size_t at = 0;
		int r;

		while ((r = field_next(bad_fields[i], &at, &key, &value)) == 1)
			;
		assert_int_equal(r, -EPROTO);
	}
}

static void a_full_buffer_is_left_alone(void **state)
{
	struct buf b = BUF_INIT(10);
	size_t start = frame_begin(&b, 1);

	(void)state;
	field_put(&b, 1, STR("too long for it"));
	frame_end(&b, start);
	assert_true(buf_failed(&b));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_there_and_back),
		cmocka_unit_test(the_bytes_are_little_endian),
		cmocka_unit_test(every_prefix_of_a_frame_is_incomplete),
		cmocka_unit_test(malformed_frames_are_refused),
		cmocka_unit_test(a_full_buffer_is_left_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
