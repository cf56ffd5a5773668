/* clients advisory import, list, show: advisories, and the rules that are proposed for them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/advisory.h"
#include "cli/clients_change.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "client/table.h"

enum { SAME_NAME_MAX = 100 }; /* advisories whose ids give the same name */

static int file_read(struct cli *cli, const char *path, struct buf *out)
{
	AUTO(auto_close) int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : dup(STDIN_FILENO);
	ssize_t n = -1;
	char *room;

	while (fd >= 0 && (room = buf_room(out, 65536)) && (n = read(fd, room, 65536)) > 0)
		out->len += (size_t)n;
	if (fd < 0 || n < 0)
		return cli_fail(cli, CLI_USAGE, NULL, "%s: %s", path, strerror(errno));
	if (buf_failed(out))
		return cli_fail(cli, CLI_USAGE, "an advisory is one document; import them one by one", "%s is larger than 4 MiB", path);
	return utf8_is_valid(buf_view(out)) ? 0 : cli_fail(cli, CLI_USAGE, NULL, "%s is not UTF-8", path);
}

/* What programs call themselves, where we know what is packed under that name. */
static struct str shipped_name(const struct clients *c, struct str name)
{
	struct client_table *table;
	const struct product *known;
	struct str rest;
	struct err err = {};

	if (client_table_new(&table, NULL, 0, &err))
		return name;
	known = client_table_name(table, name, &rest);
	name = known && !rest.len ? arena_dup(c->arena, str_from(known->name)) : name;
	client_table_unref(table);
	return name;
}

/* The catalogue's spelling, where it has the product. */
static void product_settle(struct clients *c, struct advisory *a)
{
	const struct client_product *products;
	size_t count = client_set_products(c->set, &products);

	for (size_t p = 0; p < a->count; p++) {
		size_t i = 0;

		a->packages[p].product = shipped_name(c, a->packages[p].product);
		while (i < count && !str_eq_nocase(products[i].product, a->packages[p].product))
			i++;
		if (i < count)
			a->packages[p].product = products[i].product;
		else if (!a->doubt.len)
			a->doubt = arena_printf(c->arena,
				"the catalogue has no client '%.*s': when people's programs call themselves otherwise, import it again "
				"with --product",
				STR_FMT(a->packages[p].product));
	}
}

static struct str file_of(const struct clients *c, struct str slug)
{
	return arena_printf(c->arena, "clients/%.*s.yaml", STR_FMT(slug));
}

/* The advisory that has that file, another than this one first; or NULL. */
static const struct client_advisory *holder_of(const struct clients *c, struct str file, struct str id)
{
	const struct client_advisory *list, *found = NULL;
	size_t count = client_set_advisories(c->set, &list);

	for (size_t i = 0; i < count; i++)
		if (str_eq(list[i].file, file) && (!found || !str_eq_nocase(list[i].id, id)))
			found = &list[i];
	return found;
}

/* Several ids may give the same name: the first advisory has it, the others are numbered. One that was imported before keeps its own, also
 * when the first has gone. */
static struct str slug_of(const struct clients *c, struct str id)
{
	struct str first = advisory_slug(id, c->arena), slug = first, free = STR_NONE;

	for (unsigned n = 2; n < SAME_NAME_MAX; n++) {
		const struct client_advisory *holder = holder_of(c, file_of(c, slug), id);

		if (holder && str_eq_nocase(holder->id, id))
			return slug;
		if (!holder && !free.len)
			free = slug;
		slug = arena_printf(c->arena, "%.*s-n%u", STR_FMT(first), n);
	}
	return free;
}

static int propose(struct clients *c, struct advisory *a)
{
	struct str slug = slug_of(c, a->id), file = file_of(c, slug);
	struct buf text = BUF_INIT(1 << 20), now = BUF_INIT(64);
	struct str id = arena_printf(c->arena, "%.*s%c", STR_FMT(slug), 0);
	const struct client_rule *old = client_set_rule(c->set, slug);
	int r;

	if (!slug.len) {
		r = cli_fail(c->cli, CLI_NO, "drop those that are not needed", "too many advisories have ids like '%s'", LOG_STR(a->id));
	} else if (old && old->mode == MODE_ENFORCE) {
		r = cli_fail(c->cli, CLI_NO, "drop it first, or change its file", "the rule %.*s is in force already (%.*s:%u)",
			STR_FMT(slug), STR_FMT(old->file), old->line);
	} else {
		clock_put(&now, clock_utc_us());
		advisory_put_rule(&text, a, slug, buf_view(&now), str_from(clients_user()));
		r = buf_failed(&text) || !id.data
			    ? cli_fail(c->cli, CLI_INTERNAL, NULL, "out of memory")
			    : clients_change(c,
				      &(struct policy_change){.file = file, .text = buf_view(&text)},
				      &(struct clients_act){.name = "advisory",
					      .target = id.data,
					      .text = "proposed by an advisory; it observes",
					      .observes = true,
					      .dry_run = cli_has(c->cli, "--dry-run")});
		if (!r && !cli_has(c->cli, "--dry-run"))
			cli_say(c->cli, "next: gatehouse clients enforce %s --dry-run, then without --dry-run\n", id.data);
	}
	buf_done(&text);
	buf_done(&now);
	return r;
}

