/* What is switched off (rule/lockdown.h): put in force, taken out, ended when its time is over, rehearsed. A switch is in the record
 * before it is done; it protects, so it is done also while the record, or the store, takes nothing. Every step has its line
 * there: on, reached, off, ended by itself, rehearsed. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "ipc/control.h"
#include "proc/gate.h"

enum {
	SECONDS_MAX = 366 * 24 * 3600,
	STEP_TEXT_MAX = 8192,
};

/* ---- what is in force ---- */

static int put_in_force(struct gate *g, struct lockdown *l)
{
	struct policy_set *policy = policy_set_with(g->policy, g->barrier, l);

	if (!policy)
		return -ENOMEM;
	lockdown_unref(g->lockdown);
	g->lockdown = lockdown_ref(l);
	if (g->route) {
		gate_put_policy(g, policy);
	} else { /* nobody has it yet */
		policy_set_unref(g->policy);
		g->policy = policy;
	}
	return 0;
}

/* Those in force, without the one of that id, with `more` (may be NULL). */
static int make(struct lockdown **out, const struct lockdown *from, struct str without, const struct lockdown_switch *more,
		struct str break_glass)
{
	struct lockdown_switch *all = calloc(lockdown_len(from) + 1, sizeof(*all));
	size_t len = 0;
	int r;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < lockdown_len(from); i++)
		if (!without.len || !str_eq(lockdown_at(from, i)->id, without))
			all[len++] = *lockdown_at(from, i);
	if (more)
		all[len++] = *more;
	r = lockdown_new(out, all, len, break_glass);
	free(all);
	return r;
}

struct lockdown *gate_lockdown_under(const struct gate *g, const struct settings *settings)
{
	struct lockdown *l = NULL;

	return make(&l, g->lockdown, STR_NONE, NULL, settings->lockdown_break_glass_group) ? NULL : l;
}

/* ---- the record and the store ---- */

static void put_description(struct buf *out, const struct lockdown_switch *s)
{
	buf_printf(out, "%.*s %s for ", STR_FMT(s->id), lockdown_what_names[s->what]);
	lockdown_put_scope(out, s);
	if (s->except.len)
		buf_printf(out, " except group %.*s", STR_FMT(s->except));
	if (s->end_us) {
		buf_lit(out, " until ");
		clock_put(out, s->end_us);
	}
	buf_printf(out, ": %.*s", STR_FMT(s->reason));
}

/* A step that nobody asked for at this moment. */
static void note_step(struct gate *g, const char *command, const struct lockdown_switch *s, struct str text)
{
	struct buf scope = BUF_INIT(STEP_TEXT_MAX);
	struct extra extra[3] = {{.key = KEY_ACTOR, .text = STR("gatehouse")}, {.key = KEY_COMMAND, .text = str_from(command)}};
	struct entry entry = {.type = EVENT_ADMIN, .text = text, .extra = extra, .extra_len = 3};

	lockdown_put_scope(&scope, s);
	extra[2] = (struct extra){.key = KEY_TARGET, .text = buf_view(&scope)};
	if (record_append(g->record[0], &entry, NULL))
		log_error("%s of %.*s could not be queued for the record", command, STR_FMT(s->id));
	buf_done(&scope);
}

struct keeping {
	struct store_req req;
	char id[LOCKDOWN_ID + 1];
};

static void on_kept(struct store_req *req, int result)
{
	struct keeping *k = req->owner;

	if (result)
		log_error("the switch %s is as it should be, but the store could not keep that: a restart would bring it back as it was", k->id);
	store_req_release(req);
	free(k);
}

static struct keeping *keeping_new(struct str id)
{
	struct keeping *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	memcpy(k->id, id.data, id.len < LOCKDOWN_ID ? id.len : LOCKDOWN_ID);
	store_req_init(&k->req, on_kept, k);
	return k;
}

static void keep_result(struct keeping *k, int r)
{
	if (r == 0)
		return;
	log_error("out of memory: a restart would forget what was switched");
	free(k);
}

