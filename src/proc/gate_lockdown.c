/* What is switched off (rule/lockdown.h): put in force, taken out, ended when its time is over. A switch is in the record
 * before it is done; it protects, so it is done also while the record, or the store, takes nothing. Every step has its line
 * there: on, reached, off, ended by itself, rehearsed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/control.h"
#include "proc/gate_lockdown.h"

/* ---- what is in force ---- */

int gate_lockdown_put(struct gate *g, struct lockdown *l)
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

int gate_lockdown_make(struct lockdown **out, const struct lockdown *from, struct str without, const struct lockdown_switch *more,
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

	return gate_lockdown_make(&l, g->lockdown, STR_NONE, NULL, settings->lockdown_break_glass_group) ? NULL : l;
}

/* A step that nobody asked for at this moment. */
static void note_step(struct gate *g, const char *command, const struct lockdown_switch *s, struct str text)
{
	struct buf scope = BUF_INIT(STEP_TEXT_MAX);

	lockdown_put_scope(&scope, s);
	gate_act_note(g, command, buf_view(&scope), text);
	buf_done(&scope);
}

/* ---- on ---- */

/* In the request's arena. */
struct switching {
	struct gate_request *request;
	struct lockdown_switch off;
	struct lockdown *lockdown; /* counted */
	uint64_t since_ms;
};

static void on_reached(void *owner, unsigned told, unsigned ended)
{
	struct switching *w = owner;
	struct gate *g = w->request->gate;
	uint64_t ms = clock_mono_ms() - w->since_ms;
	struct buf text = BUF_INIT(STEP_TEXT_MAX);
	json_t *answer = control_ok();

	buf_printf(&text, "%.*s: %u sessions reached in %llu ms, %u of them ended", STR_FMT(w->off.id), told,
			(unsigned long long)ms, ended);
	log_warn("lockdown %s", buf_cstr(&text));
	note_step(g, "lockdown.reached", &w->off, buf_view(&text));
	buf_done(&text);
	json_object_set_new(answer, "switch", gate_switch_json(&w->off));
	json_object_set_new(answer, "reached", json_integer(told));
	json_object_set_new(answer, "ended", json_integer(ended));
	json_object_set_new(answer, "milliseconds", json_integer((json_int_t)ms));
	lockdown_unref(w->lockdown);
	gate_request_done(w->request, answer);
}

/* w->off beside the switches of now, in the place of the one with that id, where there is one. */
static void put_in_force(struct gate_request *r, struct str instead)
{
	struct switching *w = r->rows;
	struct gate *g = r->gate;

	w->lockdown = NULL;
	if (gate_lockdown_make(&w->lockdown, g->lockdown, instead, &w->off, g->settings->lockdown_break_glass_group) ||
			gate_lockdown_put(g, w->lockdown)) {
		lockdown_unref(w->lockdown);
		gate_request_fail(r, "internal", "out of memory", "");
		return;
	}
	w->since_ms = clock_mono_ms();
	gate_switch_keep(g, &w->off);
	route_lockdown(g->route, w->lockdown, w->off.id, true, on_reached, w);
}

/* Others may have been put in force since it was asked for. */
static void switch_on(struct gate_request *r)
{
	struct switching *w = r->rows;

	lockdown_unref(w->lockdown);
	put_in_force(r, STR_NONE);
}

static struct switching *switching_new(struct gate_request *r)
{
	struct switching *w = arena_zalloc(r->arena, sizeof(*w));

	if (w)
		w->request = r;
	else
		gate_request_fail(r, "internal", "out of memory", "");
	r->rows = w;
	return w;
}

/* What the server itself holds for a while may be switched off by somebody for longer. */
static const struct lockdown_switch *find_same(const struct lockdown *l, const struct lockdown_switch *s)
{
	for (size_t i = 0; i < lockdown_len(l); i++) {
		const struct lockdown_switch *have = lockdown_at(l, i);

		if (have->what == s->what && have->scope == s->scope &&
				(str_eq(have->name, s->name) || (s->scope == LOCKDOWN_PRODUCT && str_eq_nocase(have->name, s->name))) &&
				str_eq(have->versions, s->versions) && str_eq(have->except, s->except) &&
				!(s->scope == LOCKDOWN_PAYLOAD && str_is(have->by, "gatehouse")))
			return have;
	}
	return NULL;
}

static void fail_same(struct gate_request *r, const struct lockdown_switch *have)
{
	char text[64], remedy[160];

	snprintf(text, sizeof(text), "this is switched off already, by %.*s", STR_FMT(have->id));
	snprintf(remedy, sizeof(remedy), "'gatehouse lockdown extend %.*s --for 2h' changes its end, 'gatehouse lockdown off %.*s' ends it",
			STR_FMT(have->id), STR_FMT(have->id));
	gate_request_fail(r, "exists", text, remedy);
}

