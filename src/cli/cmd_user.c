/* user add, list, show, change, password, disable, enable, remove. Import is in cmd_import.c. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/language.h"
#include "base/log.h"
#include "cli/amount.h"
#include "cli/commands.h"
#include "cli/password.h"
#include "cli/people.h"
#include "cli/table.h"

enum {
	ARENA_MAX = 1 << 20,
};

/* What most of these need: the door is open, the address is canonical. */
struct person_work {
	struct people people;
	struct arena *arena;
	struct str jid;
};

static int work_begin(struct person_work *w, const struct cli *cli)
{
	int r = people_open(&w->people, cli, true);

	w->arena = arena_new(ARENA_MAX);
	if (!w->arena)
		return CLI_INTERNAL;
	return r ? r : people_jid(&w->people, cli->args[0], w->arena, &w->jid);
}

static void work_end(struct person_work *w)
{
	people_close(&w->people);
	arena_free(w->arena);
}

static json_t *jid_args(const struct person_work *w)
{
	return json_pack("{s:s}", "jid", w->jid.data);
}

/* ---- passwords ---- */

static int put_verifiers(const struct person_work *w, const struct password *password, json_t *args)
{
	struct store_verifier verifiers[STORE_VERIFIER_KINDS];
	int r = people_need_settings(&w->people);

	if (r)
		return r;
	r = verifier_make(verifiers, str_of(password->text, password->len),
		w->people.settings->sasl_iterations, VERIFIER_DEFAULT);
	if (r)
		return cli_fail(w->people.cli, r > 0 ? CLI_USAGE : CLI_INTERNAL, NULL,
			"this password cannot be used: %s",
			r > 0 ? verifier_text(r) : "deriving its verifiers failed");
	json_object_set_new(args, "verifiers", people_verifiers_json(verifiers));
	verifier_wipe(verifiers, STORE_VERIFIER_KINDS);
	return 0;
}

/* Asks for the password and sends the command with its verifiers. */
static int call_with_password(
	struct person_work *w, const char *cmd, json_t *args, struct password *password, json_t **out)
{
	int r = password_get(w->people.cli, w->jid.data, people_password_min(&w->people), password);

	if (!r)
		r = put_verifiers(w, password, args);
	if (r) {
		json_decref(args);
		return r;
	}
	return people_call(&w->people, cmd, args, out);
}

/* With --generate the password is part of the answer; nowhere else does it appear. */
static int print_done(
	const struct cli *cli, const struct password *password, json_t *answer, const char *done)
{
	bool generated = cli_has(cli, "--generate");

	if (cli->json) {
		if (generated)
			json_object_set_new(answer, "password", json_string(password->text));
		return cli_print_json(answer, CLI_OK);
	}
	cli_say(cli, "%s\n", done);
	if (generated)
		cli_say(cli, "password: %s\n", password->text);
	json_decref(answer);
	return CLI_OK;
}

/* ---- add ---- */

/* "a, b" becomes ["a","b"]. */
static json_t *split(const char *text, char separator)
{
	struct str all = str_from(text), one;
	json_t *list = json_array();
	size_t from = 0, to;

	while (from <= all.len) {
		to = str_find(all, separator, from);
		one = str_trim(str_cut(all, from, to));
		if (one.len)
			json_array_append_new(list, json_stringn(one.data, one.len));
		from = to + 1;
	}
	return list;
}

