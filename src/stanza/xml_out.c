/* Serialising without recursion: down by first and next, up by parent. Every element is written without a
 * prefix and carries xmlns where its namespace is not the one in force, so what is in force inside an element
 * is its own. */
#include "stanza/xml_out.h"

#include "stanza/xml_char.h"

/* What stands for one ASCII character; empty: itself. Line ends and tabs are kept from being normalised away
 * when the output is parsed (XML 1.0, 2.11 and 3.3.3); a control character cannot be written at all. */
static struct str escape_of(char ch, bool value)
{
	switch (ch) {
	case '<':
		return STR("&lt;");
	case '>':
		return STR("&gt;");
	case '&':
		return STR("&amp;");
	case '\'':
		return STR("&apos;");
	case '"':
		return STR("&quot;");
	case '\r':
		return STR("&#13;");
	case '\n':
		return value ? STR("&#10;") : STR("");
	case '\t':
		return value ? STR("&#9;") : STR("");
	default:
		return STR("\xef\xbf\xbd");
	}
}

/* Whatever the bytes are, what is written is well formed: what is no XML character becomes U+FFFD. */
static void escape(struct buf *out, struct str s, bool value)
{
	const char *p = s.data, *from = p, *end = p + s.len;

	for (;;) {
		struct str as = STR("\xef\xbf\xbd");
		unsigned n;

		p = xml_run_plain(p, end);
		if (p == end)
			break;
		n = xml_char_length(p, end);
		if (n > 1) {
			p += n;
			continue;
		}
		if (n == 1)
			as = escape_of(*p, value);
		if (as.len) {
			buf_put(out, from, (size_t)(p - from));
			buf_str(out, as);
			from = p + 1;
		}
		p++;
	}
	buf_put(out, from, (size_t)(end - from));
}

void xml_escape(struct buf *out, struct str text)
{
	escape(out, text, true);
}

static void put_value(struct buf *out, struct str value)
{
	buf_lit(out, "='");
	if (value.len)
		escape(out, value, true);
	buf_lit(out, "'");
}

/* Number of the generated prefix for a's namespace: the place, from 1, of the element's first attribute in
 * it. *out_first: that is a itself, which declares it. */
static unsigned prefix_number(const struct node *n, const struct attr *a, bool *out_first)
{
	const struct attr *b = n->attrs;
	unsigned number = 1;

	for (; b != a && !str_eq(b->ns, a->ns); b = b->next)
		number++;
	*out_first = b == a;
	return number;
}

static void put_attr_ns(struct buf *out, const struct node *n, const struct attr *a, struct str value)
{
	unsigned number;
	bool first;

	if (str_eq(a->ns, NS_XML)) {
		buf_lit(out, " xml:");
	} else {
		number = prefix_number(n, a, &first);
		if (first) {
			buf_printf(out, " xmlns:ns%u", number);
			put_value(out, a->ns);
		}
		buf_printf(out, " ns%u:", number);
	}
	buf_str(out, a->name);
	put_value(out, value);
}

/* Most values need no escaping: then the attribute is put in one go. */
static bool put_attr_plain(struct buf *out, struct str name, struct str value)
{
	size_t len = name.len + value.len + 4;
	char *to;

	if (value.len && xml_run_plain(value.data, value.data + value.len) != value.data + value.len)
		return false;
	if (out->failed || len > out->cap - out->len)
		return false;
	to = out->data + out->len;
	*to = ' ';
	memcpy(to + 1, name.data, name.len);
	to += 1 + name.len;
	memcpy(to, "='", 2);
	if (value.len)
		memcpy(to + 2, value.data, value.len);
	to[2 + value.len] = '\'';
	out->len += len;
	return true;
}

static void put_attr(struct buf *out, struct str name, struct str value)
{
	if (put_attr_plain(out, name, value))
		return;
	buf_lit(out, " ");
	buf_str(out, name);
	put_value(out, value);
}

/* The default namespace in force inside n, the tree being put at `top` under `ns`. */
static struct str ns_inside(const struct node *n, const struct node *top, struct str ns)
{
	for (; str_eq(n->ns, NS_XML); n = n->parent)
		if (n == top)
			return ns;
	return n->ns;
}

static void put_tag_name(struct buf *out, const struct node *n)
{
	if (str_eq(n->ns, NS_XML))
		buf_lit(out, "xml:");
	buf_str(out, n->name);
}

