/* What administrators want to know (XEP-0133 4.8 to 4.10, 4.13 to 4.22). The form that names somebody is in the record before
 * it is answered. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "proc/gate_office.h"

enum { LIST_MAX = 10000 }; /* addresses of one answer, where the form sets no limit */

static void answer_shown(struct job *j, const char *note)
{
	job_answer(j, &(struct office_result){.values = json_incref(j->shown), .note = note});
}

/* ---- one account ---- */

/* The n-th account the form names, bare; STR_NONE: none, or (the job has ended then, *out_ended) nobody's. */
static struct str account_at(struct job *j, size_t n, bool *out_ended)
{
	const json_t *values = j->ask->values, *jids = json_object_get(values, "accountjids");
	struct str jid = jids ? value_at(jids, n) : n ? STR_NONE : form_first(values, "accountjid");
	const struct person *p;
	struct jid parsed;

	*out_ended = false;
	if (!jid.len)
		return STR_NONE;
	p = jid_parse(&parsed, jid, j->ask->parcel->arena) ? NULL : directory_get(j->gate->directory, parsed.bare);
	person_unref(p);
	if (p)
		return parsed.bare;
	*out_ended = true;
	buf_printf(&j->faults, "User does not exist: %.*s", STR_FMT(jid));
	job_fail(j, buf_cstr(&j->faults));
	return STR_NONE;
}

/* The one account; STR_NONE: the job has ended. */
static struct str account_alone(struct job *j)
{
	bool ended;
	struct str jid = account_at(j, 0, &ended);

	if (ended)
		return STR_NONE;
	if (!jid.len) {
		job_fail(j, "an account is needed");
		return STR_NONE;
	}
	if (json_array_size(json_object_get(j->ask->values, "accountjids")) > 1) {
		job_fail(j, "this is told of one account at a time");
		return STR_NONE;
	}
	return jid;
}

static void on_roster(void *owner, bool ok, struct str items, size_t len)
{
	struct job *j = owner;

	(void)len;
	if (!ok) {
		job_fail(j, "the roster cannot be read now");
		return;
	}
	buf_lit(&j->text, "<query xmlns='jabber:iq:roster'>");
	buf_str(&j->text, items);
	buf_lit(&j->text, "</query>");
	job_answer(j, &(struct office_result){.values = json_incref(j->shown), .more = buf_view(&j->text)});
}

void office_roster(struct job *j)
{
	struct str jid = account_alone(j);

	if (!jid.len)
		return;
	shown_add(j, "accountjids", jid);
	route_read_roster(j->gate->route, jid, on_roster, j);
}

/* ---- logins ---- */

static void show_login(struct job *j, const struct store_visit *visit)
{
	buf_clear(&j->text);
	if (visit->login_us)
		clock_put(&j->text, visit->login_us);
	shown_add(j, "lastlogin", buf_view(&j->text));
}

static void next_login(struct job *j);

static void on_login(struct store_req *req, int result)
{
	struct job *j = req->owner;

	if (result) {
		job_fail(j, "the store could not tell; the gate's log says why");
		return;
	}
	show_login(j, req->visit);
	next_login(j);
}

static void next_login(struct job *j)
{
	bool ended;
	struct str jid = account_at(j, j->at++, &ended);

	if (ended)
		return;
	if (!jid.len) {
		answer_shown(j, NULL);
		return;
	}
	shown_add(j, "accountjids", jid);
	store_req_release(&j->req);
	store_req_init(&j->req, on_login, j);
	if (store_visit_get(j->gate->store, &j->req, jid))
		job_fail(j, "the store could not tell");
}

void office_lastlogin(struct job *j)
{
	next_login(j);
}

/* ---- figures of one account ---- */

static void show_session(void *owner, const struct route_session *s)
{
	struct job *j = owner;
	struct jid jid = jid_split(s->jid);

	if (!str_eq(jid.bare, value_at(json_object_get(j->shown, "accountjid"), 0)))
		return;
	shown_add(j, "onlineresources", jid.resource);
	shown_add(j, "ipaddresses", network_host(s->address));
}

