/* The user.* commands of ipc/control.h on the store itself, while no server runs. What changes something is in the
 * record before it is done, as with a server. */
#include <stdlib.h>
#include <string.h>

#include "account/likeness.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/people.h"
#include "cli/witness.h"
#include "ipc/control.h"

enum {
	ARENA_MAX = 64 << 20,
};

static struct str text_of(const json_t *args, const char *name)
{
	const json_t *v = json_object_get(args, name);

	return str_of(json_string_value(v), json_string_length(v));
}

static json_t *text_json(struct str s)
{
	return json_stringn(s.data ? s.data : "", s.len);
}

/* ---- rows from JSON ---- */

static bool take_bytes(const json_t *v, uint8_t *out, size_t max, uint8_t *out_len)
{
	struct buf b = BUF_INIT(max);
	bool ok = base64_parse(str_of(json_string_value(v), json_string_length(v)), &b) && b.len &&
		  b.len <= max;

	if (ok) {
		memcpy(out, b.data, b.len);
		*out_len = (uint8_t)b.len;
	}
	buf_done(&b);
	return ok;
}

static bool take_verifiers(const json_t *list, struct arena *arena, const struct store_verifier **out)
{
	static const char *const names[STORE_VERIFIER_KINDS] = {
		"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
	struct store_verifier *all = arena_zalloc(arena, STORE_VERIFIER_KINDS * sizeof(*all));
	const json_t *item;
	size_t i;

	if (!all)
		return false;
	json_array_foreach(list, i, item)
	{
		for (int kind = 0; kind < STORE_VERIFIER_KINDS; kind++) {
			struct store_verifier *v = &all[kind];
			uint8_t len = 0;

			if (strcmp(names[kind], json_string_value(json_object_get(item, "mechanism"))))
				continue;
			v->iterations = (uint32_t)json_integer_value(json_object_get(item, "iterations"));
			if (!take_bytes(
				    json_object_get(item, "salt"), v->salt, STORE_SALT_MAX, &v->salt_len) ||
				!take_bytes(json_object_get(item, "stored_key"), v->stored_key, STORE_KEY_MAX,
					&len) ||
				!take_bytes(json_object_get(item, "server_key"), v->server_key, STORE_KEY_MAX,
					&v->key_len))
				return false;
		}
	}
	*out = all;
	return true;
}

static bool take_row(const json_t *args, struct arena *arena, struct store_account *row)
{
	const json_t *groups = json_object_get(args, "groups"), *group;
	struct str *names = arena_zalloc(arena, (json_array_size(groups) + 1) * sizeof(*names));
	char id[PERSON_ID_LEN + 1];
	size_t i;

	if (!names)
		return false;
	json_array_foreach(groups, i, group) names[i] =
		str_of(json_string_value(group), json_string_length(group));
	person_id_new(id);
	*row = (struct store_account){.person_id = arena_dup(arena, str_from(id)),
		.jid = text_of(args, "jid"),
		.name = text_of(args, "name"),
		.mail = text_of(args, "mail"),
		.language = text_of(args, "language"),
		.department = text_of(args, "department"),
		.groups = names,
		.groups_len = json_array_size(groups),
		.created_us = clock_utc_us()};
	return take_verifiers(json_object_get(args, "verifiers"), arena, &row->verifiers) &&
	       !arena_is_full(arena);
}

static json_t *row_json(const struct store_account *row)
{
	struct buf created = BUF_INIT(64);
	json_t *groups = json_array(), *user;

	for (size_t i = 0; i < row->groups_len; i++)
		json_array_append_new(groups, text_json(row->groups[i]));
	clock_put(&created, row->created_us);
	user = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "jid", text_json(row->jid),
		"person", text_json(row->person_id), "name", text_json(row->name), "mail",
		text_json(row->mail), "language", text_json(row->language), "department",
		text_json(row->department), "groups", groups, "state", row->disabled ? "disabled" : "active",
		"created", buf_cstr(&created));
	buf_done(&created);
	return user;
}

static json_t *store_error(int result)
{
	if (result == STORE_E_EXISTS)
		return control_error("exists",
			"the address is in use, or was once: it is never given to a second person",
			"choose another address");
	if (result == STORE_E_NONE)
		return control_error(
			"not_found", "there is no such account", "'gatehouse user list' shows them");
	if (result == STORE_E_FULL)
		return control_error("internal", "the disk is full", "make room and try again");
	return control_error("internal", "the store failed; the lines above say why", "");
}

