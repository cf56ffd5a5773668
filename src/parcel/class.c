/* A row says what a known child of a stanza counts as. What is not in the table is content, and so is a known
 * child that carries more than its row allows: whoever hides text in the attribute of a chat state has it
 * inspected. */
#include "parcel/class.h"

#include "stanza/ns.h"

enum {
	ON_MESSAGE = 1 << PARCEL_MESSAGE,
	ON_PRESENCE = 1 << PARCEL_PRESENCE,
	ON_IQ_GET = 1 << 4, /* to the server or the sender's own account */
	ON_IQ_SET = 1 << 5,
	ON_IQ_ANSWER = 1 << 6,
	ON_IQ_PEER = 1 << 7, /* a request to somebody else */
	ON_IQ_HOME = 1 << 8, /* an answer to a question of the server's */
	ON_AVAILABLE = 1 << 9, /* presence without a type */
	LANG_MAX = 35, /* RFC 5646 4.4.1 */
	TYPE_MAX = 12, /* "unsubscribed" */
	ID_MAX = 128,        /* bytes of an id or a short word that identifies and does not speak */
	NAME_MAX_BYTES = 24, /* of an element or attribute of a signal: "no-permanent-storage" */
	ATTRS_MAX = 6,       /* of an element of a signal; capabilities have four */
	CHILDREN_MAX = 8,    /* of a signal */
};

struct row {
	struct str ns, name; /* an empty name: any */
	unsigned on;
	enum parcel_class class;
	unsigned attr_max; /* bytes of each attribute's value */
	unsigned text_max; /* bytes of text in it; ~0u: any, with children */
};

