/* policy check, policy test. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/amount.h"
#include "cli/clients_change.h"
#include "cli/commands.h"
#include "cli/people.h"
#include "cli/table.h"
#include "conf/nearest.h"
#include "conf/service.h"
#include "inspect/check.h"
#include "inspect/inspect.h"
#include "jid/jid.h"

enum {
	TEXT_MAX = 1 << 20,
};

static json_t *json_text(struct str s)
{
	return json_stringn(s.data ? s.data : "", s.len);
}

/* ---- check ---- */

static json_t *problems_json(const struct problems *problems)
{
	json_t *list = json_array();

	for (const struct problem *p = problems->first; p; p = p->next)
		json_array_append_new(
			list, json_pack("{s:o, s:i, s:i, s:o}", "file", json_text(p->file), "line",
				      (int)p->line, "column", (int)p->column, "text", json_text(p->text)));
	return list;
}

static json_t *report_json(const struct policy_report *r, bool ok)
{
	return json_pack("{s:b, s:s, s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:I, s:I, s:o, s:o}", "ok", ok, "version",
		r->version, "counts", "rules", (json_int_t)r->counts.rules, "walls",
		(json_int_t)r->counts.walls, "words", (json_int_t)r->counts.words, "expressions",
		(json_int_t)r->counts.regexes, "samples", (json_int_t)r->counts.samples, "clients",
		(json_int_t)r->counts.clients, "samples_passed",
		(json_int_t)r->samples_passed, "samples_failed", (json_int_t)r->samples_failed, "errors",
		problems_json(&r->errors), "warnings", problems_json(&r->warnings));
}

/* "dir/file:line:column: text" as compilers write it, so that editors jump there. */
static void problems_print(
	const struct cli *cli, const char *dir, const char *what, const struct problems *problems)
{
	for (const struct problem *p = problems->first; p; p = p->next) {
		cli_say(cli, "%s%s%.*s:", str_starts(p->file, STR("/")) ? "" : dir,
			str_starts(p->file, STR("/")) ? "" : "/", STR_FMT(p->file));
		if (p->line)
			cli_say(cli, "%u:", p->line);
		if (p->column)
			cli_say(cli, "%u:", p->column);
		cli_say(cli, " %s: %.*s\n", what, STR_FMT(p->text));
	}
	if (problems->count > PROBLEMS_MAX)
		cli_say(cli, "... and %zu more\n", problems->count - PROBLEMS_MAX);
}

static void report_print(const struct cli *cli, const char *dir, const struct policy_report *r, bool ok)
{
	problems_print(cli, dir, "error", &r->errors);
	problems_print(cli, dir, "warning", &r->warnings);
	if (r->version[0])
		cli_say(cli,
			"%s (%s), %s, %s; %s about clients; %s right, %zu wrong\n", AMOUNT(r->counts.rules, "rule", "rules"),
			AMOUNT(r->counts.walls, "wall", "walls"), AMOUNT(r->counts.words, "word", "words"),
			AMOUNT(r->counts.regexes, "expression", "expressions"), AMOUNT(r->counts.clients, "rule", "rules"),
			AMOUNT(r->samples_passed, "sample", "samples"), r->samples_failed);
	if (ok)
		cli_say(cli, "%s is in order, version %s\n", dir, r->version);
	else
		cli_say(cli, "%s is not in order: %s\n", dir, AMOUNT(r->errors.count, "error", "errors"));
}

/* Whom the folder as it is would reach, when a running server read it. */
static int check_dry_run(struct cli *cli)
{
	struct clients c;
	int r = clients_open(&c, cli);

	if (!r)
		r = clients_dry_run(&c, NULL, STR_NONE, str_from(cli_value(cli, "--at")));
	clients_close(&c);
	return r;
}

