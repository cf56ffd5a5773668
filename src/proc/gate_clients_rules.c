/* Rules about clients, as the command changes them: the record's line about a change, and whom a policy that is not in force
 * yet would reach (ipc/control.h). */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "proc/gate_clients.h"
#include "rule/client_set.h"

/* ---- clients.rule ---- */

static void recorded(struct gate_request *r)
{
	const struct gate_act *act = container_of(r->acts.next, struct gate_act, link);

	log_info("%s %s", r->command, LOG_STR(act->target));
	gate_request_done(r, json_pack("{s:b, s:I}", "ok", 1, "seq", (json_int_t)act->seq));
}

static struct str text_arg(const struct gate_request *r, const char *name)
{
	const json_t *v = json_object_get(r->args, name);

	return str_of(json_string_value(v), json_string_length(v));
}

void gate_clients_rule(struct gate_request *r)
{
	struct str target = text_arg(r, "target"), text;

	text = arena_printf(r->arena, "%.*s: %.*s", STR_FMT(text_arg(r, "act")), STR_FMT(text_arg(r, "text")));
	if (!target.len)
		gate_request_fail(r, "bad_request", "which rule?", "");
	else if (text.data && gate_act_add(r, target, text))
		gate_act_begin(r, json_is_true(json_object_get(r->args, "protects")), recorded);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

/* ---- clients.dry_run ---- */

struct dry_run {
	struct gate_request *request;
	struct policy_set *proposed;
	uint64_t at_us;
	struct str rule; /* empty: all */
	json_t *rows, *people, *groups;
	size_t connected, sessions, away;
};

enum {
	ROWS_MAX = 20000, /* named in one answer; all are counted */
};

static void run_free(struct dry_run *d)
{
	policy_set_unref(d->proposed);
	json_decref(d->rows);
	json_decref(d->people);
	json_decref(d->groups);
	free(d);
}

static bool decisions_differ(const struct client_decision *a, const struct client_decision *b)
{
	return a->effect != b->effect || a->limits != b->limits || a->observed_effect != b->observed_effect;
}

static bool names(const struct client_decision *d, struct str rule)
{
	return str_eq(d->rule, rule) || str_eq(d->observed, rule);
}

static bool is_reached(const struct dry_run *d, const struct client_decision *now, const struct client_decision *then)
{
	if (d->rule.len)
		return names(now, d->rule) || names(then, d->rule);
	return then->effect != CLIENT_ALLOW || then->observed.len || decisions_differ(now, then);
}

/* Each person once, and so in each of his groups. */
static void count_person(struct dry_run *d, struct str bare, const struct subject *person)
{
	if (json_object_getn(d->people, bare.data, bare.len))
		return;
	json_object_setn_new(d->people, bare.data, bare.len, json_true());
	for (size_t i = 0; i < person->group_count; i++) {
		struct str g = person->groups[i];
		json_int_t count = json_integer_value(json_object_getn(d->groups, g.data, g.len));

		json_object_setn_new(d->groups, g.data, g.len, json_integer(count + 1));
	}
}

static json_t *effect_json(const struct client_decision *d)
{
	if (!d->observed.len)
		return json_string(client_effect_names[d->effect]);
	return json_sprintf("%s, would be %s", client_effect_names[d->effect], client_effect_names[d->observed_effect]);
}

/* `seen`: of who is not there, when he was last; empty: he is. */
static void row_add(struct dry_run *d, const struct jid *jid, const struct client_case *c, const struct client_decision *now,
	const struct client_decision *then, struct str seen)
{
	static const struct judgement nothing = {.class = CLIENT_SILENT};
	const struct judgement *client = c->client ? c->client : &nothing;
	struct str rule = d->rule.len ? d->rule : then->rule.len ? then->rule : then->observed.len ? then->observed : now->rule;

	*(seen.len ? &d->away : &d->sessions) += 1;
	count_person(d, jid->bare, c->person);
	if (json_array_size(d->rows) >= ROWS_MAX)
		return;
	json_array_append_new(d->rows,
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:b, s:o}", "person", control_text(jid->bare), "resource",
			control_text(jid->resource), "product", control_text(client->product), "version", control_text(client->version), "os",
			control_text(client->os), "class", client_class_names[client->class], "now", effect_json(now), "then", effect_json(then),
			"rule", control_text(rule), "online", !seen.len, "last_seen", control_text(seen)));
}