/* A roster set is missing here on purpose: names people give each other wait like all they write. */
static const struct row rows[] = {
	{NS_CHATSTATES, STR(""), ON_MESSAGE, CLASS_SIGNAL, 0, 0},
	{NS_RECEIPTS, STR(""), ON_MESSAGE, CLASS_SIGNAL, ID_MAX, 0},
	{NS_CHAT_MARKERS, STR(""), ON_MESSAGE, CLASS_SIGNAL, ID_MAX, 0},
	{NS_HINTS, STR(""), ON_MESSAGE, CLASS_SIGNAL, 0, 0},
	{NS_CARBONS, STR("private"), ON_MESSAGE, CLASS_SIGNAL, 0, 0},
	{NS_SID, STR(""), ON_MESSAGE, CLASS_SIGNAL, ID_MAX, 0},
	{NS_CLIENT, STR("thread"), ON_MESSAGE, CLASS_SIGNAL, ID_MAX, ID_MAX},
	{NS_CLIENT, STR("show"), ON_PRESENCE, CLASS_SIGNAL, 0, 4},
	{NS_CLIENT, STR("priority"), ON_PRESENCE, CLASS_SIGNAL, 0, 8},
	/* Taken out by route/, which writes its own (XEP-0398): nobody reads what stands in it. In no other presence is it
	 * taken out. */
	{NS_VCARD_UPDATE, STR("x"), ON_AVAILABLE, CLASS_SIGNAL, ID_MAX, ~0u},
	{NS_CAPS, STR("c"), ON_PRESENCE, CLASS_SIGNAL, 256, 0},
	{NS_PING, STR("ping"), ON_IQ_GET | ON_IQ_PEER, CLASS_SIGNAL, 0, 0},
	{NS_VERSION, STR("query"), ON_IQ_GET, CLASS_SIGNAL, ID_MAX, 0},
	{NS_LAST, STR("query"), ON_IQ_GET | ON_IQ_PEER, CLASS_SIGNAL, 0, 0},
	{NS_LAST, STR("query"), ON_IQ_ANSWER, CLASS_SIGNAL, 12, 0},
	{NS_TIME, STR("time"), ON_IQ_GET | ON_IQ_PEER, CLASS_SIGNAL, 0, 0},
	{NS_DISCO_INFO, STR("query"), ON_IQ_GET, CLASS_SIGNAL, 1024, 0},
	/* What a client can: route/ takes from it which events it wants, and shows it to nobody. */
	{NS_DISCO_INFO, STR("query"), ON_IQ_HOME, CLASS_SIGNAL, 1024, ~0u},
	/* What a client is: route/ judges it by that; the record has the judgement. */
	{NS_VERSION, STR("query"), ON_IQ_HOME, CLASS_SIGNAL, ID_MAX, ~0u},
	{NS_DISCO_ITEMS, STR("query"), ON_IQ_GET, CLASS_SIGNAL, 1024, ~0u},
	{NS_ROSTER, STR("query"), ON_IQ_GET | ON_IQ_ANSWER, CLASS_SIGNAL, ID_MAX, 0},
	{NS_MUC_ADMIN, STR("query"), ON_IQ_GET, CLASS_SIGNAL, ID_MAX, ~0u},
	{NS_MUC_OWNER, STR("query"), ON_IQ_GET, CLASS_SIGNAL, 0, 0},
	{NS_REGISTER, STR("query"), ON_IQ_GET, CLASS_SIGNAL, 0, 0},
	/* What is filled in waits for its receipt; to begin a command or to end it says nothing. */
	{NS_COMMANDS, STR("command"), ON_IQ_SET, CLASS_SIGNAL, ID_MAX, 0},
	/* What somebody looks for is told to nobody. */
	{NS_SEARCH, STR("query"), ON_IQ_GET, CLASS_SIGNAL, 0, 0},
	{NS_SEARCH, STR("query"), ON_IQ_SET, CLASS_EVENT, ID_MAX, ~0u},
	{NS_BLOCKING, STR("blocklist"), ON_IQ_GET, CLASS_SIGNAL, 0, 0},
	{NS_BLOCKING, STR(""), ON_IQ_SET, CLASS_EVENT, 0, ~0u},
	/* One's own devices. */
	{NS_CAM, STR("list"), ON_IQ_GET, CLASS_SIGNAL, 0, 0},
	{NS_CAM, STR("revoke"), ON_IQ_SET, CLASS_EVENT, ID_MAX, 0},
	/* One's own history: what is asked goes nowhere else. */
	{NS_MAM, STR("query"), ON_IQ_GET | ON_IQ_SET, CLASS_SIGNAL, ID_MAX, ~0u},
	{NS_MAM, STR("metadata"), ON_IQ_GET, CLASS_SIGNAL, 0, 0},
	{NS_MAM, STR("prefs"), ON_IQ_GET, CLASS_SIGNAL, 0, ~0u},
	{NS_MAM, STR("prefs"), ON_IQ_SET, CLASS_EVENT, ID_MAX, ~0u},
	{NS_CARBONS, STR(""), ON_IQ_SET, CLASS_SIGNAL, 0, 0},
	{NS_SESSION, STR("session"), ON_IQ_SET, CLASS_SIGNAL, 0, ~0u},
	/* Questions about nodes: who asks says nothing to anybody. Sets are content, all of them. */
	{NS_PUBSUB, STR("pubsub"), ON_IQ_GET, CLASS_SIGNAL, 1024, ~0u},
	{NS_PUBSUB_OWNER, STR("pubsub"), ON_IQ_GET, CLASS_SIGNAL, 1024, ~0u},
	{NS_VCARD, STR(""), ON_IQ_GET, CLASS_SIGNAL, ID_MAX, ~0u},
	{NS_PRIVATE, STR("query"), ON_IQ_GET, CLASS_SIGNAL, ID_MAX, ~0u},
};

/* Names, too, are the sender's to choose, and so is an attribute's namespace. */
static bool attrs_allowed(const struct row *r, const struct node *child)
{
	unsigned n = 0;

	for (const struct attr *a = child->attrs; a; a = a->next) {
		bool named = a->ns.len == 0 || (str_eq(a->ns, NS_XML) && str_is(a->name, "lang"));

		if (!named || a->name.len > NAME_MAX_BYTES || a->value.len > r->attr_max || ++n > ATTRS_MAX)
			return false;
	}
	return child->name.len <= NAME_MAX_BYTES;
}

