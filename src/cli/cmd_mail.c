/* mail list, show, retry, drop, test. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/people.h"
#include "cli/table.h"
#include "ipc/control.h"

static void print_mails(struct cli *cli, const json_t *answer)
{
	static const char *const columns[] = {
		"id", "to", "about", "state", "tries", "created", "due or ended", "the mail server said", NULL};
	const json_t *mail;
	struct table t;
	size_t i;

	(void)cli;
	table_init(&t, columns);
	json_array_foreach(json_object_get(answer, "mails"), i, mail)
	{
		const char *about = people_text(mail, "about"), *stage = people_text(mail, "stage"), *due = people_text(mail, "due");

		table_add(&t, str_from(people_text(mail, "id")));
		table_add(&t, str_from(people_text(mail, "address")));
		table_addf(&t, "%s%s%s%s%s", people_text(mail, "purpose"), about[0] ? " " : "", about, stage[0] ? " " : "", stage);
		table_add(&t, str_from(people_text(mail, "state")));
		table_addf(&t, "%lld", (long long)json_integer_value(json_object_get(mail, "tries")));
		table_add(&t, str_from(people_text(mail, "created")));
		table_add(&t, str_from(due[0] ? due : people_text(mail, "ended")));
		table_add(&t, str_from(people_text(mail, "error")));
	}
	table_print(&t);
	table_done(&t);
}

int cmd_mail_list(struct cli *cli)
{
	const char *state = cli_value(cli, "--state");
	unsigned long long limit = 0;
	int r = cli_number(cli, "--limit", CONTROL_LIST_MAX, &limit);
	json_t *args;

	if (r)
		return r;
	args = json_object();
	if (limit)
		json_object_set_new(args, "limit", json_integer((json_int_t)limit));
	if (state)
		json_object_set_new(args, "state", json_string(state));
	return people_ask(cli, "mail.list", args, print_mails);
}

static void print_mail(struct cli *cli, const json_t *answer)
{
	const json_t *mail = json_object_get(answer, "mail");
	static const char *const names[] = {
		"id", "address", "jid", "purpose", "about", "stage", "language", "state", "error", "created", "due", "ended", "subject"};
	static const char *const columns[] = {"", "", NULL};
	const char *body = people_text(mail, "body");
	struct table t;

	(void)cli;
	table_init(&t, columns);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (people_text(mail, names[i])[0]) {
			table_add(&t, str_from(names[i]));
			table_add(&t, str_from(people_text(mail, names[i])));
		}
	table_print(&t);
	table_done(&t);
	if (body[0])
		printf("\n%s", body);
}

int cmd_mail_show(struct cli *cli)
{
	return people_ask(cli, "mail.show", json_pack("{s:s}", "id", cli->args[0]), print_mail);
}

static int change(struct cli *cli, const char *cmd, void (*show)(struct cli *cli, const json_t *answer))
{
	bool all = cli_has(cli, "--all");

	if (all == (cli->args_len != 0))
		return cli_fail(cli, CLI_USAGE, "'gatehouse mail list' shows the ids", "name one mail by its id, or all with --all");
	return people_ask(cli, cmd, all ? json_pack("{s:b}", "all", 1) : json_pack("{s:s}", "id", cli->args[0]), show);
}

static void say_due(struct cli *cli, const json_t *answer)
{
	(void)answer;
	cli_say(cli, "due now\n");
}

int cmd_mail_retry(struct cli *cli)
{
	return change(cli, "mail.retry", say_due);
}

static void say_dropped(struct cli *cli, const json_t *answer)
{
	(void)answer;
	cli_say(cli, "not sent any more\n");
}

int cmd_mail_drop(struct cli *cli)
{
	return change(cli, "mail.drop", say_dropped);
}

static void say_queued(struct cli *cli, const json_t *answer)
{
	(void)answer;
	cli_say(cli, "queued; 'gatehouse mail list' shows what becomes of it\n");
}

int cmd_mail_test(struct cli *cli)
{
	return people_ask(cli, "mail.test", json_pack("{s:s}", "address", cli->args[0]), say_queued);
}
