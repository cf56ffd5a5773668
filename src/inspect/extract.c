#include "inspect/extract.h"

#include "stanza/ns.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum {
	DEPTH_MAX = 256, /* far above the tokenizer's limit; a tree of our own making ends here too */
};

/* What an element says about the texts in and below it. */
static const struct {
	struct str name; /* empty: any */
	struct str ns;
	enum text_kind kind;
} elements[] = {
	{STR("nick"), NS_NICK, KIND_NICK},
	{STR(""), NS_CHATSTATES, KIND_IDENTIFIER},
	{STR(""), NS_RECEIPTS, KIND_IDENTIFIER},
	{STR(""), NS_CHAT_MARKERS, KIND_IDENTIFIER},
	{STR(""), NS_CORRECT, KIND_IDENTIFIER},
	{STR(""), NS_SID, KIND_IDENTIFIER},
	{STR("c"), NS_CAPS, KIND_IDENTIFIER},
	{STR("x"), NS_DATA_FORMS, KIND_FORM},
	{STR("x"), NS_MUC_USER, KIND_REASON},
	{STR("x"), NS_CONFERENCE, KIND_REASON},
	{STR("query"), NS_ROSTER, KIND_ROSTER_NAME},
	{STR("html"), NS_XHTML_IM, KIND_XHTML},
	{STR("body"), NS_XHTML, KIND_XHTML},
};

/* Namespaces whose element names are a protocol's words; in any other, names are the sender's words too. */
static const struct str protocols[] = {
	NS_ROSTER,
	NS_NICK,
	NS_CHATSTATES,
	NS_RECEIPTS,
	NS_CHAT_MARKERS,
	NS_CORRECT,
	NS_SID,
	NS_HINTS,
	NS_CAPS,
	NS_DATA_FORMS,
	NS_MUC,
	NS_MUC_USER,
	NS_CONFERENCE,
	NS_XHTML_IM,
	NS_XHTML,
	NS_CARBONS,
	NS_FORWARD,
	NS_DELAY,
	NS_DELAY_OLD,
	NS_REPLY,
	NS_REACTIONS,
	NS_FALLBACK,
	NS_RETRACT,
	NS_ATTENTION,
	NS_OOB,
	NS_EME,
	NS_OMEMO,
	NS_OMEMO2,
	NS_OPENPGP,
	NS_PGP_ENCRYPTED,
	NS_ADDRESS,
	NS_STANZA_ERRORS,
	NS_VCARD,
	NS_VCARD_UPDATE,
	NS_PUBSUB,
	NS_PUBSUB_EVENT,
	NS_PUBSUB_OWNER,
	NS_AVATAR_DATA,
	NS_AVATAR_METADATA,
	NS_BOOKMARKS,
	NS_BOOKMARKS_OLD,
	NS_DISCO_INFO,
	NS_DISCO_ITEMS,
	NS_VERSION,
	NS_LAST,
	NS_TIME,
	NS_PING,
	NS_PRIVATE,
	NS_SERVER,
};

struct walk {
	struct texts *out;
	enum text_kind body, status; /* what these are in the stanza walked through */
	unsigned depth;
	const struct node *roster; /* the sender's own, in a request about it */
};

static void walk_stanza(struct walk *w, const struct node *stanza);
static void walk_element(struct walk *w, const struct node *n, enum text_kind kind);

static bool is_hex(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-'))
			return false;
	}
	return true;
}

static void add_text(struct walk *w, enum text_kind kind, struct str text)
{
	if (kind != KIND_IDENTIFIER || !is_hex(text))
		texts_add(w->out, kind, text);
}

/* The text directly in n. Usually one node; several are one text, whatever stands between them. */
static void add_direct_text(struct walk *w, const struct node *n, enum text_kind kind)
{
	const struct node *first = NULL;
	bool several = false;

	node_each (child, n) {
		if (child->kind != NODE_TEXT)
			continue;
		several = first != NULL;
		if (several)
			break;
		first = child;
	}
	if (first && !several)
		add_text(w, kind, first->text);
	if (!several)
		return;
	texts_open(w->out);
	node_each (child, n)
		if (child->kind == NODE_TEXT)
			texts_put(w->out, child->text);
	texts_close(w->out, kind);
}

static bool is_address(struct str name)
{
	return str_is(name, "to") || str_is(name, "from");
}

static void add_resource(struct walk *w, struct str address)
{
	size_t slash = str_find(address, '/', 0);

	if (slash < address.len)
		texts_add(w->out, KIND_RESOURCE, str_cut(address, slash + 1, address.len));
}

