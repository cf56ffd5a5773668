/* serve, status, reload, stop, version: the server as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/people.h"
#include "cli/places.h"
#include "cli/table.h"
#include "ipc/control.h"

enum {
	STOP_MS = 40000,
};

int cmd_serve(struct cli *cli)
{
	struct settings *settings = NULL;
	char path[PLACE_MAX];
	int r;

	if (cli->json)
		return cli_fail(cli, CLI_USAGE, "'gatehouse status --json' says how the server is",
			"the server writes log lines, no JSON document");
	r = cli_settings(cli, &settings);
	if (r)
		return r;
	settings_free(settings);
	if (!place_libexec("supervisor", path))
		return cli_fail(cli, CLI_INTERNAL, "install the package completely, or set GATEHOUSE_LIBEXEC",
			"the server's executable is not at %s", path);
	signal(SIGPIPE, SIG_DFL);
	execl(path, path, "--dir", cli->dir, (char *)NULL);
	return cli_fail(cli, CLI_INTERNAL, NULL, "%s: %s", path, strerror(errno));
}

/* ---- status ---- */

/* One line for each member that is no list; members of inner objects as a.b. */
static void add_members(struct table *t, const char *prefix, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		char name[200];

		snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] ? "." : "", key);
		if (json_is_object(value)) {
			add_members(t, name, value);
			continue;
		}
		if (json_is_array(value) || strcmp(name, "ok") == 0)
			continue;
		table_add(t, str_from(name));
		if (json_is_string(value))
			table_add(t, str_from(json_string_value(value)));
		else if (json_is_integer(value))
			table_addf(t, "%lld", (long long)json_integer_value(value));
		else if (json_is_real(value))
			table_addf(t, "%.3f", json_real_value(value));
		else
			table_add(t, json_is_true(value) ? STR("yes") : STR("no"));
	}
}

static void print_status(json_t *status, bool figures)
{
	static const char *const columns[] = {"", "", NULL};
	struct table t;

	if (!figures)
		json_object_del(status, "figures");
	table_init(&t, columns);
	add_members(&t, "", status);
	table_print(&t);
	table_done(&t);
}

int cmd_status(struct cli *cli)
{
	json_t *answer = NULL;
	struct people p = {};
	int r = people_open(&p, cli, false);

	if (!r)
		r = people_call(&p, "status", NULL, &answer);
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		print_status(answer, cli_has(cli, "--figures"));
	json_decref(answer);
	people_close(&p);
	return r;
}

/* ---- reload, stop ---- */

int cmd_reload(struct cli *cli)
{
	const char *restart = NULL;
	json_t *answer = NULL;
	struct people p = {};
	int r = people_open(&p, cli, false);

	if (!r)
		r = people_need_settings(&p);
	if (!r)
		r = people_call(&p, "reload", NULL, &answer);
	if (!r)
		restart = json_string_value(json_object_get(answer, "restart_needed"));
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "reloaded%s%s\n",
			restart && restart[0]
				? "; these settings take effect when the server is started again: "
				: "",
			restart ? restart : "");
	json_decref(answer);
	people_close(&p);
	return r;
}

/* The server holds the other end until it has ended. */
static bool wait_for_end(const char *socket)
{
	struct control *c = NULL;
	struct err err;

	for (uint64_t begin = clock_mono_ms(); clock_mono_ms() - begin < STOP_MS; usleep(50000)) {
		int r = control_open(&c, socket, &err);

		if (r == -ENOENT || r == -ECONNREFUSED)
			return true;
		if (!r)
			c = control_free(c);
	}
	return false;
}

int cmd_stop(struct cli *cli)
{
	json_t *answer = NULL;
	struct people p = {};
	int r = people_open(&p, cli, false);

	if (!r)
		r = people_call(&p, "stop", NULL, &answer);
	if (!r && !wait_for_end(p.socket))
		r = cli_fail(cli, CLI_INTERNAL, "look at the server's log", "the server did not end in %d s",
			STOP_MS / 1000);
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "stopped\n");
	json_decref(answer);
	people_close(&p);
	return r;
}

int cmd_version(struct cli *cli)
{
	if (cli->json)
		return cli_print_json(json_pack("{s:s, s:s, s:s, s:s}", "version", GATEHOUSE_VERSION,
					      "openssl", OpenSSL_version(OPENSSL_VERSION), "libuv",
					      uv_version_string(), "jansson", jansson_version_str()),
			CLI_OK);
	cli_say(cli, "gatehouse %s (%s, libuv %s, jansson %s)\n", GATEHOUSE_VERSION,
		OpenSSL_version(OPENSSL_VERSION), uv_version_string(), jansson_version_str());
	return CLI_OK;
}