static void keep(struct gate *g, const struct lockdown_switch *s)
{
	struct keeping *k = keeping_new(s->id);
	struct store_switch row = {.id = s->id, .what = str_from(lockdown_what_names[s->what]),
			.scope = str_from(lockdown_scope_names[s->scope]), .name = s->name, .versions = s->versions,
			.reason = s->reason, .by = s->by, .except = s->except, .start_us = s->start_us, .end_us = s->end_us};

	keep_result(k, k ? store_switch_put(g->store, &k->req, &row) : -ENOMEM);
}

static void forget(struct gate *g, struct str id)
{
	struct keeping *k = keeping_new(id);

	keep_result(k, k ? store_switch_delete(g->store, &k->req, id) : -ENOMEM);
}

/* ---- as JSON ---- */

static json_t *text_json(struct str s)
{
	return json_stringn(s.data ? s.data : "", s.len);
}

static json_t *time_json(uint64_t us)
{
	struct buf b = BUF_INIT(0);
	json_t *v;

	if (!us)
		return json_null();
	clock_put(&b, us);
	v = text_json(buf_view(&b));
	buf_done(&b);
	return v;
}

static json_t *switch_json(const struct lockdown_switch *s)
{
	return json_pack("{so ss ss so so so so so so so}", "id", text_json(s->id), "what", lockdown_what_names[s->what], "scope",
			lockdown_scope_names[s->scope], "name", text_json(s->name), "versions", text_json(s->versions), "reason",
			text_json(s->reason), "by", text_json(s->by), "except", text_json(s->except), "start",
			time_json(s->start_us), "end", time_json(s->end_us));
}

/* ---- reading a request ---- */

static struct str text_arg(const struct gate_request *r, const char *name)
{
	json_t *v = json_object_get(r->args, name);

	return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : STR("");
}

static int word_of(struct str text, const char *const *names, int len)
{
	for (int i = 0; i < len; i++)
		if (str_eq(text, str_from(names[i])))
			return i;
	return -1;
}

/* It stands in stanzas, in the record and on terminals. */
static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < ' ' || s.data[i] == 0x7f)
			return false;
	return true;
}

static bool see_member(const struct person *person, void *owner)
{
	(void)person;
	*(bool *)owner = true;
	return false;
}

static bool has_members(struct gate *g, struct str group)
{
	bool any = false;

	directory_each_member(g->directory, group, see_member, &any);
	return any;
}

static const char *take_account(struct gate_request *r, struct lockdown_switch *s)
{
	const struct person *person;
	struct jid jid;

	if (jid_parse(&jid, s->name, r->arena) || jid_is_domain(&jid) || !jid_is_bare(&jid))
		return "this is no account's address";
	person = directory_get(r->gate->directory, jid.bare);
	person_unref(person);
	s->name = jid.bare;
	return person ? NULL : "there is no such account";
}

/* A full address, or the id of an installation: a UUID. */
static const char *take_device(struct gate_request *r, struct lockdown_switch *s)
{
	struct jid jid;

	if (str_find(s->name, '/', 0) == s->name.len)
		return s->name.len == 36 && str_find(s->name, '@', 0) == s->name.len ? NULL
			: "a device is a full address (with a resource) or the id of an installation";
	if (jid_parse(&jid, s->name, r->arena) || !jid.resource.len || !jid.local.len)
		return "this is no full address";
	s->name = jid.full;
	return NULL;
}

static const char *take_name(struct gate_request *r, struct lockdown_switch *s)
{
	s->name = text_arg(r, "name");
	if (s->scope == LOCKDOWN_ALL)
		return s->name.len ? "a switch for all names nobody" : NULL;
	if (!s->name.len || s->name.len > LOCKDOWN_NAME_MAX || !is_printable(s->name))
		return "say for whom: a group, product, account or device";
	if (s->scope == LOCKDOWN_GROUP && !has_members(r->gate, s->name))
		return "nobody is in this group";
	if (s->scope == LOCKDOWN_ACCOUNT)
		return take_account(r, s);
	return s->scope == LOCKDOWN_DEVICE ? take_device(r, s) : NULL;
}

