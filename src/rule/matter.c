#include "rule/matter.h"

#include "rule/link.h"
#include "stanza/ns.h"

#define NS_JINGLE STR("urn:xmpp:jingle:1")               /* XEP-0166 */
#define NS_JINGLE_MESSAGE STR("urn:xmpp:jingle-message:0") /* XEP-0353 */
#define NS_CALL_INVITES STR("urn:xmpp:call-invites:0")     /* XEP-0482 */
#define NS_DTLS STR("urn:xmpp:jingle:apps:dtls:0")         /* XEP-0320 */
/* The same, signed for end-to-end verification by Conversations and Dino. */
#define NS_DTLS_VERIFIED STR("http://gultsch.de/xmpp/drafts/omemo/dtls-srtp-verification")
#define JINGLE_RTP STR("urn:xmpp:jingle:apps:rtp:")
#define JINGLE_FILES STR("urn:xmpp:jingle:apps:file-transfer:")

/* By the beginning of its namespace, so that later versions are known, too. */
static const struct row {
	struct str ns;
	unsigned matter;
} rows[] = {
	{STR("urn:xmpp:http:upload"), MATTER_FILE},
	{STR("eu.siacs.conversations.http.upload"), MATTER_FILE},
	{STR("urn:xmpp:jingle:apps:file-transfer:"), MATTER_FILE},
	{STR("urn:xmpp:jingle:apps:rtp:"), MATTER_CALL},
	{STR("urn:xmpp:jingle:transports:ibb:"), MATTER_FILE | MATTER_IN_BAND},
	{STR("urn:xmpp:jingle:transports:s5b:"), MATTER_FILE | MATTER_WEAK_FILE},
	{STR("urn:xmpp:jingle:transports:http:"), MATTER_FILE},
	{STR("urn:xmpp:jingle:jet"), MATTER_FILE},
	{STR("urn:xmpp:jingle:muji:"), MATTER_CALL},
	{STR("urn:xmpp:jinglepub:"), MATTER_FILE},
	{STR("http://jabber.org/protocol/si"), MATTER_FILE | MATTER_IN_BAND}, /* also sipub */
	{STR("http://jabber.org/protocol/ibb"), MATTER_FILE | MATTER_IN_BAND},
	{STR("http://jabber.org/protocol/bytestreams"), MATTER_FILE | MATTER_WEAK_FILE},
	{STR("http://jabber.org/protocol/files"), MATTER_FILE},
	{STR("jabber:x:oob"), MATTER_FILE},
	{STR("jabber:iq:oob"), MATTER_FILE},
	{STR("urn:xmpp:sims:"), MATTER_FILE},
	{STR("urn:xmpp:sfs:"), MATTER_FILE},
	{STR("urn:xmpp:esfs:"), MATTER_FILE},
	{STR("urn:xmpp:file:metadata:"), MATTER_FILE},
	{STR("urn:xmpp:fis:"), MATTER_FILE},
	{STR("urn:xmpp:thumbs:"), MATTER_FILE},
	{STR("urn:xmpp:bob"), MATTER_FILE},
	{STR("urn:xmpp:coin:"), MATTER_CALL},
	{STR("http://www.google.com/session"), MATTER_CALL | MATTER_WEAK_CALL}, /* before Jingle: never encrypted by it */
	{STR("http://telepathy.freedesktop.org/muji"), MATTER_CALL},
	{STR("jabber:x:conference"), MATTER_ROOM},
	{STR("http://jabber.org/protocol/muc"), MATTER_ROOM},
	{STR("urn:xmpp:avatar:data"), MATTER_PICTURE},
};

static unsigned matter_of_ns(struct str ns)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (ns.len >= rows[i].ns.len && ns.data[0] == rows[i].ns.data[0] && str_starts(ns, rows[i].ns))
			return rows[i].matter;
	return 0;
}

/* ---- Jingle ---- */

static bool has_fingerprint(const struct node *transport)
{
	for (const struct node *c = node_first_element(transport); c; c = node_next_element(c))
		if (str_is(c->name, "fingerprint") && (str_eq(c->ns, NS_DTLS) || str_eq(c->ns, NS_DTLS_VERIFIED)))
			return true;
	return false;
}

/* What one <content/> has. */
struct content {
	bool rtp, encrypted, files, other;
};

static struct content content_of(const struct node *content)
{
	struct content c = {};