static int put_profile(const struct cli *cli, json_t *args)
{
	static const char *const names[] = {"name", "mail", "language", "department"};
	struct str language;
	const char *fault;
	char option[32];

	for (size_t i = 0; i < 4; i++) {
		const char *value;

		snprintf(option, sizeof(option), "--%s", names[i]);
		value = cli_value(cli, option);
		fault = value ? people_fault(names[i], str_from(value)) : NULL;
		if (fault)
			return cli_fail(
				cli, CLI_USAGE, NULL, "%s '%s': %s", option, LOG_STR(str_from(value)), fault);
		if (value && json_object_set_new(args, names[i], json_string(value)))
			return cli_fail(cli, CLI_USAGE, NULL, "%s is not UTF-8", option);
	}
	fault = cli_has(cli, "--groups") ? people_fault("groups", str_from(cli_value(cli, "--groups")))
					 : NULL;
	if (fault)
		return cli_fail(cli, CLI_USAGE, NULL, "--groups: %s", fault);
	if (cli_has(cli, "--groups"))
		json_object_set_new(args, "groups", split(cli_value(cli, "--groups"), ','));
	language = str_from(cli_has(cli, "--language") ? cli_value(cli, "--language") : "");
	if (language.len && !language_is_spoken(language))
		people_warn_language(language);
	return 0;
}

int cmd_user_add(struct cli *cli)
{
	struct person_work w = {};
	struct password password = {};
	json_t *answer = NULL, *args = NULL;
	char done[3200];
	int r = work_begin(&w, cli);

	if (!r) {
		args = jid_args(&w);
		if (cli_has(cli, "--allow-confusable"))
			json_object_set_new(args, "confusable", json_true());
		r = put_profile(cli, args);
	}
	if (!r) {
		snprintf(done, sizeof(done), "added %s", w.jid.data);
		r = call_with_password(&w, "user.add", args, &password, &answer);
		args = NULL;
	}
	if (!r)
		r = print_done(cli, &password, answer, done);
	json_decref(args);
	password_wipe(&password);
	work_end(&w);
	return r;
}

int cmd_user_change(struct cli *cli)
{
	struct person_work w = {};
	json_t *answer = NULL, *args;
	int r = work_begin(&w, cli);

	if (!r) {
		args = jid_args(&w);
		r = put_profile(cli, args);
		if (!r && json_object_size(args) == 1)
			r = cli_fail(cli, CLI_USAGE, "gatehouse help user change", "nothing to change is named");
		if (r)
			json_decref(args);
		else
			r = people_call(&w.people, "user.change", args, &answer);
	}
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "changed %s\n", w.jid.data);
	json_decref(answer);
	work_end(&w);
	return r;
}

int cmd_user_password(struct cli *cli)
{
	struct person_work w = {};
	struct password password = {};
	json_t *answer = NULL;
	char done[3200];
	int r = work_begin(&w, cli);

	if (!r)
		r = call_with_password(&w, "user.password", jid_args(&w), &password, &answer);
	if (!r) {
		snprintf(done, sizeof(done), "new password for %s; %s closed", w.jid.data,
			AMOUNT(json_integer_value(json_object_get(answer, "closed")), "session", "sessions"));
		r = print_done(cli, &password, answer, done);
	}
	password_wipe(&password);
	work_end(&w);
	return r;
}

/* ---- list and show ---- */

static void add_groups(struct table *t, const json_t *user)
{
	struct buf all = BUF_INIT(4096);
	const json_t *group;
	size_t i;

	json_array_foreach(json_object_get(user, "groups"), i, group)
		buf_printf(&all, "%s%s", i ? ", " : "", json_string_value(group));
	table_add(t, buf_view(&all));
	buf_done(&all);
}

static void print_users(const json_t *users)
{
	static const char *const columns[] = {"address", "name", "department", "groups", "state", NULL};
	struct table t;
	const json_t *user;
	size_t i;

	table_init(&t, columns);
	json_array_foreach(users, i, user)
	{
		table_add(&t, str_from(people_text(user, "jid")));
		table_add(&t, str_from(people_text(user, "name")));
		table_add(&t, str_from(people_text(user, "department")));
		add_groups(&t, user);
		table_add(&t, str_from(people_text(user, "state")));
	}
	table_print(&t);
	printf("%s\n", AMOUNT(json_array_size(users), "person", "people"));
	table_done(&t);
}