int cmd_policy_check(struct cli *cli)
{
	struct settings *settings = NULL;
	struct policy_report report;
	struct arena *arena = arena_new(0);
	int r, checked;

	if (cli_has(cli, "--dry-run")) {
		arena_free(arena);
		return check_dry_run(cli);
	}
	r = cli_settings(cli, &settings);
	if (r) {
		arena_free(arena);
		return r;
	}
	checked = arena ? policy_check(settings->policy_dir.data, arena, &report) : -ENOMEM;
	if (checked < 0)
		r = cli_fail(
			cli, CLI_INTERNAL, NULL, "%s: %s", settings->policy_dir.data, strerror(-checked));
	else if (cli->json)
		r = cli_print_json(report_json(&report, checked == 0), checked ? CLI_NO : CLI_OK);
	else
		report_print(cli, settings->policy_dir.data, &report, checked == 0);
	settings_free(settings);
	arena_free(arena);
	return r || checked <= 0 ? r : CLI_NO;
}

/* ---- test ---- */

struct test {
	struct cli *cli;
	struct arena *arena;
	struct settings *settings;
	struct subject from, to;
	struct policy_question question;
	struct policy_answer answer;
};

static int groups_take(struct test *t, const json_t *groups, struct subject *out)
{
	struct str *list = arena_alloc(t->arena, (json_array_size(groups) + 1) * sizeof(*list));
	const json_t *item;
	size_t i;

	if (!list)
		return cli_fail(t->cli, CLI_INTERNAL, NULL, "out of memory");
	json_array_foreach(groups, i, item) list[i] =
		arena_dup(t->arena, str_of(json_string_value(item), json_string_length(item)));
	out->groups = list;
	out->group_count = json_array_size(groups);
	return 0;
}

/* Somebody of ours has groups: the running server or the store knows them. */
static int groups_ask(struct test *t, struct subject *person)
{
	struct people people = {};
	json_t *answer = NULL;
	int r = people_open(&people, t->cli, true);

	if (!r)
		r = people_call(
			&people, "user.show", json_pack("{s:o}", "jid", json_text(person->jid)), &answer);
	if (!r)
		r = groups_take(t, json_object_get(json_object_get(answer, "user"), "groups"), person);
	json_decref(answer);
	people_close(&people);
	return r;
}

/* *out stays NULL without the option. */
static int person_take(struct test *t, const char *option, struct subject *person, const struct subject **out)
{
	const char *text = cli_value(t->cli, option);
	struct jid jid;

	if (!text)
		return 0;
	if (jid_parse(&jid, str_from(text), t->arena))
		return cli_fail(t->cli, CLI_USAGE, "write it as name@domain", "'%s' is no address",
			LOG_STR(str_from(text)));
	*person = subject_of(jid.bare, settings_is_inside(t->settings, jid.domain));
	*out = person;
	return person->inside && !jid_is_domain(&jid) ? groups_ask(t, person) : 0;
}

static int kind_take(struct test *t)
{
	const char *text = cli_value(t->cli, "--kind"), *near,
		   *remedy = "the kinds are listed in policy/README.md";

	if (!text || kind_parse(str_from(text), &t->question.kind))
		return 0;
	near = nearest_word(str_from(text), kind_names + 1, KIND_COUNT - 1);
	if (near)
		remedy = arena_printf(t->arena, "did you mean '%s'?", near).data;
	return cli_fail(t->cli, CLI_USAGE, remedy, "there is no kind of text '%s'", LOG_STR(str_from(text)));
}

static int text_take(struct test *t)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	char piece[4096];
	ssize_t n;

	if (strcmp(t->cli->args[0], "-")) {
		t->question.text = str_from(t->cli->args[0]);
	} else {
		while ((n = read(STDIN_FILENO, piece, sizeof(piece))) > 0)
			buf_put(&text, piece, (size_t)n);
		t->question.text = arena_dup(t->arena, buf_view(&text));
		if (buf_failed(&text)) {
			buf_done(&text);
			return cli_fail(t->cli, CLI_USAGE, NULL, "the text is longer than 1 MiB");
		}
		buf_done(&text);
	}
	if (!utf8_is_valid(t->question.text))
		return cli_fail(t->cli, CLI_USAGE, NULL, "the text is not UTF-8");
	return 0;
}

static int test_run(struct test *t)
{
	struct policy_set *set = NULL;
	struct err err = {};
	const char *dir = t->settings->policy_dir.data;

	if (policy_set_load(&set, dir, &inspect_engine, &err))
		return cli_fail(
			t->cli, CLI_USAGE, "gatehouse policy check lists all errors", "%s/%s", dir, err.text);
	if (policy_test(set, &t->question, t->arena, &t->answer, &err)) {
		policy_set_unref(set);
		return cli_fail(t->cli, CLI_INTERNAL, NULL, "%s", err.text);
	}
	policy_set_unref(set);
	return 0;
}

