/* The supervisor with children that only keep the contract: order of the start, status, forwarding, restarts
 * with new links, reload, the reader, a taken port, the end. argv: supervisor, fake child. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/certificate.h"
#include "ipc/control.h"

static const char *supervisor_binary, *fake_binary;

struct server {
	char dir[64], libexec[96], socket[128], log[128];
	pid_t pid;
	unsigned port;
	struct control *control;
};

static void copy(const char *from, const char *folder, const char *name)
{
	char command[1024];

	snprintf(command, sizeof(command), "cp '%s' '%s/%s'", from, folder, name);
	assert_int_equal(system(command), 0);
}

static void write_text(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* A port nobody has just now. */
static unsigned free_port(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	return ntohs(in.sin_port);
}

static void write_settings(const struct server *s, const char *more)
{
	const struct group *own = getgrgid(getgid());
	char text[1024];

	snprintf(text, sizeof(text),
		"domains: [a.example]\nloops: 2\nlisten:\n  starttls: [\"127.0.0.1:%u\"]\n  direct_tls: []\n"
		"users: {gate: root, recorder: root}\ncontrol:\n  record_group: \"%s\"\n%s",
		s->port, own ? own->gr_name : "x", more);
	write_text(s->dir, "gatehouse.yaml", text);
}

static void server_prepare(struct server *s)
{
	const struct str domains[] = {STR("a.example")};
	static const char *const folders[] = {
		"tls", "keys", "run", "x", "x/bin", "x/libexec", "x/libexec/gatehouse"};
	struct err err = {};
	char path[256];

	*s = (struct server){.port = free_port()};
	strcpy(s->dir, "/tmp/gh-supervisor-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->dir, folders[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	snprintf(s->libexec, sizeof(s->libexec), "%s/x/libexec/gatehouse", s->dir);
	snprintf(s->socket, sizeof(s->socket), "%s/run/control.sock", s->dir);
	snprintf(s->log, sizeof(s->log), "%s/log", s->dir);
	copy(supervisor_binary, s->libexec, "supervisor");
	copy(fake_binary, s->libexec, "gate");
	copy(fake_binary, s->libexec, "recorder");
	copy(fake_binary, s->libexec, "reader");
	snprintf(path, sizeof(path), "%s/x/bin", s->dir);
	copy(fake_binary, path, "gatehouse");
	snprintf(path, sizeof(path), "%s/tls", s->dir);
	if (certificate_make(path, domains, 1, &err))
		fail_msg("%s", err.text);
	write_text(s->dir, "keys/record.key", "");
	write_settings(s, "");
}

static void server_start(struct server *s)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/supervisor", s->libexec);
	s->pid = fork();
	if (s->pid == 0) {
		int log = open(s->log, O_WRONLY | O_CREAT | O_APPEND, 0644);

		dup2(log, STDERR_FILENO);
		execl(path, path, "--dir", s->dir, (char *)NULL);
		_exit(127);
	}
}

static json_t *ask(struct server *s, const char *cmd, json_t *args, const int *fds, size_t n)
{
	json_t *answer = NULL;
	struct err err = {};

	if (!s->control)
		assert_int_equal(control_open(&s->control, s->socket, &err), 0);
	if (control_call(s->control, cmd, args, fds, n, &answer, &err))
		fail_msg("%s: %s", cmd, err.text);
	return answer;
}

static json_int_t number(const json_t *answer, const char *name)
{
	return json_integer_value(json_object_get(answer, name));
}

/* Asks for the status until it is running; fails after ten seconds. */
static json_t *running(struct server *s)
{
	for (int i = 0; i < 200; i++, usleep(50000)) {
		struct err err = {};
		const char *state;
		json_t *status;

		if (!s->control && control_open(&s->control, s->socket, &err))
			continue;
		status = ask(s, "status", NULL, NULL, 0);
		state = json_string_value(json_object_get(status, "state"));
		if (state && strcmp(state, "running") == 0)
			return status;
		json_decref(status);
	}
	fail_msg("the server does not get ready; see %s", s->log);
	return NULL;
}

static int server_end(struct server *s)
{
	int status = 0;

	s->control = control_free(s->control);
	if (s->pid)
		waitpid(s->pid, &status, 0);
	s->pid = 0;
	return status;
}

static void server_remove(struct server *s)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
	assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
	struct server *s = malloc(sizeof(*s));

	server_prepare(s);
	server_start(s);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct server *s = *state;

	if (s->pid)
		kill(s->pid, SIGTERM);
	server_end(s);
	server_remove(s);
	free(s);
	return 0;
}

