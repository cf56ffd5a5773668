/* Administration of people. The act is recorded first (gate_act.c), then the store is asked; when it has answered, the
 * directory follows, sessions that may not go on are closed and the administrator gets the answer. */
#include <stdlib.h>

#include "account/likeness.h"
#include "account/verifier.h"
#include "base/clock.h"
#include "base/text.h"
#include "conf/service.h"
#include "ipc/control.h"
#include "proc/gate.h"

enum { IMPORT_MAX = CONTROL_IMPORT_MAX };

/* ---- reading arguments ---- */

struct fault {
	const char *code, *text;
};

static bool take_jid(struct gate_request *r, json_t *args, struct str *out, struct fault *fault)
{
	struct jid jid;

	if (jid_parse(&jid, control_member(args, "jid"), r->arena) || jid_is_domain(&jid) || !jid_is_bare(&jid)) {
		*fault = (struct fault){"bad_jid", "this is not an account's address"};
		return false;
	}
	if (!settings_is_ours(r->gate->settings, jid.domain)) {
		*fault = (struct fault){"bad_domain", "this server does not answer for that domain"};
		return false;
	}
	*out = jid.bare;
	return true;
}

static bool take_base64(json_t *v, uint8_t *out, size_t max, uint8_t *out_len)
{
	struct buf b = BUF_INIT(max);
	bool ok = json_is_string(v) && base64_parse(str_of(json_string_value(v), json_string_length(v)), &b) && b.len;

	if (ok) {
		memcpy(out, b.data, b.len);
		*out_len = (uint8_t)b.len;
	}
	buf_done(&b);
	return ok;
}

static int verifier_kind(const char *mechanism)
{
	static const char *const names[STORE_VERIFIER_KINDS] = {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};

	for (int i = 0; mechanism && i < STORE_VERIFIER_KINDS; i++)
		if (!strcmp(mechanism, names[i]))
			return i;
	return -1;
}

static bool take_verifier(json_t *item, struct store_verifier *all)
{
	int kind = verifier_kind(json_string_value(json_object_get(item, "mechanism")));
	json_int_t iterations = json_integer_value(json_object_get(item, "iterations"));
	struct store_verifier v = {.iterations = (uint32_t)iterations};
	uint8_t stored = 0, server = 0;

	if (kind < 0 || iterations < VERIFIER_ITERATIONS_MIN || iterations > 100000000)
		return false;
	if (!take_base64(json_object_get(item, "salt"), v.salt, STORE_SALT_MAX, &v.salt_len) ||
			!take_base64(json_object_get(item, "stored_key"), v.stored_key, STORE_KEY_MAX, &stored) ||
			!take_base64(json_object_get(item, "server_key"), v.server_key, STORE_KEY_MAX, &server))
		return false;
	if (stored != server || stored != verifier_key_len((enum store_verifier_kind)kind))
		return false;
	v.key_len = stored;
	all[kind] = v;
	return true;
}

static bool take_verifiers(struct gate_request *r, json_t *args, const struct store_verifier **out, struct fault *fault)
{
	struct store_verifier *all = arena_zalloc(r->arena, STORE_VERIFIER_KINDS * sizeof(*all));
	json_t *list = json_object_get(args, "verifiers"), *item;
	bool ok = all && json_is_array(list) && json_array_size(list) > 0;
	size_t i;

	if (r->verifiers) {
		*out = r->verifiers;
		return true;
	}
	if (ok)
		json_array_foreach(list, i, item)
			ok = ok && take_verifier(item, all);
	if (!ok)
		*fault = (struct fault){"bad_request", "the password's verifiers are missing or malformed"};
	*out = all;
	return ok;
}

static bool take_groups(struct gate_request *r, json_t *args, struct store_account *row)
{
	json_t *list = json_object_get(args, "groups"), *item;
	struct str *groups;
	size_t i;

	if (!list)
		return true;
	groups = arena_alloc(r->arena, (json_array_size(list) + 1) * sizeof(*groups));
	if (!groups)
		return false;
	json_array_foreach(list, i, item) {
		if (!json_is_string(item))
			return false;
		groups[i] = str_of(json_string_value(item), json_string_length(item));
	}
	row->groups = groups;
	row->groups_len = json_array_size(list);
	return true;
}

