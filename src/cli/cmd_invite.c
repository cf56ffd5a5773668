/* invite create, list, revoke. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/people.h"
#include "cli/moment.h"
#include "cli/table.h"
#include "jid/jid.h"

enum { ARENA_MAX = 1 << 20 };

static void add_groups(struct table *t, const json_t *invite)
{
	struct buf all = BUF_INIT(65536);
	const json_t *group;
	size_t i;

	json_array_foreach(json_object_get(invite, "groups"), i, group)
		buf_printf(&all, "%s%s", i ? ", " : "", json_string_value(group));
	table_add(t, buf_view(&all));
	buf_done(&all);
}

/* ---- create ---- */

/* The address --user and --domain stand for; a whole address is taken as it is. */
static int put_address(const struct people *p, json_t *args)
{
	const char *user = cli_value(p->cli, "--user"), *domain = cli_value(p->cli, "--domain");
	struct arena *arena = arena_new(ARENA_MAX);
	struct buf text = BUF_INIT(4096);
	struct str jid;
	int r = arena ? 0 : CLI_INTERNAL;

	if (domain)
		json_object_set_new(args, "domain", json_string(domain));
	if (user && !r) {
		buf_printf(&text, "%s", user);
		if (!strchr(user, '@') && (domain || p->settings))
			buf_printf(&text, "@%s", domain ? domain : p->settings->domains.items[0].data);
		r = people_jid(p, buf_cstr(&text), arena, &jid);
		if (!r)
			json_object_set_new(args, "jid", json_stringn(jid.data, jid.len));
	}
	buf_done(&text);
	arena_free(arena);
	return r;
}

static void put_groups(const struct cli *cli, json_t *args)
{
	struct str all = str_from(cli_value(cli, "--group")), one;
	json_t *list = json_array();

	for (size_t from = 0, to; from < all.len; from = to + 1) {
		to = str_find(all, ',', from);
		one = str_trim(str_cut(all, from, to));
		if (one.len)
			json_array_append_new(list, json_stringn(one.data, one.len));
	}
	json_object_set_new(args, "groups", list);
}

static int create_args(const struct people *p, json_t *args)
{
	const struct cli *cli = p->cli;
	unsigned long long seconds = 3 * 86400;
	const char *fault = cli_has(cli, "--group") ? people_fault("groups", str_from(cli_value(cli, "--group"))) : NULL;

	if (fault)
		return cli_fail(cli, CLI_USAGE, NULL, "--group: %s", fault);
	if (cli_has(cli, "--expires") && !moment_span(cli_value(cli, "--expires"), &seconds))
		return cli_fail(cli, CLI_USAGE, "write it as 90min, 12h or 3d", "--expires '%s' is no time",
			LOG_STR(str_from(cli_value(cli, "--expires"))));
	json_object_set_new(args, "expires_seconds", json_integer((json_int_t)seconds));
	put_groups(cli, args);
	return put_address(p, args);
}

int cmd_invite_create(struct cli *cli)
{
	struct people p = {};
	json_t *args = json_object(), *answer = NULL;
	const json_t *invite;
	int r = people_open(&p, cli, false);

	if (!r)
		r = create_args(&p, args);
	if (!r)
		r = people_call(&p, "invite.create", json_incref(args), &answer);
	if (!r && cli->json) {
		r = cli_print_json(json_incref(answer), CLI_OK);
	} else if (!r) {
		invite = json_object_get(answer, "invite");
		cli_say(cli, "%s\ninvitation %s, for one account, until %s\n", people_text(invite, "uri"), people_text(invite, "id"),
			people_text(invite, "expires"));
	}
	json_decref(args);
	json_decref(answer);
	people_close(&p);
	return r;
}

/* ---- list, revoke ---- */

static void print_invites(struct cli *cli, const json_t *answer)
{
	static const char *const columns[] = {
		"id", "for", "groups", "state", "created", "expires", "by", "account", NULL};
	const json_t *invite;
	struct table t;
	size_t i;

	(void)cli;
	table_init(&t, columns);
	json_array_foreach(json_object_get(answer, "invites"), i, invite)
	{
		const char *jid = people_text(invite, "jid");

		table_add(&t, str_from(people_text(invite, "id")));
		table_addf(&t, "%s%s", jid[0] ? "" : "@", jid[0] ? jid : people_text(invite, "domain"));
		add_groups(&t, invite);
		table_add(&t, str_from(people_text(invite, "state")));
		table_add(&t, str_from(people_text(invite, "created")));
		table_add(&t, str_from(people_text(invite, "expires")));
		table_add(&t, str_from(people_text(invite, "by")));
		table_add(&t, str_from(people_text(invite, "used_by")));
	}
	table_print(&t);
	table_done(&t);
}

int cmd_invite_list(struct cli *cli)
{
	return people_ask(cli, "invite.list", json_object(), print_invites);
}

static void print_revoked(struct cli *cli, const json_t *answer)
{
	(void)answer;
	cli_say(cli, "revoked %s\n", cli->args[0]);
}

int cmd_invite_revoke(struct cli *cli)
{
	return people_ask(cli, "invite.revoke", json_pack("{s:s}", "id", cli->args[0]), print_revoked);
}
