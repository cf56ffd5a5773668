#include "route/commands.h"

#include <stdlib.h>

#include "account/directory.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "command/form.h"
#include "route/answer.h"
#include "route/iq.h"
#include "route/office.h"
#include "route/privacy.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static bool is_member(const struct person *p, struct str group)
{
	return group.len && person_in_group(p, group);
}

/* May this account run the command? NULL: may it administer the server? */
static bool may_run(const struct home *h, struct str bare, const struct command *c)
{
	AUTO(person_unrefp) const struct person *p = directory_get(h->route->env.directory, bare);
	bool administers;

	if (c && c->flags & COMMAND_OWN)
		return p && !p->disabled && h->settings->privacy_people_choose.len;
	if (!h->route->env.office || !p || p->disabled)
		return false;
	administers = is_member(p, h->settings->admin_group);
	if (!c || !(c->flags & COMMAND_INVITES))
		return administers;
	return h->settings->invites_enabled && (administers || is_member(p, h->settings->invites_group));
}

/* ---- answers; from any loop ---- */

static void put_begin(struct buf *out, const struct parcel *p, const struct command *c, const char *id, const char *status)
{
	iq_put_result(out, p);
	buf_printf(out, "<command xmlns='http://jabber.org/protocol/commands' node='%s%s'", command_prefix(c), c->name);
	buf_printf(out, " sessionid='%s' status='%s' xml:lang='en'>", id, status);
}

static void put_end(struct buf *out)
{
	buf_lit(out, "</command></iq>");
}

static void answer_form(struct parcel *p, const struct command *c, const char *id, const json_t *values)
{
	struct buf out = BUF_INIT(0);

	put_begin(&out, p, c, id, "executing");
	buf_lit(&out, "<actions execute='complete'><complete/></actions>");
	form_put(&out, c, values);
	put_end(&out);
	answer_text(p, &out);
}

static void answer_canceled(struct parcel *p, const struct command *c, const char *id)
{
	struct buf out = BUF_INIT(0);

	put_begin(&out, p, c, id, "canceled");
	put_end(&out);
	answer_text(p, &out);
}

static void put_note(struct buf *out, const char *note, bool failed)
{
	if (!note)
		return;
	buf_printf(out, "<note type='%s'>", failed ? "error" : "info");
	xml_escape(out, str_from(note));
	buf_lit(out, "</note>");
}

static void answer_completed(struct office_ask *ask, const struct office_result *r)
{
	struct buf out = BUF_INIT(0);

	put_begin(&out, ask->parcel, ask->command, ask->dialog, "completed");
	put_note(&out, r->note, r->failed);
	if (r->values || r->more.len)
		form_put_result(&out, ask->command, r->values, r->more);
	put_end(&out);
	answer_text(ask->parcel, &out);
}

void commands_complete(struct parcel *p, const struct command *c, const char *dialog, const char *note)
{
	struct buf out = BUF_INIT(0);

	put_begin(&out, p, c, dialog, "completed");
	put_note(&out, note, false);
	put_end(&out);
	answer_text(p, &out);
}

static void ask_free(struct office_ask *ask)
{
	json_decref(ask->values);
	parcel_end(ask->parcel);
	free(ask);
}

void office_answer(struct office_ask *ask, struct office_result *r)
{
	if (ask->answered)
		ask->answered(ask, r);
	else if (r->unavailable)
		answer_error_as(ask->parcel, STANZA_INTERNAL_SERVER_ERROR, STANZA_TYPE_WAIT, r->note);
	else if (r->conflict)
		answer_error(ask->parcel, STANZA_CONFLICT, r->note);
	else if (ask->prepare && !r->failed)
		answer_form(ask->parcel, ask->command, ask->dialog, r->values);
	else
		answer_completed(ask, r);
	json_decref(r->values);
	ask_free(ask);
}

/* ---- requests ---- */

static void run_ask(struct task *task)
{
	struct office_ask *ask = container_of(task, struct office_ask, task);
	const struct office *office = ask->parcel->route->env.office;

	office->run(office->owner, ask);
}

void office_post(struct office_ask *ask)
{
	ask->task.run = run_ask;
	loop_post(ask->parcel->route->env.loops->loop[0], &ask->task);
}

/* Takes over the parcel's reference and the values. */
static void ask_office(struct parcel *p, const struct command *c, const char *id, bool prepare, json_t *values)
{
	struct office_ask *ask = malloc(sizeof(*ask));

	if (!ask) {
		json_decref(values);
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		parcel_end(p);
		return;
	}
	*ask = (struct office_ask){
		.parcel = p, .command = c, .prepare = prepare, .values = values};
	memcpy(ask->dialog, id, sizeof(ask->dialog));
	office_post(ask);
}

static void refuse(struct parcel *p, enum dialog_step step, const char *text)
{
	const char *name = dialog_condition(step);
	enum stanza_condition condition = step == DIALOG_E_EXPIRED ? STANZA_NOT_ALLOWED : STANZA_BAD_REQUEST;

	if (name)
		answer_error_app(p, condition, text, str_from(name), NS_COMMANDS);
	else
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, text);
	parcel_end(p);
}