	for (const struct node *part = node_first_element(content); part; part = node_next_element(part)) {
		if (str_is(part->name, "transport") && has_fingerprint(part))
			c.encrypted = true;
		if (!str_is(part->name, "description"))
			continue;
		c.rtp = c.rtp || str_starts(part->ns, JINGLE_RTP);
		c.files = c.files || str_starts(part->ns, JINGLE_FILES);
		c.other = c.other || !(str_starts(part->ns, JINGLE_RTP) || str_starts(part->ns, JINGLE_FILES));
	}
	return c;
}

/* Media that share one transport share its keys (XEP-0338, BUNDLE). */
static bool is_bundled(const struct node *jingle)
{
	for (const struct node *c = node_first_element(jingle); c; c = node_next_element(c))
		if (str_is(c->name, "group") && str_is(node_attr(c, STR("semantics")), "BUNDLE"))
			return true;
	return false;
}

/* Offers and their acceptance name what is to flow and how; what comes between adds nothing to it. */
static unsigned matter_of_jingle(const struct node *jingle)
{
	bool encrypted = false, bare = false;
	unsigned m = 0;

	for (const struct node *n = node_first_element(jingle); n; n = node_next_element(n)) {
		struct content c = str_is(n->name, "content") ? content_of(n) : (struct content){};

		encrypted = encrypted || (c.rtp && c.encrypted);
		bare = bare || (c.rtp && !c.encrypted);
		m |= (c.rtp || c.other ? MATTER_CALL : 0) | (c.files ? MATTER_FILE : 0);
	}
	if (bare && !(encrypted && is_bundled(jingle)))
		m |= MATTER_WEAK_CALL;
	return m;
}

static bool is_description_of_files_alone(const struct node *propose)
{
	bool files = false;

	for (const struct node *c = node_first_element(propose); c; c = node_next_element(c)) {
		if (str_is(c->name, "description") && !str_starts(c->ns, JINGLE_FILES))
			return false;
		files = files || str_is(c->name, "description");
	}
	return files;
}

/* To decline, to take back and to leave is always possible. */
static unsigned matter_of_invite(const struct node *n)
{
	static const struct str begins[] = {STR("propose"), STR("proceed"), STR("accept"), STR("ringing"), STR("invite")};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (str_eq(n->name, begins[i]))
			return is_description_of_files_alone(n) ? MATTER_FILE : MATTER_CALL;
	return 0;
}

/* ---- addresses ---- */

static bool is_address_attr(struct str name)
{
	static const struct str names[] = {STR("href"), STR("src"), STR("uri"), STR("url"), STR("target"), STR("cite"),
		STR("data"), STR("action"), STR("background"), STR("longdesc")};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq_nocase(name, names[i]))
			return true;
	return false;
}

static bool is_plain_address(struct str s)
{
	s = str_trim(s);
	return str_eq_nocase(str_cut(s, 0, 5), STR("http:")) || str_eq_nocase(str_cut(s, 0, 4), STR("ftp:"));
}

/* Where a file is fetched, or put: <url/> of XEP-0066, <put/> and <get/> of 0363, <url-data/> of 0103, <candidate/> of 0370,
 * <reference/> of 0385. */
static bool holds_address_of_file(const struct node *n)
{
	return str_is(n->name, "url") || str_is(n->name, "put") || str_is(n->name, "get") || str_is(n->name, "url-data") ||
	       str_is(n->name, "candidate") || (str_is(n->name, "reference") && str_is(n->parent->name, "sources"));
}

static unsigned matter_of_attrs(const struct node *n, unsigned wanted)
{
	unsigned m = 0;

	for (const struct attr *a = n->attrs; a; a = a->next) {
		if (a->ns.len || !is_address_attr(a->name))
			continue;
		if (wanted & MATTER_LINK && link_in(a->value))
			m |= MATTER_LINK;
		if (holds_address_of_file(n) && is_plain_address(a->value))
			m |= MATTER_WEAK_FILE;
	}
	return m;
}

/* ---- the walk ---- */

struct walk {
	const struct matter_case *c;
	unsigned wanted, found;
	struct link_finder link;
	bool linking; /* a text is under way, perhaps in several nodes */
};

/* The protocol's own names in forms look like addresses and are shown to nobody. */
static bool is_form_type(const struct node *text)
{
	const struct node *field = text->parent ? text->parent->parent : NULL;

	return field && str_is(text->parent->name, "value") && str_eq(field->ns, NS_DATA_FORMS) &&
	       str_is(node_attr(field, STR("var")), "FORM_TYPE");
}

static void text_end(struct walk *w)
{
	if (w->linking && link_end(&w->link))
		w->found |= MATTER_LINK;
	w->linking = false;
}