void gate_lockdown_on(struct gate_request *r)
{
	struct switching *w = switching_new(r);
	struct lockdown *l = w ? gate_switch_take(r, &w->off, r->gate->lockdown, true) : NULL;
	const struct lockdown_switch *same = l ? find_same(r->gate->lockdown, &w->off) : NULL;

	if (!l)
		return; /* answered, and gone with all it had */
	if (same) {
		lockdown_unref(l);
		fail_same(r, same);
		return;
	}
	w->lockdown = l;
	if (gate_switch_act(r, &w->off)) {
		gate_act_begin(r, true, switch_on);
		return;
	}
	lockdown_unref(w->lockdown);
	gate_request_fail(r, "internal", "out of memory", "");
}

/* ---- another end ---- */

/* Those it is for are told as when it began. */
static void extend(struct gate_request *r)
{
	const struct switching *w = r->rows;

	if (lockdown_find(r->gate->lockdown, w->off.id))
		put_in_force(r, w->off.id);
	else
		gate_request_fail(r, "not_found", "it has ended meanwhile", "'gatehouse lockdown on' switches off anew");
}

static void copy_into(struct arena *arena, struct lockdown_switch *out, const struct lockdown_switch *s)
{
	*out = *s;
	out->id = arena_dup(arena, s->id);
	out->name = arena_dup(arena, s->name);
	out->versions = arena_dup(arena, s->versions);
	out->reason = arena_dup(arena, s->reason);
	out->by = arena_dup(arena, s->by);
	out->except = arena_dup(arena, s->except);
}

/* What is wrong with the end that is asked for, or NULL. */
static const char *take_other_end(struct gate_request *r, struct lockdown_switch *s)
{
	bool open = json_is_true(json_object_get(r->args, "open"));

	s->end_us = 0;
	if (open + !!json_object_get(r->args, "seconds") + (control_member(r->args, "until").len > 0) != 1)
		return "say when it ends: in how many seconds, at which time, or not by itself";
	return gate_switch_take_end(r, clock_utc_us(), &s->end_us);
}

void gate_lockdown_extend(struct gate_request *r)
{
	const struct lockdown_switch *s = lockdown_find(r->gate->lockdown, control_member(r->args, "id"));
	struct switching *w = s ? switching_new(r) : NULL;
	const char *fault;

	if (!s)
		gate_request_fail(r, "not_found", "no such switch is on", "'gatehouse lockdown status' shows those that are");
	if (!w)
		return;
	copy_into(r->arena, &w->off, s);
	fault = take_other_end(r, &w->off);
	if (fault)
		gate_request_fail(r, "bad_request", fault, "see 'gatehouse help lockdown'");
	else if (gate_switch_act(r, &w->off)) /* longer protects; shorter has to be in the record first */
		gate_act_begin(r, !w->off.end_us || (s->end_us && w->off.end_us >= s->end_us), extend);
	else
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
	int r = gate_lockdown_make(&after, before, id, NULL, lockdown_break_glass(before));

	if (r == 0)
		r = gate_lockdown_put(g, after);
	if (r == 0) {
		gate_switch_forget(g, id);
		route_lockdown(g->route, before, id, false, nobody_waits, NULL);
	}
	lockdown_unref(before);
	lockdown_unref(after);
	return r;
}

static bool asks_for_all(const struct gate_request *r)
{
	return str_is(control_member(r->args, "id"), "all");
}

static bool is_asked_for(const struct gate_request *r, const struct lockdown_switch *s)
{
	return asks_for_all(r) || str_eq(control_member(r->args, "id"), s->id);
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
		if (code == 0 && s->scope == LOCKDOWN_PAYLOAD)
			gate_outbreak_excuse(g, s->name);
		json_array_append_new(list, gate_switch_json(s));
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
			ok = ok && gate_switch_act(r, lockdown_at(l, i));
		}
	if (!any && asks_for_all(r))
		gate_request_done(r, json_pack("{s:b, s:[]}", "ok", 1, "switches"));
	else if (!any)
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
		gate_switch_forget(g, lockdown_at(g->lockdown_over, i)->id);
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
		json_array_append_new(list, gate_switch_json(lockdown_at(r->gate->lockdown, i)));
	json_object_set_new(answer, "switches", list);
	json_object_set_new(answer, "break_glass_group", control_text(r->gate->settings->lockdown_break_glass_group));
	gate_request_done(r, answer);
}
