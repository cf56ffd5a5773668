/* What administrators ask for with their clients (XEP-0133). The acts are those of the control socket, one request for
 * each account named; this file turns forms into such requests and their answers into what a client shows. Passwords
 * become verifiers on a worker thread and are forgotten there. */
#include <stdlib.h>
#include <string.h>

#include "account/verifier.h"
#include "base/log.h"
#include "conf/service.h"
#include "ipc/control.h"
#include "proc/gate_office.h"

enum { NOTE_MAX = 1024 };

static void closed(void *owner, unsigned count)
{
	(void)owner;
	(void)count;
}

void job_answer(struct job *j, struct office_result *result)
{
	struct parcel *p = parcel_ref(j->ask->parcel);

	office_answer(j->ask, result);
	if (j->ends_asker) /* behind the answer: XEP-0077 3.2 */
		route_close_sessions(j->gate->route, p->origin->jid.full, j->ends_asker, closed, NULL);
	parcel_unref(p);
	verifier_wipe(j->verifiers, STORE_VERIFIER_KINDS);
	store_req_release(&j->req);
	json_decref(j->steps);
	json_decref(j->shown);
	json_decref(j->people);
	buf_done(&j->faults);
	buf_done(&j->text);
	free(j);
}

void job_fail(struct job *j, const char *note)
{
	job_answer(j, &(struct office_result){.failed = true, .note = note});
}

/* ---- one request for each account ---- */

void shown_add(struct job *j, const char *var, struct str value)
{
	json_t *list = json_object_get(j->shown, var);

	if (!list) {
		list = json_array();
		json_object_set_new(j->shown, var, list);
	}
	json_array_append_new(list, json_stringn(value.data ? value.data : "", value.len));
}

static void job_end(struct job *j)
{
	struct office_result result = {.note = buf_cstr(&j->faults), .failed = j->faults.len > 0};

	result.conflict = j->exists;
	result.unavailable = j->unavailable;
	if (json_object_size(j->shown) && !result.failed)
		result.values = json_incref(j->shown);
	if (!result.failed)
		result.note = "Operation finished successfully.";
	else if (!result.note)
		result.note = "it was not done for all";
	job_answer(j, &result);
}

static const char *verb_of(const struct job *j)
{
	static const struct {
		void (*run)(struct gate_request *r);
		const char *verb;
	} verbs[] = {{gate_user_add, "create"}, {gate_user_remove, "delete"}, {gate_user_disable, "disable"},
			{gate_user_enable, "re-enable"}};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (verbs[i].run == j->run)
			return verbs[i].verb;
	return "change";
}

