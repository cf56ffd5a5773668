/* devices list, show, logout, revoke, waiting, confirm. */
#include <string.h>

#include "base/log.h"
#include "cli/amount.h"
#include "cli/clients.h"
#include "cli/commands.h"
#include "cli/table.h"

static struct str joined(struct buf *out, const json_t *list)
{
	const json_t *one;
	size_t i;

	buf_clear(out);
	json_array_foreach(list, i, one)
		buf_printf(out, "%s%s", i ? ", " : "", json_string_value(one));
	return buf_view(out);
}

static struct str name_of(struct buf *out, const json_t *d)
{
	const char *product = clients_member(d, "product"), *version = clients_member(d, "version");

	buf_clear(out);
	buf_printf(out, "%s%s%s", product[0] ? product : "unknown", version[0] ? " " : "", version);
	return buf_view(out);
}

static void print_list(const json_t *devices)
{
	static const char *const names[] = {"id", "program", "system", "device", "access by", "connected", "first seen", "last seen",
		"address", NULL};
	struct buf text = BUF_INIT(0);
	char minute[17];
	const json_t *d;
	struct table t;
	size_t i;

	table_init(&t, names);
	json_array_foreach(devices, i, d)
	{
		table_add(&t, str_from(clients_member(d, "id")));
		table_add(&t, name_of(&text, d));
		table_add(&t, str_from(clients_member(d, "os")));
		table_add(&t, str_from(clients_member(d, "device")));
		table_add(&t, joined(&text, json_object_get(d, "auth")));
		table_addf(&t, "%zu", json_array_size(json_object_get(d, "sessions")));
		table_add(&t, clients_minute(minute, clients_member(d, "first_seen")));
		table_add(&t, clients_minute(minute, clients_member(d, "last_seen")));
		table_add(&t, str_from(clients_member(d, "address")));
	}
	table_print(&t);
	table_done(&t);
	buf_done(&text);
}

static int ask(const struct cli *cli, json_t **out)
{
	json_t *args = json_pack("{s:s}", "jid", cli->args[0]);

	return args ? clients_call(cli, "devices.list", args, out) : cli_fail(cli, CLI_USAGE, NULL, "the address is not UTF-8");
}

int cmd_devices_list(struct cli *cli)
{
	json_t *answer = NULL;
	int r = ask(cli, &answer);

	if (!r && cli->json)
		r = cli_print_json(json_pack("{s:O}", "devices", json_object_get(answer, "devices")), CLI_OK);
	else if (!r)
		print_list(json_object_get(answer, "devices"));
	json_decref(answer);
	return r;
}

/* ---- one of them ---- */

static void add(struct table *t, const char *name, struct str value)
{
	if (!value.len)
		return;
	table_add(t, str_from(name));
	table_add(t, value);
}

static void print_one(const json_t *d)
{
	static const char *const names[] = {"", "", NULL}, *const texts[] = {"os", "device", "agent", "installation", "address"};
	static const char *const times[][2] = {
		{"first seen", "first_seen"}, {"last seen", "last_seen"}, {"token until", "token_until"}};
	struct buf text = BUF_INIT(0);
	char minute[17];
	struct table t;

	table_init(&t, names);
	add(&t, "id", str_from(clients_member(d, "id")));
	add(&t, "program", name_of(&text, d));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add(&t, texts[i], str_from(clients_member(d, texts[i])));
	add(&t, "access by", joined(&text, json_object_get(d, "auth")));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		add(&t, times[i][0], clients_minute(minute, clients_member(d, times[i][1])));
	add(&t, "connected", joined(&text, json_object_get(d, "sessions")));
	table_print(&t);
	table_done(&t);
	buf_done(&text);
}

static const json_t *find(const json_t *devices, const char *id)
{
	const json_t *d;
	size_t i;

	json_array_foreach(devices, i, d)
		if (!strcmp(clients_member(d, "id"), id))
			return d;
	return NULL;
}

