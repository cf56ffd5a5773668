/* record tail, show, verify, seal. For all but the last the reader does the work with this command's own
 * output descriptors: started by the running server, or here when none runs. In both cases the access is
 * recorded before the first line is shown. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/people.h"
#include "cli/reading.h"
#include "cli/witness.h"
#include "conf/nearest.h"
#include "ipc/control.h"
#include "record/event.h"

enum {
	CHECKPOINTS_MAX = 32768, /* bytes of a file with checkpoints that are looked at: its end */
};

/* ---- options for the reader ---- */

static int put_checkpoint(const struct cli *cli, const char *path, json_t *argv)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[CHECKPOINTS_MAX + 1];
	struct buf word = BUF_INIT(0);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	ssize_t n;

	n = size < 0 ? -1
		     : pread(fd, text, CHECKPOINTS_MAX, size > CHECKPOINTS_MAX ? size - CHECKPOINTS_MAX : 0);
	if (n < 0)
		return cli_fail(
			cli, CLI_USAGE, "name a file with a checkpoint", "%s: %s", path, strerror(errno));
	buf_lit(&word, "--checkpoint-text=");
	buf_put(&word, text, (size_t)n);
	if (json_array_append_new(argv, json_stringn(word.data, word.len))) {
		buf_done(&word);
		return cli_fail(cli, CLI_USAGE, "name a file with a checkpoint", "%s is not text", path);
	}
	buf_done(&word);
	return 0;
}

/* 2026-11-22 or 2026-11-22T15:00:00Z, with a fraction of the second or not. */
static bool is_time(struct str text)
{
	struct str day = str_cut(text, 0, 10), zone = STR("Z");
	struct tm tm = {};
	const char *rest = str_eq(day, text) ? strptime(text.data, "%Y-%m-%d", &tm)
					     : strptime(text.data, "%Y-%m-%dT%H:%M:%S", &tm);
	size_t digits = 0;

	if (!rest || rest - text.data != (str_eq(day, text) ? 10 : 19))
		return false;
	if (*rest == '.')
		digits = 1 + strspn(rest + 1, "0123456789");
	return str_eq(day, text) || (digits != 1 && str_eq(str_from(rest + digits), zone));
}

static int check_type(const struct cli *cli, const char *value)
{
	const char *names[EVENT_END], *nearest;
	char remedy[512] = "accepted:";
	size_t n = 0;

	if (event_by_name(str_from(value)) != EVENT_NONE)
		return 0;
	for (unsigned code = 0; code < EVENT_END; code++)
		if (event_type(code)) {
			names[n++] = event_type(code)->name.data;
			snprintf(remedy + strlen(remedy), sizeof(remedy) - strlen(remedy), " %s",
				names[n - 1]);
		}
	nearest = nearest_word(str_from(value), names, n);
	return cli_fail(cli, CLI_USAGE, remedy, "--type '%s': no line of the record has this type%s%s",
		LOG_STR(str_from(value)), nearest ? "; nearest is " : "", nearest ? nearest : "");
}

/* A filter that can match nothing is a mistake of the one who asks, not an answer. */
static int check_option(const struct cli *cli, const struct cli_option *o, const char *value)
{
	static const char *const numbers[] = {"--lines", "--limit", "--seq"};
	unsigned long long number;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(o->name, numbers[i]) == 0)
			return cli_number(cli, o->name, INT64_MAX, &number);
	if ((strcmp(o->name, "--from") == 0 || strcmp(o->name, "--to") == 0) && !is_time(str_from(value)))
		return cli_fail(cli, CLI_USAGE, "write it as 2026-11-22 or 2026-11-22T15:00:00Z (UTC)",
			"%s '%s' is no time", o->name, LOG_STR(str_from(value)));
	if (strcmp(o->name, "--action") == 0 && strcmp(value, "allow") && strcmp(value, "log") &&
		strcmp(value, "block"))
		return cli_fail(cli, CLI_USAGE, "accepted: allow log block",
			"--action '%s': no verdict has this name", LOG_STR(str_from(value)));
	return strcmp(o->name, "--type") == 0 ? check_type(cli, value) : 0;
}

