/* lockdown on, extend, off, status, rehearse. */
#include "base/log.h"
#include "cli/amount.h"
#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/people.h"
#include "cli/product_hint.h"
#include "cli/table.h"

/* ---- what is asked for ---- */

/* At most one of them. */
static int put_scope(const struct cli *cli, json_t *args)
{
	static const struct {
		const char *option, *scope;
	} scopes[] = {{"--group", "group"}, {"--product", "product"}, {"--account", "account"}, {"--device", "device"},
		{"--payload", "payload"}};
	unsigned given = 0;

	json_object_set_new(args, "scope", json_string("all"));
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		if (!cli_has(cli, scopes[i].option))
			continue;
		given++;
		json_object_set_new(args, "scope", json_string(scopes[i].scope));
		json_object_set_new(args, "name", json_string(cli_value(cli, scopes[i].option)));
	}
	return given > 1 ? cli_fail(cli, CLI_USAGE, "give several switches for several groups or accounts",
				   "a switch is for one group, product, account, device, link or file")
			 : 0;
}

static int put_end(const struct cli *cli, json_t *args)
{
	unsigned long long seconds;

	if (cli_has(cli, "--for") && cli_has(cli, "--until"))
		return cli_fail(cli, CLI_USAGE, NULL, "--for and --until say the same: give one of them");
	if (cli_has(cli, "--until"))
		json_object_set_new(args, "until", json_string(cli_value(cli, "--until")));
	if (!cli_has(cli, "--for"))
		return 0;
	if (!moment_span(cli_value(cli, "--for"), &seconds))
		return cli_fail(cli, CLI_USAGE, "write it as 90min, 12h or 3d", "--for '%s' is no time",
			LOG_STR(str_from(cli_value(cli, "--for"))));
	json_object_set_new(args, "seconds", json_integer((json_int_t)seconds));
	return 0;
}

static int put_all(const struct cli *cli, json_t *args)
{
	static const struct {
		const char *option, *name;
	} texts[] = {{"--versions", "versions"}, {"--reason", "reason"}, {"--except", "except"}};
	int r;

	json_object_set_new(args, "what", json_string(cli->args[0]));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (cli_has(cli, texts[i].option))
			json_object_set_new(args, texts[i].name, json_string(cli_value(cli, texts[i].option)));
	if (cli_has(cli, "--product"))
		product_hint(NULL, str_from(cli_value(cli, "--product")));
	r = put_scope(cli, args);
	return r ? r : put_end(cli, args);
}

/* ---- what is printed ---- */

static const char *end_of(const json_t *s)
{
	return json_is_string(json_object_get(s, "end")) ? people_text(s, "end") : "switched off by hand";
}

static void print_switches(const json_t *switches)
{
	static const char *const columns[] = {"id", "off", "for", "name", "except", "since", "until", "by", "reason", NULL};
	const json_t *s;
	struct table t;
	size_t i;

	table_init(&t, columns);
	json_array_foreach(switches, i, s) {
		table_add(&t, str_from(people_text(s, "id")));
		table_add(&t, str_from(people_text(s, "what")));
		table_add(&t, str_from(people_text(s, "scope")));
		table_addf(&t, "%s%s%s", people_text(s, "name"), people_text(s, "versions")[0] ? " " : "", people_text(s, "versions"));
		table_add(&t, str_from(people_text(s, "except")));
		table_add(&t, str_from(people_text(s, "start")));
		table_add(&t, str_from(json_is_string(json_object_get(s, "end")) ? people_text(s, "end") : "-"));
		table_add(&t, str_from(people_text(s, "by")));
		table_add(&t, str_from(people_text(s, "reason")));
	}
	table_print(&t);
	table_done(&t);
}

static long long number(const json_t *answer, const char *name)
{
	return json_integer_value(json_object_get(answer, name));
}

static void print_names(const struct cli *cli, const json_t *answer, const char *name)
{
	const json_t *list = json_object_get(answer, name), *item;
	size_t i;

	cli_say(cli, "%s: %zu\n", name, json_array_size(list));
	json_array_foreach(list, i, item)
		cli_say(cli, "  %s\n", LOG_STR(str_from(json_string_value(item))));
}

