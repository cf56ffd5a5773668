/* clients rules, rules show, catalogue, enforce, drop. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/clients_change.h"
#include "cli/commands.h"
#include "cli/rule_text.h"
#include "cli/table.h"

static json_t *time_json(uint64_t us)
{
	struct buf b = BUF_INIT(64);
	json_t *v;

	if (us)
		clock_put(&b, us);
	v = clients_text_json(buf_view(&b));
	buf_done(&b);
	return v;
}

/* ---- one rule ---- */

/* Where it is now. */
static const char *stage_of(const struct client_rule *r, uint64_t now)
{
	if (r->expires_us && now >= r->expires_us)
		return "expired";
	if (r->effect == CLIENT_ALLOW)
		return "allow";
	return client_rule_stage(r, now) == CLIENT_ALLOW ? "not begun" : client_effect_names[client_rule_stage(r, now)];
}

static json_t *who_json(const struct who *who)
{
	static const char *const words[] = {"anyone", "inside", "outside", "person:", "group:", "domain:"};
	json_t *list = json_array();

	for (size_t i = 0; i < who->count; i++)
		json_array_append_new(list, json_sprintf("%s%.*s", words[who->terms[i].kind], STR_FMT(who->terms[i].name)));
	return list;
}

static json_t *exception_json(const struct client_rule *r, const struct client_exception *e, uint64_t now)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "rule", clients_text_json(r->id), "who", who_json(&e->who), "until",
		time_json(e->until_us), "owner", clients_text_json(e->owner), "reason", clients_text_json(e->reason), "expired", now >= e->until_us);
}

static json_t *names_json(const struct client_names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(list, clients_text_json(names->list[i]));
	return list;
}

static void put_names(json_t *to, const char *key, const struct client_names *names)
{
	if (names->count)
		json_object_set_new(to, key, names_json(names));
}

static json_t *match_json(const struct client_match *m)
{
	json_t *v = json_object();

	put_names(v, "product", &m->products);
	put_names(v, "os", &m->systems);
	if (m->versions)
		json_object_set_new(v, "versions", clients_text_json(m->versions_text));
	put_names(v, "caps", &m->caps);
	put_names(v, "ja4", &m->ja4);
	put_names(v, "mechanism", &m->mechanisms);
	put_names(v, "tls", &m->tls);
	if (m->network_count)
		json_object_set_new(v, "networks", json_integer((json_int_t)m->network_count));
	for (int i = 0; i < CLIENT_CLASSES; i++)
		if (m->classes & 1u << i)
			json_object_set_new(v, client_class_names[i], json_true());
	if (m->unapproved)
		json_object_set_new(v, "unapproved", json_true());
	return v;
}

static json_t *limits_json(unsigned limits)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < 3; i++)
		if (limits & 1u << i)
			json_array_append_new(list, json_string(client_limit_names[i]));
	return list;
}

static json_t *rule_json(const struct client_rule *r, uint64_t now)
{
	json_t *v = json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "id", clients_text_json(r->id),
		"purpose", clients_text_json(r->purpose), "rank", client_rank_names[r->rank], "effect", client_effect_names[r->effect], "mode",
		mode_names[r->mode], "stage", stage_of(r, now), "clients", match_json(&r->match), "from", who_json(&r->from), "not_from",
		who_json(&r->not_from), "restrict", limits_json(r->limits), "expires", time_json(r->expires_us), "reference",
		clients_text_json(r->reference), "link", clients_text_json(r->link), "file", clients_text_json(r->file), "line", (int)r->line);
	json_t *exceptions = json_array();

	for (size_t i = 0; i < r->exception_count; i++)
		json_array_append_new(exceptions, exception_json(r, &r->exceptions[i], now));
	json_object_set_new(v, "exceptions", exceptions);
	if (r->dated)
		json_object_set_new(v, "campaign",
			json_pack("{s:o, s:o, s:o, s:i}", "notice_from", time_json(r->campaign.notice_us), "warn_from",
				time_json(r->campaign.warn_us), "deny_from", time_json(r->campaign.deny_us), "remind_days",
				(int)r->campaign.remind_days));
	return v;
}

/* ---- patches ---- */

static json_t *patch_json(const struct client_patch *p)
{
	json_t *elements = json_array();

	for (size_t i = 0; i < p->element_count; i++)
		json_array_append_new(elements, json_sprintf("%.*s%s%.*s", STR_FMT(p->elements[i].ns), p->elements[i].name.len ? " " : "",
							STR_FMT(p->elements[i].name)));
	return json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:i}", "id", clients_text_json(p->id), "purpose", clients_text_json(p->purpose),
		"action", patch_action_names[p->action], "mode", mode_names[p->mode], "clients", match_json(&p->match), "elements",
		elements, "expires", time_json(p->expires_us), "reference", clients_text_json(p->reference), "file", clients_text_json(p->file), "line",
		(int)p->line);
}