static const char *take_end(struct gate_request *r, struct lockdown_switch *s)
{
	json_t *seconds = json_object_get(r->args, "seconds");
	struct str until = text_arg(r, "until");

	s->start_us = clock_utc_us();
	if (seconds && (!json_is_integer(seconds) || json_integer_value(seconds) < 1 || json_integer_value(seconds) > SECONDS_MAX))
		return "it lasts one second at least and 366 days at most";
	if (seconds)
		s->end_us = s->start_us + (uint64_t)json_integer_value(seconds) * 1000000;
	if (until.len && (!clock_parse(until, &s->end_us) || s->end_us <= s->start_us))
		return "the end must be a time to come, such as 2026-11-23T18:00:00Z";
	return NULL;
}

/* Short enough to be said on the telephone. */
static struct str make_id(struct gate_request *r)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
	char id[LOCKDOWN_ID + 1] = "L-";
	unsigned char random[LOCKDOWN_ID - 2];

	do {
		rand_bytes(random, sizeof(random));
		for (size_t i = 0; i < sizeof(random); i++)
			id[2 + i] = letters[random[i] % (sizeof(letters) - 1)];
	} while (lockdown_find(r->gate->lockdown, str_of(id, LOCKDOWN_ID)));
	return arena_dup(r->arena, str_of(id, LOCKDOWN_ID));
}

static const char *take_switch(struct gate_request *r, struct lockdown_switch *s)
{
	int what = word_of(text_arg(r, "what"), lockdown_what_names, LOCKDOWN_WHATS);
	int scope = word_of(text_arg(r, "scope"), lockdown_scope_names, LOCKDOWN_SCOPES);
	const char *fault;

	if (what < 0)
		return "what is to be off: everything, messages, files, links, calls, rooms or outside";
	if (scope < 0)
		return "for whom: all, group, product, account or device";
	s->what = (enum lockdown_what)what;
	s->scope = (enum lockdown_scope)scope;
	s->versions = text_arg(r, "versions");
	s->reason = text_arg(r, "reason");
	s->except = text_arg(r, "except");
	s->by = text_arg(&(struct gate_request){.args = json_object_get(r->root, "by")}, "name");
	s->id = make_id(r);
	if (!s->reason.len || s->reason.len > LOCKDOWN_REASON_MAX || !is_printable(s->reason))
		return "say why in at most 500 bytes: people are told, and it goes into the record";
	if (s->versions.len && s->scope != LOCKDOWN_PRODUCT)
		return "only products have versions";
	if (s->except.len && !has_members(r->gate, s->except))
		return "nobody is in the group that is to be left out";
	fault = take_name(r, s);
	return fault ? fault : take_end(r, s);
}

/* The switch a request describes, in force beside the others. On failure the request has been answered. */
static struct lockdown *take(struct gate_request *r, struct lockdown_switch *s, const struct lockdown *beside)
{
	const char *fault = take_switch(r, s);
	struct lockdown *l = NULL;
	int code = fault ? 0 : make(&l, beside, STR_NONE, s, r->gate->settings->lockdown_break_glass_group);

	if (fault)
		gate_request_fail(r, "bad_request", fault, "see 'gatehouse help lockdown'");
	else if (code == -EINVAL)
		gate_request_fail(r, "bad_request", "the range of versions cannot be read", "write it as '<1.8' or '>=2.0, <2.14.12'");
	else if (code == -E2BIG)
		gate_request_fail(r, "limit", "a hundred switches are on", "'gatehouse lockdown off' switches some on again");
	else if (code)
		gate_request_fail(r, "internal", "out of memory", "");
	return l;
}

static bool add_act(struct gate_request *r, const struct lockdown_switch *s)
{
	struct buf scope = BUF_INIT(STEP_TEXT_MAX), text = BUF_INIT(STEP_TEXT_MAX);
	bool ok;

	lockdown_put_scope(&scope, s);
	put_description(&text, s);
	ok = !buf_failed(&scope) && !buf_failed(&text) &&
			gate_act_add(r, arena_dup(r->arena, buf_view(&scope)), arena_dup(r->arena, buf_view(&text)));
	buf_done(&scope);
	buf_done(&text);
	return ok && !arena_is_full(r->arena);
}

