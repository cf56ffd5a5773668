/* clients list, show, laggards, export. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/amount.h"
#include "cli/clients.h"
#include "cli/commands.h"
#include "cli/csv.h"
#include "cli/moment.h"
#include "cli/table.h"
#include "ipc/control.h"

/* ---- shared ---- */

const char *clients_member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

long long clients_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

void clients_print(
	const char *const *columns, const json_t *rows, void (*add)(struct table *t, const json_t *row), const char *one, const char *many)
{
	const json_t *row;
	struct table t;
	size_t i;

	table_init(&t, columns);
	json_array_foreach(rows, i, row) add(&t, row);
	table_print(&t);
	printf("%s\n", AMOUNT(json_array_size(rows), one, many));
	table_done(&t);
}

struct str clients_minute(char out[17], const char *time)
{
	size_t len = strlen(time) < 16 ? strlen(time) : 16;

	memcpy(out, time, len);
	if (len > 10)
		out[10] = ' ';
	return str_of(out, len);
}

int clients_call(const struct cli *cli, const char *cmd, json_t *args, json_t **out)
{
	struct people p = {};
	int r = people_open(&p, cli, false);

	if (r)
		json_decref(args);
	else
		r = people_call(&p, cmd, args, out);
	people_close(&p);
	return r;
}

int clients_time(const struct cli *cli, const char *option, const char *name, json_t *args)
{
	const char *text = cli_value(cli, option);
	struct buf time = BUF_INIT(64);
	int r = 0;

	if (text && !moment_put(&time, text))
		r = cli_fail(cli, CLI_USAGE, "write it as 2026-11-22, 2026-11-22T15:00:00Z or 30d", "%s '%s' is no time", option,
			LOG_STR(str_from(text)));
	else if (text)
		json_object_set_new(args, name, json_stringn(time.data, time.len));
	buf_done(&time);
	return r;
}

int clients_filter(const struct cli *cli, json_t *args)
{
	static const char *const names[] = {"product", "versions", "class", "group", "department"};
	char option[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value;

		snprintf(option, sizeof(option), "--%s", names[i]);
		value = cli_value(cli, option);
		if (value && json_object_set_new(args, names[i], json_string(value)))
			return cli_fail(cli, CLI_USAGE, NULL, "%s is not UTF-8", option);
	}
	if (cli_has(cli, "--online"))
		json_object_set_new(args, "online", json_true());
	return clients_time(cli, "--since", "since", args);
}

/* ---- rows ---- */

/* Page after page, until all or `limit` are there. `args` is stolen. */
static int fetch(const struct cli *cli, json_t *args, json_t *rows)
{
	unsigned long long limit = 100000000;
	struct people p = {};
	json_t *answer, *next = NULL;
	int r = cli_number(cli, "--limit", limit, &limit);

	if (!r)
		r = people_open(&p, cli, false);
	while (!r) {
		size_t have = json_array_size(rows), left = limit - have;

		json_object_set_new(args, "limit", json_integer(left < CONTROL_LIST_MAX ? (json_int_t)left : CONTROL_LIST_MAX));
		r = people_call(&p, "clients.list", json_deep_copy(args), &answer);
		if (r)
			break;
		json_array_extend(rows, json_object_get(answer, "clients"));
		next = json_incref(json_object_get(answer, "next"));
		json_decref(answer);
		if (!next || json_array_size(rows) >= limit)
			break;
		json_object_set_new(args, "after", next);
		next = NULL;
	}
	json_decref(next);
	json_decref(args);
	people_close(&p);
	return r;
}

static void put_list(struct buf *out, const json_t *list, const char *between)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		buf_printf(out, "%s%s", i ? between : "", json_string_value(one));
}

static void add_list(struct table *t, const json_t *list)
{
	struct buf all = BUF_INIT(0);

	put_list(&all, list, ", ");
	table_add(t, buf_view(&all));
	buf_done(&all);
}

/* ---- as comma-separated values ---- */

/* The columns of the export; docs/client-control.md names them. New ones come at the end. */
static const char *const columns[] = {"jid", "person", "name", "department", "groups", "installation", "product", "version",
	"version_before", "version_since", "os", "device", "class", "basis", "confidence", "contradictions", "caps", "node",
	"agent", "ja4", "resource", "addresses", "networks", "first_seen", "last_seen", "sessions", "messages", "rooms", "files",
	"calls", "online", "effect", "rule", "up_to_date", "minimum", "posture", "deny_from", "overdue_days",
	"excepted", "mail", "mechanism", "tls", NULL};

static void put_cell(struct buf *out, const json_t *row, const char *name)
{
	const json_t *value = json_object_get(row, name);
	struct buf text = BUF_INIT(0);

	if (!value)
		value = json_object_get(json_object_get(row, "uses"), name);
	if (json_is_integer(value)) {
		/* A number is no formula, below 0 neither. */
		buf_printf(out, "%s%lld", out->len && out->data[out->len - 1] != '\n' ? "," : "",
			(long long)json_integer_value(value));
		return;
	}
	if (json_is_string(value))
		buf_str(&text, str_of(json_string_value(value), json_string_length(value)));
	else if (json_is_boolean(value))
		buf_str(&text, json_is_true(value) ? STR("yes") : STR("no"));
	else if (json_is_array(value))
		put_list(&text, value, ";");
	csv_put(out, buf_view(&text));
	buf_done(&text);
}