static bool row_allows(const struct row *r, const struct node *child)
{
	size_t text = 0;

	if (!attrs_allowed(r, child))
		return false;
	if (r->text_max == ~0u)
		return true;
	node_each (n, child) {
		if (n->kind == NODE_ELEMENT)
			return false;
		text += n->text.len;
	}
	return text <= r->text_max;
}

static enum parcel_class child_class(unsigned on, const struct node *child)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		if ((r->on & on) && str_eq(r->ns, child->ns) &&
			(r->name.len == 0 || str_eq(r->name, child->name)))
			return row_allows(r, child) ? r->class : CLASS_CONTENT;
	}
	return CLASS_CONTENT;
}

static unsigned iq_place(struct str type, bool between_users, bool to_server)
{
	if (str_is(type, "get"))
		return between_users ? ON_IQ_PEER : ON_IQ_GET;
	if (str_is(type, "set"))
		return ON_IQ_SET;
	return to_server ? ON_IQ_ANSWER | ON_IQ_HOME : ON_IQ_ANSWER;
}

/* To a domain, in a stanza that is for nobody else. */
static bool is_to_server(const struct node *stanza, bool between_users)
{
	struct str to = node_attr(stanza, STR("to"));

	return !between_users && to.len && str_find(to, '@', 0) == to.len && str_find(to, '/', 0) == to.len;
}

/* Requests for a subscription and their answers change two people's lists: they are kept until both have
 * them. */
static bool is_subscription(struct str type)
{
	return str_is(type, "subscribe") || str_is(type, "subscribed") || str_is(type, "unsubscribe") ||
	       str_is(type, "unsubscribed");
}

/* The attributes a stanza has by RFC 6120 8.1, each no longer than it needs: text can hide in any other. The addresses
 * have been checked and are what they are. */
static bool attr_is_plain(const struct attr *a)
{
	if (a->ns.len)
		return str_eq(a->ns, NS_XML) && str_is(a->name, "lang") && a->value.len <= LANG_MAX;
	if (str_is(a->name, "to") || str_is(a->name, "from"))
		return true;
	if (str_is(a->name, "id"))
		return a->value.len <= ID_MAX;
	return str_is(a->name, "type") && a->value.len <= TYPE_MAX;
}

static bool is_plain(const struct node *stanza)
{
	for (const struct attr *a = stanza->attrs; a; a = a->next)
		if (!attr_is_plain(a))
			return false;
	node_each (n, stanza)
		if (n->kind == NODE_TEXT && str_trim(n->text).len)
			return false;
	return true;
}

enum parcel_class parcel_classify(enum parcel_kind kind, const struct node *stanza, bool between_users)
{
	struct str type = node_attr(stanza, STR("type"));
	unsigned on = kind == PARCEL_IQ ? iq_place(type, between_users, is_to_server(stanza, between_users)) : 1u << kind;
	enum parcel_class highest = CLASS_SIGNAL;
	unsigned children = 0;

	if (kind == PARCEL_PRESENCE && type.len == 0)
		on |= ON_AVAILABLE;
	if (kind == PARCEL_IQ && between_users && str_is(type, "set"))
		return CLASS_CONTENT;
	if (kind == PARCEL_PRESENCE && is_subscription(type))
		return CLASS_CONTENT;
	if (!is_plain(stanza))
		return CLASS_CONTENT;
	for (const struct node *c = node_first_element(stanza); c; c = node_next_element(c)) {
		enum parcel_class class = ++children > CHILDREN_MAX ? CLASS_CONTENT : child_class(on, c);

		if (class > highest)
			highest = class;
	}
	return highest;
}