static void on_stats_login(struct store_req *req, int result)
{
	struct job *j = req->owner;

	if (result == 0 && req->visit->login_us)
		show_login(j, req->visit);
	answer_shown(j, NULL);
}

static void on_stats_sessions(void *owner)
{
	struct job *j = owner;

	store_req_init(&j->req, on_stats_login, j);
	if (store_visit_get(j->gate->store, &j->req, value_at(json_object_get(j->shown, "accountjid"), 0)))
		answer_shown(j, NULL);
}

static void on_stats_roster(void *owner, bool ok, struct str items, size_t len)
{
	struct job *j = owner;

	(void)items;
	buf_u64(&j->text, len);
	if (ok)
		shown_add(j, "rostersize", buf_view(&j->text));
	route_list_sessions(j->gate->route, show_session, on_stats_sessions, j);
}

void office_stats(struct job *j)
{
	struct str jid = account_alone(j);

	if (!jid.len)
		return;
	shown_add(j, "accountjid", jid);
	route_read_roster(j->gate->route, jid, on_stats_roster, j);
}

/* ---- everybody ---- */

/* Whom the command is about; by its name, which holds one of these words. */
enum which { REGISTERED, DISABLED, ONLINE, ACTIVE, IDLE, WHICH };

static enum which which_of(const struct job *j)
{
	static const char *const words[WHICH] = {"registered", "disabled", "online", "active", "idle"};
	unsigned i = 0;

	while (i < IDLE && !strstr(j->ask->command->name, words[i]))
		i++;
	return (enum which)i;
}

static bool note_person(const struct person *p, void *owner)
{
	struct job *j = owner;

	if (which_of(j) == REGISTERED || p->disabled)
		json_object_setn_new(j->people, p->jid.data, p->jid.len, json_true());
	return true;
}

/* true: active. Who has several sessions is idle when all are. */
static void note_session(void *owner, const struct route_session *s)
{
	struct job *j = owner;
	struct str bare = jid_split(s->jid).bare;
	bool active = s->available && !s->away;

	if (active || !json_object_getn(j->people, bare.data, bare.len))
		json_object_setn_new(j->people, bare.data, bare.len, json_boolean(active));
}

static bool is_meant(enum which which, const json_t *active)
{
	return which <= ONLINE || json_is_true(active) == (which == ACTIVE);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The addresses meant, sorted; their number in *out_len. The caller frees. */
static const char **meant(struct job *j, size_t *out_len)
{
	const char **all = malloc((json_object_size(j->people) + 1) * sizeof(*all)), *key;
	size_t n = 0;
	json_t *active;

	json_object_foreach(j->people, key, active)
		if (all && is_meant(which_of(j), active))
			all[n++] = key;
	if (n)
		qsort(all, n, sizeof(*all), by_text);
	*out_len = n;
	return all;
}

static void show_count(struct job *j)
{
	size_t n;

	free(meant(j, &n));
	buf_u64(&j->text, n);
	shown_add(j, j->ask->command->results->var, buf_view(&j->text));
	answer_shown(j, NULL);
}

static void show_list(struct job *j)
{
	struct str max = form_first(j->ask->values, "max_items");
	const char *var = j->ask->command->results->var;
	unsigned long long limit = LIST_MAX;
	size_t n;
	const char **all = meant(j, &n);

	if (max.len && !str_is(max, "none") && !str_to_u64(max, LIST_MAX, &limit))
		limit = LIST_MAX;
	json_object_set_new(j->shown, var, json_array());
	for (size_t i = 0; i < n && i < limit; i++)
		shown_add(j, var, str_from(all[i]));
	free(all);
	answer_shown(j, n > limit ? "There are more than are shown." : NULL);
}

static void on_people(void *owner)
{
	struct job *j = owner;

	if (strstr(j->ask->command->name, "-num"))
		show_count(j);
	else
		show_list(j);
}

static void collect(struct job *j)
{
	j->people = json_object();
	if (which_of(j) >= ONLINE) {
		route_list_sessions(j->gate->route, note_session, on_people, j);
		return;
	}
	directory_each(j->gate->directory, note_person, j);
	on_people(j);
}

void office_count(struct job *j)
{
	collect(j);
}

void office_list(struct job *j)
{
	collect(j);
}