static json_t *hit_json(const struct policy_hit *hit)
{
	const struct finding *f = hit->finding;

	return json_pack("{s:o, s:o, s:o, s:i, s:s, s:s, s:s, s:I, s:I, s:o, s:b, s:o}", "rule",
		json_text(f->rule), "purpose", json_text(hit->purpose), "file", json_text(hit->file), "line",
		(int)hit->line, "action", action_names[f->action], "mode", mode_names[f->mode], "kind",
		kind_names[f->kind], "offset", (json_int_t)f->offset, "length", (json_int_t)f->length,
		"detail", json_text(f->detail), "applies", hit->applies, "why_not", json_text(hit->why_not));
}

static int answer_json(const struct policy_answer *a, int code)
{
	struct buf verdict = BUF_INIT(1 << 20);
	json_t *hits = json_array(), *v;

	verdict_put_json(&verdict, &a->verdict);
	v = json_loadb(verdict.data ? verdict.data : "", verdict.len, 0, NULL);
	buf_done(&verdict);
	for (const struct policy_hit *hit = a->hits; hit; hit = hit->next)
		json_array_append_new(hits, hit_json(hit));
	return cli_print_json(json_pack("{s:o, s:o, s:o}", "verdict", v ? v : json_null(), "hits", hits,
				      "notice", json_text(a->notice)),
		code);
}

static void hit_row(struct table *table, const struct test *t, const struct policy_hit *hit)
{
	const struct finding *f = hit->finding;
	struct str found = str_cut(t->question.text, f->offset, f->offset + f->length);

	table_add(table, f->rule);
	table_addf(table, "%s, %s", action_names[f->action], mode_names[f->mode]);
	table_add(table, f->kind == KIND_NONE ? f->detail : found);
	table_add(table, hit->applies ? STR("yes") : hit->why_not);
	table_addf(table, "%.*s:%u", STR_FMT(hit->file), hit->line);
}

static void answer_print(const struct test *t)
{
	static const char *const names[] = {"RULE", "ACTION", "FOUND", "APPLIES", "WHERE", NULL};
	const struct policy_answer *a = &t->answer;
	struct table table;

	cli_say(t->cli, "%s%s%.*s\n",
		a->verdict.action == ACTION_BLOCK ? "blocked"
		: a->verdict.action == ACTION_STRIP ? "delivered without what the rule takes out"
		: a->verdict.action == ACTION_LOG ? "delivered, and noted in the record"
						  : "delivered",
		a->verdict.rule.len ? ": rule " : "", STR_FMT(a->verdict.rule));
	if (a->verdict.cannot_tell)
		cli_say(t->cli, "the text could not be inspected: %s\n",
			cannot_tell_names[a->verdict.cannot_tell]);
	if (a->notice.len)
		cli_say(t->cli, "the sender reads: %.*s\n", STR_FMT(a->notice));
	if (!a->hits) {
		cli_say(t->cli, "no rule matches\n");
		return;
	}
	cli_say(t->cli, "\n");
	table_init(&table, names);
	for (const struct policy_hit *hit = a->hits; hit; hit = hit->next)
		hit_row(&table, t, hit);
	table_print(&table);
	table_done(&table);
}

int cmd_policy_test(struct cli *cli)
{
	struct test t = {.cli = cli, .arena = arena_new(0)};
	int r = t.arena ? cli_settings(cli, &t.settings) : CLI_INTERNAL;

	t.question.lang = str_from(cli_value(cli, "--language"));
	if (!r)
		r = kind_take(&t);
	if (!r)
		r = text_take(&t);
	if (!r)
		r = person_take(&t, "--from", &t.from, &t.question.from);
	if (!r)
		r = person_take(&t, "--to", &t.to, &t.question.to);
	if (!r)
		r = test_run(&t);
	if (!r) {
		r = verdict_blocks(&t.answer.verdict) ? CLI_NO : CLI_OK;
		if (cli->json)
			r = answer_json(&t.answer, r);
		else
			answer_print(&t);
	}
	settings_free(t.settings);
	arena_free(t.arena);
	return r;
}
