#include "route/disco.h"

#include "route/answer.h"
#include "route/commands.h"
#include "route/components.h"
#include "route/iq.h"
#include "route/last.h"
#include "route/rooms.h"
#include "route/sight.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

/* A feature stands here in the change that brings it; tests compare the lists. */
static const char *const server_features[] = {
	"http://jabber.org/protocol/commands",
	"http://jabber.org/protocol/disco#info",
	"http://jabber.org/protocol/disco#items",
	"jabber:iq:last",
	"jabber:iq:roster",
	"jabber:iq:version",
	"msgoffline",
	"urn:xmpp:blocking",
	"urn:xmpp:carbons:2",
	"urn:xmpp:ping",
	"urn:xmpp:sid:0",
	"urn:xmpp:time",
	"vcard-temp",
	NULL,
};

static const char *const account_features[] = {
	"http://jabber.org/protocol/disco#info",
	"http://jabber.org/protocol/disco#items",
	"jabber:iq:last",
	"jabber:iq:private",
	"urn:xmpp:ping",
	"urn:xmpp:sid:0",
	"vcard-temp",
	NULL,
};

/* Of accounts, where history is kept. */
static const char *const archive_features[] = {
	"urn:xmpp:mam:2",
	"urn:xmpp:mam:2#extended",
	"urn:xmpp:mam:2#groupchat-field",
	"urn:xmpp:message-retract:1",
	"urn:xmpp:message-retract:1#tombstone",
	NULL,
};

static const char *const no_features[] = {NULL};

static struct str wanted_node(const struct parcel *p)
{
	return node_attr(iq_payload(p), STR("node"));
}

static void refuse(struct parcel *p, enum stanza_condition condition)
{
	answer_error(p, condition, NULL);
	parcel_end(p);
}

static void answer_end(struct parcel *p, struct buf *text)
{
	answer_text(p, text);
	parcel_end(p);
}

static void put_features(struct buf *text, const char *const *features)
{
	for (; *features; features++)
		buf_printf(text, "<feature var='%s'/>", *features);
}

/* ---- contacts (XEP-0157) ---- */

static void contact_put(struct buf *text, const char *name, const struct settings_strings *addresses)
{
	if (addresses->len == 0)
		return;
	buf_printf(text, "<field var='%s-addresses' type='list-multi'>", name);
	for (size_t i = 0; i < addresses->len; i++) {
		buf_lit(text, "<value>");
		xml_escape(text, addresses->items[i]);
		buf_lit(text, "</value>");
	}
	buf_lit(text, "</field>");
}

/* The form, unless nobody is named. */
static void contacts_put(struct buf *text, const struct settings *s)
{
	struct buf fields = BUF_INIT(0);

	contact_put(&fields, "abuse", &s->contact_abuse);
	contact_put(&fields, "admin", &s->contact_admin);
	contact_put(&fields, "feedback", &s->contact_feedback);
	contact_put(&fields, "security", &s->contact_security);
	contact_put(&fields, "status", &s->contact_status);
	contact_put(&fields, "support", &s->contact_support);
	if (fields.len) {
		buf_lit(text, "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>"
			      "<value>http://jabber.org/network/serverinfo</value></field>");
		buf_str(text, buf_view(&fields));
		buf_lit(text, "</x>");
	}
	buf_done(&fields);
}

/* ---- answers ---- */

/* `contacts` NULL: none are named. */
static void answer_info(struct parcel *p, const char *identity, const char *const *features,
	const char *const *more, const struct settings *contacts)
{
	struct buf text = BUF_INIT(0);

	if (wanted_node(p).len) {
		refuse(p, STANZA_ITEM_NOT_FOUND);
		return;
	}
	iq_put_result(&text, p);
	buf_printf(&text, "<query xmlns='http://jabber.org/protocol/disco#info'><identity %s/>", identity);
	put_features(&text, features);
	put_features(&text, more);
	if (contacts)
		contacts_put(&text, contacts);
	buf_lit(&text, "</query></iq>");
	answer_end(p, &text);
}

static void answer_account(const struct home *h, struct parcel *p)
{
	answer_info(p, "category='account' type='registered'", account_features,
		h->settings->history_enabled ? archive_features : no_features, NULL);
}

