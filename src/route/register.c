#include "route/register.h"

#include <stdlib.h>

#include "account/directory.h"
#include "account/verifier.h"
#include "route/answer.h"
#include "route/iq.h"
#include "route/office.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static void refuse(struct parcel *p, enum stanza_condition condition, const char *text)
{
	answer_error(p, condition, text);
	parcel_end(p);
}

void register_get(struct session *s, struct parcel *p)
{
	const struct settings *settings = s->user->home->settings;
	struct buf text = BUF_INIT(0);

	if (!settings->sasl_change_password && !settings->sasl_remove_account) {
		refuse(p, STANZA_SERVICE_UNAVAILABLE, NULL);
		return;
	}
	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='jabber:iq:register'><registered/><username>");
	xml_escape(&text, p->origin->jid.local);
	buf_lit(&text, "</username><password/></query></iq>");
	answer_text(p, &text);
	parcel_end(p);
}

/* ---- a new password ---- */

/* What the client names as its account, in a form or without one. */
static struct str username(const struct parcel *p)
{
	const struct node *query = iq_payload(p), *form = node_child(query, STR("x"), NS_DATA_FORMS);
	const struct node *n = node_child(query, STR("username"), NS_REGISTER);

	for (const struct node *f = form ? node_first_element(form) : NULL; !n && f; f = node_next_element(f))
		if (str_is(node_attr(f, STR("var")), "username"))
			n = node_child(f, STR("value"), NS_DATA_FORMS);
	return n ? node_text(n, p->arena) : STR_NONE;
}

/* Prepared as at a login: whoever may write his name in capitals there may do so here. */
static bool is_own_name(const struct parcel *p, struct str name)
{
	struct str text = arena_printf(p->arena, "%.*s@%.*s", STR_FMT(name), STR_FMT(p->origin->jid.domain));
	struct jid jid;

	return text.data && jid_parse(&jid, text, p->arena) == 0 && str_eq(jid.full, p->origin->jid.bare);
}

static bool removes(const struct parcel *p)
{
	return node_child(iq_payload(p), STR("remove"), NS_REGISTER) != NULL;
}

/* Why not; STANZA_CONDITIONS: nothing stands against it. */
static enum stanza_condition fault_of(const struct session *s, const struct parcel *p, const char **out_text)
{
	struct str password = parcel_secret(p, "password"), name = username(p);
	int outcome;

	*out_text = NULL;
	if (removes(p)) {
		bool alone = !node_next_element(node_first_element(iq_payload(p)));

		if (!alone)
			return STANZA_BAD_REQUEST;
		if (s->user->home->settings->sasl_remove_account)
			return STANZA_CONDITIONS;
		*out_text = "Accounts are removed by the administrator.";
		return STANZA_NOT_ALLOWED;
	}
	if (!s->user->home->settings->sasl_change_password) {
		*out_text = "Passwords are changed by the administrator.";
		return STANZA_NOT_ALLOWED;
	}
	if (s->origin->tls.len == 0)
		return STANZA_NOT_AUTHORIZED;
	if (name.len == 0 || password.len == 0)
		return STANZA_BAD_REQUEST;
	if (!is_own_name(p, name)) {
		*out_text = "Accounts are made by the administrator.";
		return STANZA_NOT_ALLOWED;
	}
	outcome = verifier_policy(password, p->origin->jid.bare, s->user->home->settings->sasl_password_min);
	if (outcome == 0)
		return STANZA_CONDITIONS;
	*out_text = outcome > 0 ? verifier_text(outcome) : NULL;
	return STANZA_NOT_ACCEPTABLE;
}

static void on_answered(struct office_ask *ask, struct office_result *r)
{
	if (r->unavailable)
		answer_error(ask->parcel, STANZA_RESOURCE_CONSTRAINT, r->note);
	else if (r->failed)
		answer_error(ask->parcel, STANZA_INTERNAL_SERVER_ERROR, NULL);
	else
		answer_result(ask->parcel);
}

static const struct command change = {.name = "change-own-password"}, removal = {.name = "remove-own-account"};

void register_set(struct session *s, struct parcel *p)
{
	const char *text;
	enum stanza_condition condition = fault_of(s, p, &text);
	struct office_ask *ask;
	json_t *values;

	if (condition != STANZA_CONDITIONS) {
		refuse(p, condition, text);
		return;
	}
	ask = calloc(1, sizeof(*ask));
	values = json_pack("{s:[s%]}", "accountjid", p->origin->jid.bare.data, p->origin->jid.bare.len);
	if (!ask || !values) {
		free(ask);
		json_decref(values);
		refuse(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		return;
	}
	ask->parcel = p;
	ask->command = removes(p) ? &removal : &change;
	ask->values = values;
	ask->answered = on_answered;
	office_post(ask);
}
