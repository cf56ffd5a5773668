/* ipc/control: requests good and bad, answers, a whole conversation over a socket with descriptors. */
#include "check.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/control.h"

static void test_good_requests(void **state)
{
	json_t *root, *args;
	const char *cmd;

	(void)state;
	assert_int_equal(control_request_parse(STR("{\"cmd\":\"status\"}"), &root, &cmd, &args), 0);
	assert_string_equal(cmd, "status");
	assert_int_equal(json_object_size(args), 0);
	json_decref(root);
	assert_int_equal(control_request_parse(STR("{\"args\":{\"jid\":\"a@b\"},\"cmd\":\"user.show\"}"),
				 &root, &cmd, &args),
		0);
	assert_string_equal(json_string_value(json_object_get(args, "jid")), "a@b");
	json_decref(root);
}

static void test_bad_requests(void **state)
{
	static const char *const bad[] = {"", "x", "{}", "[]", "null", "{\"cmd\":1}",
		"{\"cmd\":\"a\",\"args\":[]}", "{\"cmd\":\"a\",\"cmd\":\"b\"}", "{\"cmd\":\"a\"} x",
		"{\"cmd\":\"\xff\"}", "{\"cmd\":\"a\\u0000\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *cmd, *code, *text, *remedy;
		json_t *root, *args;

		if (control_request_parse(str_from(bad[i]), &root, &cmd, &args) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_true(control_failed(root, &code, &text, &remedy));
		assert_string_equal(code, "bad_request");
		assert_true(text[0] && remedy[0]);
		json_decref(root);
	}
}

static void test_one_line(void **state)
{
	json_t *message = json_pack("{s:s}", "text", "two\nlines");
	struct buf out = BUF_INIT(0);

	(void)state;
	assert_int_equal(control_line(message, &out), 0);
	assert_str(buf_view(&out), "{\"text\":\"two\\nlines\"}\n");
	json_decref(message);
	buf_done(&out);
}

struct server {
	int listener;
	int got_fds;
	struct control_peer peer;
};

/* Answers two requests: the second one arrives with descriptors. */
static void *serve(void *owner)
{
	struct server *s = owner;
	struct buf in = BUF_INIT(CONTROL_REQUEST_MAX);
	struct pollfd waits = {.fd = s->listener, .events = POLLIN}; /* it does not block */
	int fd = poll(&waits, 1, -1) == 1 ? accept(s->listener, NULL, NULL) : -1, fds[CONTROL_FDS];
	size_t n = 0, lines = 0;

	if (control_peer_get(fd, &s->peer))
		abort();
	while (lines < 2) {
		size_t end;

		if (control_recv(fd, &in, fds, &n) <= 0)
			abort();
		while ((end = str_find(buf_view(&in), '\n', 0)) < in.len) {
			struct buf out = BUF_INIT(0);
			json_t *answer =
				++lines == 1 ? control_ok() : control_error("not_found", "nobody", "add one");

			buf_shift(&in, end + 1);
			if (control_line(answer, &out) || write(fd, out.data, out.len) != (ssize_t)out.len)
				abort();
			json_decref(answer);
			buf_done(&out);
		}
	}
	s->got_fds = (int)n;
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	close(fd);
	buf_done(&in);
	return NULL;
}

static void test_conversation(void **state)
{
	char dir[] = "/tmp/gh-control-XXXXXX", path[64];
	struct server server = {};
	struct control *c = NULL;
	const char *code, *text, *remedy;
	struct err err = {};
	json_t *answer;
	pthread_t thread;
	int fds[] = {0, 1}, second;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	assert_int_equal(control_open(&c, path, &err), -ENOENT);
	assert_int_equal(control_listen(path, true, &server.listener, &err), 0);
	assert_int_equal(control_listen(path, true, &second, &err), -EADDRINUSE);
	/* the probe above is the first connection that waits */
	close(accept(server.listener, NULL, NULL));
	assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
	while (control_open(&c, path, &err) == -EAGAIN)
		;
	assert_int_equal(control_call(c, "ping", NULL, NULL, 0, &answer, &err), 0);
	assert_false(control_failed(answer, &code, &text, &remedy));
	json_decref(answer);
	assert_int_equal(control_call(c, "record.show", json_object(), fds, 2, &answer, &err), 0);
	assert_true(control_failed(answer, &code, &text, &remedy));
	assert_string_equal(code, "not_found");
	assert_string_equal(remedy, "add one");
	json_decref(answer);
	pthread_join(thread, NULL);
	assert_int_equal(server.got_fds, 2);
	assert_int_equal(server.peer.uid, getuid());
	assert_int_equal(control_call(c, "ping", NULL, NULL, 0, &answer, &err), -EPIPE);
	control_free(c);
	close(server.listener);
	/* a socket file nobody listens on is taken over */
	assert_int_equal(control_listen(path, false, &server.listener, &err), 0);
	close(server.listener);
	unlink(path);
	rmdir(dir);
}

static void test_groups(void **state)
{
	struct control_peer me = {.uid = getuid(), .gid = getgid(), .pid = getpid()};
	const struct group *own = getgrgid(getgid());

	(void)state;
	assert_false(control_peer_in_group(&me, ""));
	assert_false(control_peer_in_group(&me, "no-such-group-here"));
	if (own)
		assert_true(control_peer_in_group(&me, own->gr_name));
	me.uid = 65534;
	assert_false(control_peer_in_group(&me, "root"));
}

/* What the record says of user.change is read again by what makes a store anew of it. */
static void test_changes(void **state)
{
	static const char *const texts[] = {"name: \"Bob, groups: [\\\"x\\\"]\", groups: [\"a: b\", \"c\"]", "mail: \"\"",
		"groups: []"};
	static const char *const bad[] = {"left the company", "name", "name: ", "name: \"a\", mail", "name: \"a"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *changes = control_changes_parse(str_from(texts[i]));
		struct buf out = BUF_INIT(0);

		assert_non_null(changes);
		assert_true(control_changes_put(&out, changes));
		assert_str(buf_view(&out), texts[i]);
		buf_done(&out);
		json_decref(changes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(control_changes_parse(str_from(bad[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_requests),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_changes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