/* ---- names that look the same ---- */

/* Of everybody; NULL: it cannot be read. */
static struct directory *directory_of(struct store *store)
{
	struct directory *d = NULL;
	struct store_req req;
	int r = directory_new(&d);

	store_req_init(&req, NULL, NULL);
	if (r == 0)
		r = store_account_all(store, &req);
	if (r == 0)
		r = store_wait(&req);
	if (r == 0)
		r = directory_load(d, req.accounts);
	store_req_release(&req);
	return r ? directory_free(d) : d;
}

/* ---- commands ---- */

struct work {
	struct people *people;
	const json_t *args;
	struct store_req req;
	struct arena *arena;
	struct store_account *rows; /* to be added */
	size_t rows_len;
	uint64_t seq; /* of the line in the record that says what is about to be done */
};

static int get(struct work *w, struct str jid)
{
	int r = store_account_get(w->people->store, &w->req, jid);

	return r ? r : store_wait(&w->req);
}

static json_t *no_memory(void)
{
	return control_error("internal", "memory is out", "");
}

/* The account has to be there. NULL: it is. */
static json_t *find(struct work *w)
{
	int r = get(w, text_of(w->args, "jid"));

	return r ? store_error(r) : NULL;
}

/* NULL: nobody's address looks like the one to be added. */
static json_t *confusable(struct work *w)
{
	struct directory *d = directory_of(w->people->store);
	const struct person *like = d ? likeness_neighbour(d, w->rows->jid) : NULL;
	json_t *refusal = d ? NULL : store_error(STORE_E_FAILED);
	char text[3200];

	if (like) {
		snprintf(text, sizeof(text), "this address looks like %.*s, so that each could be taken for the other", STR_FMT(like->jid));
		refusal = control_error("confusable", text, "choose another address, or add --allow-confusable");
	}
	person_unref(like);
	directory_free(d);
	return refusal;
}

static json_t *add_prepare(struct work *w)
{
	w->rows = arena_zalloc(w->arena, sizeof(*w->rows));
	w->rows_len = 1;
	if (!w->rows || !take_row(w->args, w->arena, w->rows))
		return no_memory();
	if (get(w, w->rows->jid) == 0)
		return store_error(STORE_E_EXISTS);
	return json_is_true(json_object_get(w->args, "confusable")) ? NULL : confusable(w);
}

static json_t *import_prepare(struct work *w)
{
	const json_t *users = json_object_get(w->args, "users"), *user;
	size_t n = json_array_size(users), i;

	w->rows = arena_zalloc(w->arena, (n + 1) * sizeof(*w->rows));
	if (!w->rows)
		return no_memory();
	json_array_foreach(users, i, user) if (!take_row(user, w->arena, &w->rows[i])) return no_memory();
	w->rows_len = n;
	return NULL;
}

static int add_rows(struct work *w)
{
	int r = store_account_add(w->people->store, &w->req, w->rows, w->rows_len);

	return r ? r : store_wait(&w->req);
}

static json_t *add(struct work *w)
{
	int r = add_rows(w);

	return r ? store_error(r) : json_pack("{s:b, s:o}", "ok", 1, "user", row_json(w->rows));
}

/* Who was added though his address looks like somebody's who was there, or came before him. */
static json_t *import_alike(struct work *w, struct directory *d)
{
	json_t *alike = json_array();

	for (size_t i = 0; d && i < w->rows_len; i++) {
		const struct person *like = w->req.outcomes[i] ? NULL : likeness_neighbour(d, w->rows[i].jid);

		if (like)
			json_array_append_new(alike, json_pack("{s:i, s:o}", "index", (int)i, "like", text_json(like->jid)));
		person_unref(like);
		if (!w->req.outcomes[i] && directory_put(d, &w->rows[i]))
			break;
	}
	directory_free(d);
	return alike;
}