/* Page after page, until all or `limit` are there. */
static int fetch_users(struct people *p, unsigned long long limit, json_t *users)
{
	const struct cli *cli = p->cli;
	bool more = true;
	int r = 0;

	while (more && json_array_size(users) < limit) {
		size_t have = json_array_size(users);
		unsigned long long ask = limit - have < 1000 ? limit - have : 1000;
		json_t *args = json_pack("{s:I}", "limit", (json_int_t)ask), *answer;

		if (cli_has(cli, "--domain"))
			json_object_set_new(args, "domain", json_string(cli_value(cli, "--domain")));
		if (cli_has(cli, "--prefix"))
			json_object_set_new(args, "prefix", json_string(cli_value(cli, "--prefix")));
		if (have)
			json_object_set(
				args, "after", json_object_get(json_array_get(users, have - 1), "jid"));
		r = people_call(p, "user.list", args, &answer);
		if (r)
			break;
		json_array_extend(users, json_object_get(answer, "users"));
		more = json_is_true(json_object_get(answer, "more")) && json_array_size(users) > have;
		json_decref(answer);
	}
	return r;
}

int cmd_user_list(struct cli *cli)
{
	unsigned long long limit = 100000000;
	json_t *users = json_array();
	struct people p = {};
	int r = cli_number(cli, "--limit", limit, &limit);

	if (!r)
		r = people_open(&p, cli, true);
	if (!r)
		r = fetch_users(&p, limit, users);
	if (!r && cli->json)
		r = cli_print_json(json_pack("{s:O}", "users", users), CLI_OK);
	else if (!r)
		print_users(users);
	json_decref(users);
	people_close(&p);
	return r;
}

static void print_user(const json_t *answer)
{
	static const char *const names[] = {
		"jid", "person", "name", "mail", "language", "department", "state", "created"};
	static const char *const columns[] = {"", "", NULL};
	const json_t *user = json_object_get(answer, "user");
	struct table t;

	table_init(&t, columns);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		table_add(&t, str_from(names[i]));
		table_add(&t, str_from(people_text(user, names[i])));
	}
	table_add(&t, STR("groups"));
	add_groups(&t, user);
	table_add(&t, STR("sessions"));
	table_addf(&t, "%zu", json_array_size(json_object_get(answer, "sessions")));
	table_print(&t);
	table_done(&t);
}

int cmd_user_show(struct cli *cli)
{
	struct person_work w = {};
	json_t *answer = NULL;
	int r = work_begin(&w, cli);

	if (!r)
		r = people_call(&w.people, "user.show", jid_args(&w), &answer);
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		print_user(answer);
	json_decref(answer);
	work_end(&w);
	return r;
}

/* ---- disable, enable, remove ---- */

static int simple(struct cli *cli, const char *cmd, const char *reason, const char *done)
{
	struct person_work w = {};
	json_t *answer = NULL, *args;
	int r = work_begin(&w, cli);

	if (!r) {
		args = jid_args(&w);
		if (reason)
			json_object_set_new(args, "reason", json_string(reason));
		r = people_call(&w.people, cmd, args, &answer);
	}
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r)
		cli_say(cli, "%s %s\n", done, w.jid.data);
	json_decref(answer);
	work_end(&w);
	return r;
}

int cmd_user_disable(struct cli *cli)
{
	return simple(cli, "user.disable", cli_value(cli, "--reason"), "disabled");
}

int cmd_user_enable(struct cli *cli)
{
	return simple(cli, "user.enable", NULL, "enabled");
}

int cmd_user_remove(struct cli *cli)
{
	char line[64];

	if (!cli_has(cli, "--yes") && !isatty(STDIN_FILENO))
		return cli_fail(cli, CLI_USAGE, "add --yes", "removing an account cannot be undone");
	if (!cli_has(cli, "--yes")) {
		fprintf(stderr, "Remove %s for good? Nobody will ever get this address again. Type yes: ",
			LOG_STR(str_from(cli->args[0])));
		if (!fgets(line, sizeof(line), stdin) || strcmp(line, "yes\n"))
			return cli_fail(cli, CLI_NO, NULL, "nothing was removed");
	}
	return simple(cli, "user.remove", NULL, "removed");
}