/* ---- on ---- */

/* In the request's arena. */
struct work {
	struct gate_request *request;
	struct lockdown_switch off;
	struct lockdown *lockdown; /* counted */
	uint64_t since_ms;
	unsigned told, ended, left;
	json_t *people, *groups, *rooms; /* rehearsing: objects as sets */
	unsigned sessions, resumable;
};

static void on_reached(void *owner, unsigned told, unsigned ended)
{
	struct work *w = owner;
	struct gate *g = w->request->gate;
	uint64_t ms = clock_mono_ms() - w->since_ms;
	struct buf text = BUF_INIT(STEP_TEXT_MAX);
	json_t *answer = control_ok();

	buf_printf(&text, "%.*s: %u sessions reached in %llu ms, %u of them ended", STR_FMT(w->off.id), told,
			(unsigned long long)ms, ended);
	log_warn("lockdown %s", buf_cstr(&text));
	note_step(g, "lockdown.reached", &w->off, buf_view(&text));
	buf_done(&text);
	json_object_set_new(answer, "switch", switch_json(&w->off));
	json_object_set_new(answer, "reached", json_integer(told));
	json_object_set_new(answer, "ended", json_integer(ended));
	json_object_set_new(answer, "milliseconds", json_integer((json_int_t)ms));
	lockdown_unref(w->lockdown);
	gate_request_done(w->request, answer);
}

/* Others may have been put in force since it was asked for. */
static void switch_on(struct gate_request *r)
{
	struct work *w = r->rows;
	struct gate *g = r->gate;

	lockdown_unref(w->lockdown);
	w->lockdown = NULL;
	if (make(&w->lockdown, g->lockdown, STR_NONE, &w->off, g->settings->lockdown_break_glass_group) ||
			put_in_force(g, w->lockdown)) {
		lockdown_unref(w->lockdown);
		gate_request_fail(r, "internal", "out of memory", "");
		return;
	}
	w->since_ms = clock_mono_ms();
	keep(g, &w->off);
	route_lockdown(g->route, w->lockdown, w->off.id, true, on_reached, w);
}

static struct work *work_new(struct gate_request *r)
{
	struct work *w = arena_zalloc(r->arena, sizeof(*w));

	if (w)
		w->request = r;
	else
		gate_request_fail(r, "internal", "out of memory", "");
	r->rows = w;
	return w;
}

void gate_lockdown_on(struct gate_request *r)
{
	struct work *w = work_new(r);
	struct lockdown *l = w ? take(r, &w->off, r->gate->lockdown) : NULL;

	if (!l)
		return; /* answered, and gone with all it had */
	w->lockdown = l;
	if (add_act(r, &w->off)) {
		gate_act_begin(r, true, switch_on);
		return;
	}
	lockdown_unref(w->lockdown);
	gate_request_fail(r, "internal", "out of memory", "");
}

/* ---- off ---- */

static void nobody_waits(void *owner, unsigned told, unsigned ended)
{
	(void)owner;
	(void)told;
	(void)ended;
}

/* Takes one out of force; those it was for hear of it. */
static int switch_off(struct gate *g, struct str id)
{
	struct lockdown *before = lockdown_ref(g->lockdown), *after = NULL;
	int r = make(&after, before, id, NULL, lockdown_break_glass(before));

	if (r == 0)
		r = put_in_force(g, after);
	if (r == 0) {
		forget(g, id);
		route_lockdown(g->route, before, id, false, nobody_waits, NULL);
	}
	lockdown_unref(before);
	lockdown_unref(after);
	return r;
}

static bool is_asked_for(const struct gate_request *r, const struct lockdown_switch *s)
{
	return str_is(text_arg(r, "id"), "all") || str_eq(text_arg(r, "id"), s->id);
}