int cmd_devices_show(struct cli *cli)
{
	json_t *answer = NULL;
	const json_t *d = NULL;
	int r = ask(cli, &answer);

	if (!r)
		d = find(json_object_get(answer, "devices"), cli->args[1]);
	if (!r && !d)
		r = cli_fail(cli, CLI_NO, "'gatehouse devices list JID' shows them", "the account has no device %s",
			LOG_STR(str_from(cli->args[1])));
	else if (!r && cli->json)
		r = cli_print_json(json_pack("{s:O}", "device", d), CLI_OK);
	else if (!r)
		print_one(d);
	json_decref(answer);
	return r;
}

/* ---- their end ---- */

/* An act on one of them. */
static int act_on(struct cli *cli, const char *command, json_t **answer)
{
	const char *reason = cli_value(cli, "--reason");
	json_t *args = json_pack("{s:s, s:s}", "jid", cli->args[0], "id", cli->args[1]);

	if (args && reason)
		json_object_set_new(args, "reason", json_string(reason));
	return args ? clients_call(cli, command, args, answer) : cli_fail(cli, CLI_USAGE, NULL, "an argument is not UTF-8");
}

static long long closed(const json_t *answer)
{
	return json_integer_value(json_object_get(answer, "closed"));
}

int cmd_devices_logout(struct cli *cli)
{
	json_t *answer = NULL;
	int r = act_on(cli, "devices.logout", &answer);

	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "%s ended; the device may log in again\n", AMOUNT(closed(answer), "session", "sessions"));
	json_decref(answer);
	return r;
}

/* What it may still log in with, and what ends that. */
static void say_rest(const struct cli *cli, const json_t *device)
{
	const json_t *auth = json_object_get(device, "auth");
	const char *by = json_string_value(json_array_get(auth, 0));

	if (by && !strcmp(by, "password"))
		cli_say(cli, "It knows the password: only a new one ('gatehouse user password %s') keeps it out.\n", cli->args[0]);
	else if (by && !strcmp(by, "certificate"))
		cli_say(cli, "It has a certificate: only revoking that (tls.client_crl) keeps it out.\n");
}

int cmd_devices_revoke(struct cli *cli)
{
	json_t *answer = NULL;
	int r = act_on(cli, "devices.revoke", &answer);

	if (!r && cli->json) {
		r = cli_print_json(json_incref(answer), CLI_OK);
	} else if (!r) {
		cli_say(cli, "%s ended, its tokens are worth nothing any more\n", AMOUNT(closed(answer), "session", "sessions"));
		say_rest(cli, json_object_get(answer, "device"));
	}
	json_decref(answer);
	return r;
}

/* ---- what waits to be confirmed ---- */

static void print_waiting(const json_t *waiting)
{
	static const char *const names[] = {"account", "id", "what", "program", "device", "address", "since", NULL};
	static const char *const texts[] = {"jid", "id", "kind", "product", "device", "address"};
	char minute[17];
	const json_t *d;
	struct table t;
	size_t i;

	table_init(&t, names);
	json_array_foreach(waiting, i, d)
	{
		for (size_t column = 0; column < sizeof(texts) / sizeof(texts[0]); column++)
			table_add(&t, str_from(clients_member(d, texts[column])));
		table_add(&t, clients_minute(minute, clients_member(d, "since")));
	}
	table_print(&t);
	table_done(&t);
}

int cmd_devices_waiting(struct cli *cli)
{
	json_t *answer = NULL, *waiting, *args = cli->args_len ? json_pack("{s:s}", "jid", cli->args[0]) : json_object();
	int r = args ? clients_call(cli, "devices.waiting", args, &answer)
		     : cli_fail(cli, CLI_USAGE, NULL, "the address is not UTF-8");

	waiting = json_object_get(answer, "waiting");
	if (!r && cli->json)
		r = cli_print_json(json_pack("{s:O}", "waiting", waiting), CLI_OK);
	else if (!r && json_array_size(waiting))
		print_waiting(waiting);
	else if (!r)
		cli_say(cli, "Nothing waits to be confirmed.\n");
	json_decref(answer);
	return r;
}

int cmd_devices_confirm(struct cli *cli)
{
	json_t *answer = NULL;
	int r = act_on(cli, "devices.confirm", &answer);

	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "confirmed; %s no longer limited\n",
			AMOUNT(json_integer_value(json_object_get(answer, "sessions")), "session is", "sessions are"));
	json_decref(answer);
	return r;
}