/* "undone" is for the record: who was not added after all. */
static json_t *import(struct work *w)
{
	struct directory *before = directory_of(w->people->store);
	struct buf undone = BUF_INIT(ARENA_MAX);
	json_t *failed, *answer;
	int r = add_rows(w);

	if (r && r != STORE_E_EXISTS) {
		directory_free(before);
		return store_error(r);
	}
	failed = json_array();
	for (size_t i = 0; i < w->rows_len; i++) {
		if (!w->req.outcomes[i])
			continue;
		json_array_append_new(failed, json_pack("{s:i, s:s, s:s}", "index", (int)i, "code", "exists",
						      "text", "the address is in use, or was once"));
		buf_printf(&undone, "%s%.*s", undone.len ? ", " : "", STR_FMT(w->rows[i].jid));
	}
	answer = json_pack("{s:b, s:i, s:o, s:o, s:o}", "ok", 1, "added",
		(int)(w->rows_len - json_array_size(failed)), "failed", failed, "undone",
		text_json(buf_view(&undone)), "confusable", import_alike(w, before));
	buf_done(&undone);
	return answer;
}

static bool row_is_wanted(const struct store_account *row, const json_t *args)
{
	struct str domain = text_of(args, "domain"), prefix = text_of(args, "prefix"),
		   after = text_of(args, "after");
	size_t at = str_find(row->jid, '@', 0);

	if (domain.len && !str_eq(str_cut(row->jid, at + 1, row->jid.len), domain))
		return false;
	if (after.len && str_cmp(row->jid, after) <= 0)
		return false;
	return str_starts(row->jid, prefix);
}

static json_t *list(struct work *w)
{
	size_t limit = (size_t)json_integer_value(json_object_get(w->args, "limit"));
	json_t *users = json_array();
	bool more = false;
	int r = store_account_all(w->people->store, &w->req);

	if (!r)
		r = store_wait(&w->req);
	if (r) {
		json_decref(users);
		return store_error(r);
	}
	for (size_t i = 0; i < w->req.accounts->len && !more; i++) {
		if (!row_is_wanted(&w->req.accounts->rows[i], w->args))
			continue;
		more = json_array_size(users) == (limit ? limit : CONTROL_LIST_MAX);
		if (!more)
			json_array_append_new(users, row_json(&w->req.accounts->rows[i]));
	}
	return json_pack("{s:b, s:o, s:b}", "ok", 1, "users", users, "more", more);
}

static json_t *show(struct work *w)
{
	int r = get(w, text_of(w->args, "jid"));

	if (r)
		return store_error(r);
	return json_pack(
		"{s:b, s:o, s:[]}", "ok", 1, "user", row_json(&w->req.accounts->rows[0]), "sessions");
}

static json_t *update(struct work *w, struct store_account *row, unsigned fields)
{
	int r;

	row->jid = text_of(w->args, "jid");
	r = store_account_update(w->people->store, &w->req, row, fields);
	if (!r)
		r = store_wait(&w->req);
	return r ? store_error(r) : json_pack("{s:b, s:i}", "ok", 1, "closed", 0);
}

static json_t *password(struct work *w)
{
	struct store_account row = {};

	if (!take_verifiers(json_object_get(w->args, "verifiers"), w->arena, &row.verifiers))
		return control_error("internal", "memory is out", "");
	return update(w, &row, STORE_ACCOUNT_VERIFIERS);
}

static json_t *change(struct work *w)
{
	static const char *const names[] = {"name", "mail", "language", "department", "groups"};
	static const unsigned bits[] = {STORE_ACCOUNT_NAME, STORE_ACCOUNT_MAIL, STORE_ACCOUNT_LANGUAGE,
		STORE_ACCOUNT_DEPARTMENT, STORE_ACCOUNT_GROUPS};
	unsigned fields = 0;

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		fields |= json_object_get(w->args, names[i]) ? bits[i] : 0;
	return update(w, w->rows, fields);
}

static json_t *change_prepare(struct work *w)
{
	w->rows = arena_zalloc(w->arena, sizeof(*w->rows));
	if (!w->rows || !take_row(w->args, w->arena, w->rows))
		return no_memory();
	return find(w);
}

static json_t *disable(struct work *w)
{
	struct store_account row = {.disabled = true};

	return update(w, &row, STORE_ACCOUNT_DISABLED);
}

static json_t *enable(struct work *w)
{
	struct store_account row = {};

	return update(w, &row, STORE_ACCOUNT_DISABLED);
}

