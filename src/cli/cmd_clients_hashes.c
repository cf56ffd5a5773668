/* clients hashes, clients refused. */
#include <stdio.h>

#include "cli/clients.h"
#include "cli/commands.h"
#include "cli/csv.h"
#include "cli/table.h"
#include "ipc/control.h"

/* ---- hashes ---- */

static void add_hash(struct table *t, const json_t *row)
{
	char minute[17];

	table_add(t, str_from(clients_member(row, "product")));
	table_add(t, json_is_true(json_object_get(row, "varies")) ? STR("(several)") : str_from(clients_member(row, "version")));
	table_add(t, str_from(clients_member(row, "hash")));
	table_add(t, str_from(clients_member(row, "state")));
	table_addf(t, "%lld", clients_number(row, "accounts"));
	table_addf(t, "%lld", clients_number(row, "contradicted"));
	table_add(t, json_is_true(json_object_get(row, "believed")) ? STR("yes") : STR("no"));
	table_add(t, clients_minute(minute, clients_member(row, "last_seen")));
}

static void print_hashes(const json_t *rows)
{
	static const char *const names[] = {
		"product", "version", "hash", "state", "accounts", "contradicted", "believed", "last seen", NULL};

	clients_print(names, rows, add_hash, "hash", "hashes");
}

static int list_hashes(const struct cli *cli)
{
	json_t *answer = NULL;
	int r = clients_call(cli, "clients.hashes", json_object(), &answer);

	if (!r && cli->json)
		r = cli_print_json(json_pack("{s:O}", "hashes", json_object_get(answer, "hashes")), CLI_OK);
	else if (!r)
		print_hashes(json_object_get(answer, "hashes"));
	json_decref(answer);
	return r;
}

static int set_hash(const struct cli *cli, const char *hash, const char *state)
{
	static const char *const names[] = {"product", "version", "os"};
	static const char *const options[] = {"--product", "--version", "--os"};
	json_t *args = json_pack("{s:s,s:s}", "hash", hash, "state", state), *answer = NULL;
	int r = args ? 0 : cli_fail(cli, CLI_USAGE, NULL, "the hash is not UTF-8");

	for (size_t i = 0; !r && i < sizeof(names) / sizeof(names[0]); i++)
		if (cli_has(cli, options[i]) && json_object_set_new(args, names[i], json_string(cli_value(cli, options[i]))))
			r = cli_fail(cli, CLI_USAGE, NULL, "%s is not UTF-8", options[i]);
	if (r)
		json_decref(args);
	else
		r = clients_call(cli, "clients.hash", args, &answer);
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "%s %s\n", state, hash);
	json_decref(answer);
	return r;
}

int cmd_clients_hashes(struct cli *cli)
{
	static const char *const options[] = {"--confirm", "--reject", "--forget"};
	static const char *const states[] = {"confirmed", "rejected", "forgotten"};
	int given = -1;

	for (int i = 0; i < 3; i++) {
		if (!cli_has(cli, options[i]))
			continue;
		if (given >= 0)
			return cli_fail(cli, CLI_USAGE, NULL, "%s and %s exclude each other", options[given], options[i]);
		given = i;
	}
	if (given != 0 && (cli_has(cli, "--product") || cli_has(cli, "--version") || cli_has(cli, "--os")))
		return cli_fail(cli, CLI_USAGE, "add --confirm HASH", "--product, --version and --os say what a confirmed hash stands for");
	if (!cli_has(cli, "--product") && (cli_has(cli, "--version") || cli_has(cli, "--os")))
		return cli_fail(cli, CLI_USAGE, "add --product NAME", "a version and a system are a product's");
	return given < 0 ? list_hashes(cli) : set_hash(cli, cli_value(cli, options[given]), states[given]);
}

/* ---- refused ---- */

static void add_refused(struct table *t, const json_t *row)
{
	char minute[17];

	table_add(t, str_from(clients_member(row, "jid")));
	table_add(t, str_from(clients_member(row, "address")));
	table_add(t, str_from(clients_member(row, "kind")));
	table_add(t, str_from(clients_member(row, "rule")));
	table_add(t, str_from(clients_member(row, "product")));
	table_add(t, str_from(clients_member(row, "version")));
	table_addf(t, "%lld", clients_number(row, "count"));
	table_add(t, clients_minute(minute, clients_member(row, "last")));
	table_add(t, str_from(clients_member(row, "reason")));
}

static void print_refused(const json_t *rows)
{
	static const char *const names[] = {
		"address", "from", "why", "rule", "product", "version", "times", "last", "reason", NULL};

	clients_print(names, rows, add_refused, "refusal", "refusals");
}

static int print_refused_csv(const json_t *rows)
{
	static const char *const names[] = {
		"jid", "address", "kind", "rule", "product", "version", "count", "first", "last", "reason"};
	struct buf out = BUF_INIT(0);
	const json_t *row;
	char text[24];
	size_t i, c;
	int r;

	for (c = 0; c < sizeof(names) / sizeof(names[0]); c++)
		csv_put(&out, str_from(names[c]));
	csv_put_end(&out);
	json_array_foreach(rows, i, row)
	{
		for (c = 0; c < sizeof(names) / sizeof(names[0]); c++) {
			snprintf(text, sizeof(text), "%lld", clients_number(row, names[c]));
			csv_put(&out, json_is_integer(json_object_get(row, names[c])) ? str_from(text)
										      : str_from(clients_member(row, names[c])));
		}
		csv_put_end(&out);
	}
	r = buf_failed(&out) ? CLI_INTERNAL : cli_print(buf_view(&out));
	buf_done(&out);
	return r;
}

int cmd_clients_refused(struct cli *cli)
{
	unsigned long long limit = 1000;
	json_t *args = json_object(), *answer = NULL;
	int r = cli_number(cli, "--limit", 1000, &limit);

	if (!r)
		r = clients_time(cli, "--since", "since", args);
	json_object_set_new(args, "limit", json_integer((json_int_t)limit));
	if (r)
		json_decref(args);
	else
		r = clients_call(cli, "clients.refused", args, &answer);
	if (!r && cli->json)
		r = cli_print_json(json_pack("{s:O}", "refused", json_object_get(answer, "refused")), CLI_OK);
	else if (!r && cli_has(cli, "--csv"))
		r = print_refused_csv(json_object_get(answer, "refused"));
	else if (!r)
		print_refused(json_object_get(answer, "refused"));
	json_decref(answer);
	return r;
}
