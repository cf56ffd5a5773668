/* What administrators ask for with their clients (XEP-0133). The acts are those of the control socket, one request for
 * each account named; this file turns forms into such requests and their answers into what a client shows. Passwords
 * become verifiers on a worker thread and are forgotten there. */
#include <stdlib.h>
#include <string.h>

#include "account/verifier.h"
#include "base/log.h"
#include "command/form.h"
#include "ipc/control.h"
#include "proc/gate.h"
#include "route/office.h"

enum { NOTE_MAX = 1024 };

/* One ask, while it is being worked on. */
struct job {
	struct gate *gate;
	struct office_ask *ask;
	const char *command;                 /* of the control socket */
	void (*run)(struct gate_request *r); /* does it for one account */
	size_t next;                         /* of the accounts named */
	struct buf faults;                   /* a line for each account it was not done for */
	bool exists, unavailable;
	uv_work_t work;
	char password[PASSWORD_MAX + 2];
	size_t password_len;
	uint32_t iterations;
	int made;
	struct store_verifier verifiers[STORE_VERIFIER_KINDS];
	bool has_verifiers;
};

static void job_answer(struct job *j, struct office_result *result)
{
	office_answer(j->ask, result);
	verifier_wipe(j->verifiers, STORE_VERIFIER_KINDS);
	buf_done(&j->faults);
	free(j);
}

static void job_fail(struct job *j, const char *note)
{
	job_answer(j, &(struct office_result){.failed = true, .note = note});
}

/* ---- one request for each account ---- */

static void job_step(struct job *j);

static void job_end(struct job *j)
{
	struct office_result result = {.note = buf_cstr(&j->faults), .failed = j->faults.len > 0};

	result.conflict = j->exists;
	result.unavailable = j->unavailable;
	if (!result.failed)
		result.note = NULL;
	job_answer(j, &result);
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
		buf_printf(&j->faults, "%s: %s", json_string_value(json_object_get(r->args, "jid")), text);
	}
	json_decref(answer);
	job_step(j);
}

/* The request as the control socket would have brought it; `by` is who asks, as the login proved it. */
static struct gate_request *job_request(struct job *j, json_t *args)
{
	const struct origin *o = j->ask->parcel->origin;
	json_t *root = json_pack("{s:{s:s%, s:s%}, s:o}", "by", "name", o->jid.bare.data, o->jid.bare.len, "person",
			o->person->id.data, o->person->id.len, "args", args);
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

/* The n-th account named, as the request wants it. */
static json_t *job_args(const struct job *j, json_t *jid)
{
	struct str text = str_of(json_string_value(jid), json_string_length(jid));
	bool whole = strcmp(j->command, "session.close") == 0;

	if (!whole)
		text = str_cut(text, 0, str_find(text, '/', 0));
	return json_pack("{s:s%}", "jid", text.data, text.len);
}

static void job_step(struct job *j)
{
	json_t *jid = json_array_get(json_object_get(j->ask->values, "accountjids"), j->next++);
	json_t *args = jid ? job_args(j, jid) : NULL;
	struct gate_request *r = args ? job_request(j, args) : NULL;

	if (!jid)
		job_end(j);
	else if (!r)
		job_fail(j, "memory is out");
	else
		j->run(r);
}

/* ---- the commands ---- */

static void each_account(struct job *j, const char *command, void (*run)(struct gate_request *r))
{
	j->command = command;
	j->run = run;
	job_step(j);
}

static void delete_user(struct job *j)
{
	each_account(j, "user.remove", gate_user_remove);
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
		j->run(r);
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
		return "the two passwords are not the same";
	outcome = verifier_policy(password, form_first(j->ask->values, "accountjid"));
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

static void add_user(struct job *j)
{
	with_password(j, "user.add", gate_user_add, true);
}

/* ---- the table ---- */

static const struct {
	const char *name;
	void (*run)(struct job *j);
} offices[] = {
		{"add-user", add_user},
		{"delete-user", delete_user},
		{"end-user-session", end_user_session},
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
	for (size_t i = 0; i < sizeof(offices) / sizeof(offices[0]); i++)
		if (!strcmp(offices[i].name, ask->command->name)) {
			offices[i].run(j);
			return;
		}
	job_fail(j, "this is not offered");
}