/* What is said now, and what would be then. */
static void weigh(struct dry_run *d, const struct jid *jid, struct client_case *c, struct str seen)
{
	struct client_decision now, then;

	c->now_us = clock_utc_us();
	client_decide(d->request->gate->policy, c, &now);
	c->now_us = d->at_us;
	client_decide(d->proposed, c, &then);
	if (is_reached(d, &now, &then))
		row_add(d, jid, c, &now, &then, seen);
}

static void look_at(void *owner, const struct route_session *s)
{
	struct dry_run *d = owner;
	struct jid jid = jid_split(s->jid);
	const struct person *p = directory_get(d->request->gate->directory, jid.bare);
	struct subject person = subject_of(jid.bare, true);
	struct client_case c = {
		.client = s->client, .person = &person, .address = network_host(s->address), .tls = s->tls, .mechanism = s->mechanism};

	d->connected++;
	if (p) {
		person.groups = p->groups;
		person.group_count = p->groups_len;
	}
	weigh(d, &jid, &c, STR_NONE);
	person_unref(p);
}

static void answer(struct dry_run *d)
{
	struct buf at = BUF_INIT(64);

	clock_put(&at, d->at_us);
	gate_request_done(d->request,
		json_pack("{s:b, s:s, s:o, s:I, s:I, s:I, s:I, s:O, s:O}", "ok", 1, "version", policy_set_version(d->proposed), "at",
			control_text(buf_view(&at)), "connected", (json_int_t)d->connected, "sessions", (json_int_t)d->sessions, "away",
			(json_int_t)d->away, "people", (json_int_t)json_object_size(d->people), "groups", d->groups, "rows", d->rows));
	buf_done(&at);
	run_free(d);
}

/* ---- who is not there ---- */

static bool away_row(struct look *look, const struct look_row *row)
{
	struct dry_run *d = look->owner;
	struct jid jid = {.full = row->client->owner, .bare = row->client->owner, .resource = row->client->resource};
	struct buf seen = BUF_INIT(64);
	struct subject person;
	struct client_case c;

	if (row->live || !row->person || row->person->disabled)
		return true;
	look_case(look, row, &person, &c);
	clock_put(&seen, row->client->last_us);
	weigh(d, &jid, &c, buf_view(&seen));
	buf_done(&seen);
	return true;
}

static void away_end(struct look *look, bool failed)
{
	struct dry_run *d = look->owner;

	look_free(look);
	if (!failed) {
		answer(d);
		return;
	}
	gate_request_fail(d->request, "internal", "the inventory cannot be read", "the gate's log says why");
	run_free(d);
}

static void looked(void *owner)
{
	struct dry_run *d = owner;
	struct look *look = look_new(d->request);

	if (!look) {
		gate_request_fail(d->request, "internal", "out of memory", "");
		run_free(d);
		return;
	}
	look->query.since_us = look->at_us - d->request->gate->settings->mail_client_days * 86400ULL * 1000000;
	look->owner = d;
	look->each = away_row;
	look->end = away_end;
	look_begin(look);
}

/* The policy of the folder, with the change if there is one. The engine of inspection has nothing to do with it. */
static bool load(struct dry_run *d)
{
	struct gate_request *r = d->request;
	struct policy_change change = {.file = text_arg(r, "file"), .text = text_arg(r, "text"),
		.gone = json_is_true(json_object_get(r->args, "gone"))};
	struct problems problems = {.arena = r->arena};
	struct err err = {.text = "memory is out"};

	if (change.file.len && !str_starts(change.file, STR("clients/"))) {
		gate_request_fail(r, "bad_request", "the file is none of policy/clients", "");
		return false;
	}
	if (policy_set_load_changed(&d->proposed, r->gate->settings->policy_dir.data, change.file.len ? &change : NULL, NULL, &problems)) {
		problems_to_err(&problems, &err);
		gate_request_fail(r, "refused", err.text, "'gatehouse policy check' lists all errors");
		return false;
	}
	return true;
}

void gate_clients_dry_run(struct gate_request *r)
{
	struct dry_run *d = calloc(1, sizeof(*d));
	struct str at = text_arg(r, "at");

	if (!d) {
		gate_request_fail(r, "internal", "out of memory", "");
		return;
	}
	d->request = r;
	d->rule = text_arg(r, "rule");
	d->at_us = clock_utc_us();
	d->rows = json_array();
	d->people = json_object();
	d->groups = json_object();
	if (at.len && !client_date_parse(at, &d->at_us)) {
		gate_request_fail(r, "bad_request", "'at' is no date", "write it as 2027-10-15 or 2027-10-15T08:00:00+02:00");
		run_free(d);
	} else if (!load(d)) {
		run_free(d);
	} else {
		route_list_sessions(r->gate->route, look_at, looked, d);
	}
}
