/* mail list, show, retry, drop, test. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/people.h"
#include "cli/table.h"
#include "ipc/control.h"

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* Asks the running server; `args` is stolen. */
static int call(const struct cli *cli, struct people *p, const char *cmd, json_t *args, json_t **answer)
{
	int r = args ? people_open(p, cli, false) : cli_fail(cli, CLI_USAGE, NULL, "an argument is not UTF-8");

	if (!r)
		return people_call(p, cmd, args, answer);
	json_decref(args);
	return r;
}

static void print_mails(const json_t *mails)
{
	static const char *const columns[] = {
		"id", "to", "about", "state", "tries", "created", "due or ended", "the mail server said", NULL};
	const json_t *mail;
	struct table t;
	size_t i;

	table_init(&t, columns);
	json_array_foreach(mails, i, mail)
	{
		const char *about = member(mail, "about"), *stage = member(mail, "stage"), *due = member(mail, "due");

		table_add(&t, str_from(member(mail, "id")));
		table_add(&t, str_from(member(mail, "address")));
		table_addf(&t, "%s%s%s%s%s", member(mail, "purpose"), about[0] ? " " : "", about, stage[0] ? " " : "", stage);
		table_add(&t, str_from(member(mail, "state")));
		table_addf(&t, "%lld", (long long)json_integer_value(json_object_get(mail, "tries")));
		table_add(&t, str_from(member(mail, "created")));
		table_add(&t, str_from(due[0] ? due : member(mail, "ended")));
		table_add(&t, str_from(member(mail, "error")));
	}
	table_print(&t);
	table_done(&t);
}

int cmd_mail_list(struct cli *cli)
{
	json_t *args = json_object(), *answer = NULL;
	const char *state = cli_value(cli, "--state");
	unsigned long long limit = 0;
	struct people p = {};
	int r = cli_number(cli, "--limit", CONTROL_LIST_MAX, &limit);

	if (r) {
		json_decref(args);
		return r;
	}
	if (limit)
		json_object_set_new(args, "limit", json_integer((json_int_t)limit));
	if (state)
		json_object_set_new(args, "state", json_string(state));
	r = call(cli, &p, "mail.list", args, &answer);
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		print_mails(json_object_get(answer, "mails"));
	json_decref(answer);
	people_close(&p);
	return r;
}

static void print_mail(const json_t *mail)
{
	static const char *const names[] = {
		"id", "address", "jid", "purpose", "about", "stage", "language", "state", "error", "created", "due", "ended", "subject"};
	static const char *const columns[] = {"", "", NULL};
	const char *body = member(mail, "body");
	struct table t;

	table_init(&t, columns);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (member(mail, names[i])[0]) {
			table_add(&t, str_from(names[i]));
			table_add(&t, str_from(member(mail, names[i])));
		}
	table_print(&t);
	table_done(&t);
	if (body[0])
		printf("\n%s", body);
}

int cmd_mail_show(struct cli *cli)
{
	struct people p = {};
	json_t *answer = NULL;
	int r = call(cli, &p, "mail.show", json_pack("{s:s}", "id", cli->args[0]), &answer);

	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		print_mail(json_object_get(answer, "mail"));
	json_decref(answer);
	people_close(&p);
	return r;
}

static int change(struct cli *cli, const char *cmd, const char *said)
{
	bool all = cli_has(cli, "--all");
	json_t *answer = NULL;
	struct people p = {};
	int r;

	if (all == (cli->args_len != 0))
		return cli_fail(cli, CLI_USAGE, "'gatehouse mail list' shows the ids", "name one mail by its id, or all with --all");
	r = call(cli, &p, cmd, all ? json_pack("{s:b}", "all", 1) : json_pack("{s:s}", "id", cli->args[0]), &answer);
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "%s\n", said);
	json_decref(answer);
	people_close(&p);
	return r;
}

int cmd_mail_retry(struct cli *cli)
{
	return change(cli, "mail.retry", "due now");
}

int cmd_mail_drop(struct cli *cli)
{
	return change(cli, "mail.drop", "not sent any more");
}

int cmd_mail_test(struct cli *cli)
{
	struct people p = {};
	json_t *answer = NULL;
	int r = call(cli, &p, "mail.test", json_pack("{s:s}", "address", cli->args[0]), &answer);

	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "queued; 'gatehouse mail list' shows what becomes of it\n");
	json_decref(answer);
	people_close(&p);
	return r;
}
