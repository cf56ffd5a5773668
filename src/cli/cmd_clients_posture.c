/* clients posture: how many are up to date, by what, and how it was. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/clients.h"
#include "cli/commands.h"
#include "cli/csv.h"
#include "cli/table.h"

static long long number(const json_t *row, const char *name)
{
	return json_integer_value(json_object_get(row, name));
}

/* "93 %"; empty: of nothing. */
static struct str share(char out[16], const json_t *row)
{
	long long seen = number(row, "seen");

	return str_of(out, seen ? (size_t)snprintf(out, 16, "%lld %%", number(row, "above") * 100 / seen) : 0);
}

static void add_row(struct table *t, struct str first, const json_t *row)
{
	char text[16];

	table_add(t, first);
	table_addf(t, "%lld", number(row, "seen"));
	table_addf(t, "%lld", number(row, "above"));
	table_addf(t, "%lld", number(row, "excepted"));
	table_add(t, share(text, row));
}

static struct str name_of(const json_t *row, const char *what)
{
	const char *name = clients_member(row, what);

	return name[0] ? str_from(name) : STR("(unknown)");
}

static void print_products(const json_t *answer)
{
	static const char *const names[] = {"product", "seen", "up to date", "excepted", "share", NULL};
	const json_t *row;
	struct table t;
	size_t i;

	table_init(&t, names);
	json_array_foreach(json_object_get(answer, "products"), i, row)
		add_row(&t, name_of(row, "product"), row);
	add_row(&t, STR("all"), answer);
	table_print(&t);
	table_done(&t);
}

/* Who uses what: one row a product of each. */
static void print_by(const json_t *answer, const char *all, const char *what)
{
	const char *const names[] = {what, "accounts", "with a client", "product", "people", "seen",
		"up to date", "excepted", "share", NULL};
	const json_t *one, *row;
	char text[16];
	struct table t;
	size_t i, k;

	table_init(&t, names);
	json_array_foreach(json_object_get(answer, all), i, one)
	{
		const json_t *products = json_object_get(one, "products");
		size_t rows = json_array_size(products);

		for (k = 0; k < rows || k == 0; k++) {
			row = json_array_get(products, k);
			table_add(&t, k ? STR("") : clients_member(one, what)[0] ? str_from(clients_member(one, what)) : STR("(none)"));
			table_addf(&t, "%.0lld", k ? 0 : number(one, "accounts"));
			table_addf(&t, "%.*lld", k ? 0 : 1, k ? 0 : number(one, "people"));
			table_add(&t, row ? name_of(row, "product") : STR(""));
			table_addf(&t, "%.0lld", number(row, "people"));
			table_addf(&t, "%.0lld", number(row, "seen"));
			table_addf(&t, "%.*lld", row ? 1 : 0, number(row, "above"));
			table_addf(&t, "%.*lld", row ? 1 : 0, number(row, "excepted"));
			table_add(&t, row ? share(text, row) : STR(""));
		}
	}
	printf("\n");
	table_print(&t);
	table_done(&t);
}

static void print_history(const json_t *history)
{
	static const char *const names[] = {
		"taken", "seen", "up to date", "excepted", "share", "policy", NULL};
	char minute[17];
	const json_t *row;
	struct table t;
	size_t i;

	if (!json_array_size(history))
		return;
	table_init(&t, names);
	json_array_foreach(history, i, row)
	{
		add_row(&t, clients_minute(minute, clients_member(row, "taken")), row);
		table_add(&t, str_from(clients_member(row, "policy")));
	}
	printf("\n");
	table_print(&t);
	table_done(&t);
}

/* ---- as comma-separated values: one kind of rows ---- */

static void csv_number(struct buf *out, long long n)
{
	char text[24];

	csv_put(out, str_of(text, (size_t)snprintf(text, sizeof(text), "%lld", n)));
}

static void csv_heading(struct buf *out, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		csv_put(out, str_from(names[i]));
	csv_put_end(out);
}

static void csv_products(struct buf *out, struct str first, long long accounts, const json_t *products)
{
	const json_t *row;
	size_t i;

	json_array_foreach(products, i, row)
	{
		csv_put(out, first);
		csv_number(out, accounts);
		csv_put(out, str_from(clients_member(row, "product")));
		csv_number(out, number(row, "people"));
		csv_number(out, number(row, "seen"));
		csv_number(out, number(row, "above"));
		csv_number(out, number(row, "online"));
		csv_number(out, number(row, "excepted"));
		csv_put_end(out);
	}
}

static void csv_history(struct buf *out, const json_t *history)
{
	static const char *const names[] = {"taken", "policy", "product", "seen", "above", "excepted", NULL};
	const json_t *moment, *row;
	size_t i, k;

	csv_heading(out, names);
	json_array_foreach(history, i, moment)
		json_array_foreach(json_object_get(moment, "products"), k, row)
		{
			csv_put(out, str_from(clients_member(moment, "taken")));
			csv_put(out, str_from(clients_member(moment, "policy")));
			csv_put(out, str_from(clients_member(row, "product")));
			csv_number(out, number(row, "seen"));
			csv_number(out, number(row, "above"));
			csv_number(out, number(row, "excepted"));
			csv_put_end(out);
		}
}

/* By department or group; without --by the history. */
static int print_csv(const json_t *answer, const char *all, const char *what)
{
	const char *const names[] = {what, "accounts", "product", "people", "seen", "above", "online", "excepted", NULL};
	struct buf out = BUF_INIT(0);
	const json_t *one;
	size_t i;
	int r;

	if (what)
		csv_heading(&out, names);
	else
		csv_history(&out, json_object_get(answer, "history"));
	json_array_foreach(what ? json_object_get(answer, all) : NULL, i, one)
		csv_products(&out, str_from(clients_member(one, what)), number(one, "accounts"), json_object_get(one, "products"));
	r = buf_failed(&out) ? CLI_INTERNAL : cli_print(buf_view(&out));
	buf_done(&out);
	return r;
}

static int put_args(const struct cli *cli, json_t *args, const char **all, const char **what)
{
	const char *by = cli_value(cli, "--by");
	unsigned long long days = 30;
	int r = cli_number(cli, "--days", 1000, &days);

	*what = by;
	*all = by && !strcmp(by, "group") ? "groups" : "departments";
	if (!r && by && strcmp(by, "group") != 0 && strcmp(by, "department") != 0)
		r = cli_fail(cli, CLI_USAGE, "--by department, or --by group", "nothing is counted by '%s'", LOG_STR(str_from(by)));
	json_object_set_new(args, "days", json_integer((json_int_t)days));
	return r ? r : clients_filter(cli, args);
}

int cmd_clients_posture(struct cli *cli)
{
	const char *all, *what;
	json_t *args = json_object(), *answer = NULL;
	int r = put_args(cli, args, &all, &what);

	if (r)
		json_decref(args);
	else
		r = clients_call(cli, "clients.posture", args, &answer);
	if (r)
		return r;
	if (cli->json)
		return cli_print_json(answer, CLI_OK);
	if (cli_has(cli, "--csv")) {
		r = print_csv(answer, all, what);
	} else {
		print_products(answer);
		if (what)
			print_by(answer, all, what);
		print_history(json_object_get(answer, "history"));
	}
	json_decref(answer);
	return r;
}
