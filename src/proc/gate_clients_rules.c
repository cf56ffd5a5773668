/* Rules about clients, as the command changes them: the record's line about a change, and whom a policy that is not in force
 * yet would reach (ipc/control.h). */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "ipc/control.h"
#include "proc/gate.h"
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
	size_t connected, sessions;
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

static void row_add(struct dry_run *d, const struct jid *jid, const struct judgement *client, const struct client_decision *now,
	const struct client_decision *then, const struct subject *person)
{
	struct str rule = d->rule.len ? d->rule : then->rule.len ? then->rule : then->observed.len ? then->observed : now->rule;

	d->sessions++;
	count_person(d, jid->bare, person);
	json_array_append_new(d->rows,
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "person", control_text(jid->bare), "resource",
			control_text(jid->resource), "product", control_text(client->product), "version", control_text(client->version), "os",
			control_text(client->os), "class", client_class_names[client->class], "now", effect_json(now), "then", effect_json(then),
			"rule", control_text(rule)));
}

static void look(void *owner, const struct route_session *s)
{
	static const struct judgement nothing = {.class = CLIENT_SILENT};
	struct dry_run *d = owner;
	struct gate *g = d->request->gate;
	struct jid jid = jid_split(s->jid);
	const struct person *p = directory_get(g->directory, jid.bare);
	struct subject person = subject_of(jid.bare, true);
	struct client_decision now, then;
	struct client_case c = {.client = s->client, .person = &person, .address = network_host(s->address), .tls = s->tls,
		.mechanism = s->mechanism, .now_us = clock_utc_us()};

	d->connected++;
	if (p) {
		person.groups = p->groups;
		person.group_count = p->groups_len;
	}
	client_decide(g->policy, &c, &now);
	c.now_us = d->at_us;
	client_decide(d->proposed, &c, &then);
	if (is_reached(d, &now, &then))
		row_add(d, &jid, s->client ? s->client : &nothing, &now, &then, &person);
	person_unref(p);
}

static void looked(void *owner)
{
	struct dry_run *d = owner;
	struct buf at = BUF_INIT(64);

	clock_put(&at, d->at_us);
	gate_request_done(d->request,
		json_pack("{s:b, s:s, s:o, s:I, s:I, s:I, s:O, s:O}", "ok", 1, "version", policy_set_version(d->proposed), "at",
			control_text(buf_view(&at)), "connected", (json_int_t)d->connected, "sessions", (json_int_t)d->sessions, "people",
			(json_int_t)json_object_size(d->people), "groups", d->groups, "rows", d->rows));
	buf_done(&at);
	run_free(d);
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
		route_list_sessions(r->gate->route, look, looked, d);
	}
}
