/* flood list, silence, release. */
#include "base/log.h"
#include "cli/commands.h"
#include "cli/people.h"
#include "cli/moment.h"
#include "cli/table.h"

static void print_victims(const json_t *victims)
{
	static const char *const columns[] = {"address", "cause", "since", "until", "refused", NULL};
	const json_t *victim;
	struct table t;
	size_t i;

	table_init(&t, columns);
	json_array_foreach(victims, i, victim)
	{
		table_add(&t, str_from(people_text(victim, "jid")));
		table_add(&t, str_from(people_text(victim, "cause")));
		table_add(&t, str_from(people_text(victim, "since")));
		table_add(&t, str_from(people_text(victim, "until")));
		table_addf(&t, "%lld", (long long)json_integer_value(json_object_get(victim, "refused")));
	}
	table_print(&t);
	table_done(&t);
}

int cmd_flood_list(struct cli *cli)
{
	json_t *answer = NULL;
	struct people p = {};
	int r = people_open(&p, cli, false);

	if (!r)
		r = people_call(&p, "flood.list", json_object(), &answer);
	if (!r && cli->json)
		r = cli_print_json(json_pack("{s:O}", "victims", json_object_get(answer, "victims")), CLI_OK);
	else if (!r)
		print_victims(json_object_get(answer, "victims"));
	json_decref(answer);
	people_close(&p);
	return r;
}

static int call(struct cli *cli, const char *command, json_t *args, const char *done)
{
	json_t *answer = NULL;
	struct people p = {};
	int r = people_open(&p, cli, false);

	if (r)
		json_decref(args);
	else
		r = args ? people_call(&p, command, args, &answer) : cli_fail(cli, CLI_USAGE, NULL, "the address is not UTF-8");
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "%s\n", done);
	json_decref(answer);
	people_close(&p);
	return r;
}

int cmd_flood_silence(struct cli *cli)
{
	json_t *args = json_pack("{s:s}", "jid", cli->args[0]);
	unsigned long long seconds;

	if (cli_has(cli, "--for")) {
		if (!moment_span(cli_value(cli, "--for"), &seconds)) {
			json_decref(args);
			return cli_fail(cli, CLI_USAGE, NULL, "--for is a number with s, min, h or d, such as 2h");
		}
		json_object_set_new(args, "seconds", json_integer((json_int_t)seconds));
	}
	return call(cli, "flood.silence", args, "people whom this person does not know are held off");
}

int cmd_flood_release(struct cli *cli)
{
	return call(cli, "flood.release", json_pack("{s:s}", "jid", cli->args[0]), "everybody may write to this person again");
}