/* RFC 6121 4.7.1, 5.2.2; RFC 6120 8.2.3. Anything else in `type` is a text like any other. */
static bool is_known_type(struct str type)
{
	static const struct str known[] = {
		STR("chat"),
		STR("normal"),
		STR("groupchat"),
		STR("headline"),
		STR("error"),
		STR("get"),
		STR("set"),
		STR("result"),
		STR("unavailable"),
		STR("subscribe"),
		STR("subscribed"),
		STR("unsubscribe"),
		STR("unsubscribed"),
		STR("probe"),
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (str_eq(type, known[i]))
			return true;
	return false;
}

static bool is_language(const struct attr *a)
{
	return str_is(a->name, "lang") && str_eq(a->ns, NS_XML) && a->value.len <= 8;
}

/* An address in one's own roster is shown to nobody else, and a colleague can be called what a rule forbids. What looks like
 * a roster anywhere else may say anything. */
static void add_attrs(struct walk *w, const struct node *n, enum text_kind kind)
{
	for (const struct attr *a = n->attrs; a; a = a->next) {
		if (w->roster && n->parent == w->roster && str_is(a->name, "jid"))
			add_resource(w, a->value);
		else if (str_is(a->name, "id"))
			add_text(w, KIND_IDENTIFIER, a->value);
		else if (!is_language(a))
			add_text(w, kind, a->value);
	}
}

static void add_stanza_attrs(struct walk *w, const struct node *n, enum text_kind kind)
{
	for (const struct attr *a = n->attrs; a; a = a->next) {
		if (is_address(a->name) && a->ns.len == 0)
			add_resource(w, a->value);
		else if (str_is(a->name, "id"))
			add_text(w, KIND_IDENTIFIER, a->value);
		else if (!is_language(a) && !(str_is(a->name, "type") && is_known_type(a->value)))
			add_text(w, kind, a->value);
	}
}

/* ---- XHTML-IM ---- */

/* Elements that do not part the words around them. */
static bool is_inline(struct str name)
{
	static const struct str names[] = {
		STR("a"),
		STR("abbr"),
		STR("acronym"),
		STR("b"),
		STR("big"),
		STR("cite"),
		STR("code"),
		STR("dfn"),
		STR("em"),
		STR("i"),
		STR("kbd"),
		STR("q"),
		STR("s"),
		STR("samp"),
		STR("small"),
		STR("span"),
		STR("strike"),
		STR("strong"),
		STR("sub"),
		STR("sup"),
		STR("tt"),
		STR("u"),
		STR("var"),
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

static void put_xhtml(struct walk *w, const struct node *n, unsigned depth)
{
	bool apart = !is_inline(n->name);

	if (depth > DEPTH_MAX)
		return;
	if (apart)
		texts_put(w->out, STR("\n"));
	node_each (child, n) {
		if (child->kind == NODE_TEXT)
			texts_put(w->out, child->text);
		else
			put_xhtml(w, child, depth + 1);
	}
	if (apart)
		texts_put(w->out, STR("\n"));
}

static void add_xhtml_attrs(struct walk *w, const struct node *n, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return;
	add_attrs(w, n, KIND_XHTML);
	node_each (child, n)
		if (child->kind == NODE_ELEMENT)
			add_xhtml_attrs(w, child, depth + 1);
}

/* One text of all the words, in their order, because a word can be spread over several elements. */
static void walk_xhtml(struct walk *w, const struct node *n)
{
	texts_open(w->out);
	put_xhtml(w, n, 0);
	texts_close(w->out, KIND_XHTML);
	add_xhtml_attrs(w, n, 0);
}

/* ---- everything else ---- */

static bool is_stanza(const struct node *n)
{
	return (str_is(n->name, "message") || str_is(n->name, "presence") || str_is(n->name, "iq")) &&
	       (str_eq(n->ns, NS_CLIENT) || str_eq(n->ns, NS_SERVER));
}

/* Children of a stanza in its own namespace (RFC 6121 4.7, 5.2). */
static enum text_kind kind_of_own(const struct walk *w, struct str name, enum text_kind kind)
{
	if (str_is(name, "body"))
		return w->body;
	if (str_is(name, "subject"))
		return KIND_SUBJECT;
	if (str_is(name, "thread"))
		return KIND_IDENTIFIER;
	if (str_is(name, "status") || str_is(name, "show"))
		return w->status;
	return kind;
}

static bool is_protocol(struct str ns)
{
	for (size_t i = 0; i < COUNT(protocols); i++)
		if (str_eq(ns, protocols[i]))
			return true;
	return false;
}

static enum text_kind kind_of(const struct node *n, enum text_kind kind)
{
	for (size_t i = 0; i < COUNT(elements); i++)
		if (str_eq(n->ns, elements[i].ns) &&
			(elements[i].name.len == 0 || str_eq(n->name, elements[i].name)))
			return elements[i].kind;
	return kind;
}

/* Names are words too where no protocol gives them; of nested ones in one namespace it is said once. */
static void add_names(struct walk *w, const struct node *n, enum text_kind kind)
{
	if (is_protocol(n->ns))
		return;
	if (!n->parent || !str_eq(n->ns, n->parent->ns))
		texts_add(w->out, kind, n->ns);
	texts_add(w->out, kind, n->name);
	for (const struct attr *a = n->attrs; a; a = a->next)
		texts_add(w->out, kind, a->name);
}

static void walk_children(struct walk *w, const struct node *n, enum text_kind kind)
{
	add_direct_text(w, n, kind);
	if (w->depth == DEPTH_MAX) {
		w->out->failed = CANNOT_TELL_CEILING;
		return;
	}
	w->depth++;
	node_each (child, n)
		if (child->kind == NODE_ELEMENT)
			walk_element(w, child, kind);
	w->depth--;
}

/* XEP-0133: what a form holds that everybody will read as one message, a value a line. */
static bool is_posting(const struct node *n)
{
	static const struct str vars[] = {STR("announcement"), STR("motd"), STR("welcome")};
	const struct node *form = n->parent;

	if (!node_is(n, STR("field"), NS_DATA_FORMS) || !form || !form->parent ||
		!node_is(form->parent, STR("command"), NS_COMMANDS))
		return false;
	for (size_t i = 0; i < COUNT(vars); i++)
		if (str_eq(node_attr(n, STR("var")), vars[i]))
			return true;
	return false;
}

static void walk_posting(struct walk *w, const struct node *n)
{
	texts_open(w->out);
	node_each (value, n) {
		if (value->kind != NODE_ELEMENT)
			continue;
		node_each (line, value)
			if (line->kind == NODE_TEXT)
				texts_put(w->out, line->text);
		texts_put(w->out, STR("\n"));
	}
	texts_close(w->out, KIND_MESSAGE);
}

static void walk_element(struct walk *w, const struct node *n, enum text_kind kind)
{
	if (is_posting(n))
		walk_posting(w, n);
	if (is_stanza(n)) {
		walk_stanza(w, n);
		return;
	}
	if (str_eq(n->ns, NS_CLIENT) || str_eq(n->ns, NS_SERVER)) {
		kind = kind_of_own(w, n->name, kind);
	} else {
		kind = kind_of(n, kind);
		add_names(w, n, kind);
	}
	if (kind == KIND_XHTML) {
		walk_xhtml(w, n);
		return;
	}
	add_attrs(w, n, kind);
	walk_children(w, n, kind);
}

/* Addresses are canonical here. */
static const struct node *own_roster(const struct node *stanza)
{
	struct str to = node_attr(stanza, STR("to")), from = node_attr(stanza, STR("from"));

	if (!str_is(stanza->name, "iq") || (to.data && !str_eq(to, str_cut(from, 0, str_find(from, '/', 0)))))
		return NULL;
	return node_child(stanza, STR("query"), NS_ROSTER);
}

static void walk_stanza(struct walk *w, const struct node *stanza)
{
	struct walk inner = {.out = w->out,
		.depth = w->depth,
		.body = KIND_MESSAGE,
		.status = KIND_STATUS,
		.roster = w->depth == 0 ? own_roster(stanza) : NULL};
	enum text_kind kind = str_is(stanza->name, "iq") ? KIND_IQ : KIND_OTHER;
	struct str type = node_attr(stanza, STR("type"));

	if (node_child(stanza, STR("replace"), NS_CORRECT))
		inner.body = KIND_CORRECTION;
	if (str_starts(type, STR("subscribe")) || str_starts(type, STR("unsubscribe")))
		inner.status = KIND_SUBSCRIPTION;
	add_stanza_attrs(&inner, stanza, kind);
	walk_children(&inner, stanza, kind);
}

void extract_stanza(struct texts *out, const struct node *stanza)
{
	struct walk w = {.out = out};

	walk_stanza(&w, stanza);
}
