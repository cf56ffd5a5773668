/* session list, session close. */
#include "base/log.h"
#include "cli/amount.h"
#include "cli/commands.h"
#include "cli/people.h"
#include "cli/table.h"

static void print_sessions(const json_t *sessions)
{
	static const char *const columns[] = {
		"address", "from", "client", "standing", "tls", "login", "connected", "loop", "state", NULL};
	const json_t *session;
	struct table t;
	size_t i;

	table_init(&t, columns);
	json_array_foreach(sessions, i, session)
	{
		table_add(&t, str_from(people_text(session, "jid")));
		table_add(&t, str_from(people_text(session, "address")));
		table_addf(&t, "%s%s%s", people_text(session, "product"), people_text(session, "version")[0] ? " " : "",
			people_text(session, "version"));
		table_addf(&t, "%s%s%s", people_text(session, "effect"), people_text(session, "rule")[0] ? ": " : "",
			people_text(session, "rule"));
		table_add(&t, str_from(people_text(session, "tls")));
		table_add(&t, str_from(people_text(session, "mechanism")));
		table_add(&t, str_from(people_text(session, "connected")));
		table_addf(&t, "%lld", (long long)json_integer_value(json_object_get(session, "loop")));
		table_addf(&t, "%s%s", people_text(session, "state"),
			json_is_true(json_object_get(session, "parallel")) ? ", two networks" : "");
	}
	table_print(&t);
	table_done(&t);
}

int cmd_session_list(struct cli *cli)
{
	json_t *args = json_object(), *answer = NULL;
	struct people p = {};
	int r = people_open(&p, cli, false);

	if (cli->args_len)
		json_object_set_new(args, "jid", json_string(cli->args[0]));
	if (r)
		json_decref(args);
	else
		r = people_call(&p, "session.list", args, &answer);
	if (!r && cli->json)
		r = cli_print_json(
			json_pack("{s:O}", "sessions", json_object_get(answer, "sessions")), CLI_OK);
	else if (!r)
		print_sessions(json_object_get(answer, "sessions"));
	json_decref(answer);
	people_close(&p);
	return r;
}

int cmd_session_close(struct cli *cli)
{
	const char *reason = cli_value(cli, "--reason");
	json_t *args, *answer = NULL;
	struct people p = {};
	long long closed;
	int r = people_open(&p, cli, false);

	if (!r) {
		args = json_pack("{s:s}", "jid", cli->args[0]);
		if (args && reason)
			json_object_set_new(args, "reason", json_string(reason));
		r = args ? people_call(&p, "session.close", args, &answer)
			 : cli_fail(cli, CLI_USAGE, NULL, "the address is not UTF-8");
	}
	closed = json_integer_value(json_object_get(answer, "closed"));
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), closed ? CLI_OK : CLI_NO);
	else if (!r && closed)
		cli_say(cli, "%s closed\n", AMOUNT(closed, "session", "sessions"));
	else if (!r)
		r = cli_fail(cli, CLI_NO, "'gatehouse session list' shows who is connected",
			"no session of %s", LOG_STR(str_from(cli->args[0])));
	json_decref(answer);
	people_close(&p);
	return r;
}