/* "<name" and the namespace; the attributes follow. */
static void put_tag_open(struct buf *out, const struct node *n, struct str ns)
{
	buf_lit(out, "<");
	put_tag_name(out, n);
	if (str_eq(n->ns, ns) || str_eq(n->ns, NS_XML))
		return;
	put_attr(out, STR("xmlns"), n->ns);
}

static void put_attrs(struct buf *out, const struct node *n)
{
	for (const struct attr *a = n->attrs; a; a = a->next)
		if (a->ns.len)
			put_attr_ns(out, n, a, a->value);
		else
			put_attr(out, a->name, a->value);
}

static void put_tag_close(struct buf *out, const struct node *n)
{
	buf_lit(out, "</");
	put_tag_name(out, n);
	buf_lit(out, ">");
}

/* A text node, or a start tag; true when there are children to go into. */
static bool put_enter(struct buf *out, const struct node *n, struct str ns)
{
	if (n->kind == NODE_TEXT) {
		if (n->text.len)
			escape(out, n->text, false);
		return false;
	}
	put_tag_open(out, n, ns);
	put_attrs(out, n);
	if (n->first) {
		buf_lit(out, ">");
		return true;
	}
	buf_lit(out, "/>");
	return false;
}

/* All below `top`, which is put under `ns`. */
static void put_children(struct buf *out, const struct node *top, struct str ns)
{
	struct str inside = ns_inside(top, top, ns);
	const struct node *n = top->first;

	while (n) {
		if (put_enter(out, n, inside)) {
			inside = ns_inside(n, top, ns);
			n = n->first;
			continue;
		}
		while (!n->next) {
			n = n->parent;
			if (n == top)
				return;
			put_tag_close(out, n);
			inside = ns_inside(n->parent, top, ns);
		}
		n = n->next;
	}
}

void xml_put(struct buf *out, const struct node *n, struct str ns)
{
	if (!put_enter(out, n, ns))
		return;
	put_children(out, n, ns);
	put_tag_close(out, n);
}

enum { STAMPS = 4 };

/* Which of the stamp's values replaces the attribute; STAMPS: none. */
static unsigned stamp_of(struct str name, const struct str *names, const struct str *values)
{
	unsigned i = 0;

	while (i < STAMPS && !(values[i].data && str_eq(name, names[i])))
		i++;
	return i;
}

static void put_stamped_attrs(struct buf *out, const struct node *n, const struct xml_stamp *stamp)
{
	static const struct str names[STAMPS] = {STR("to"), STR("from"), STR("id"), STR("type")};
	struct str values[STAMPS] = {stamp->to, stamp->from, stamp->id, stamp->type};
	bool done[STAMPS + 1] = {};

	for (const struct attr *a = n->attrs; a; a = a->next) {
		unsigned which = a->ns.len ? STAMPS : stamp_of(a->name, names, values);

		if (a->ns.len)
			put_attr_ns(out, n, a, a->value);
		else
			put_attr(out, a->name, which < STAMPS ? values[which] : a->value);
		done[which] = true;
	}
	for (unsigned i = 0; i < STAMPS; i++)
		if (values[i].data && !done[i])
			put_attr(out, names[i], values[i]);
}

void xml_put_stamped(struct buf *out, const struct node *n, struct str ns, const struct xml_stamp *stamp)
{
	put_tag_open(out, n, ns);
	put_stamped_attrs(out, n, stamp);
	if (!n->first && !stamp->extra) {
		buf_lit(out, "/>");
		return;
	}
	buf_lit(out, ">");
	put_children(out, n, ns);
	for (const struct node *e = stamp->extra; e; e = e->next)
		xml_put(out, e, ns_inside(n, n, ns));
	put_tag_close(out, n);
}

void xml_put_again(struct buf *out, struct str whole, const struct node *n, const struct node *extra)
{
	bool empty = !n->first;
	size_t tail = empty ? strlen("/>") : n->name.len + strlen("</>");

	if (!extra) {
		buf_str(out, whole);
		return;
	}
	buf_put(out, whole.data, whole.len - tail);
	if (empty)
		buf_lit(out, ">");
	for (; extra; extra = extra->next)
		xml_put(out, extra, n->ns);
	put_tag_close(out, n);
}