static json_t *remove_person(struct work *w)
{
	int r = store_account_remove(w->people->store, &w->req, text_of(w->args, "jid"));

	if (!r)
		r = store_wait(&w->req);
	return r ? store_error(r) : json_pack("{s:b, s:i}", "ok", 1, "closed", 0);
}

struct offline_command {
	const char *name;
	json_t *(*run)(struct work *w);
	/* Before anything is recorded or done: NULL, or the refusal. NULL itself: nothing is changed, so nothing
	 * is recorded. */
	json_t *(*prepare)(struct work *w);
};

static const struct offline_command table[] = {
	{"user.add", add, add_prepare},
	{"user.import", import, import_prepare},
	{"user.list", list, NULL},
	{"user.show", show, NULL},
	{"user.password", password, find},
	{"user.change", change, change_prepare},
	{"user.disable", disable, find},
	{"user.enable", enable, find},
	{"user.remove", remove_person, find},
};

/* ---- the record ---- */

/* What an act is about: an address, or how many people. */
static void act_target(const struct work *w, char *out, size_t size)
{
	const char *jid = json_string_value(json_object_get(w->args, "jid"));

	if (jid)
		snprintf(out, size, "%s", jid);
	else
		snprintf(out, size, "%zu people", w->rows_len);
}

/* What stands beside it: the reason, or who the people are, with their person ids. */
static void act_text(const struct work *w, struct buf *out)
{
	buf_str(out, text_of(w->args, "reason"));
	if (w->rows && !w->rows_len) /* somebody who is there is changed */
		(void)control_changes_put(out, w->args);
	for (size_t i = 0; i < w->rows_len; i++)
		if (w->rows_len == 1 && json_object_get(w->args, "jid"))
			buf_str(out, w->rows[i].person_id);
		else
			buf_printf(out, "%s%.*s %.*s", i ? ", " : "", STR_FMT(w->rows[i].jid),
				STR_FMT(w->rows[i].person_id));
}

/* NULL: it is durable. */
static json_t *record_first(struct work *w, const char *cmd)
{
	struct buf text = BUF_INIT(ARENA_MAX);
	struct err err = {};
	char target[3100];
	int r;

	act_target(w, target, sizeof(target));
	act_text(w, &text);
	r = witness_admin(w->people->settings,
		&(struct witness_act){.command = cmd, .target = target, .text = buf_cstr(&text)}, &w->seq, &err);
	buf_done(&text);
	return r ? control_error("full", err.text, "every act is recorded before it is done") : NULL;
}

/* What was announced and not done, or not for all, gets a further line. */
static void record_undone(struct work *w, const char *cmd, const json_t *answer)
{
	const char *some = json_string_value(json_object_get(answer, "undone")), *code, *why, *remedy;
	bool all = control_failed(answer, &code, &why, &remedy);
	struct err err = {};
	char target[3100];
	uint64_t seq;

	if (!all && (!some || !some[0]))
		return;
	act_target(w, target, sizeof(target));
	if (witness_admin(w->people->settings,
		    &(struct witness_act){.command = cmd,
			    .target = target,
			    .text = all ? "" : some,
			    .undone = all ? why : "these addresses are in use, or were once",
			    .of_seq = w->seq},
		    &seq, &err))
		log_warn("that it was not done is not in the record: %s", err.text);
}

static json_t *run(const struct offline_command *command, struct people *p, const json_t *args)
{
	struct work w = {.people = p, .args = args, .arena = arena_new(ARENA_MAX)};
	json_t *refusal = NULL, *answer;

	if (!w.arena)
		return no_memory();
	store_req_init(&w.req, NULL, NULL);
	if (command->prepare)
		refusal = command->prepare(&w);
	if (command->prepare && !refusal)
		refusal = record_first(&w, command->name);
	answer = refusal ? refusal : command->run(&w);
	if (command->prepare && !refusal)
		record_undone(&w, command->name, answer);
	store_req_release(&w.req);
	arena_free(w.arena);
	return answer;
}

json_t *people_offline(struct people *p, const char *cmd, const json_t *args)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, cmd) == 0)
			return run(&table[i], p, args);
	return control_error("unavailable", "this needs a running server", "start it with 'gatehouse serve'");
}