int cmd_clients_advisory_import(struct cli *cli)
{
	struct buf text = BUF_INIT(ADVISORY_BYTES_MAX);
	struct advisory a;
	struct err err = {};
	struct clients c;
	int r = clients_open(&c, cli);

	if (!r)
		r = file_read(cli, cli->args[0], &text);
	if (!r && advisory_read(&a, buf_view(&text), cli->args[0], str_from(cli_value(cli, "--product")),
			  str_from(cli_value(cli, "--versions")), c.arena, &err))
		r = cli_fail(cli, CLI_USAGE, "nothing was changed; docs/client-control.md has the form", "%s", err.text);
	if (!r) {
		product_settle(&c, &a);
		if (a.doubt.len)
			cli_say(cli, "note: %.*s\n", STR_FMT(a.doubt));
		r = propose(&c, &a);
	}
	buf_done(&text);
	clients_close(&c);
	return r;
}

/* ---- list, show ---- */

/* The mode of the rules that stand in its file: what has become of it. */
static const char *state_of(const struct clients *c, const struct client_advisory *a)
{
	const struct client_rule *rules;
	size_t count = client_set_rules(c->set, &rules);
	const char *state = "no rule";

	for (size_t i = 0; i < count; i++)
		if (str_eq(rules[i].file, a->file)) {
			if (rules[i].mode == MODE_ENFORCE)
				return "in force";
			state = "proposed";
		}
	return state;
}

static json_t *advisory_json(const struct clients *c, const struct client_advisory *a)
{
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", clients_text_json(a->id), "aliases",
		clients_text_json(a->aliases), "state", state_of(c, a), "summary", clients_text_json(a->summary), "severity", clients_text_json(a->severity),
		"product", clients_text_json(a->product), "affected", clients_text_json(a->affected), "fixed", clients_text_json(a->fixed), "reference",
		clients_text_json(a->reference), "published", clients_text_json(a->published), "modified", clients_text_json(a->modified), "imported",
		clients_text_json(a->imported), "by", clients_text_json(a->by), "file", clients_text_json(a->file));
}

int cmd_clients_advisory_list(struct cli *cli)
{
	static const char *const columns[] = {"id", "state", "product", "affected", "fixed", "severity", "imported", NULL};
	const struct client_advisory *list;
	json_t *all = json_array();
	struct table t;
	struct clients c;
	int r = clients_open(&c, cli);
	size_t count = client_set_advisories(c.set, &list);

	table_init(&t, columns);
	for (size_t i = 0; i < count && !r; i++) {
		const struct str cells[] = {list[i].id, str_from(state_of(&c, &list[i])), list[i].product, list[i].affected,
			list[i].fixed, list[i].severity, list[i].imported};

		json_array_append_new(all, advisory_json(&c, &list[i]));
		for (size_t k = 0; k < sizeof(cells) / sizeof(*cells); k++)
			table_add(&t, cells[k]);
	}
	r = clients_list_end(&c, r, "advisories", all, &t);
	clients_close(&c);
	return r;
}

static void advisory_print(const struct clients *c, const struct client_advisory *a)
{
	const struct {
		const char *name;
		struct str text;
	} rows[] = {{"id", a->id}, {"aliases", a->aliases}, {"state", str_from(state_of(c, a))}, {"summary", a->summary}, {"severity", a->severity},
		{"product", a->product}, {"affected", a->affected}, {"fixed", a->fixed}, {"reference", a->reference},
		{"published", a->published}, {"modified", a->modified}, {"imported", a->imported}, {"by", a->by},
		{"file", a->file}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].text.len)
			cli_say(c->cli, "%-10s %s\n", rows[i].name, LOG_STR(rows[i].text));
}

/* Other databases call it that. */
static bool is_alias(struct str aliases, struct str id)
{
	for (size_t from = 0; from < aliases.len;) {
		size_t to = str_find(aliases, ',', from);

		if (str_eq_nocase(str_trim(str_cut(aliases, from, to)), id))
			return true;
		from = to + 1;
	}
	return false;
}

int cmd_clients_advisory_show(struct cli *cli)
{
	struct str id = str_from(cli->args[0]);
	const struct client_advisory *list;
	struct clients c;
	int r = clients_open(&c, cli);
	size_t count = client_set_advisories(c.set, &list), i = 0;

	while (i < count && !str_eq_nocase(list[i].id, id))
		i++;
	for (size_t k = 0; i == count && k < count; k++)
		if (is_alias(list[k].aliases, id))
			i = k;
	if (!r && i == count)
		r = cli_fail(cli, CLI_NO, "'gatehouse clients advisory list' shows all", "there is no advisory '%s'", LOG_STR(id));
	else if (!r && cli->json)
		r = cli_print_json(advisory_json(&c, &list[i]), CLI_OK);
	else if (!r)
		advisory_print(&c, &list[i]);
	clients_close(&c);
	return r;
}