/* ---- list ---- */

static void add_day(struct table *t, uint64_t us)
{
	struct buf b = BUF_INIT(64);

	if (us)
		clock_put(&b, us);
	table_add(t, str_ends(buf_view(&b), STR("T00:00:00Z")) ? str_cut(buf_view(&b), 0, 10) : buf_view(&b));
	buf_done(&b);
}

static void rules_print(const struct clients *c, uint64_t now)
{
	static const char *const columns[] = {"id", "rank", "mode", "stage", "notice", "warn", "effect", "from", "until", "exceptions",
		"file", NULL};
	const struct client_rule *rules;
	const struct client_patch *patches;
	size_t count = client_set_rules(c->set, &rules), patched = client_set_patches(c->set, &patches);
	struct table t;

	table_init(&t, columns);
	for (size_t i = 0; i < count; i++) {
		const struct client_rule *r = &rules[i];

		table_add(&t, r->id);
		table_add(&t, str_from(client_rank_names[r->rank]));
		table_add(&t, str_from(mode_names[r->mode]));
		table_add(&t, str_from(stage_of(r, now)));
		add_day(&t, r->campaign.notice_us);
		add_day(&t, r->campaign.warn_us);
		table_add(&t, str_from(client_effect_names[r->effect]));
		add_day(&t, r->campaign.deny_us);
		add_day(&t, r->expires_us);
		table_addf(&t, "%zu", r->exception_count);
		table_addf(&t, "%.*s:%u", STR_FMT(r->file), r->line);
	}
	for (size_t i = 0; i < patched; i++) {
		table_add(&t, patches[i].id);
		table_add(&t, STR("patch"));
		table_add(&t, str_from(mode_names[patches[i].mode]));
		table_add(&t, str_from(patches[i].expires_us && now >= patches[i].expires_us ? "expired" : patch_action_names[patches[i].action]));
		for (int k = 0; k < 4; k++)
			table_add(&t, k == 2 ? str_from(patch_action_names[patches[i].action]) : STR_NONE);
		add_day(&t, patches[i].expires_us);
		table_add(&t, STR_NONE);
		table_addf(&t, "%.*s:%u", STR_FMT(patches[i].file), patches[i].line);
	}
	table_print(&t);
	table_done(&t);
}

static json_t *rules_json(const struct clients *c, uint64_t now)
{
	const struct client_rule *rules;
	const struct client_patch *patches;
	size_t count = client_set_rules(c->set, &rules), patched = client_set_patches(c->set, &patches);
	json_t *all = json_array(), *those = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(all, rule_json(&rules[i], now));
	for (size_t i = 0; i < patched; i++)
		json_array_append_new(those, patch_json(&patches[i]));
	return json_pack("{s:s, s:o, s:o}", "version", policy_set_version(c->policy), "rules", all, "patches", those);
}

static void put_terms(struct buf *out, const struct who *who)
{
	json_t *list = who_json(who), *v;
	size_t i;

	json_array_foreach(list, i, v) buf_printf(out, "%s%s", i ? " " : "", json_string_value(v));
	json_decref(list);
}

/* All exceptions of all rules, with who answers for them and until when. */
static int exceptions_print(const struct clients *c, uint64_t now)
{
	static const char *const columns[] = {"rule", "who", "until", "owner", "reason", "", NULL};
	const struct client_rule *rules;
	size_t count = client_set_rules(c->set, &rules);
	json_t *all = json_array();
	struct table t;

	table_init(&t, columns);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < rules[i].exception_count; k++) {
			const struct client_exception *e = &rules[i].exceptions[k];
			struct buf who = BUF_INIT(65536);

			json_array_append_new(all, exception_json(&rules[i], e, now));
			put_terms(&who, &e->who);
			table_add(&t, rules[i].id);
			table_add(&t, buf_view(&who));
			add_day(&t, e->until_us);
			table_add(&t, e->owner);
			table_add(&t, e->reason);
			table_add(&t, now >= e->until_us ? STR("expired") : STR_NONE);
			buf_done(&who);
		}
	if (!c->cli->json)
		table_print(&t);
	table_done(&t);
	if (c->cli->json)
		return cli_print_json(json_pack("{s:o}", "exceptions", all), CLI_OK);
	json_decref(all);
	return CLI_OK;
}