static void begin_own(const struct user *u, struct parcel *p, const struct command *c, const char *id)
{
	struct privacy_form form;
	json_t *values = privacy_values(u);

	privacy_form(u, c, &form);
	answer_form(p, &form.command, id, values);
	json_decref(values);
	parcel_end(p);
}

static void begin(const struct user *u, struct parcel *p, const struct command *c, const char *id)
{
	if (c->flags & COMMAND_OWN) {
		begin_own(u, p, c, id);
	} else if (c->flags & COMMAND_AT_ONCE) {
		ask_office(p, c, id, false, json_object());
	} else if (c->flags & COMMAND_FILLED) {
		ask_office(p, c, id, true, json_object());
	} else {
		answer_form(p, c, id, NULL);
		parcel_end(p);
	}
}

static void submit(struct user *u, struct parcel *p, const struct command *c, const char *id)
{
	struct privacy_form own;
	const struct node *form = node_child(iq_payload(p), STR("x"), NS_DATA_FORMS);
	const char *fault = "the form is missing";
	json_t *values;

	if (c->flags & COMMAND_OWN)
		privacy_form(u, c, &own);
	values = form ? form_take(c->flags & COMMAND_OWN ? &own.command : c, form, p->arena, &fault) : NULL;
	if (!values) {
		refuse(p, DIALOG_E_BAD_PAYLOAD, fault);
		return;
	}
	dialog_end(&u->home->dialogs, str_from(id));
	if (c->flags & COMMAND_OWN)
		privacy_choose(u, p, c, id, values);
	else
		ask_office(p, c, id, false, values);
}

static void take(struct user *u, struct parcel *p, const struct command *c)
{
	struct home *h = u->home;
	const struct node *n = iq_payload(p);
	struct str own_lang = node_attr_ns(n, STR("lang"), NS_XML);
	struct dialog_request rq = {
		.command = c,
		.who = p->origin->jid.full,
		.session = node_attr(n, STR("sessionid")),
		.action = node_attr(n, STR("action")),
		.lang = own_lang.data ? own_lang : node_attr_ns(p->stanza, STR("lang"), NS_XML),
		.now = loop_seconds(h->loop),
	};
	char id[DIALOG_ID + 1];
	enum dialog_step step = dialog_take(&h->dialogs, &rq, id);

	switch (step) {
	case DIALOG_BEGIN:
		begin(u, p, c, id);
		break;
	case DIALOG_SUBMIT:
		submit(u, p, c, id);
		break;
	case DIALOG_CANCEL:
		answer_canceled(p, c, id);
		parcel_end(p);
		break;
	default:
		refuse(p, step, NULL);
	}
}

void commands_iq(struct session *s, struct parcel *p)
{
	struct home *h = s->user->home;
	struct str node = node_attr(iq_payload(p), STR("node"));
	const struct command *c = command_find(node);
	bool ours = str_starts(node, STR(COMMAND_PREFIX)) || str_starts(node, STR(COMMAND_PREFIX_INVITE)) ||
		str_starts(node, STR(COMMAND_PREFIX_OWN));
	bool may = ours && may_run(h, s->user->bare, c);

	if (may && c) {
		take(s->user, p, c);
		return;
	}
	if (!node.data)
		answer_error(p, STANZA_BAD_REQUEST, "A command has a node.");
	else if (!ours)
		answer_error(p, STANZA_ITEM_NOT_FOUND, NULL);
	else if (!may)
		answer_error(p, STANZA_FORBIDDEN, NULL);
	else
		answer_error(p, STANZA_FEATURE_NOT_IMPLEMENTED, NULL);
	parcel_end(p);
}

/* ---- discovery ---- */

bool commands_are_there(const struct home *h, struct str bare)
{
	const struct command *c;
	bool any = false;

	for (size_t i = 0; (c = command_at(i)) && !any; i++)
		any = may_run(h, bare, c);
	return any;
}

bool commands_put_items(struct buf *out, const struct home *h, const struct parcel *p, struct str node)
{
	const struct command *c;

	if (!str_eq(node, NS_COMMANDS))
		return false;
	for (size_t i = 0; (c = command_at(i)); i++) {
		if (!may_run(h, p->origin->jid.bare, c))
			continue;
		buf_lit(out, "<item jid='");
		xml_escape(out, p->has_to ? p->to.full : p->origin->jid.bare);
		buf_printf(out, "' node='%s%s' name='%s'/>", command_prefix(c), c->name, c->title);
	}
	return true;
}

enum stanza_condition commands_put_info(struct buf *out, const struct home *h, const struct parcel *p, struct str node)
{
	const struct command *c = command_find(node);

	if (str_eq(node, NS_COMMANDS)) {
		buf_lit(out, "<identity category='automation' type='command-list' name='Commands'/>"
			     "<feature var='http://jabber.org/protocol/disco#info'/>"
			     "<feature var='http://jabber.org/protocol/disco#items'/>");
		return STANZA_CONDITIONS;
	}
	if (!c)
		return STANZA_ITEM_NOT_FOUND;
	if (!may_run(h, p->origin->jid.bare, c))
		return STANZA_FORBIDDEN;
	buf_printf(out, "<identity category='automation' type='command-node' name='%s'/>", c->title);
	buf_lit(out, "<feature var='http://jabber.org/protocol/commands'/><feature var='jabber:x:data'/>");
	return STANZA_CONDITIONS;
}
