#include "route/iq.h"

#include "route/answer.h"
#include "route/blocking.h"
#include "route/carbons.h"
#include "route/commands.h"
#include "route/components.h"
#include "route/deliver.h"
#include "route/devices.h"
#include "route/directed.h"
#include "route/disco.h"
#include "route/flood.h"
#include "route/history_prefs.h"
#include "route/history_query.h"
#include "route/last.h"
#include "route/interest.h"
#include "route/probation.h"
#include "route/pep.h"
#include "route/private.h"
#include "route/register.h"
#include "route/roster.h"
#include "route/search.h"
#include "route/sight.h"
#include "route/vcard.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

#ifndef GATEHOUSE_VERSION
#define GATEHOUSE_VERSION "0.1.0"
#endif

enum target {
	TO_OWN = 1, /* no address, or the sender's own bare one */
	TO_SERVER = 2,
};

struct handler {
	struct str ns, name;
	bool set;
	unsigned targets;
	void (*run)(struct session *s, struct parcel *p); /* takes over the parcel's reference */
};

void iq_put_result(struct buf *b, const struct parcel *p)
{
	buf_lit(b, "<iq type='result' id='");
	xml_escape(b, p->id);
	if (p->has_to) {
		buf_lit(b, "' from='");
		xml_escape(b, p->to.full);
	}
	buf_lit(b, "' to='");
	xml_escape(b, p->origin->jid.full);
	buf_lit(b, "'>");
}

static void iq_result(struct session *s, struct parcel *p)
{
	(void)s;
	answer_result(p);
	parcel_end(p);
}

/* XEP-0092. The operating system is nobody's business. */
void iq_version_answer(struct parcel *p)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='jabber:iq:version'><name>Gatehouse</name><version>" GATEHOUSE_VERSION
		       "</version></query></iq>");
	answer_text(p, &text);
	parcel_end(p);
}

static void iq_version(struct session *s, struct parcel *p)
{
	(void)s;
	iq_version_answer(p);
}

static void iq_carbons_on(struct session *s, struct parcel *p)
{
	carbons_set(s, true);
	iq_result(s, p);
}

static void iq_carbons_off(struct session *s, struct parcel *p)
{
	carbons_set(s, false);
	iq_result(s, p);
}

static void iq_nodes(struct session *s, struct parcel *p)
{
	pep_request(s->user, p);
}