static int print_csv(const json_t *rows)
{
	struct buf out = BUF_INIT(0);
	const json_t *row;
	size_t i;
	int r;

	for (size_t c = 0; columns[c]; c++)
		csv_put(&out, str_from(columns[c]));
	csv_put_end(&out);
	json_array_foreach(rows, i, row)
	{
		for (size_t c = 0; columns[c]; c++)
			put_cell(&out, row, columns[c]);
		csv_put_end(&out);
	}
	r = buf_failed(&out) ? CLI_INTERNAL : cli_print(buf_view(&out));
	buf_done(&out);
	return r;
}

/* ---- list ---- */

static const char *product_of(const json_t *row)
{
	const char *product = clients_member(row, "product");

	return product[0] ? product : clients_member(row, "class");
}

static void add_client(struct table *t, const json_t *row)
{
	const char *device = clients_member(row, "device");
	char minute[17];

	table_add(t, str_from(clients_member(row, "jid")));
	table_addf(t, "%s%s", product_of(row), json_array_size(json_object_get(row, "contradictions")) ? " (?)" : "");
	table_add(t, str_from(clients_member(row, "version")));
	table_add(t, str_from(clients_member(row, "os")));
	table_add(t, str_from(device[0] ? device : clients_member(row, "resource")));
	table_addf(t, "%lld", clients_number(row, "online"));
	table_add(t, clients_minute(minute, clients_member(row, "last_seen")));
	table_addf(t, "%lld", clients_number(row, "sessions"));
	table_addf(t, "%s%s%s", clients_member(row, "effect"), clients_member(row, "rule")[0] ? ": " : "",
		clients_member(row, "rule"));
}

static void print_list(const json_t *rows)
{
	static const char *const names[] = {
		"address", "product", "version", "os", "device", "online", "last seen", "sessions", "standing", NULL};

	clients_print(names, rows, add_client, "client", "clients");
}

/* Of --json, --csv and neither. Steals `rows`. */
static int print_rows(const struct cli *cli, json_t *rows, bool csv, void (*print)(const json_t *rows))
{
	int r = CLI_OK;

	if (cli->json)
		return cli_print_json(json_pack("{s:o}", "clients", rows), CLI_OK);
	if (csv)
		r = print_csv(rows);
	else
		print(rows);
	json_decref(rows);
	return r;
}

int cmd_clients_list(struct cli *cli)
{
	json_t *args = json_object(), *rows = json_array();
	int r = clients_filter(cli, args);

	if (cli_has(cli, "--below"))
		json_object_set_new(args, "below", json_true());
	if (r)
		json_decref(args);
	else
		r = fetch(cli, args, rows);
	if (!r)
		return print_rows(cli, rows, cli_has(cli, "--csv"), print_list);
	json_decref(rows);
	return r;
}

/* ---- laggards, export ---- */

static void add_laggard(struct table *t, const json_t *row)
{
	char minute[17];

	table_add(t, str_from(clients_member(row, "jid")));
	table_add(t, str_from(clients_member(row, "department")));
	table_add(t, str_from(product_of(row)));
	table_add(t, str_from(clients_member(row, "version")));
	table_add(t, str_from(clients_member(row, "minimum")));
	table_add(t, str_from(clients_member(row, "rule")));
	table_add(t, str_from(clients_member(row, "effect")));
	table_add(t, str_cut(str_from(clients_member(row, "deny_from")), 0, 10));
	if (json_is_integer(json_object_get(row, "overdue_days")))
		table_addf(t, "%lld", clients_number(row, "overdue_days"));
	else
		table_add(t, STR(""));
	table_add(t, clients_number(row, "online") ? STR("now") : clients_minute(minute, clients_member(row, "last_seen")));
	table_add(t, json_is_true(json_object_get(row, "mail")) ? STR("") : STR("no mail"));
}

static void print_laggards(const json_t *rows)
{
	static const char *const names[] = {
		"address", "department", "product", "version", "wanted", "rule", "effect", "from", "days overdue", "last seen", "mail", NULL};

	clients_print(names, rows, add_laggard, "client", "clients");
}

static int filtered(const struct cli *cli, bool laggards, json_t *rows)
{
	json_t *args = json_object();
	int r = clients_filter(cli, args);

	if (!r)
		r = clients_time(cli, "--at", "at", args);
	if (laggards)
		json_object_set_new(args, "laggards", json_true());
	if (!r)
		return fetch(cli, args, rows);
	json_decref(args);
	return r;
}