static int put_option(const struct cli *cli, const struct cli_option *o, const char *value, json_t *argv)
{
	struct buf word = BUF_INIT(0);
	int r;

	if (strcmp(o->name, "--checkpoint") == 0)
		return put_checkpoint(cli, value, argv);
	buf_printf(&word, "%s%s%s", o->name, o->value ? "=" : "", value);
	r = json_array_append_new(argv, json_stringn(word.data, word.len));
	buf_done(&word);
	return r ? cli_fail(cli, CLI_USAGE, NULL, "%s is not UTF-8", o->name) : 0;
}

static int reader_argv(const struct cli *cli, json_t *argv)
{
	int r = 0;

	for (int i = 0; cli->command->options[i].name && !r; i++) {
		if (!cli->values[i])
			continue;
		r = check_option(cli, &cli->command->options[i], cli->values[i]);
		if (!r)
			r = put_option(cli, &cli->command->options[i], cli->values[i], argv);
	}
	if (!r && cli->json)
		json_array_append_new(argv, json_string("--json"));
	return r;
}

/* ---- without a server ---- */

static int read_offline(const struct cli *cli, const struct settings *s, const char *verb, json_t *argv)
{
	struct err err = {};
	int r = reading_allowed(cli, s, verb);

	if (r)
		return r;
	if (witness_access(s, verb, argv, &err))
		return cli_fail(cli, CLI_INTERNAL, NULL, "nothing is shown: %s", err.text);
	return reading_run(cli, s, verb, argv, STDOUT_FILENO);
}

/* ---- the commands ---- */

static int read_online(const struct cli *cli, struct control *control, const char *verb, json_t *argv)
{
	const int fds[] = {STDOUT_FILENO, STDERR_FILENO};
	struct err err = {};
	json_t *answer = NULL;
	char cmd[32];
	int r;

	snprintf(cmd, sizeof(cmd), "record.%s", verb);
	fflush(stdout);
	r = control_call(control, cmd, json_pack("{s:O}", "argv", argv), fds, 2, &answer, &err);
	if (r)
		return cli_fail(
			cli, CLI_UNREACHABLE, "look at the server's log, then try again", "%s", err.text);
	r = people_refused(cli, answer, NULL);
	if (!r)
		r = (int)json_integer_value(json_object_get(answer, "exit"));
	json_decref(answer);
	return r;
}

static int record(struct cli *cli, const char *verb)
{
	struct settings *s = NULL;
	struct control *control = NULL;
	json_t *argv = json_array();
	struct err err = {};
	int r = cli_settings(cli, &s);

	if (!r)
		r = reader_argv(cli, argv);
	if (!r) {
		r = control_open(&control, s->control_socket.data, &err);
		if (!r)
			r = read_online(cli, control, verb, argv);
		else if (r == -ENOENT || r == -ECONNREFUSED)
			r = read_offline(cli, s, verb, argv);
		else
			r = cli_fail(
				cli, CLI_UNREACHABLE, NULL, "the server cannot be reached: %s", err.text);
	}
	control_free(control);
	json_decref(argv);
	settings_free(s);
	return r;
}

int cmd_record_tail(struct cli *cli)
{
	return record(cli, "tail");
}

int cmd_record_show(struct cli *cli)
{
	return record(cli, "show");
}

int cmd_record_verify(struct cli *cli)
{
	return record(cli, "verify");
}

int cmd_record_seal(struct cli *cli)
{
	json_t *answer = NULL;
	struct people p = {};
	int r = people_open(&p, cli, false);

	if (!r)
		r = people_call(&p, "record.seal", NULL, &answer);
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "segment %s has ended; it is compressed in the background\n",
			json_string_value(json_object_get(answer, "segment")));
	json_decref(answer);
	people_close(&p);
	return r;
}