static void test_start_status_stop(void **state)
{
	struct server *s = *state;
	json_t *status = running(s), *answer;

	assert_int_equal(number(status, "supervisor_pid"), s->pid);
	assert_true(number(status, "gate_pid") > 0 && number(status, "recorder_pid") > 0);
	assert_int_equal(number(status, "gate_links"), 2);
	assert_int_equal(number(status, "recorder_links"), 2);
	assert_int_equal(number(status, "gate_restarts"), 0);
	json_decref(status);
	answer = ask(s, "stop", NULL, NULL, 0);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
	assert_int_equal(server_end(s), 0);
	assert_int_equal(access(s->socket, F_OK), -1);
}

static void test_forwarding(void **state)
{
	struct server *s = *state;
	const char *code, *text, *remedy;
	json_t *answer;

	json_decref(running(s));
	answer = ask(s, "user.show", json_pack("{s:s}", "jid", "a@b"), NULL, 0);
	assert_string_equal(json_string_value(json_object_get(answer, "gate_cmd")), "user.show");
	assert_int_equal(number(json_object_get(answer, "by"), "uid"), getuid());
	json_decref(answer);
	answer = ask(s, "user.shwo", NULL, NULL, 0);
	assert_true(control_failed(answer, &code, &text, &remedy));
	assert_string_equal(code, "unknown_command");
	assert_string_equal(remedy, "user.show");
	json_decref(answer);
	/* a request that the gate does not answer, and the gate's death */
	answer = ask(s, "status", NULL, NULL, 0);
	pid_t gate = (pid_t)number(answer, "gate_pid");

	json_decref(answer);
	if (fork() == 0) {
		usleep(300000);
		kill(gate, SIGKILL);
		_exit(0);
	}
	answer = ask(s, "session.list", NULL, NULL, 0);
	assert_true(control_failed(answer, &code, &text, &remedy));
	assert_string_equal(code, "unavailable");
	json_decref(answer);
	wait(NULL);
}

static void test_large_requests(void **state)
{
	struct server *s = *state;
	size_t len = 2000000;
	char *text = malloc(len + 1);
	json_t *answer;

	memset(text, 'x', len);
	text[len] = '\0';
	json_decref(running(s));
	for (int i = 0; i < 3; i++) {
		answer = ask(s, "user.import", json_pack("{s:s}", "text", text), NULL, 0);
		assert_int_equal(
			json_string_length(json_object_get(json_object_get(answer, "gate_args"), "text")),
			len);
		json_decref(answer);
	}
	free(text);
}

static void test_recorder_dies(void **state)
{
	struct server *s = *state;
	json_t *before = running(s), *after;

	kill((pid_t)number(before, "recorder_pid"), SIGKILL);
	usleep(50000);
	after = running(s);
	assert_int_not_equal(number(after, "recorder_pid"), number(before, "recorder_pid"));
	assert_int_equal(number(after, "gate_pid"), number(before, "gate_pid"));
	assert_int_equal(number(after, "recorder_restarts"), 1);
	assert_int_equal(number(after, "gate_links"), 4);
	assert_int_equal(number(after, "recorder_links"), 2);
	json_decref(before);
	json_decref(after);
}

static void test_gate_dies(void **state)
{
	struct server *s = *state;
	json_t *before = running(s), *after;

	kill((pid_t)number(before, "gate_pid"), SIGKILL);
	usleep(50000);
	after = running(s);
	assert_int_equal(number(after, "recorder_pid"), number(before, "recorder_pid"));
	assert_int_equal(number(after, "gate_restarts"), 1);
	assert_int_equal(number(after, "gate_links"), 2);
	assert_int_equal(number(after, "recorder_links"), 4);
	json_decref(before);
	json_decref(after);
}

static void test_both_die(void **state)
{
	struct server *s = *state;
	json_t *before = running(s), *after;

	kill((pid_t)number(before, "gate_pid"), SIGKILL);
	kill((pid_t)number(before, "recorder_pid"), SIGKILL);
	usleep(50000);
	after = running(s);
	assert_int_equal(number(after, "gate_links"), 2);
	json_decref(before);
	json_decref(after);
}

static void test_reload(void **state)
{
	struct server *s = *state;
	const char *code, *text, *remedy;
	json_t *answer;

	json_decref(running(s));
	answer = ask(s, "reload", NULL, NULL, 0);
	assert_false(control_failed(answer, &code, &text, &remedy));
	assert_string_equal(json_string_value(json_object_get(answer, "restart_needed")), "");
	json_decref(answer);
	write_settings(s, "offline:\n  max: 5\nrecord:\n  gather_us: 7\n");
	answer = ask(s, "reload", NULL, NULL, 0);
	assert_string_equal(json_string_value(json_object_get(answer, "restart_needed")), "record.gather_us");
	json_decref(answer);
	write_settings(s, "offline:\n  mx: 5\n");
	answer = ask(s, "reload", NULL, NULL, 0);
	assert_true(control_failed(answer, &code, &text, &remedy));
	assert_string_equal(code, "refused");
	assert_non_null(strstr(text, "did you mean 'offline.max'"));
	json_decref(answer);
	write_settings(s, "");
	write_text(s->dir, "refuse", "");
	answer = ask(s, "reload", NULL, NULL, 0);
	assert_true(control_failed(answer, &code, &text, &remedy));
	assert_string_equal(text, "the fake gate refuses");
	json_decref(answer);
	kill(s->pid, SIGHUP);
	usleep(200000);
	json_decref(running(s));
}