int cmd_clients_laggards(struct cli *cli)
{
	json_t *rows = json_array();
	int r = filtered(cli, true, rows);
	bool any = json_array_size(rows) > 0;

	if (r) {
		json_decref(rows);
		return r;
	}
	r = print_rows(cli, rows, cli_has(cli, "--csv"), print_laggards);
	return r ? r : any ? CLI_NO : CLI_OK;
}

int cmd_clients_export(struct cli *cli)
{
	json_t *rows = json_array();
	int r = filtered(cli, false, rows);

	if (!r)
		return print_rows(cli, rows, true, NULL);
	json_decref(rows);
	return r;
}

/* ---- show ---- */

static void add_pair(struct table *t, const char *name, struct str value)
{
	if (!value.len)
		return;
	table_add(t, str_from(name));
	table_add(t, value);
}

static void add_uses(struct table *t, const json_t *row)
{
	const json_t *uses = json_object_get(row, "uses");

	table_add(t, STR("used for"));
	table_addf(t, "%s, %lld in rooms, %s, %s", AMOUNT(clients_number(uses, "messages"), "message", "messages"),
		clients_number(uses, "rooms"), AMOUNT(clients_number(uses, "files"), "file", "files"),
		AMOUNT(clients_number(uses, "calls"), "call", "calls"));
}

static void add_versions(struct table *t, const json_t *row)
{
	const char *before = clients_member(row, "version_before");
	char minute[17];

	if (!clients_member(row, "version")[0])
		return;
	table_add(t, STR("version"));
	table_addf(t, "%s since %.*s%s%s", clients_member(row, "version"),
		STR_FMT(clients_minute(minute, clients_member(row, "version_since"))), before[0] ? ", before: " : "", before);
}

static void add_known_by(struct table *t, const json_t *row)
{
	table_add(t, STR("known by"));
	table_addf(t, "%s, %lld %%", clients_member(row, "basis"), clients_number(row, "confidence"));
	if (json_array_size(json_object_get(row, "contradictions"))) {
		table_add(t, STR("contradictions"));
		add_list(t, json_object_get(row, "contradictions"));
	}
}

static void add_sessions(struct table *t, const json_t *live)
{
	const json_t *s;
	size_t i;

	json_array_foreach(live, i, s)
	{
		table_add(t, STR("connected"));
		table_addf(t, "%s from %s since %s, %s%s", clients_member(s, "jid"), clients_member(s, "address"),
			clients_member(s, "connected"), clients_member(s, "state"),
			json_is_true(json_object_get(s, "parallel")) ? ", two networks at once" : "");
	}
}

static void add_login(struct table *t, const json_t *row)
{
	const char *tls = clients_member(row, "tls");

	if (!clients_member(row, "mechanism")[0])
		return;
	table_add(t, STR("logged in by"));
	table_addf(t, "%s%s%s", clients_member(row, "mechanism"), tls[0] ? ", " : "", tls);
}

static void print_client(const json_t *row)
{
	static const char *const texts[] = {"os", "device", "node", "caps", "agent", "ja4", "resource"};
	static const char *const names[] = {"", "", NULL};
	char minute[17];
	struct table t;

	table_init(&t, names);
	add_pair(&t, "product", str_from(product_of(row)));
	add_versions(&t, row);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add_pair(&t, texts[i], str_from(clients_member(row, texts[i])));
	add_known_by(&t, row);
	add_pair(&t, "first seen", clients_minute(minute, clients_member(row, "first_seen")));
	add_pair(&t, "last seen", clients_minute(minute, clients_member(row, "last_seen")));
	table_add(&t, STR("sessions"));
	table_addf(&t, "%lld", clients_number(row, "sessions"));
	add_login(&t, row);
	table_add(&t, STR("networks"));
	table_addf(&t, "%lld", clients_number(row, "networks"));
	table_add(&t, STR("addresses"));
	add_list(&t, json_object_get(row, "addresses"));
	add_uses(&t, row);
	table_add(&t, STR("standing"));
	table_addf(&t, "%s %s", clients_member(row, "effect"), clients_member(row, "rule"));
	add_sessions(&t, json_object_get(row, "live"));
	table_print(&t);
	table_done(&t);
}

int cmd_clients_show(struct cli *cli)
{
	json_t *args = json_pack("{s:s}", "jid", cli->args[0]), *answer = NULL;
	const json_t *row;
	size_t i;
	int r = args ? clients_call(cli, "clients.show", args, &answer)
		     : cli_fail(cli, CLI_USAGE, NULL, "the address is not UTF-8");

	if (!r && cli->json) {
		r = cli_print_json(json_pack("{s:O}", "clients", json_object_get(answer, "clients")), CLI_OK);
	} else if (!r) {
		json_array_foreach(json_object_get(answer, "clients"), i, row)
		{
			if (i)
				putchar('\n');
			print_client(row);
		}
		cli_say(cli, "%s%s\n", i ? "\n" : "", AMOUNT(json_array_size(json_object_get(answer, "clients")), "client", "clients"));
	}
	json_decref(answer);
	return r;
}
