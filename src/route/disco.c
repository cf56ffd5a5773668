#include "route/disco.h"

#include "pubsub/caps.h"
#include "route/answer.h"
#include "route/commands.h"
#include "route/components.h"
#include "route/devices.h"
#include "route/iq.h"
#include "pubsub/event.h"
#include "route/pep.h"
#include "route/last.h"
#include "route/reread.h"
#include "route/rooms.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

/* XEP-0060 5.1 and 10, XEP-0163: what an account does as a service of nodes. */
#define PUBSUB_FEATURES                                                                                      \
	"http://jabber.org/protocol/pubsub",                                                            \
		"http://jabber.org/protocol/pubsub#access-open",                                                   \
		"http://jabber.org/protocol/pubsub#access-presence",                                               \
		"http://jabber.org/protocol/pubsub#access-roster",                                                 \
		"http://jabber.org/protocol/pubsub#access-whitelist",                                              \
		"http://jabber.org/protocol/pubsub#auto-create",                                                   \
		"http://jabber.org/protocol/pubsub#auto-subscribe",                                                \
		"http://jabber.org/protocol/pubsub#config-node",                                                   \
		"http://jabber.org/protocol/pubsub#config-node-max",                                               \
		"http://jabber.org/protocol/pubsub#create-and-configure",                                          \
		"http://jabber.org/protocol/pubsub#create-nodes",                                                  \
		"http://jabber.org/protocol/pubsub#delete-items",                                                  \
		"http://jabber.org/protocol/pubsub#delete-nodes",                                                  \
		"http://jabber.org/protocol/pubsub#filtered-notifications",                                        \
		"http://jabber.org/protocol/pubsub#instant-nodes",                                                 \
		"http://jabber.org/protocol/pubsub#item-ids",                                                      \
		"http://jabber.org/protocol/pubsub#last-published",                                                \
		"http://jabber.org/protocol/pubsub#manage-subscriptions",                                          \
		"http://jabber.org/protocol/pubsub#member-affiliation",                                            \
		"http://jabber.org/protocol/pubsub#modify-affiliations",                                           \
		"http://jabber.org/protocol/pubsub#multi-items",                                                   \
		"http://jabber.org/protocol/pubsub#outcast-affiliation",                                           \
		"http://jabber.org/protocol/pubsub#persistent-items",                                              \
		"http://jabber.org/protocol/pubsub#presence-notifications",                                        \
		"http://jabber.org/protocol/pubsub#presence-subscribe",                                            \
		"http://jabber.org/protocol/pubsub#publish",                                                       \
		"http://jabber.org/protocol/pubsub#publish-options",                                               \
		"http://jabber.org/protocol/pubsub#pubsub-on-a-jid",                                               \
		"http://jabber.org/protocol/pubsub#purge-nodes",                                                   \
		"http://jabber.org/protocol/pubsub#retract-items",                                                 \
		"http://jabber.org/protocol/pubsub#retrieve-affiliations",                                         \
		"http://jabber.org/protocol/pubsub#retrieve-default",                                              \
		"http://jabber.org/protocol/pubsub#retrieve-items",                                                \
		"http://jabber.org/protocol/pubsub#retrieve-subscriptions",                                        \
		"http://jabber.org/protocol/pubsub#rsm",                                                           \
		"http://jabber.org/protocol/pubsub#subscribe"

/* A feature stands here in the change that brings it; tests compare the lists. */
static const char *const server_features[] = {
	"http://jabber.org/protocol/caps",
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
	"urn:xmpp:reporting:1",
	"urn:xmpp:sid:0",
	"urn:xmpp:time",
	"vcard-temp",
	"http://jabber.org/protocol/pubsub#publish-options", /* XEP-0223 5: of accounts; the domain has no nodes */
	NULL,
};

static const char *const account_features[] = {
	"http://jabber.org/protocol/disco#info",
	"http://jabber.org/protocol/disco#items",
	"jabber:iq:last",
	"jabber:iq:private",
	"urn:xmpp:bookmarks:1#compat",
	"urn:xmpp:bookmarks:1#compat-pep",
	"urn:xmpp:pep-vcard-conversion:0",
	"urn:xmpp:ping",
	"urn:xmpp:sid:0",
	"vcard-temp",
	PUBSUB_FEATURES,
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

/* Of one's own, where there are commands to be run there. */
static const char *const command_features[] = {"http://jabber.org/protocol/commands", NULL};

/* Of one's own. */
static const char *const own_features[] = {DEVICES_FEATURE, NULL};

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

/* What the settings may switch off. */
static void put_offered(struct buf *text, const struct settings *s)
{
	if (s->sasl_change_password || s->sasl_remove_account)
		buf_lit(text, "<feature var='jabber:iq:register'/>");
	if (s->search_results)
		buf_lit(text, "<feature var='jabber:iq:search'/>");
	/* The archives are those of accounts, and accounts say so; some clients ask the domain alone. */
	if (s->history_enabled)
		buf_lit(text, "<feature var='urn:xmpp:mam:2'/>");
}

static void answer_info(struct parcel *p, const char *identity, const char *const *features,
	const char *const *more, const char *const *own, const char *const *commands)
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
	put_features(&text, own);
	put_features(&text, commands);
	buf_lit(&text, "</query></iq>");
	answer_end(p, &text);
}

/* ---- the server, and its capabilities (XEP-0115) ---- */

#define CAPS_NODE "urn:x-gatehouse:server"