int cmd_clients_rules(struct cli *cli)
{
	struct clients c;
	uint64_t now = clock_utc_us();
	int r = clients_open(&c, cli);

	if (!r && cli_has(cli, "--exceptions"))
		r = exceptions_print(&c, now);
	else if (!r && cli->json)
		r = cli_print_json(rules_json(&c, now), CLI_OK);
	else if (!r)
		rules_print(&c, now);
	clients_close(&c);
	return r;
}

/* ---- show ---- */

static void json_print(const struct cli *cli, const json_t *v)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)v, key, value)
	{
		char *text = json_is_string(value)
				     ? strdup(json_string_value(value))
				     : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);

		if (json_is_string(value) ? json_string_length(value) > 0 : json_is_integer(value) || json_object_size(value) || json_array_size(value))
			cli_say(cli, "%-10s %s\n", key, text ? text : "");
		free(text);
	}
}

/* A rule about one product by its name is told as to somebody who uses that. */
static struct str product_of(const struct client_rule *r)
{
	const struct client_names *p = &r->match.products;
	bool one = p->count == 1 && str_find(p->list[0], '*', 0) == p->list[0].len;

	return one ? p->list[0] : STR_NONE;
}

/* The catalogue's, for the system the rule names, or for any. */
static struct str link_of(const struct clients *c, struct str product, const struct client_rule *r)
{
	const struct client_product *all;
	size_t count = client_set_products(c->set, &all);
	struct str os = r->match.systems.count == 1 ? r->match.systems.list[0] : STR_NONE;

	for (size_t i = 0; i < count; i++)
		if (product.len && str_eq_nocase(all[i].product, product) &&
			(!all[i].os.len || str_eq_nocase(all[i].os, os)))
			return all[i].link;
	return STR_NONE;
}

/* The first way to log in that a sunset is about. */
static struct str way_of(const struct client_match *m)
{
	const struct client_names *ways = m->mechanisms.count ? &m->mechanisms : &m->tls;

	return ways->count && !m->products.count && !m->versions ? ways->list[0] : STR_NONE;
}

static struct str help_of(const struct clients *c, const struct client_rule *r)
{
	const struct settings_strings *support = &c->people.settings->contact_support;

	if (r->help.len)
		return r->help;
	return client_set_help(c->set).len || !support->len ? client_set_help(c->set) : support->items[0];
}

/* What a person would read of it now, in the language of `--language`. */
static struct str text_of(const struct clients *c, const struct client_rule *r, struct str lang, uint64_t now)
{
	const struct judgement client = {.product = product_of(r)};
	struct client_decision d = {
		.client = &client,
		.effect = client_rule_stage(r, now),
		.limits = r->limits,
		.notice = r->notice,
		.reason = r->reason,
		.reference = r->reference,
		.link = r->link.len ? r->link : link_of(c, client.product, r),
		.help = help_of(c, r),
		.way = way_of(&r->match),
		.deny_from_us = r->dated ? r->campaign.deny_us : 0,
		.deny_from = r->campaign.deny_from,
		.coming = r->effect,
		.coming_limits = r->limits,
	};

	return client_decision_text(&d, lang, c->arena);
}

static const struct client_patch *patch_find(const struct clients *c, struct str id)
{
	const struct client_patch *patches;
	size_t count = client_set_patches(c->set, &patches);

	for (size_t i = 0; i < count; i++)
		if (str_eq(patches[i].id, id))
			return &patches[i];
	return NULL;
}

int cmd_clients_rules_show(struct cli *cli)
{
	struct str id = str_from(cli->args[0]);
	const struct client_rule *rule;
	const struct client_patch *patch;
	struct clients c;
	uint64_t now = clock_utc_us();
	json_t *v = NULL;
	int r = clients_open(&c, cli);

	if (r) {
		clients_close(&c);
		return r;
	}
	rule = client_set_rule(c.set, id);
	patch = patch_find(&c, id);
	if (rule) {
		v = rule_json(rule, now);
		json_object_set_new(v, "text", clients_text_json(text_of(&c, rule, str_from(cli_value(cli, "--language")), now)));
	} else if (patch) {
		v = patch_json(patch);
	}
	if (!v)
		r = cli_fail(cli, CLI_NO, "'gatehouse clients rules' shows all", "there is no rule '%s' about clients", LOG_STR(id));
	else if (cli->json)
		r = cli_print_json(json_incref(v), CLI_OK);
	else
		json_print(cli, v);
	json_decref(v);
	clients_close(&c);
	return r;
}

/* ---- catalogue ---- */