static const struct handler handlers[] = {
	{NS_PING, STR("ping"), false, TO_OWN | TO_SERVER, iq_result},
	{NS_ROSTER, STR("query"), false, TO_OWN, roster_get},
	{NS_ROSTER, STR("query"), true, TO_OWN, roster_set},
	{NS_DISCO_INFO, STR("query"), false, TO_OWN, disco_info_own},
	{NS_DISCO_INFO, STR("query"), false, TO_SERVER, disco_info_server},
	{NS_DISCO_ITEMS, STR("query"), false, TO_OWN, disco_items_own},
	{NS_DISCO_ITEMS, STR("query"), false, TO_SERVER, disco_items_server},
	{NS_VERSION, STR("query"), false, TO_OWN | TO_SERVER, iq_version},
	{NS_LAST, STR("query"), false, TO_OWN, last_own},
	{NS_LAST, STR("query"), false, TO_SERVER, last_server},
	{NS_TIME, STR("time"), false, TO_OWN | TO_SERVER, last_time},
	{NS_SEARCH, STR("query"), false, TO_SERVER, search_fields},
	{NS_SEARCH, STR("query"), true, TO_SERVER, search_ask},
	{NS_REGISTER, STR("query"), false, TO_OWN | TO_SERVER, register_get},
	{NS_REGISTER, STR("query"), true, TO_OWN | TO_SERVER, register_set},
	{NS_CARBONS, STR("enable"), true, TO_OWN | TO_SERVER, iq_carbons_on},
	{NS_CARBONS, STR("disable"), true, TO_OWN | TO_SERVER, iq_carbons_off},
	{NS_COMMANDS, STR("command"), true, TO_OWN | TO_SERVER, commands_iq},
	{NS_MAM, STR("query"), true, TO_OWN, history_query},
	{NS_MAM, STR("query"), false, TO_OWN, history_fields},
	{NS_MAM, STR("metadata"), false, TO_OWN, history_metadata},
	{NS_MAM, STR("prefs"), false, TO_OWN, history_prefs_get},
	{NS_MAM, STR("prefs"), true, TO_OWN, history_prefs_set},
	{NS_PUBSUB, STR("pubsub"), false, TO_OWN, iq_nodes},
	{NS_PUBSUB, STR("pubsub"), true, TO_OWN, iq_nodes},
	{NS_PUBSUB_OWNER, STR("pubsub"), false, TO_OWN, iq_nodes},
	{NS_PUBSUB_OWNER, STR("pubsub"), true, TO_OWN, iq_nodes},
	{NS_CAM, STR("list"), false, TO_OWN, devices_list},
	{NS_CAM, STR("revoke"), true, TO_OWN, devices_revoke},
	{NS_PRIVATE, STR("query"), false, TO_OWN, private_get},
	{NS_PRIVATE, STR("query"), true, TO_OWN, private_set},
	{NS_VCARD, STR("vCard"), false, TO_OWN, vcard_get_own},
	{NS_VCARD, STR("vCard"), true, TO_OWN, vcard_set},
	{NS_VCARD, STR("vCard"), false, TO_SERVER, vcard_get_server},
	{NS_BLOCKING, STR("blocklist"), false, TO_OWN | TO_SERVER, blocking_get},
	{NS_BLOCKING, STR("block"), true, TO_OWN | TO_SERVER, blocking_block},
	{NS_BLOCKING, STR("unblock"), true, TO_OWN | TO_SERVER, blocking_unblock},
};

static void iq_refuse(struct parcel *p, enum stanza_condition condition)
{
	answer_error(p, condition, NULL);
	parcel_end(p);
}

/* To the server or the sender's own account. An answer to a request of ours needs nothing done. */
static void iq_handle(struct user *u, struct parcel *p, enum target target)
{
	struct session *s = session_by_origin(u, p->origin);
	const struct node *payload = iq_payload(p);
	bool set = str_is(p->type, "set");

	if (!s || !iq_is_request(p) || !payload) {
		if (s) {
			interest_answer(s, p);
			probation_answer(s, p);
		}
		parcel_end(p);
		return;
	}
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		const struct handler *h = &handlers[i];

		if ((h->targets & target) && h->set == set && node_is(payload, h->name, h->ns)) {
			h->run(s, p);
			return;
		}
	}
	iq_refuse(p, STANZA_SERVICE_UNAVAILABLE);
}

/* ---- to somebody else ---- */

/* RFC 6121 8.5.3.1: a request reaches only a resource that has shown itself to the one who asks. Who has entered a
 * component's room has shown himself to all that speaks through the component. */
static bool shares_presence(const struct session *s, const struct parcel *p)
{
	const struct jid *who = &p->origin->jid;

	return str_eq(who->bare, s->user->bare) || (user_state(s->user, who->bare) & SUB_FROM) ||
	       directed_knows(s, who) || (!p->origin->person && directed_knows_domain(s, who->domain));
}

static void iq_hand_over(struct session *s, struct parcel *p)
{
	struct goods g = {.hold = p->hold, .note = true, .request = iq_is_request(p) ? p : NULL};
	const struct receipt *receipt = p->receipt;

	if (p->class == CLASS_SIGNAL)
		receipt = record_signal(s->user->home->record, SIGNAL_PING);
	xml_put(&s->user->home->scratch, p->stanza, NS_CLIENT);
	g.blob = blob_of_scratch(s->user->home);
	if (g.blob)
		deliver(s, &g, receipt);
	blob_unref(g.blob);
	parcel_end(p);
}

/* What only the account itself may ask for or change; of nobody's account the same is said. */
bool iq_is_owners(const struct node *payload)
{
	return node_is(payload, STR("query"), NS_ROSTER) || str_eq(payload->ns, NS_MAM) ||
	       str_eq(payload->ns, NS_PRIVATE) || str_eq(payload->ns, NS_CAM) || node_is(payload, STR("vCard"), NS_VCARD);
}

