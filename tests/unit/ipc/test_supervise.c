/* ipc/supervise: messages with descriptors, texts larger than a packet, a full socket, malformed packets. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/supervise.h"

struct ends {
	struct supervise a, b;
};

static int setup(void **state)
{
	struct ends *e = calloc(1, sizeof(*e));
	int fds[2];

	if (supervise_pair(fds) || supervise_init(&e->a, fds[0]) || supervise_init(&e->b, fds[1]))
		return -1;
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	struct ends *e = *state;

	supervise_done(&e->a);
	supervise_done(&e->b);
	free(e);
	return 0;
}

static void test_every_type(void **state)
{
	struct ends *e = *state;
	struct supervise_message m;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(supervise_recv(&e->b, &m), 0);
	assert_int_equal(supervise_send(&e->a, SUPERVISE_START, 0, STR("{}"), -1), 0);
	assert_int_equal(supervise_send(&e->a, SUPERVISE_LISTENER, 7, STR_NONE, fd), 0);
	assert_int_equal(supervise_send(&e->a, SUPERVISE_LINK, 0x01020304, STR_NONE, fd), 0);
	assert_int_equal(supervise_send(&e->a, SUPERVISE_KEY, 0, STR("key"), fd), 0);
	assert_int_equal(supervise_send(&e->a, SUPERVISE_STOP, 0, STR_NONE, -1), 0);

	assert_int_equal(supervise_recv(&e->b, &m), 1);
	assert_int_equal(m.type, SUPERVISE_START);
	assert_str(m.text, "{}");
	assert_int_equal(m.fd, -1);
	for (unsigned i = 0; i < 3; i++) {
		static const enum supervise_type types[] = {
			SUPERVISE_LISTENER, SUPERVISE_LINK, SUPERVISE_KEY};
		static const uint32_t numbers[] = {7, 0x01020304, 0};

		assert_int_equal(supervise_recv(&e->b, &m), 1);
		assert_int_equal(m.type, types[i]);
		assert_int_equal(m.number, numbers[i]);
		assert_true(m.fd >= 0);
		assert_int_equal(fcntl(m.fd, F_GETFD), FD_CLOEXEC);
		close(m.fd);
	}
	assert_str(m.text, "key");
	assert_int_equal(supervise_recv(&e->b, &m), 1);
	assert_int_equal(m.type, SUPERVISE_STOP);
	supervise_done(&e->a);
	e->a.fd = -1;
	assert_int_equal(supervise_recv(&e->b, &m), -EPIPE);
	assert_int_equal(supervise_send(&e->b, SUPERVISE_READY, 0, STR_NONE, -1), -EPIPE);
	close(fd);
}

/* Two large texts at once through a socket that fills up: both arrive whole. */
static void test_large_texts(void **state)
{
	struct ends *e = *state;
	size_t len = 3000000, got = 0;
	char *text = malloc(len);
	struct supervise_message m;

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i % 23);
	assert_int_equal(supervise_send(&e->a, SUPERVISE_CONTROL, 1, str_of(text, len), -1), 0);
	assert_int_equal(supervise_send(&e->a, SUPERVISE_CONTROL, 2, STR(""), -1), 0);
	assert_true(supervise_wants_write(&e->a));
	while (got < 2) {
		int r = supervise_recv(&e->b, &m);

		assert_true(r >= 0);
		assert_int_equal(supervise_flush(&e->a), 0);
		if (r == 0)
			continue;
		got++;
		assert_int_equal(m.type, SUPERVISE_CONTROL);
		assert_int_equal(m.number, got);
		if (got == 1)
			assert_true(str_eq(m.text, str_of(text, len)));
		else
			assert_int_equal(m.text.len, 0);
	}
	assert_false(supervise_wants_write(&e->a));
	free(text);
}

/* A descriptor that waits in the queue is a copy: the sender may close its own. */
static void test_queued_descriptor(void **state)
{
	struct ends *e = *state;
	struct supervise_message m;
	char *filler = calloc(1, 1 << 20);
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC), r;
	char byte = 1;

	assert_int_equal(supervise_send(&e->a, SUPERVISE_CONTROL, 1, str_of(filler, 1 << 20), -1), 0);
	assert_int_equal(supervise_send(&e->a, SUPERVISE_LINK, 3, STR_NONE, fd), 0);
	close(fd);
	do {
		r = supervise_recv(&e->b, &m);
		assert_true(r >= 0);
		assert_int_equal(supervise_flush(&e->a), 0);
	} while (r == 0 || m.type != SUPERVISE_LINK);
	assert_int_equal(read(m.fd, &byte, 1), 1);
	assert_int_equal(byte, 0);
	close(m.fd);
	free(filler);
}

static void test_malformed(void **state)
{
	static const struct str bad[] = {STR("x"), STR("L\1\0\0\0"), STR("F"), STR("Rx"), STR("Q1"), STR("C"),
		STR("C\1\0\0\0"), STR("C\1\0\0\0\2"), STR("K")};
	struct ends *e = *state;
	struct supervise_message m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(send(e->a.fd, bad[i].data, bad[i].len, 0), bad[i].len);
		assert_int_equal(supervise_recv(&e->b, &m), -EPROTO);
	}
	assert_int_equal(supervise_send(&e->a, SUPERVISE_START, 0, str_of(bad[0].data, SUPERVISE_PACKET), -1),
		-EMSGSIZE);
}

/* A descriptor beside a type that has none is closed, not leaked. */
static void test_stray_descriptor(void **state)
{
	struct ends *e = *state;
	struct supervise_message m;
	int probe, after;

	assert_int_equal(supervise_send(&e->a, SUPERVISE_READY, 0, STR_NONE, e->a.fd), 0);
	probe = dup(0);
	close(probe);
	assert_int_equal(supervise_recv(&e->b, &m), -EPROTO);
	after = dup(0);
	close(after);
	assert_int_equal(probe, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_type, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queued_descriptor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stray_descriptor, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