static bool take_account(struct gate_request *r, json_t *args, struct store_account *row, struct fault *fault)
{
	char id[PERSON_ID_LEN + 1];

	*row = (struct store_account){
			.name = control_member(args, "name"),
			.mail = control_member(args, "mail"),
			.language = control_member(args, "language"),
			.department = control_member(args, "department"),
			.created_us = clock_utc_us(),
	};
	if (!take_jid(r, args, &row->jid, fault) || !take_verifiers(r, args, &row->verifiers, fault))
		return false;
	if (!take_groups(r, args, row)) {
		*fault = (struct fault){"bad_request", "groups must be a list of names"};
		return false;
	}
	person_id_new(id);
	row->person_id = arena_dup(r->arena, str_from(id));
	return true;
}

/* ---- answers ---- */

static json_t *person_json(const struct person *p)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < p->groups_len; i++)
		json_array_append_new(groups, control_text(p->groups[i]));
	return json_pack("{so so so so so so so ss so}", "jid", control_text(p->jid), "person", control_text(p->id), "name",
			control_text(p->name), "mail", control_text(p->mail), "language", control_text(p->language), "department",
			control_text(p->department), "groups", groups, "state", p->disabled ? "disabled" : "active", "created",
			control_time(p->created_us));
}

static json_t *user_answer(struct gate *g, struct str jid)
{
	const struct person *p = directory_get(g->directory, jid);
	json_t *answer = control_ok();

	if (p)
		json_object_set_new(answer, "user", person_json(p));
	person_unref(p);
	return answer;
}

static void fail_store(struct gate_request *r, int result)
{
	if (result == STORE_E_NONE)
		gate_request_fail(r, "not_found", "there is no such account", "'gatehouse user list' shows them");
	else if (result == STORE_E_EXISTS)
		gate_request_fail(r, "exists", "the address is in use, or was once: an address is never given to a second person",
				"choose another address");
	else
		gate_request_fail(r, "internal", "the store could not do it", "the gate's log says why");
}

/* The store has it, only this process has not: the act stands. */
static void fail_directory(struct gate_request *r)
{
	list_init(&r->acts);
	gate_request_fail(r, "internal", "it is done, but memory is out", "restart the server");
}

/* ---- adding ---- */

static json_t *failure_json(size_t index, const char *code, const char *text)
{
	return json_pack("{sI ss ss}", "index", (json_int_t)index, "code", code, "text", text);
}

static bool is_there(const struct gate *g, struct str jid)
{
	const struct person *p = directory_get(g->directory, jid);

	person_unref(p);
	return p != NULL;
}

static void on_added(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;
	struct store_account *row = r->rows;

	if (result) {
		fail_store(r, result);
		return;
	}
	if (directory_put(r->gate->directory, row)) {
		fail_directory(r);
		return;
	}
	gate_request_done(r, user_answer(r->gate, row->jid));
}

static void add_rows(struct gate_request *r)
{
	if (store_account_add(r->gate->store, &r->req, r->rows, r->rows_len))
		fail_store(r, STORE_E_FAILED);
}