bool iq_may_know(const struct user *u, const struct parcel *p)
{
	struct str who = p->origin->jid.bare;

	return (user_state(u, who) & SUB_FROM) && may_see(u->home, who, u->bare);
}

/* 8.5.2.1.3: the server answers for the account. The answer is an IQ of the account's: where a wall stops those, there is nobody. */
static void iq_on_behalf(struct user *u, struct parcel *p)
{
	const struct node *payload = iq_payload(p);
	bool get = str_is(p->type, "get");

	if (!payload || !iq_is_request(p))
		parcel_end(p);
	else if (!sight_is_open(u->home, u->bare, p->origin->jid.bare, WALL_IQ))
		disco_nobody(p);
	else if (get && node_is(payload, STR("query"), NS_DISCO_INFO))
		disco_info_other(u, p);
	else if (get && node_is(payload, STR("query"), NS_DISCO_ITEMS))
		disco_items_other(u, p);
	else if (get && node_is(payload, STR("ping"), NS_PING) && iq_may_know(u, p))
		iq_result(NULL, p);
	else if (last_is_asked(p))
		last_other(u, p);
	else if (get && node_is(payload, STR("vCard"), NS_VCARD))
		vcard_get(u, p);
	else if (str_eq(payload->ns, NS_PUBSUB) || str_eq(payload->ns, NS_PUBSUB_OWNER))
		pep_request(u, p);
	else
		iq_refuse(p, iq_is_owners(payload) ? STANZA_FORBIDDEN : STANZA_SERVICE_UNAVAILABLE);
}

static void run_arrive(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = p->user;
	struct session *s;

	if (user_blocks(u, &p->origin->jid)) {
		iq_refuse(p, STANZA_SERVICE_UNAVAILABLE);
		return;
	}
	if (jid_is_bare(&p->to)) {
		iq_on_behalf(u, p);
		return;
	}
	if (last_is_asked(p) && !last_is_open(u, p)) { /* XEP-0012 section 4 */
		iq_refuse(p, STANZA_FORBIDDEN);
		return;
	}
	if (iq_is_request(p) && flood_stops(u, p)) {
		parcel_end(p);
		return;
	}
	s = session_by_resource(u, p->to.resource);
	if (!s || !session_may_get(s, &p->origin->jid) || (iq_is_request(p) && !shares_presence(s, p)))
		iq_refuse(p, STANZA_SERVICE_UNAVAILABLE);
	else
		iq_hand_over(s, p);
}

static void run_receive(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = user_of_account(home_here(p->route), p->to.bare, p->to_hash);

	if (u) {
		p->user = u;
		task->run = run_arrive;
		user_when_ready(u, task);
	} else if (jid_is_bare(&p->to) && iq_is_request(p) && iq_payload(p)) {
		disco_nobody(p);
	} else {
		iq_refuse(p, last_is_asked(p) ? STANZA_FORBIDDEN : STANZA_SERVICE_UNAVAILABLE);
	}
}

void iq_pass(struct parcel *p)
{
	parcel_pass(p, home_of(p->route, p->to.bare), run_receive);
}

void iq_send(struct user *u, struct parcel *p)
{
	if (!p->has_to || str_eq(p->to.full, u->bare)) {
		iq_handle(u, p, TO_OWN);
	} else if (user_blocks(u, &p->to)) {
		answer_blocked_by_self(p);
		parcel_end(p);
	} else if (components_has(p->route, p->to.domain)) {
		components_pass(p);
	} else if (!home_is_ours(u->home, p->to.domain)) {
		iq_refuse(p, STANZA_REMOTE_SERVER_NOT_FOUND);
	} else if (!jid_is_domain(&p->to)) {
		iq_pass(p);
	} else if (p->to.resource.len) {
		iq_refuse(p, STANZA_SERVICE_UNAVAILABLE);
	} else {
		iq_handle(u, p, TO_SERVER);
	}
}