static void switch_off_asked(struct gate_request *r)
{
	struct gate *g = r->gate;
	struct lockdown *before = lockdown_ref(g->lockdown);
	json_t *answer = control_ok(), *list = json_array();
	int code = 0;

	for (size_t i = 0; i < lockdown_len(before) && code == 0; i++) {
		const struct lockdown_switch *s = lockdown_at(before, i);

		if (!is_asked_for(r, s))
			continue;
		code = switch_off(g, s->id);
		json_array_append_new(list, switch_json(s));
	}
	lockdown_unref(before);
	json_object_set_new(answer, "switches", list);
	if (code == 0) {
		gate_request_done(r, answer);
		return;
	}
	json_decref(answer);
	gate_request_fail(r, "internal", "out of memory", "");
}

void gate_lockdown_off(struct gate_request *r)
{
	struct lockdown *l = r->gate->lockdown;
	bool any = false, ok = true;

	for (size_t i = 0; i < lockdown_len(l); i++)
		if (is_asked_for(r, lockdown_at(l, i))) {
			any = true;
			ok = ok && add_act(r, lockdown_at(l, i));
		}
	if (!any)
		gate_request_fail(r, "not_found", "no such switch is on", "'gatehouse lockdown status' shows those that are");
	else if (ok)
		gate_act_begin(r, false, switch_off_asked);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

void gate_lockdown_tick(struct gate *g)
{
	uint64_t now = clock_utc_us();
	struct lockdown *l;

	if (!g->ready || g->stopping)
		return;
	for (size_t i = 0; i < lockdown_len(g->lockdown_over); i++) {
		note_step(g, "lockdown.end", lockdown_at(g->lockdown_over, i), lockdown_at(g->lockdown_over, i)->id);
		forget(g, lockdown_at(g->lockdown_over, i)->id);
	}
	g->lockdown_over = lockdown_unref(g->lockdown_over);
	l = lockdown_ref(g->lockdown);
	for (size_t i = 0; i < lockdown_len(l); i++) {
		const struct lockdown_switch *s = lockdown_at(l, i);

		if (!s->end_us || s->end_us > now || switch_off(g, s->id))
			continue;
		log_warn("lockdown %.*s has come to its end", STR_FMT(s->id));
		note_step(g, "lockdown.end", s, s->id);
	}
	lockdown_unref(l);
}

/* ---- status ---- */

void gate_lockdown_status(struct gate_request *r)
{
	json_t *answer = control_ok(), *list = json_array();

	for (size_t i = 0; i < lockdown_len(r->gate->lockdown); i++)
		json_array_append_new(list, switch_json(lockdown_at(r->gate->lockdown, i)));
	json_object_set_new(answer, "switches", list);
	json_object_set_new(answer, "break_glass_group", text_json(r->gate->settings->lockdown_break_glass_group));
	gate_request_done(r, answer);
}

/* ---- a rehearsal ---- */

static void add_person(struct work *w, const struct person *person)
{
	json_object_setn_new(w->people, person->jid.data, person->jid.len, json_true());
	for (size_t i = 0; i < person->groups_len; i++)
		json_object_setn_new(w->groups, person->groups[i].data, person->groups[i].len, json_true());
}

static bool see_person(const struct person *person, void *owner)
{
	struct work *w = owner;
	struct subject who = subject_of(person->jid, true);
	struct lockdown_party party = {.person = &who};

	who.groups = person->groups;
	who.group_count = person->groups_len;
	if (!person->disabled && lockdown_is_for(w->lockdown, lockdown_at(w->lockdown, 0), &party))
		add_person(w, person);
	return true;
}

static void see_session(void *owner, const struct route_hit *hit)
{
	struct work *w = owner;
	const struct person *person = directory_get(w->request->gate->directory, jid_split(hit->jid).bare);

	w->sessions++;
	w->resumable += hit->detached;
	for (size_t i = 0; i < hit->rooms_len; i++)
		json_object_setn_new(w->rooms, hit->rooms[i].data, hit->rooms[i].len, json_true());
	if (person)
		add_person(w, person);
	person_unref(person);
}

/* The names of a set, which goes. */
static json_t *names_json(json_t *set)
{
	json_t *list = json_array(), *v;
	const char *name;

	json_object_foreach(set, name, v)
		json_array_append_new(list, json_string(name));
	json_decref(set);
	return list;
}

static void on_rehearsed(void *owner)
{
	struct work *w = owner;
	json_t *answer = control_ok();

	json_object_set_new(answer, "switch", switch_json(&w->off));
	json_object_set_new(answer, "sessions", json_integer(w->sessions));
	json_object_set_new(answer, "resumable", json_integer(w->resumable));
	json_object_set_new(answer, "people", names_json(w->people));
	json_object_set_new(answer, "groups", names_json(w->groups));
	json_object_set_new(answer, "rooms", names_json(w->rooms));
	lockdown_unref(w->lockdown);
	gate_request_done(w->request, answer);
}

static void rehearse(struct gate_request *r)
{
	struct work *w = r->rows;

	w->people = json_object();
	w->groups = json_object();
	w->rooms = json_object();
	directory_each(r->gate->directory, see_person, w);
	route_lockdown_look(r->gate->route, w->lockdown, w->off.id, see_session, on_rehearsed, w);
}

void gate_lockdown_rehearse(struct gate_request *r)
{
	struct work *w = work_new(r);
	struct lockdown *l = w ? take(r, &w->off, NULL) : NULL;

	if (!l)
		return; /* answered, and gone with all it had */
	w->lockdown = l;
	if (add_act(r, &w->off)) {
		gate_act_begin(r, false, rehearse);
		return;
	}
	lockdown_unref(w->lockdown);
	gate_request_fail(r, "internal", "out of memory", "");
}

/* ---- at the start ---- */

static void no_answer(struct store_req *req, int result)
{
	(void)req;
	(void)result;
}

static bool read_row(const struct store_switch *row, struct lockdown_switch *s)
{
	int what = word_of(row->what, lockdown_what_names, LOCKDOWN_WHATS);
	int scope = word_of(row->scope, lockdown_scope_names, LOCKDOWN_SCOPES);

	*s = (struct lockdown_switch){.id = row->id, .what = (enum lockdown_what)what, .scope = (enum lockdown_scope)scope,
			.name = row->name, .versions = row->versions, .reason = row->reason, .by = row->by,
			.except = row->except, .start_us = row->start_us, .end_us = row->end_us};
	return what >= 0 && scope >= 0;
}

static int read_rows(struct gate *g, const struct store_switches *rows, struct lockdown **in_force)
{
	struct lockdown_switch *now = calloc(rows->len + 1, sizeof(*now)), *over = calloc(rows->len + 1, sizeof(*over)), s;
	size_t now_len = 0, over_len = 0;
	uint64_t us = clock_utc_us();
	int r = now && over ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < rows->len; i++) {
		if (!read_row(&rows->rows[i], &s))
			r = -EPROTO;
		else if (s.end_us && s.end_us <= us)
			over[over_len++] = s;
		else
			now[now_len++] = s;
	}
	if (r == 0)
		r = lockdown_new(in_force, now, now_len, g->settings->lockdown_break_glass_group);
	if (r == 0)
		r = lockdown_new(&g->lockdown_over, over, over_len, STR(""));
	free(now);
	free(over);
	return r;
}

int gate_lockdown_open(struct gate *g, struct err *err)
{
	struct lockdown *l = NULL;
	struct store_req req;
	int r;

	store_req_init(&req, no_answer, NULL);
	r = store_switch_all(g->store, &req);
	if (r == 0)
		r = store_wait(&req);
	if (r == 0)
		r = read_rows(g, req.switches, &l);
	if (r == 0)
		r = put_in_force(g, l);
	store_req_release(&req);
	lockdown_unref(l);
	if (lockdown_len(g->lockdown))
		log_warn("%zu switches are on: 'gatehouse lockdown status' shows them", lockdown_len(g->lockdown));
	return r ? err_set(err, r < 0 ? r : -EIO, "what the store says is switched off cannot be read") : 0;
}
