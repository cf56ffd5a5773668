/* Namespaces in XML 1.0: declarations, their scopes, and the resolution of names when a start tag is
 * complete. */
#include "stanza/tokenizer_private.h"

#include <stdlib.h>

#include "stanza/ns.h"

#define NS_XMLNS STR("http://www.w3.org/2000/xmlns/")

static bool bad_prefix(struct tokenizer *t, const char *text)
{
	tokenizer_fail(t, XML_E_BAD_PREFIX, text);
	return false;
}

static bool malformed(struct tokenizer *t, const char *text)
{
	step_malformed(t, text);
	return false;
}

/* Splits the name as written: the prefix is returned, *name becomes the local part, the note of the length
 * goes. */
static struct str split(struct str *name, struct str *ns)
{
	struct str prefix = str_of(name->data, ns->len);

	if (ns->len)
		*name = str_of(name->data + ns->len + 1, name->len - ns->len - 1);
	*ns = STR_NONE;
	return prefix;
}

static bool is_declaration(const struct attr *a)
{
	return a->ns.len ? a->ns.len == 5 && memcmp(a->name.data, "xmlns", 5) == 0 : str_is(a->name, "xmlns");
}

/* The reserved ones (Namespaces in XML, section 3): xml may only be declared as itself, xmlns not at all. */
static bool declaration_check(struct tokenizer *t, struct str prefix, struct str uri)
{
	bool is_xml = str_is(prefix, "xml");

	if (str_is(prefix, "xmlns"))
		return bad_prefix(t, "the prefix xmlns is reserved");
	if (is_xml != str_eq(uri, NS_XML))
		return bad_prefix(t, "the prefix xml and its namespace are reserved");
	if (str_eq(uri, NS_XMLNS))
		return bad_prefix(t, "the namespace of xmlns is reserved");
	if (prefix.len && !uri.len)
		return malformed(t, "a prefix declared as nothing");
	for (const struct binding *b = t->scope; b && b->owner == t->tag; b = b->next)
		if (str_eq(b->prefix, prefix))
			return malformed(t, "a namespace declared twice in one tag");
	return true;
}

static bool declare(struct tokenizer *t, const struct attr *a)
{
	struct str prefix = a->ns.len ? str_cut(a->name, a->ns.len + 1, a->name.len) : STR("");
	struct binding *b;

	if (!declaration_check(t, prefix, a->value))
		return false;
	if (t->scope_len == NS_SCOPE_MAX) {
		tokenizer_fail(t, XML_E_TOO_BIG, "too many namespace declarations");
		return false;
	}
	b = tokenizer_alloc(t, sizeof(*b));
	if (!b)
		return false;
	*b = (struct binding){.next = t->scope, .owner = t->tag, .prefix = prefix, .uri = a->value};
	t->scope = b;
	t->scope_len++;
	return true;
}

/* Takes the declarations out of the list of attributes. */
static bool declare_all(struct tokenizer *t, struct element *e)
{
	struct attr **at = &e->node.attrs;

	while (*at) {
		if (!is_declaration(*at)) {
			at = &(*at)->next;
			continue;
		}
		if (!declare(t, *at))
			return false;
		*at = (*at)->next;
	}
	return true;
}

/* The URI as it may stand in the tree: one of the stream header's is copied to the stanza's arena once. */
static bool binding_uri(struct tokenizer *t, struct binding *b, struct str *out)
{
	if (!b->owner && !b->here.data && !tokenizer_dup(t, b->uri, &b->here))
		return false;
	*out = b->owner ? b->uri : b->here;
	return true;
}

static bool lookup(struct tokenizer *t, struct str prefix, struct str *out)
{
	for (struct binding *b = t->scope; b; b = b->next)
		if (str_eq(b->prefix, prefix))
			return binding_uri(t, b, out);
	if (prefix.len == 0)
		return true; /* no default namespace: none */
	if (!str_is(prefix, "xml"))
		return bad_prefix(t, "a prefix that is not declared");
	*out = NS_XML;
	return true;
}

/* A declaration is short to use and long to write out again: what all uses would come to is held to the size
 * of the stanza, or a few bytes would make many when it is delivered and recorded. */
static bool charge_use(struct tokenizer *t, struct str uri)
{
	t->ns_bytes += uri.len;
	if (t->ns_bytes <= t->limits->stanza_bytes)
		return true;
	tokenizer_fail(t, XML_E_TOO_BIG, "namespaces are used too often");
	return false;
}

static bool attr_resolve(struct tokenizer *t, const struct element *e, struct attr *a)
{
	if (a->ns.len) {
		struct str prefix = split(&a->name, &a->ns);

		if (!lookup(t, prefix, &a->ns) || !charge_use(t, a->ns))
			return false;
	}
	for (const struct attr *b = e->node.attrs; b != a; b = b->next)
		if (str_eq(a->name, b->name) && str_eq(a->ns, b->ns))
			return malformed(t, "an attribute given twice");
	return true;
}

bool ns_resolve(struct tokenizer *t, struct element *e)
{
	struct str prefix;

	if (!declare_all(t, e))
		return false;
	prefix = split(&e->node.name, &e->node.ns);
	if (!lookup(t, prefix, &e->node.ns))
		return false;
	if (t->current && t->current->node.ns.data != e->node.ns.data && !charge_use(t, e->node.ns))
		return false;
	for (struct attr *a = e->node.attrs; a; a = a->next)
		if (!attr_resolve(t, e, a))
			return false;
	return true;
}

void ns_leave(struct tokenizer *t, const struct element *e)
{
	while (t->scope && t->scope->owner == e) {
		t->scope = t->scope->next;
		t->scope_len--;
	}
}

static struct str known_uri(struct str uri)
{
	if (str_eq(uri, NS_CLIENT))
		return NS_CLIENT;
	if (str_eq(uri, NS_STREAMS))
		return NS_STREAMS;
	return STR_NONE;
}

void ns_stanza_begin(struct tokenizer *t)
{
	for (unsigned i = 0; t->stream && i < t->stream->bindings; i++)
		t->stream->binding[i].here = known_uri(t->stream->binding[i].uri);
}

static struct str move_str(char **to, struct str s)
{
	char *at = *to;

	if (s.len)
		memcpy(at, s.data, s.len);
	*to += s.len;
	return str_of(at, s.len);
}

/* The header's name and declarations outlive its arena. */
bool ns_keep_stream(struct tokenizer *t, const struct element *root)
{
	size_t size = sizeof(struct stream) + t->scope_len * sizeof(struct binding) + root->qname.len;
	struct stream *s;
	char *to;

	for (const struct binding *b = t->scope; b; b = b->next)
		size += b->prefix.len + b->uri.len;
	s = malloc(size);
	if (!s) {
		tokenizer_fail(t, XML_E_MEMORY, "out of memory");
		return false;
	}
	*s = (struct stream){.size = size, .bindings = t->scope_len};
	to = (char *)&s->binding[s->bindings];
	s->qname = move_str(&to, root->qname);
	for (unsigned i = 0; i < s->bindings; i++, t->scope = t->scope->next)
		s->binding[i] = (struct binding){.next = i + 1 < s->bindings ? &s->binding[i + 1] : NULL,
			.prefix = move_str(&to, t->scope->prefix),
			.uri = move_str(&to, t->scope->uri)};
	t->scope = s->bindings ? s->binding : NULL;
	t->stream = s;
	return true;
}