static void answer_no_items(struct parcel *p)
{
	struct buf text = BUF_INIT(0);
	struct str node = wanted_node(p);

	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='http://jabber.org/protocol/disco#items'");
	if (node.len) {
		buf_lit(&text, " node='");
		xml_escape(&text, node);
		buf_putc(&text, '\'');
	}
	buf_lit(&text, "/></iq>");
	answer_end(p, &text);
}

/* Of the nodes there are: those of commands, at the server and at one's own account. */
static void answer_node_info(const struct home *h, struct parcel *p)
{
	struct buf text = BUF_INIT(0);
	enum stanza_condition fault;

	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='http://jabber.org/protocol/disco#info' node='");
	xml_escape(&text, wanted_node(p));
	buf_lit(&text, "'>");
	fault = commands_put_info(&text, h, p, wanted_node(p));
	buf_lit(&text, "</query></iq>");
	if (fault == STANZA_CONDITIONS) {
		answer_end(p, &text);
		return;
	}
	buf_done(&text);
	refuse(p, fault);
}

static void answer_node_items(const struct home *h, struct parcel *p)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='http://jabber.org/protocol/disco#items' node='");
	xml_escape(&text, wanted_node(p));
	buf_lit(&text, "'>");
	if (commands_put_items(&text, h, p, wanted_node(p))) {
		buf_lit(&text, "</query></iq>");
		answer_end(p, &text);
		return;
	}
	buf_done(&text);
	refuse(p, STANZA_ITEM_NOT_FOUND);
}

void disco_info_for(struct home *h, struct parcel *p)
{
	if (wanted_node(p).len) {
		answer_node_info(h, p);
		return;
	}
	answer_info(p, "category='server' type='im' name='Gatehouse'", server_features, no_features, h->settings);
}

void disco_info_server(struct session *s, struct parcel *p)
{
	disco_info_for(s->user->home, p);
}

void disco_items_for(struct home *h, struct parcel *p)
{
	struct buf text = BUF_INIT(0);

	if (wanted_node(p).len) {
		answer_node_items(h, p);
		return;
	}
	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='http://jabber.org/protocol/disco#items'>");
	rooms_put_services(&text, h, p->to.domain);
	components_put_items(&text, h, p->origin->jid.bare);
	buf_lit(&text, "</query></iq>");
	answer_end(p, &text);
}

void disco_items_server(struct session *s, struct parcel *p)
{
	disco_items_for(s->user->home, p);
}

void disco_info_own(struct session *s, struct parcel *p)
{
	if (wanted_node(p).len)
		answer_node_info(s->user->home, p);
	else
		answer_account(s->user->home, p);
}

/* One's own available resources. */
void disco_items_own(struct session *s, struct parcel *p)
{
	struct buf text = BUF_INIT(0);

	if (wanted_node(p).len) {
		answer_node_items(s->user->home, p);
		return;
	}
	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='http://jabber.org/protocol/disco#items'>");
	session_each(other, s->user)
	{
		if (!session_is_available(other))
			continue;
		buf_lit(&text, "<item jid='");
		xml_escape(&text, other->origin->jid.full);
		buf_lit(&text, "'/>");
	}
	buf_lit(&text, "</query></iq>");
	answer_end(p, &text);
}

static bool is_known(const struct user *u, const struct parcel *p)
{
	struct str who = p->origin->jid.bare;

	return (user_state(u, who) & SUB_FROM) && may_see(u->home, who, u->bare);
}

void disco_info_other(struct user *u, struct parcel *p)
{
	if (is_known(u, p))
		answer_account(u->home, p);
	else
		disco_nobody(p);
}

/* Which resources somebody has is told by presence, not here. */
void disco_items_other(struct user *u, struct parcel *p)
{
	if (is_known(u, p) && wanted_node(p).len)
		refuse(p, STANZA_ITEM_NOT_FOUND);
	else if (is_known(u, p))
		answer_no_items(p);
	else
		disco_nobody(p);
}

/* XEP-0030 8: an empty list of items, whether a node is asked for or not; an error for all else. */
void disco_nobody(struct parcel *p)
{
	const struct node *payload = iq_payload(p);

	if (str_is(p->type, "get") && node_is(payload, STR("query"), NS_DISCO_ITEMS))
		answer_no_items(p);
	else if (last_is_asked(p) ||
		 (iq_is_owners(payload) && !(str_is(p->type, "get") && node_is(payload, STR("vCard"), NS_VCARD))))
		refuse(p, STANZA_FORBIDDEN);
	else
		refuse(p, STANZA_SERVICE_UNAVAILABLE);
}