/* In the words that clients' users and test suites know from elsewhere, where there are such. */
static void fault_add(struct job *j, const char *code, const char *text, const char *jid)
{
	static const struct {
		const char *code, *text;
	} usual[] = {
			{"bad_jid", "Please provide a valid JID"},
			{"not_found", "User does not exist"},
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (jid && j->run != gate_session_close && !strcmp(code, usual[i].code))
			text = usual[i].text;
	if (jid && !strcmp(code, "bad_domain"))
		buf_printf(&j->faults, "Cannot %s remote user", verb_of(j));
	else
		buf_str(&j->faults, str_from(text));
	if (jid && strcmp(code, "limit"))
		buf_printf(&j->faults, ": %s", jid);
}

static void on_reply(struct gate_request *r, json_t *answer)
{
	struct job *j = r->replied;
	const char *code, *text, *remedy;

	if (control_failed(answer, &code, &text, &remedy)) {
		j->exists |= strcmp(code, "exists") == 0;
		j->unavailable |= strcmp(code, "unavailable") == 0 || strcmp(code, "full") == 0;
		if (j->faults.len)
			buf_lit(&j->faults, "\n");
		fault_add(j, code, text, json_string_value(json_object_get(r->args, "jid")));
	} else if (j->take) {
		j->take(j, answer);
	}
	json_decref(answer);
	if (r->ends_asker)
		j->ends_asker = r->ends_asker;
	job_step(j);
}

/* The request as the control socket would have brought it; `by` is who asks, as the login proved it. */
static struct gate_request *job_request(struct job *j, json_t *args)
{
	const struct origin *o = j->ask->parcel->origin;
	json_t *root = json_pack("{s:{s:s%, s:s%, s:s%}, s:o}", "by", "name", o->jid.bare.data, o->jid.bare.len, "person",
			o->person->id.data, o->person->id.len, "session", o->jid.full.data, o->jid.full.len, "args", args);
	struct gate_request *r = root ? gate_request_new(j->gate, 0, root, args, j->command) : NULL;

	if (!r) {
		json_decref(root);
		return NULL;
	}
	r->reply = on_reply;
	r->replied = j;
	if (j->has_verifiers)
		r->verifiers = j->verifiers;
	return r;
}

void job_step(struct job *j)
{
	json_t *args = json_array_get(j->steps, j->next++);
	struct gate_request *r = args ? job_request(j, json_incref(args)) : NULL;

	if (!args)
		job_end(j);
	else if (!r)
		job_fail(j, "memory is out");
	else
		j->run(r);
}

/* ---- what is done to each account named ---- */

static void step_add(struct job *j, struct str jid, bool whole)
{
	if (!whole)
		jid = str_cut(jid, 0, str_find(jid, '/', 0));
	json_array_append_new(j->steps, json_pack("{s:s%}", "jid", jid.data, jid.len));
}

struct str value_at(const json_t *list, size_t i)
{
	const json_t *v = json_array_get(list, i);

	return str_of(json_string_value(v), json_string_length(v));
}

static void each_account(struct job *j, const char *command, void (*run)(struct gate_request *r))
{
	const json_t *jids = json_object_get(j->ask->values, "accountjids");

	j->command = command;
	j->run = run;
	for (size_t i = 0; i < json_array_size(jids); i++)
		step_add(j, value_at(jids, i), run == gate_session_close);
	job_step(j);
}

static void delete_user(struct job *j)
{
	each_account(j, "user.remove", gate_user_remove);
}

static void disable_user(struct job *j)
{
	each_account(j, "user.disable", gate_user_disable);
}

static void reenable_user(struct job *j)
{
	each_account(j, "user.enable", gate_user_enable);
}

static void end_user_session(struct job *j)
{
	each_account(j, "session.close", gate_session_close);
}

/* ---- with a password ---- */

static void on_hash(uv_work_t *work)
{
	struct job *j = work->data;

	j->made = verifier_make(j->verifiers, str_of(j->password, j->password_len), j->iterations, VERIFIER_DEFAULT);
	explicit_bzero(j->password, sizeof(j->password));
}

static void set_text(json_t *args, const char *name, struct str text)
{
	if (text.len)
		json_object_set_new(args, name, json_stringn(text.data, text.len));
}

static json_t *account_args(const json_t *values)
{
	struct str given = form_first(values, "given_name"), family = form_first(values, "surname");
	struct buf name = BUF_INIT(0);
	json_t *args = json_object();

	buf_str(&name, given);
	if (given.len && family.len)
		buf_putc(&name, ' ');
	buf_str(&name, family);
	set_text(args, "jid", form_first(values, "accountjid"));
	set_text(args, "mail", form_first(values, "email"));
	set_text(args, "name", buf_view(&name));
	buf_done(&name);
	return args;
}

static void on_hashed(uv_work_t *work, int status)
{
	struct job *j = work->data;
	json_t *args = account_args(j->ask->values);
	struct gate_request *r;

	if (status || j->made) {
		json_decref(args);
		job_fail(j, j->made > 0 ? verifier_text(j->made) : "the password cannot be used now");
		return;
	}
	j->has_verifiers = true;
	r = job_request(j, args);
	if (r)
		j->run(r); /* on_reply() finds no further step */
	else
		job_fail(j, "memory is out");
}

/* Why the password cannot be one; NULL: it can. */
static const char *password_fault(struct job *j, bool verify)
{
	struct str password = parcel_secret(j->ask->parcel, "password");
	int outcome;

	if (password.len == 0)
		return "a password is needed";
	if (verify && !str_eq(password, parcel_secret(j->ask->parcel, "password-verify")))
		return "Passwords do not match.";
	outcome = verifier_policy(password, form_first(j->ask->values, "accountjid"),
			j->gate->settings->sasl_password_min);
	if (outcome)
		return outcome > 0 ? verifier_text(outcome) : "the password cannot be used";
	memcpy(j->password, password.data, password.len);
	j->password_len = password.len;
	return NULL;
}

static void with_password(struct job *j, const char *command, void (*run)(struct gate_request *r), bool verify)
{
	const char *fault = password_fault(j, verify);

	if (fault) {
		job_fail(j, fault);
		return;
	}
	j->command = command;
	j->run = run;
	j->iterations = j->gate->settings->sasl_iterations;
	j->work.data = j;
	if (uv_queue_work(loop_uv(j->gate->loop[0]), &j->work, on_hash, on_hashed))
		job_fail(j, "the password cannot be used now");
}

/* What is wrong with the address is said first; NULL: nothing, gate_user_add() looks at the rest. */
static const char *address_fault(const struct job *j)
{
	struct str text = form_first(j->ask->values, "accountjid");
	struct jid jid;

	if (jid_parse(&jid, text, j->ask->parcel->arena) || jid_is_domain(&jid))
		return "bad_jid";
	return settings_is_ours(j->gate->settings, jid.domain) ? NULL : "bad_domain";
}

static void add_user(struct job *j)
{
	const char *fault = address_fault(j);

	j->run = gate_user_add;
	if (fault) {
		fault_add(j, fault, "", json_string_value(json_array_get(json_object_get(j->ask->values, "accountjid"), 0)));
		job_fail(j, buf_cstr(&j->faults));
		return;
	}
	with_password(j, "user.add", gate_user_add, true);
}

static void change_user_password(struct job *j)
{
	with_password(j, "user.password", gate_user_password, false);
}

/* ---- the list of administrators ---- */

static json_t *groups_without(const struct person *p, struct str group)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < p->groups_len; i++)
		if (!str_eq(p->groups[i], group))
			json_array_append_new(groups, json_stringn(p->groups[i].data, p->groups[i].len));
	return groups;
}

