/* Mails on their way out, for administrators: listed, shown, tried again, dropped, and one to see whether it works. */
#include "base/clock.h"
#include "base/log.h"
#include "ipc/control.h"
#include "mail/address.h"
#include "proc/gate.h"
#include "route/post.h"

enum { LIST_PRESET = 100 };

static const char *const state_names[STORE_MAIL_STATES] = {"queued", "sent", "failed", "dropped"};

static json_t *mail_json(const struct store_mail *m)
{
	json_t *v = json_pack("{so so so so so so so so ss sI so}", "id", control_text(m->id), "purpose", control_text(m->purpose), "about",
		control_text(m->about), "stage", control_text(m->stage), "jid", control_text(m->jid), "address", control_text(m->address),
		"language", control_text(m->language), "subject", control_text(m->subject), "state",
		m->state < STORE_MAIL_STATES ? state_names[m->state] : "", "tries", (json_int_t)m->tries, "error",
		control_text(m->error));

	json_object_set_new(v, "created", control_time(m->created_us));
	if (m->state == STORE_MAIL_QUEUED)
		json_object_set_new(v, "due", control_time(m->due_us));
	else
		json_object_set_new(v, "ended", control_time(m->ended_us));
	return v;
}

/* ---- list, show ---- */

static void on_listed(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;
	json_t *list, *answer;

	if (result) {
		gate_request_fail(r, "internal", "the store could not do it", "the gate's log says why");
		return;
	}
	list = json_array();
	for (size_t i = 0; i < req->mails->len && i < r->count; i++)
		json_array_append_new(list, mail_json(&req->mails->rows[i]));
	answer = control_ok();
	json_object_set_new(answer, "mails", list);
	json_object_set_new(answer, "more", json_boolean(req->mails->len > r->count));
	gate_request_done(r, answer);
}

static bool take_state(struct str name, int *out)
{
	for (int i = 0; i < STORE_MAIL_STATES; i++)
		if (str_eq(name, str_from(state_names[i]))) {
			*out = i;
			return true;
		}
	*out = -1;
	return !name.len;
}

void gate_mail_list(struct gate_request *r)
{
	json_int_t limit = json_integer_value(json_object_get(r->args, "limit"));
	int state;

	if (!take_state(control_member(r->args, "state"), &state)) {
		gate_request_fail(r, "bad_request", "there is no such state", "queued, sent, failed or dropped");
		return;
	}
	r->count = limit > 0 && limit <= CONTROL_LIST_MAX ? (size_t)limit : LIST_PRESET;
	r->req.done = on_listed;
	if (store_mail_list(r->gate->store, &r->req, state, control_member(r->args, "before"), r->count + 1))
		gate_request_fail(r, "internal", "out of memory", "");
}

static void not_found(struct gate_request *r)
{
	gate_request_fail(r, "not_found", "there is no such mail", "'gatehouse mail list' shows their ids");
}

static void not_open(struct gate_request *r)
{
	gate_request_fail(r, "not_found", "there is no such mail, or it has been sent", "'gatehouse mail list' shows ids and states");
}

static void on_got(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;
	json_t *answer, *mail;

	if (result == STORE_E_NONE) {
		not_found(r);
		return;
	}
	if (result) {
		gate_request_fail(r, "internal", "the store could not do it", "the gate's log says why");
		return;
	}
	mail = mail_json(&req->mails->rows[0]);
	json_object_set_new(mail, "body", control_text(req->mails->rows[0].body));
	answer = control_ok();
	json_object_set_new(answer, "mail", mail);
	gate_request_done(r, answer);
}

void gate_mail_show(struct gate_request *r)
{
	r->req.done = on_got;
	if (store_mail_get(r->gate->store, &r->req, control_member(r->args, "id")))
		gate_request_fail(r, "internal", "out of memory", "");
}

/* ---- retry, drop ---- */

static void on_changed(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;

	gate_post_changed(r->gate);
	if (result == STORE_E_NONE)
		not_open(r);
	else if (result)
		gate_request_fail(r, "internal", "the store could not do it", "the gate's log says why");
	else
		gate_request_done(r, control_ok());
}

static void change_rows(struct gate_request *r)
{
	bool drop = str_is(str_from(r->command), "mail.drop");
	int (*change)(struct store *s, struct store_req *req, struct str id, uint64_t now_us) = drop ? store_mail_drop
												     : store_mail_open;

	r->req.done = on_changed;
	if (change(r->gate->store, &r->req, control_member(r->args, "id"), clock_utc_us()))
		gate_request_fail(r, "internal", "out of memory", "");
}

static void change(struct gate_request *r)
{
	bool all = json_is_true(json_object_get(r->args, "all"));
	struct str id = control_member(r->args, "id");

	if (all == (id.len != 0))
		gate_request_fail(r, "bad_request", "name a mail by its id, or all of them", "");
	else if (gate_act_add(r, all ? STR("all") : id, STR_NONE))
		gate_act_begin(r, false, change_rows);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

void gate_mail_retry(struct gate_request *r)
{
	change(r);
}

void gate_mail_drop(struct gate_request *r)
{
	change(r);
}

/* ---- a mail to try it ---- */

static void on_posted(void *owner, int result)
{
	struct gate_request *r = owner;

	if (result == POST_FULL)
		gate_request_fail(r, "limit", "as many mails wait as mail.queue_max allows", "'gatehouse mail list' shows them");
	else if (result)
		gate_request_fail(r, "internal", "the store could not do it", "the gate's log says why");
	else
		gate_request_done(r, control_ok());
}

static void post_test(struct gate_request *r)
{
	const struct settings *s = r->gate->settings;
	struct buf body = BUF_INIT(0);
	struct post post = {.purpose = STR("test"), .subject = STR("A mail from your chat server"), .since_us = POST_ALWAYS};
	int code;

	buf_printf(&body, "Gatehouse at %s can send mail through %s.\n\nAn administrator asked for this with 'gatehouse mail test'.\n",
		s->domains.items[0].data, s->mail_server.data);
	post.body = buf_view(&body);
	code = post_to(r->gate->store, s, control_member(r->args, "address"), &post, on_posted, r);
	buf_done(&body);
	if (code)
		gate_request_fail(r, "internal", "out of memory", "");
}

void gate_mail_test(struct gate_request *r)
{
	struct buf plain = BUF_INIT(0);
	struct err err = {.text = ""};
	int code = mail_address_put(&plain, control_member(r->args, "address"), &err);

	buf_done(&plain);
	if (!r->gate->settings->mail_server.len)
		gate_request_fail(r, "refused", "no mail server is set", "set mail.server and mail.from, then 'gatehouse reload'");
	else if (code)
		gate_request_fail(r, "bad_request", err.text[0] ? err.text : "out of memory", "");
	else if (gate_act_add(r, control_member(r->args, "address"), STR_NONE))
		gate_act_begin(r, false, post_test);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}