/* Whoever asks is told the same. */
static void put_server(struct buf *text, const struct settings *s)
{
	buf_lit(text, "<identity category='server' type='im' name='Gatehouse'/><identity category='pubsub' type='pep'/>");
	put_features(text, server_features);
	put_offered(text, s);
	contacts_put(text, s);
}

static bool put_ver(struct buf *out, const struct settings *s)
{
	struct buf text = BUF_INIT(0);
	struct arena *arena = NULL;
	const struct node *info;
	bool ok;

	buf_lit(&text, "<query xmlns='http://jabber.org/protocol/disco#info'>");
	put_server(&text, s);
	buf_lit(&text, "</query>");
	info = buf_failed(&text) ? NULL : reread_stanza(buf_view(&text), &arena);
	ok = info && caps_ver(out, STR("sha-1"), info, arena);
	arena_free(arena);
	buf_done(&text);
	return ok;
}

void disco_put_caps(struct buf *out, const struct settings *s)
{
	struct buf ver = BUF_INIT(0);

	if (put_ver(&ver, s)) {
		buf_lit(out, "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='" CAPS_NODE "' ver='");
		buf_str(out, buf_view(&ver));
		buf_lit(out, "'/>");
	}
	buf_done(&ver);
}

/* Is that the node of the capabilities there are now? */
static bool is_caps_node(const struct settings *s, struct str node)
{
	struct str start = STR(CAPS_NODE "#");
	struct buf ver = BUF_INIT(0);
	bool ok = str_starts(node, start) && put_ver(&ver, s) &&
		  str_eq(str_cut(node, start.len, node.len), buf_view(&ver));

	buf_done(&ver);
	return ok;
}

static void answer_server(const struct home *h, struct parcel *p)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='http://jabber.org/protocol/disco#info'");
	if (wanted_node(p).len)
		pubsub_attr_put(&text, "node", wanted_node(p));
	buf_putc(&text, '>');
	put_server(&text, h->settings);
	buf_lit(&text, "</query></iq>");
	answer_end(p, &text);
}

/* ---- accounts ---- */

static void answer_account(const struct home *h, struct parcel *p, bool own)
{
	answer_info(p, "category='account' type='registered'/><identity category='pubsub' type='pep'", account_features,
		h->settings->history_enabled ? archive_features : no_features, own ? own_features : no_features,
		own && commands_are_there(h, p->origin->jid.bare) ? command_features : no_features);
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
	struct str node = wanted_node(p);

	if (node.len && !is_caps_node(h->settings, node))
		answer_node_info(h, p);
	else
		answer_server(h, p);
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

/* ---- accounts: their nodes have been read (XEP-0060 5) ---- */

static void answer_place_info(struct parcel *p, const struct place *place)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='http://jabber.org/protocol/disco#info'");
	pubsub_attr_put(&text, "node", place->name);
	buf_lit(&text, "><identity category='pubsub' type='leaf'");
	if (place->options.title.len)
		pubsub_attr_put(&text, "name", place->options.title);
	buf_lit(&text, "/><feature var='http://jabber.org/protocol/pubsub'/></query></iq>");
	answer_end(p, &text);
}

static void run_place_info(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = p->user;
	const struct place *place = pep_visible(u, p->origin->jid.bare, wanted_node(p));

	if (place)
		answer_place_info(p, place);
	else if (str_eq(p->origin->jid.bare, u->bare))
		answer_node_info(u->home, p);
	else
		refuse(p, STANZA_ITEM_NOT_FOUND);
}

static void with_nodes(struct user *u, struct parcel *p, void (*run)(struct task *task))
{
	p->user = u;
	p->task.run = run;
	pep_when_ready(u, &p->task);
}

void disco_info_own(struct session *s, struct parcel *p)
{
	if (wanted_node(p).len)
		with_nodes(s->user, p, run_place_info);
	else
		answer_account(s->user->home, p, true);
}

/* One's own available resources, for oneself. */
static void put_resources(struct buf *text, const struct user *u)
{
	session_each(other, u)
	{
		if (!session_is_available(other))
			continue;
		buf_lit(text, "<item jid='");
		xml_escape(text, other->origin->jid.full);
		buf_lit(text, "'/>");
	}
}

static void run_items(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = p->user;
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='http://jabber.org/protocol/disco#items'>");
	if (str_eq(p->origin->jid.bare, u->bare))
		put_resources(&text, u);
	pep_put_nodes(&text, u, p->origin->jid.bare);
	buf_lit(&text, "</query></iq>");
	answer_end(p, &text);
}

/* Of a node: the items it holds. */
static void run_place_items(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = p->user;

	if (pep_visible(u, p->origin->jid.bare, wanted_node(p)))
		pep_list_items(u, p);
	else if (str_eq(p->origin->jid.bare, u->bare))
		answer_node_items(u->home, p);
	else
		refuse(p, STANZA_ITEM_NOT_FOUND);
}

void disco_items_own(struct session *s, struct parcel *p)
{
	with_nodes(s->user, p, wanted_node(p).len ? run_place_items : run_items);
}

void disco_info_other(struct user *u, struct parcel *p)
{
	if (iq_may_know(u, p) && wanted_node(p).len)
		with_nodes(u, p, run_place_info);
	else if (iq_may_know(u, p))
		answer_account(u->home, p, false);
	else
		disco_nobody(p);
}

/* Which resources somebody has is told by presence, not here. */
void disco_items_other(struct user *u, struct parcel *p)
{
	if (iq_may_know(u, p))
		with_nodes(u, p, wanted_node(p).len ? run_place_items : run_items);
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