struct admins {
	struct job *job;
	struct str group;
	const json_t *wanted;
	bool any;
};

static bool is_named(const json_t *jids, struct str jid)
{
	for (size_t i = 0; i < json_array_size(jids); i++)
		if (str_eq(value_at(jids, i), jid))
			return true;
	return false;
}

static bool compare_admin(const struct person *p, void *owner)
{
	struct admins *a = owner;
	bool is = person_in_group(p, a->group), shall = is_named(a->wanted, p->jid);
	json_t *groups;

	a->any |= shall && !p->disabled;
	if (is == shall)
		return true;
	groups = groups_without(p, a->group);
	if (shall)
		json_array_append_new(groups, json_stringn(a->group.data, a->group.len));
	json_array_append_new(a->job->steps, json_pack("{s:s%, s:o}", "jid", p->jid.data, p->jid.len, "groups", groups));
	return true;
}

static bool list_admin(const struct person *p, void *owner)
{
	struct admins *a = owner;

	if (person_in_group(p, a->group))
		shown_add(a->job, "adminjids", p->jid);
	return true;
}

/* As accounts are named: bare and prepared. What is no address stays as it came, and is nobody's. */
static void prepare_admins(struct job *j)
{
	const json_t *jids = json_object_get(j->ask->values, "adminjids");
	json_t *list = jids ? json_array() : NULL;

	for (size_t i = 0; i < json_array_size(jids); i++) {
		struct str text = value_at(jids, i);
		struct jid jid;

		if (!jid_parse(&jid, text, j->ask->parcel->arena))
			text = jid.bare;
		json_array_append_new(list, json_stringn(text.data, text.len));
	}
	if (list)
		json_object_set_new(j->ask->values, "adminjids", list);
}