static void test_reader(void **state)
{
	struct server *s = *state;
	const char *code, *why, *remedy;
	char text[256] = "";
	json_t *answer;
	int ends[2];

	json_decref(running(s));
	assert_int_equal(pipe(ends), 0);
	answer = ask(s, "record.show", json_pack("{s:[s, s]}", "argv", "--limit=3", "--json"),
		(int[]){ends[1], ends[1]}, 2);
	assert_int_equal(number(answer, "exit"), 1);
	json_decref(answer);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "show --limit=3 --json --extent-serial=0 --extent-bytes=0 --extent-size=0\n");
	answer = ask(s, "record.show", json_pack("{s:[s]}", "argv", "--dir=/"), (int[]){ends[1], ends[1]}, 2);
	assert_true(control_failed(answer, &code, &why, &remedy));
	json_decref(answer);
	answer = ask(s, "record.show", json_pack("{s:[s]}", "argv", "--extent-bytes=1"), (int[]){ends[1], ends[1]}, 2);
	assert_true(control_failed(answer, &code, &why, &remedy));
	json_decref(answer);
	answer = ask(s, "record.show", json_pack("{s:[s]}", "argv", "--json"), NULL, 0);
	assert_true(control_failed(answer, &code, &why, &remedy));
	assert_string_equal(code, "bad_request");
	json_decref(answer);
	close(ends[0]);
	close(ends[1]);
}

static void log_holds(const struct server *s, const char *text)
{
	char all[65536] = "";
	FILE *f = fopen(s->log, "r");

	assert_non_null(f);
	assert_true(fread(all, 1, sizeof(all) - 1, f) > 0);
	fclose(f);
	if (!strstr(all, text))
		fail_msg("'%s' is not in the log: %s", text, all);
}

static void test_second_start_and_taken_port(void **state)
{
	struct server *s = *state, other;
	char text[64];

	json_decref(running(s));
	other = *s;
	other.control = NULL;
	server_start(&other);
	assert_int_equal(WEXITSTATUS(server_end(&other)), 3);
	log_holds(s, "a server is running on this directory already");
	server_prepare(&other);
	other.port = s->port;
	write_settings(&other, "");
	server_start(&other);
	assert_int_equal(WEXITSTATUS(server_end(&other)), 3);
	snprintf(text, sizeof(text), "port %u is taken by supervisor (pid %d)", s->port, (int)s->pid);
	log_holds(&other, text);
	server_remove(&other);
}

/* Children go with the supervisor, however it ends. */
static void test_killed_supervisor(void **state)
{
	struct server *s = *state;
	json_t *status = running(s);
	pid_t gate = (pid_t)number(status, "gate_pid"), recorder = (pid_t)number(status, "recorder_pid");

	json_decref(status);
	kill(s->pid, SIGKILL);
	server_end(s);
	for (int i = 0; i < 100 && (kill(gate, 0) == 0 || kill(recorder, 0) == 0); i++)
		usleep(20000);
	assert_int_equal(kill(gate, 0), -1);
	assert_int_equal(kill(recorder, 0), -1);
	server_start(s);
	json_decref(running(s));
}

/* As the gate of a supervisor that was killed does for a moment. */
static void test_port_that_becomes_free(void **state)
{
	struct server *s = *state;
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)s->port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	json_decref(running(s));
	kill(s->pid, SIGTERM);
	server_end(s);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 1), 0);
	server_start(s);
	usleep(300000);
	close(fd);
	json_decref(running(s));
	log_holds(s, "waiting up to 5 s for it");
}

/* A gate that cannot start: after three attempts the server says so and ends. */
static void test_gives_up(void **state)
{
	struct server *s = *state;

	json_decref(running(s));
	kill(s->pid, SIGTERM);
	server_end(s);
	copy("/bin/false", s->libexec, "recorder");
	server_start(s);
	assert_int_equal(WEXITSTATUS(server_end(s)), 4);
	log_holds(s, "recorder failed 3 times before it was ready");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_start_status_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forwarding, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recorder_dies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gate_dies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_both_die, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_start_and_taken_port, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_that_becomes_free, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_supervisor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gives_up, setup, teardown),
	};

	if (argc != 3)
		return 2;
	supervisor_binary = argv[1];
	fake_binary = argv[2];
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