static void print_rehearsal(struct cli *cli, const json_t *answer)
{
	cli_say(cli, "A rehearsal: nothing has been changed.\nsessions: %lld, %lld of them resumable\n",
		number(answer, "sessions"), number(answer, "resumable"));
	print_names(cli, answer, "people");
	print_names(cli, answer, "groups");
	print_names(cli, answer, "rooms");
}

static void print_done(struct cli *cli, const json_t *answer)
{
	const json_t *s = json_object_get(answer, "switch");

	cli_say(cli,
		"%s: %s off for %s%s%s%s%s, until %s\n%s reached in %lld ms, %lld ended\n",
		people_text(s, "id"), people_text(s, "what"), people_text(s, "scope"),
		people_text(s, "name")[0] ? " " : "", LOG_STR(str_from(people_text(s, "name"))),
		people_text(s, "versions")[0] ? " " : "", people_text(s, "versions"), end_of(s),
		AMOUNT(number(answer, "reached"), "session", "sessions"), number(answer, "milliseconds"), number(answer, "ended"));
}

/* ---- the commands ---- */

static int run_switch(struct cli *cli, bool rehearse)
{
	json_t *args = json_object();
	int r = put_all(cli, args);

	if (!r)
		return people_ask(cli, rehearse ? "lockdown.rehearse" : "lockdown.on", args, rehearse ? print_rehearsal : print_done);
	json_decref(args);
	return r;
}

int cmd_lockdown_on(struct cli *cli)
{
	return run_switch(cli, cli_has(cli, "--dry-run"));
}

int cmd_lockdown_rehearse(struct cli *cli)
{
	return run_switch(cli, true);
}

static void print_extended(struct cli *cli, const json_t *answer)
{
	const json_t *s = json_object_get(answer, "switch");

	cli_say(cli, "%s: %s off, until %s\n%s told\n", people_text(s, "id"), people_text(s, "what"), end_of(s),
		AMOUNT(number(answer, "reached"), "session", "sessions"));
}

int cmd_lockdown_extend(struct cli *cli)
{
	json_t *args = json_pack("{s:s}", "id", cli->args[0]);
	bool open = cli_has(cli, "--no-end"), given = cli_has(cli, "--for") || cli_has(cli, "--until");
	int r = put_end(cli, args);

	if (!r && open == given)
		r = cli_fail(cli, CLI_USAGE, "gatehouse help lockdown extend", "give one of --for, --until and --no-end");
	if (open)
		json_object_set_new(args, "open", json_true());
	if (!r)
		return people_ask(cli, "lockdown.extend", args, print_extended);
	json_decref(args);
	return r;
}

static void print_off(struct cli *cli, const json_t *answer)
{
	size_t count = json_array_size(json_object_get(answer, "switches"));

	if (count)
		cli_say(cli, "switched on again: %zu\n", count);
	else
		cli_say(cli, "nothing was switched off\n");
}

int cmd_lockdown_off(struct cli *cli)
{
	return people_ask(cli, "lockdown.off", json_pack("{s:s}", "id", cli->args[0]), print_off);
}

static void print_status(struct cli *cli, const json_t *answer)
{
	const json_t *switches = json_object_get(answer, "switches");

	if (!json_array_size(switches)) {
		cli_say(cli, "nothing is switched off\n");
		return;
	}
	print_switches(switches);
	if (people_text(answer, "break_glass_group")[0])
		cli_say(cli,
			"members of '%s' go on talking where it is for all or for a group "
			"(lockdown.break_glass_group)\n",
			LOG_STR(str_from(people_text(answer, "break_glass_group"))));
}

/* Exit code 1: something is off. */
int cmd_lockdown_status(struct cli *cli)
{
	struct people p = {.cli = cli};
	json_t *answer = NULL;
	int r = people_open(&p, cli, false);

	if (!r)
		r = people_call(&p, "lockdown.status", json_object(), &answer);
	if (!r) {
		r = json_array_size(json_object_get(answer, "switches")) ? CLI_NO : CLI_OK;
		if (cli->json)
			r = cli_print_json(json_incref(answer), r);
		else
			print_status(cli, answer);
	}
	json_decref(answer);
	people_close(&p);
	return r;
}