/* One line for each person who is to be added. */
static void record_rows(struct gate_request *r)
{
	const struct store_account *rows = r->rows;
	bool ok = true;

	for (size_t i = 0; i < r->rows_len && ok; i++)
		ok = gate_act_add(r, rows[i].jid, rows[i].person_id);
	if (ok)
		gate_act_begin(r, false, add_rows);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

static bool is_confusable(struct gate_request *r, struct str jid)
{
	const struct person *p = likeness_neighbour(r->gate->directory, jid);
	const char *text;

	if (!p)
		return false;
	text = arena_printf(r->arena, "this address looks like %.*s, so that each could be taken for the other",
			STR_FMT(p->jid)).data;
	gate_request_fail(r, "confusable", text ? text : "this address looks like another one",
			"choose another address, or add --allow-confusable");
	person_unref(p);
	return true;
}

void gate_user_add(struct gate_request *r)
{
	struct store_account *row = arena_zalloc(r->arena, sizeof(*row));
	struct fault fault = {"internal", "out of memory"};

	if (!row || !take_account(r, r->args, row, &fault)) {
		gate_request_fail(r, fault.code, fault.text, "");
		return;
	}
	if (is_there(r->gate, row->jid)) {
		fail_store(r, STORE_E_EXISTS);
		return;
	}
	if (!json_is_true(json_object_get(r->args, "confusable")) && is_confusable(r, row->jid))
		return;
	r->rows = row;
	r->rows_len = 1;
	r->req.done = on_added;
	record_rows(r);
}

/* They are added all the same, for they were people before they came here; who brings them is told. */
static void note_confusable(struct gate_request *r, struct str jid, size_t index)
{
	json_t *all = json_object_get(r->answer, "confusable");
	const struct person *p = likeness_neighbour(r->gate->directory, jid);

	if (p)
		json_array_append_new(all, json_pack("{sI so}", "index", (json_int_t)index, "like", control_text(p->jid)));
	person_unref(p);
}

static void on_imported(struct store_req *req, int result)
{
	static const char used[] = "the address is in use, or was once";
	struct gate_request *r = req->owner;
	struct store_account *rows = r->rows;
	json_t *failed = json_object_get(r->answer, "failed");
	struct list *act = &r->acts;
	json_int_t added = 0;

	if (result != 0 && result != STORE_E_EXISTS) {
		fail_store(r, result);
		return;
	}
	for (size_t i = 0; i < r->rows_len; i++) {
		act = act->next; /* in the order of the rows */
		if (req->outcomes[i]) {
			json_array_append_new(failed, failure_json(r->index[i], "exists", used));
			gate_act_undone(container_of(act, struct gate_act, link), used);
			continue;
		}
		note_confusable(r, rows[i].jid, r->index[i]);
		if (directory_put(r->gate->directory, &rows[i]) == 0)
			added++;
	}
	json_object_set_new(r->answer, "added", json_integer(added));
	gate_request_done(r, json_incref(r->answer));
}

void gate_user_import(struct gate_request *r)
{
	json_t *users = json_object_get(r->args, "users"), *item, *failed = json_array();
	size_t n = json_array_size(users), i;
	struct store_account *rows = n && n <= IMPORT_MAX ? arena_zalloc(r->arena, n * sizeof(*rows)) : NULL;

	r->answer = control_ok();
	json_object_set_new(r->answer, "failed", failed);
	json_object_set_new(r->answer, "confusable", json_array());
	r->index = rows ? arena_alloc(r->arena, n * sizeof(*r->index)) : NULL;
	if (!r->index) {
		gate_request_fail(r, "bad_request", "users must be a list of 1 to 500 accounts", "");
		return;
	}
	json_array_foreach(users, i, item) {
		struct fault fault = {"internal", "out of memory"};

		if (take_account(r, item, &rows[r->rows_len], &fault))
			r->index[r->rows_len++] = i;
		else
			json_array_append_new(failed, failure_json(i, fault.code, fault.text));
	}
	r->rows = rows;
	r->req.done = on_imported;
	if (r->rows_len == 0) {
		json_object_set_new(r->answer, "added", json_integer(0));
		gate_request_done(r, json_incref(r->answer));
	} else {
		record_rows(r);
	}
}

/* ---- listing ---- */

struct listing {
	const struct person **people;
	size_t len, cap;
	struct str domain, prefix, after;
	bool failed;
};

static bool listing_wants(const struct listing *l, const struct person *p)
{
	if (l->domain.len && !str_eq(jid_split(p->jid).domain, l->domain))
		return false;
	return str_starts(p->jid, l->prefix) && (!l->after.len || str_cmp(p->jid, l->after) > 0);
}

static bool listing_add(const struct person *p, void *owner)
{
	struct listing *l = owner;

	if (!listing_wants(l, p))
		return true;
	if (l->len == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 256;
		const struct person **more = realloc(l->people, cap * sizeof(*more));

		if (!more) {
			l->failed = true;
			return false;
		}
		l->people = more;
		l->cap = cap;
	}
	l->people[l->len++] = person_ref(p);
	return true;
}

static int by_jid(const void *a, const void *b)
{
	const struct person *const *x = a, *const *y = b;

	return str_cmp((*x)->jid, (*y)->jid);
}

void gate_user_list(struct gate_request *r)
{
	struct listing l = {
			.domain = control_member(r->args, "domain"),
			.prefix = control_member(r->args, "prefix"),
			.after = control_member(r->args, "after"),
	};
	json_int_t limit = json_integer_value(json_object_get(r->args, "limit"));
	json_t *users = json_array(), *answer = control_ok();
	size_t shown;

	if (limit <= 0 || limit > CONTROL_LIST_MAX)
		limit = CONTROL_LIST_MAX;
	directory_each(r->gate->directory, listing_add, &l);
	if (l.len)
		qsort(l.people, l.len, sizeof(*l.people), by_jid);
	shown = l.len < (size_t)limit ? l.len : (size_t)limit;
	for (size_t i = 0; i < l.len; i++) {
		if (i < shown)
			json_array_append_new(users, person_json(l.people[i]));
		person_unref(l.people[i]);
	}
	free(l.people);
	json_object_set_new(answer, "users", users);
	json_object_set_new(answer, "more", json_boolean(shown < l.len || l.failed));
	gate_request_done(r, answer);
}

static void show_done(struct gate_request *r)
{
	gate_request_done(r, json_incref(r->answer));
}

void gate_user_show(struct gate_request *r)
{
	struct fault fault;
	struct str jid;
	const struct person *p;

	if (!take_jid(r, r->args, &jid, &fault)) {
		gate_request_fail(r, fault.code, fault.text, "");
		return;
	}
	p = directory_get(r->gate->directory, jid);
	if (!p) {
		fail_store(r, STORE_E_NONE);
		return;
	}
	r->answer = control_ok();
	json_object_set_new(r->answer, "user", person_json(p));
	person_unref(p);
	r->then = show_done;
	gate_sessions_collect(r, jid);
}

/* ---- changing ---- */

/* What a change of an account needs to know; lives in the request's arena. */
struct change {
	struct store_account row;
	unsigned fields;        /* of it, to be changed */
	const char *close_text; /* sessions are closed with it; NULL: they stay */
	bool remove;
	struct str keep; /* full JID of the session that is not closed; empty: none */
};

static void on_closed(void *owner, unsigned count)
{
	struct gate_request *r = owner;
	json_t *answer = control_ok();

	count += r->ends_asker != NULL;
	json_object_set_new(answer, "closed", json_integer(count));
	gate_request_done(r, answer);
}

/* The directory's copy of the person, changed as the store's was. */
static int directory_follow(struct gate *g, const struct change *c)
{
	const struct person *old = directory_get(g->directory, c->row.jid);
	struct store_account row;
	const struct store_account *new = &c->row;
	bool groups = c->fields & STORE_ACCOUNT_GROUPS;
	int r;

	if (!old)
		return -1;
	row = (struct store_account){
			.person_id = old->id,
			.jid = old->jid,
			.name = c->fields & STORE_ACCOUNT_NAME ? new->name : old->name,
			.mail = c->fields & STORE_ACCOUNT_MAIL ? new->mail : old->mail,
			.language = c->fields & STORE_ACCOUNT_LANGUAGE ? new->language : old->language,
			.department = c->fields & STORE_ACCOUNT_DEPARTMENT ? new->department : old->department,
			.groups = groups ? new->groups : old->groups,
			.groups_len = groups ? new->groups_len : old->groups_len,
			.disabled = c->fields & STORE_ACCOUNT_DISABLED ? c->row.disabled : old->disabled,
			.created_us = old->created_us,
	};
	r = c->fields & STORE_ACCOUNT_VERIFIERS || row.disabled ? directory_put_keys(g->directory, &row)
								 : directory_put(g->directory, &row);
	person_unref(old);
	return r;
}

static void on_changed(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;
	struct change *c = r->rows;

	if (result) {
		fail_store(r, result);
		return;
	}
	if (c->remove) {
		directory_remove(r->gate->directory, c->row.jid);
		route_account_removed(r->gate->route, c->row.jid, req->roster);
	} else if (directory_follow(r->gate, c)) {
		fail_directory(r);
		return;
	}
	if (c->keep.len)
		route_close_other_sessions(r->gate->route, c->keep, c->close_text, on_closed, r);
	else if (c->close_text)
		gate_sessions_end(r, c->row.jid, c->close_text, on_closed);
	else
		gate_request_done(r, control_ok());
}

static struct change *change_new(struct gate_request *r, const char *close_text)
{
	struct change *c = arena_zalloc(r->arena, sizeof(*c));
	struct fault fault = {"internal", "out of memory"};

	if (!c || !take_jid(r, r->args, &c->row.jid, &fault)) {
		gate_request_fail(r, fault.code, fault.text, "");
		return NULL;
	}
	if (!is_there(r->gate, c->row.jid)) {
		fail_store(r, STORE_E_NONE);
		return NULL;
	}
	c->close_text = close_text;
	r->rows = c;
	r->req.done = on_changed;
	return c;
}

static void change_store(struct gate_request *r)
{
	struct change *c = r->rows;
	int code = c->remove ? store_account_remove(r->gate->store, &r->req, c->row.jid)
			     : store_account_update(r->gate->store, &r->req, &c->row, c->fields);

	if (code)
		fail_store(r, STORE_E_FAILED);
}

static void change_apply(struct gate_request *r, struct change *c, unsigned fields)
{
	c->fields = fields;
	if (gate_act_add(r, c->row.jid, control_member(r->args, "reason")))
		gate_act_begin(r, fields & STORE_ACCOUNT_DISABLED && c->row.disabled, change_store);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

static void set_password(struct gate_request *r, struct str keep)
{
	struct change *c = change_new(r, "The password was changed. Log in again.");
	struct fault fault;

	if (!c)
		return;
	c->keep = keep;
	if (!take_verifiers(r, r->args, &c->row.verifiers, &fault)) {
		gate_request_fail(r, fault.code, fault.text, "");
		return;
	}
	change_apply(r, c, STORE_ACCOUNT_VERIFIERS);
}

void gate_user_password(struct gate_request *r)
{
	set_password(r, STR_NONE);
}

void gate_user_password_own(struct gate_request *r)
{
	set_password(r, control_member(json_object_get(r->root, "by"), "session"));
}

/* What is said of somebody; a field that is not there stays as it is. The record names the fields. */
void gate_user_change(struct gate_request *r)
{
	static const struct {
		const char *name;
		unsigned field;
	} fields[] = {{"name", STORE_ACCOUNT_NAME}, {"mail", STORE_ACCOUNT_MAIL}, {"language", STORE_ACCOUNT_LANGUAGE},
			{"department", STORE_ACCOUNT_DEPARTMENT}, {"groups", STORE_ACCOUNT_GROUPS}};
	struct change *c = change_new(r, NULL);
	struct buf text = BUF_INIT(0);
	struct str said;
	unsigned wanted = 0;

	if (!c)
		return;
	c->row.name = control_member(r->args, "name");
	c->row.mail = control_member(r->args, "mail");
	c->row.language = control_member(r->args, "language");
	c->row.department = control_member(r->args, "department");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		wanted |= json_object_get(r->args, fields[i].name) ? fields[i].field : 0;
	(void)control_changes_put(&text, r->args);
	said = arena_dup(r->arena, buf_view(&text));
	buf_done(&text);
	if (!take_groups(r, r->args, &c->row) || !wanted) {
		gate_request_fail(r, "bad_request", "nothing to change, or groups that are no list of names", "");
		return;
	}
	c->fields = wanted;
	if (gate_act_add(r, c->row.jid, said))
		gate_act_begin(r, false, change_store);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

void gate_user_disable(struct gate_request *r)
{
	struct change *c = change_new(r, "The account has been disabled.");

	if (!c)
		return;
	c->row.disabled = true;
	change_apply(r, c, STORE_ACCOUNT_DISABLED);
}

void gate_user_enable(struct gate_request *r)
{
	struct change *c = change_new(r, NULL);

	if (!c)
		return;
	c->row.disabled = false;
	change_apply(r, c, STORE_ACCOUNT_DISABLED);
}

void gate_user_remove(struct gate_request *r)
{
	struct change *c = change_new(r, "The account has been removed.");

	if (!c)
		return;
	c->remove = true;
	change_apply(r, c, 0);
}