static void text_add(struct walk *w, const struct node *text)
{
	const struct node *in = text->parent;
	bool whole = !w->linking && !(text->next && text->next->kind == NODE_TEXT);

	if (w->wanted & MATTER_LINK && !(w->found & MATTER_LINK) && !(whole && !link_may_be_in(text->text)) && !is_form_type(text)) {
		if (!w->linking)
			link_begin(&w->link);
		w->linking = true;
		link_feed(&w->link, text->text);
	}
	if (w->wanted & MATTER_WEAK_FILE && in && holds_address_of_file(in) && in->first == text && is_plain_address(text->text) &&
		(str_starts(in->ns, STR("jabber:")) || str_starts(in->ns, STR("urn:xmpp:http:"))))
		w->found |= MATTER_WEAK_FILE;
}

static unsigned matter_of_picture(const struct node *n)
{
	bool photo = str_eq(n->ns, NS_VCARD) && str_is(n->name, "BINVAL");

	return photo || (str_eq(n->ns, NS_PUBSUB) && str_eq(node_attr(n, STR("node")), NS_AVATAR_DATA)) ? MATTER_PICTURE : 0;
}

/* People see what is published, too; bookmarks and whatever else is one's own are not seen. */
static unsigned matter_of_publishing(const struct node *n)
{
	bool own = str_eq(node_attr(n, STR("node")), NS_BOOKMARKS) || str_eq(node_attr(n, STR("node")), NS_BOOKMARKS_OLD);

	if (str_eq(n->ns, NS_PUBSUB) && str_is(n->name, "publish"))
		return own ? 0 : MATTER_SPEECH;
	return node_is(n, STR("vCard"), NS_VCARD) && str_is(node_attr(n->parent, STR("type")), "set") ? MATTER_SPEECH : 0;
}

static void element_add(struct walk *w, const struct node *n)
{
	if (n->attrs && w->wanted & (MATTER_LINK | MATTER_WEAK_FILE))
		w->found |= matter_of_attrs(n, w->wanted);
	if (str_eq(n->ns, NS_CLIENT))
		return;
	if (node_is(n, STR("jingle"), NS_JINGLE))
		w->found |= matter_of_jingle(n);
	else if (str_eq(n->ns, NS_JINGLE_MESSAGE) || str_eq(n->ns, NS_CALL_INVITES))
		w->found |= matter_of_invite(n);
	else
		w->found |= matter_of_ns(n->ns);
	w->found |= matter_of_picture(n);
	if (w->c->content && w->c->own)
		w->found |= matter_of_publishing(n);
	if (node_is(n, STR("query"), NS_MAM))
		w->found |= MATTER_HISTORY;
}

static void walk_tree(struct walk *w)
{
	const struct node *root = w->c->stanza;

	for (const struct node *n = root->first; n; n = node_next_in(n, root)) {
		if (n->kind == NODE_TEXT) {
			text_add(w, n);
			if (n->next && n->next->kind == NODE_TEXT)
				continue;
		} else {
			element_add(w, n);
		}
		text_end(w);
	}
}

/* Who leaves a room, or a person, says that he has gone and no more; an IQ's error repeats what was asked. */
static bool is_ending(const struct node *stanza)
{
	struct str type = node_attr(stanza, STR("type"));

	if (str_is(stanza->name, "presence"))
		return str_is(type, "unavailable") || str_is(type, "unsubscribe") || str_is(type, "unsubscribed") ||
		       str_is(type, "error");
	return str_is(stanza->name, "iq") && str_is(type, "error");
}

/* Requests and answers that only set up a file or a call say nothing to people, nor does asking for a subscription. */
static bool is_speech(const struct node *stanza, unsigned found)
{
	bool iq = str_is(stanza->name, "iq"), presence = str_is(stanza->name, "presence");

	if (presence && str_starts(node_attr(stanza, STR("type")), STR("subscribe")))
		return node_first_element(stanza) != NULL;
	if (presence && str_starts(node_attr(stanza, STR("type")), STR("unsubscribe")))
		return false;
	return !iq || !(found & (MATTER_FILE | MATTER_CALL | MATTER_PICTURE) || node_child(stanza, STR("jingle"), NS_JINGLE));
}

unsigned matter_of(const struct matter_case *c, unsigned wanted)
{
	struct walk w = {.c = c, .wanted = wanted};
	bool ending = is_ending(c->stanza);

	if (c->room && !ending)
		w.found |= MATTER_ROOM;
	if (c->outside && !ending)
		w.found |= MATTER_OUTSIDE;
	if (!ending || c->content)
		walk_tree(&w);
	if (c->content && !c->own && is_speech(c->stanza, w.found))
		w.found |= MATTER_SPEECH;
	if (ending)
		w.found &= MATTER_LINK | MATTER_SPEECH;
	return w.found & wanted;
}