/* Who is named and is no account; NULL: all are. */
static const char *stranger(struct job *j, const json_t *jids)
{
	for (size_t i = 0; i < json_array_size(jids); i++) {
		const struct person *p = directory_get(j->gate->directory, value_at(jids, i));

		person_unref(p);
		if (!p)
			return json_string_value(json_array_get(jids, i));
	}
	return NULL;
}

/* The list has to leave somebody who can administer. */
static void edit_admin(struct job *j)
{
	struct admins a = {.job = j, .group = j->gate->settings->admin_group};
	const char *unknown;

	prepare_admins(j);
	a.wanted = json_object_get(j->ask->values, "adminjids");
	unknown = stranger(j, a.wanted);
	if (j->ask->prepare) {
		directory_each(j->gate->directory, list_admin, &a);
		job_answer(j, &(struct office_result){.values = json_incref(j->shown)});
		return;
	}
	if (unknown) {
		buf_printf(&j->faults, "User does not exist: %s", unknown);
		job_end(j);
		return;
	}
	directory_each(j->gate->directory, compare_admin, &a);
	j->command = "user.change";
	j->run = gate_user_change;
	if (a.any)
		job_step(j);
	else
		job_fail(j, "nobody would be left who could administer the server");
}

/* Who is logged in, for himself (XEP-0077). */
static void change_own_password(struct job *j)
{
	with_password(j, "user.password", gate_user_password_own, false);
}

static void remove_own_account(struct job *j)
{
	j->command = "user.remove";
	j->run = gate_user_remove;
	step_add(j, form_first(j->ask->values, "accountjid"), true);
	job_step(j);
}

/* ---- the table ---- */

static const struct {
	const char *name;
	void (*run)(struct job *j);
} offices[] = {
		{"add-user", add_user},
		{"delete-user", delete_user},
		{"disable-user", disable_user},
		{"reenable-user", reenable_user},
		{"end-user-session", end_user_session},
		{"change-user-password", change_user_password},
		{"get-user-roster", office_roster},
		{"get-user-lastlogin", office_lastlogin},
		{"user-stats", office_stats},
		{"edit-blacklist", office_blacklist},
		{"edit-whitelist", office_whitelist},
		{"get-registered-users-num", office_count},
		{"get-disabled-users-num", office_count},
		{"get-online-users-num", office_count},
		{"get-active-users-num", office_count},
		{"get-idle-users-num", office_count},
		{"get-registered-users-list", office_list},
		{"get-disabled-users-list", office_list},
		{"get-online-users-list", office_list},
		{"get-active-users", office_list},
		{"get-idle-users", office_list},
		{"announce", office_announce},
		{"set-motd", office_motd},
		{"edit-motd", office_motd},
		{"delete-motd", office_delete_motd},
		{"set-welcome", office_welcome},
		{"delete-welcome", office_delete_welcome},
		{"edit-admin", edit_admin},
		{"restart", office_restart},
		{"shutdown", office_shutdown},
		{"create-account", office_invite},
		{"change-own-password", change_own_password},
		{"remove-own-account", remove_own_account},
};

void gate_office_run(void *owner, struct office_ask *ask)
{
	struct gate *g = owner;
	struct job *j = calloc(1, sizeof(*j));

	if (!j || !g->ready || g->stopping) {
		free(j);
		office_answer(ask, &(struct office_result){.unavailable = true, .note = "Try again in a moment."});
		return;
	}
	j->gate = g;
	j->ask = ask;
	buf_init(&j->faults, NOTE_MAX);
	store_req_init(&j->req, NULL, j);
	j->steps = json_array();
	j->shown = json_object();
	for (size_t i = 0; i < sizeof(offices) / sizeof(offices[0]); i++)
		if (!strcmp(offices[i].name, ask->command->name)) {
			offices[i].run(j);
			return;
		}
	job_fail(j, "this is not offered");
}