static json_t *product_json(const struct client_product *p)
{
	json_t *hashes = json_object();

	for (size_t i = 0; i < p->hash_count; i++)
		json_object_setn_new(hashes, p->hashes[i].hash.data, p->hashes[i].hash.len, clients_text_json(p->hashes[i].version));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "product", clients_text_json(p->product), "os", clients_text_json(p->os), "minimum",
		clients_text_json(p->minimum), "link", clients_text_json(p->link), "sha256", clients_text_json(p->sha256), "caps", hashes, "file",
		clients_text_json(p->file), "line", (int)p->line);
}

int cmd_clients_catalogue(struct cli *cli)
{
	static const char *const columns[] = {"product", "os", "minimum", "link", "sha256", "hashes", NULL};
	const struct client_product *list;
	json_t *all = json_array();
	struct table t;
	struct clients c;
	int r = clients_open(&c, cli);
	size_t count = client_set_products(c.set, &list);

	table_init(&t, columns);
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(all, product_json(&list[i]));
		table_add(&t, list[i].product);
		table_add(&t, list[i].os);
		table_add(&t, list[i].minimum);
		table_add(&t, list[i].link);
		table_add(&t, list[i].sha256);
		table_addf(&t, "%zu", list[i].hash_count);
	}
	r = clients_list_end(&c, r, "catalogue", all, &t);
	clients_close(&c);
	return r;
}

/* ---- enforce, drop ---- */

/* The file and the text of a rule or patch. */
static int place_of(struct clients *c, struct str id, struct str *out_file, struct str *out_text)
{
	const struct client_rule *rule = client_set_rule(c->set, id);
	const struct client_patch *patch = patch_find(c, id);

	if (!rule && !patch)
		return cli_fail(c->cli, CLI_NO, "'gatehouse clients rules' shows all", "there is no rule '%s' about clients", LOG_STR(id));
	*out_file = rule ? rule->file : patch->file;
	if (str_is(id, "default"))
		return cli_fail(c->cli, CLI_USAGE, "change 'default' there, then 'gatehouse reload'",
			"the policy's default is changed in its file, %.*s/%.*s", STR_FMT(str_from(c->dir)), STR_FMT(*out_file));
	return clients_file_read(c, *out_file, out_text);
}

static int text_failed(const struct clients *c, int r, struct str file, const struct err *err)
{
	return cli_fail(c->cli, r == -EINVAL ? CLI_USAGE : CLI_INTERNAL, "nothing was changed", "%.*s: %s", STR_FMT(file),
		err->text[0] ? err->text : strerror(-r));
}

int cmd_clients_enforce(struct cli *cli)
{
	struct rule_dates dates = {.deny_from = str_from(cli_value(cli, "--from")),
		.warn_from = str_from(cli_value(cli, "--warn-from")), .notice_from = str_from(cli_value(cli, "--notice-from"))};
	struct str id = str_from(cli->args[0]), file, text;
	struct buf changed = BUF_INIT(RULE_FILE_BYTES_MAX);
	struct err err = {};
	struct clients c;
	int r = clients_open(&c, cli);

	if (!r && !dates.deny_from.len && (dates.warn_from.len || dates.notice_from.len))
		r = cli_fail(cli, CLI_USAGE, "add --from DATE", "a campaign needs the day its effect begins");
	if (!r)
		r = place_of(&c, id, &file, &text);
	if (!r && (r = rule_text_enforce(text, id, &dates, &changed, &err)))
		r = text_failed(&c, r, file, &err);
	else if (!r) {
		struct str why = arena_printf(c.arena, "in force%s%.*s%c", dates.deny_from.len ? ", from " : "", STR_FMT(dates.deny_from), 0);

		r = clients_change(&c, &(struct policy_change){.file = file, .text = buf_view(&changed)},
			&(struct clients_act){.name = "enforce", .target = cli->args[0], .text = why.data ? why.data : "", .protects = true,
				.at = dates.deny_from, .dry_run = cli_has(cli, "--dry-run")});
	}
	buf_done(&changed);
	clients_close(&c);
	return r;
}

int cmd_clients_drop(struct cli *cli)
{
	struct str id = str_from(cli->args[0]), file, text;
	struct buf changed = BUF_INIT(RULE_FILE_BYTES_MAX);
	struct err err = {};
	struct clients c;
	bool empty = false;
	int r = clients_open(&c, cli);

	if (!r)
		r = place_of(&c, id, &file, &text);
	if (!r && (r = rule_text_drop(text, id, &changed, &empty, &err)))
		r = text_failed(&c, r, file, &err);
	else if (!r)
		r = clients_change(&c, &(struct policy_change){.file = file, .text = buf_view(&changed), .gone = empty},
			&(struct clients_act){.name = "drop", .target = cli->args[0], .text = "taken away",
				.dry_run = cli_has(cli, "--dry-run")});
	buf_done(&changed);
	clients_close(&c);
	return r;
}
