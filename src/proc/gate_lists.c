/* The lists of who may exchange anything with people here (rule/barrier.h), as administrators edit them with their clients
 * (XEP-0133 4.11, 4.12). They are kept in the store; a change has its line in the record first, which names the form by its
 * id, and is answered when every loop goes by it. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "conf/service.h"
#include "ipc/control.h"
#include "proc/gate_office.h"

/* ---- at the start ---- */

static void no_answer(struct store_req *req, int result)
{
	(void)req;
	(void)result;
}

static int put_in_force(struct gate *g, const struct str lists[BARRIER_LISTS])
{
	struct policy_set *policy;
	struct barrier *barrier;
	int r = barrier_new(&barrier, lists);

	if (r)
		return r;
	policy = policy_set_with(g->policy, barrier, g->lockdown);
	if (!policy) {
		barrier_unref(barrier);
		return -ENOMEM;
	}
	barrier_unref(g->barrier);
	g->barrier = barrier;
	if (g->route) {
		gate_put_policy(g, policy);
	} else { /* nobody has it yet */
		policy_set_unref(g->policy);
		g->policy = policy;
	}
	return 0;
}

int gate_lists_open(struct gate *g, struct err *err)
{
	struct str lists[BARRIER_LISTS] = {};
	struct store_req req;
	int r;

	store_req_init(&req, no_answer, NULL);
	r = store_notice_all(g->store, &req);
	if (r == 0)
		r = store_wait(&req);
	for (size_t i = 0; r == 0 && i < req.notices->len; i++)
		for (int n = 0; n < BARRIER_LISTS; n++)
			if (str_eq(req.notices->rows[i].name, str_from(barrier_names[n])))
				lists[n] = req.notices->rows[i].text;
	if (r == 0)
		r = put_in_force(g, lists);
	store_req_release(&req);
	return r ? err_set(err, r < 0 ? r : -EIO, "the lists of the store cannot be read") : 0;
}

/* ---- a change ---- */

struct change {
	struct gate *gate;
	struct gate_request *request;
	struct store_req req;
	struct gate_taken taken;
};

static void change_end(struct change *c)
{
	store_req_release(&c->req);
	free(c);
}

static void on_taken(void *owner)
{
	struct change *c = owner;

	gate_request_done(c->request, control_ok());
	change_end(c);
}

static enum barrier_list list_of(const struct job *j)
{
	return strcmp(j->ask->command->name, "edit-blacklist") ? BARRIER_WHITE : BARRIER_BLACK;
}

/* The policy and the other list may have been others when this began. */
static int enforce(struct gate *g, const struct job *j)
{
	struct str lists[BARRIER_LISTS];

	for (int i = 0; i < BARRIER_LISTS; i++)
		lists[i] = barrier_text(g->barrier, (enum barrier_list)i);
	lists[list_of(j)] = buf_view(&j->text);
	return put_in_force(g, lists);
}

static void on_kept(struct store_req *req, int result)
{
	struct change *c = req->owner;
	struct gate *g = c->gate;

	if (result || enforce(g, c->request->replied)) {
		gate_request_fail(c->request, "internal", "the store could not keep it", "the gate's log says why");
		change_end(c);
		return;
	}
	log_info("%s: done", c->request->command);
	gate_when_taken(g, &c->taken, on_taken, c);
}

static int keep(struct change *c, struct job *j)
{
	const struct receipt *receipt = j->ask->parcel->receipt;
	struct store_notice row = {.name = str_from(barrier_names[list_of(j)]), .text = buf_view(&j->text)};

	if (!row.text.len)
		return store_notice_delete(c->gate->store, &c->req, row.name);
	row.id = receipt_id(receipt);
	row.seq = receipt_seq(receipt);
	row.utc_us = receipt_time_us(receipt);
	return store_notice_put(c->gate->store, &c->req, &row);
}

static void changed(struct gate_request *r)
{
	struct job *j = r->replied;
	struct change *c = calloc(1, sizeof(*c));

	if (c) {
		c->gate = r->gate;
		c->request = r;
		store_req_init(&c->req, on_kept, c);
		if (keep(c, j) == 0)
			return;
		change_end(c);
	}
	gate_request_fail(r, "internal", "out of memory", "");
}

static void run_edit(struct gate_request *r)
{
	struct job *j = r->replied;

	if (gate_act_add(r, STR_NONE, str_from(j->ask->parcel->record_id)))
		gate_act_begin(r, false, changed);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

/* ---- the form ---- */

/* A list that names the server itself, or the rooms, would say something that is not done. */
static const char *take_entry(struct job *j, struct str text)
{
	const struct settings *settings = j->gate->settings;
	struct jid jid;

	if (jid_parse(&jid, text, j->ask->parcel->arena))
		return "Please provide a valid JID: ";
	if (settings_is_rooms(settings, jid.domain) || (jid_is_domain(&jid) && settings_is_ours(settings, jid.domain)))
		return "This is the server's own address: ";
	if (j->text.len)
		buf_putc(&j->text, '\n');
	buf_str(&j->text, jid.full);
	return NULL;
}

static void show(struct job *j, const char *var)
{
	struct str text = barrier_text(j->gate->barrier, list_of(j));

	for (size_t from = 0, to; from < text.len; from = to + 1) {
		to = str_find(text, '\n', from);
		shown_add(j, var, str_cut(text, from, to));
	}
	job_answer(j, &(struct office_result){.values = json_incref(j->shown)});
}

static void edit(struct job *j, const char *var)
{
	const json_t *entries = json_object_get(j->ask->values, var);
	const char *fault = NULL;

	if (j->ask->prepare) {
		show(j, var);
		return;
	}
	for (size_t i = 0; i < json_array_size(entries) && !fault; i++) {
		fault = take_entry(j, value_at(entries, i));
		if (fault)
			buf_printf(&j->faults, "%s%.*s", fault, STR_FMT(value_at(entries, i)));
	}
	if (fault || buf_failed(&j->text)) {
		job_fail(j, fault ? buf_cstr(&j->faults) : "memory is out");
		return;
	}
	j->command = j->ask->command->name;
	j->run = run_edit;
	json_array_append_new(j->steps, json_object());
	job_step(j);
}

void office_blacklist(struct job *j)
{
	edit(j, "blacklistjids");
}

void office_whitelist(struct job *j)
{
	edit(j, "whitelistjids");
}
