/* Start tags with their attributes, and end tags. */
#include "stanza/tokenizer_private.h"

/* ---- names ---- */

/* Takes name bytes at the cursor. STEP_ON: the whole name is in *out. */
static enum step name_take(struct tokenizer *t, struct cursor *c, struct str *out)
{
	const char *from = c->p, *p = from;

	while (p < c->end && xml_is(*p, XML_NAME))
		p++;
	c->p = p;
	if (t->pending.len + (size_t)(p - from) > t->limits->name_bytes)
		return tokenizer_fail(t, XML_E_TOO_BIG, "a name is too long");
	if (p == c->end)
		return tokenizer_stash(t, from, p) ? STEP_MORE : STEP_FAIL;
	return tokenizer_token(t, from, p, out) ? STEP_ON : STEP_FAIL;
}

/* Checks a name and puts it into the arena. */
static bool name_keep(struct tokenizer *t, struct str name, struct str *out, size_t *out_prefix)
{
	bool ok = xml_qname_valid(name, out_prefix);

	if (!ok)
		step_malformed(t, "not a name");
	ok = ok && tokenizer_dup(t, name, out);
	tokenizer_token_done(t);
	return ok;
}

/* ---- elements ---- */

bool node_charge(struct tokenizer *t)
{
	if (t->current && ++t->current->children > t->limits->children) {
		tokenizer_fail(t, XML_E_TOO_BIG, "an element has too many children");
		return false;
	}
	if (++t->nodes > t->limits->nodes) {
		tokenizer_fail(t, XML_E_TOO_BIG, "the stanza has too many elements");
		return false;
	}
	return true;
}

static bool unit_arena(struct tokenizer *t)
{
	t->arena = arena_new(t->limits->arena_bytes);
	t->nodes = t->depth = 0;
	ns_stanza_begin(t);
	if (!t->arena)
		tokenizer_fail(t, XML_E_MEMORY, "out of memory");
	return t->arena;
}

static struct element *element_new(struct tokenizer *t, struct str name)
{
	struct element *e;
	size_t prefix;

	if (!t->arena && !unit_arena(t))
		return NULL;
	if (!node_charge(t))
		return NULL;
	if (t->stream && ++t->depth > t->limits->depth) {
		tokenizer_fail(t, XML_E_TOO_BIG, "elements are nested too deeply");
		return NULL;
	}
	e = tokenizer_alloc(t, sizeof(*e));
	if (!e)
		return NULL;
	*e = (struct element){.node.kind = NODE_ELEMENT};
	if (!name_keep(t, name, &e->qname, &prefix))
		return NULL;
	e->node.name = e->qname;
	e->node.ns.len = prefix; /* until it is resolved */
	return e;
}

enum step step_tag_name(struct tokenizer *t, struct cursor *c)
{
	struct str name;
	enum step step = name_take(t, c, &name);

	if (step != STEP_ON)
		return step;
	t->tag = element_new(t, name);
	if (!t->tag)
		return STEP_FAIL;
	t->attr_end = &t->tag->node.attrs;
	t->attrs = 0;
	t->spaced = false;
	t->state = STATE_TAG_SPACE;
	return STEP_ON;
}

/* The innermost open element is complete, and with it perhaps the stanza. */
static enum step element_leave(struct tokenizer *t)
{
	struct element *e = t->current;

	ns_leave(t, e);
	t->depth--;
	t->current = (struct element *)e->node.parent;
	if (t->current) {
		t->state = STATE_TEXT;
		return STEP_ON;
	}
	t->tag = e;
	t->state = STATE_IDLE;
	return STEP_STANZA;
}

static enum step root_enter(struct tokenizer *t, struct cursor *c, bool empty)
{
	if (!ns_keep_stream(t, t->tag))
		return STEP_FAIL;
	t->state = empty ? STATE_ROOT_EMPTY : STATE_IDLE;
	if (!empty)
		c->p++;
	return STEP_OPEN;
}

/* At the '>' of a start tag. */
static enum step tag_end(struct tokenizer *t, struct cursor *c, bool empty)
{
	struct element *e = t->tag;

	if (!ns_resolve(t, e))
		return STEP_FAIL;
	if (!t->stream)
		return root_enter(t, c, empty);
	c->p++;
	if (t->current)
		node_append(&t->current->node, &e->node);
	t->current = e;
	if (empty)
		return element_leave(t);
	t->state = STATE_TEXT;
	return STEP_ON;
}

enum step step_tag_empty(struct tokenizer *t, struct cursor *c)
{
	if (c->p == c->end)
		return STEP_MORE;
	if (*c->p != '>')
		return step_malformed(t, "'/' inside a tag");
	return tag_end(t, c, true);
}

/* ---- attributes ---- */

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && xml_is(*p, XML_SPACE))
		p++;
	return p;
}

enum step step_tag_space(struct tokenizer *t, struct cursor *c)
{
	const char *p = skip_space(c->p, c->end);

	t->spaced |= p != c->p;
	c->p = p;
	if (p == c->end)
		return STEP_MORE;
	if (*p == '>')
		return tag_end(t, c, false);
	if (*p == '/') {
		c->p++;
		t->state = STATE_TAG_EMPTY;
		return STEP_ON;
	}
	if (!t->spaced || !xml_is(*p, XML_START))
		return step_malformed(t, "a tag with something in it that is no attribute");
	if (++t->attrs > t->limits->attributes)
		return tokenizer_fail(t, XML_E_TOO_BIG, "an element has too many attributes");
	t->state = STATE_ATTR_NAME;
	return STEP_ON;
}

static void value_begin(struct tokenizer *t, char quote)
{
	t->quote = quote;
	t->value_bytes = 0;
	t->state = STATE_VALUE;
}

static bool is_quote(char ch)
{
	return ch == '\'' || ch == '"';
}

enum step step_attr_name(struct tokenizer *t, struct cursor *c)
{
	struct str name;
	struct attr *a;
	enum step step = name_take(t, c, &name);

	if (step != STEP_ON)
		return step;
	a = tokenizer_alloc(t, sizeof(*a));
	if (!a)
		return STEP_FAIL;
	*a = (struct attr){};
	if (!name_keep(t, name, &a->name, &a->ns.len))
		return STEP_FAIL;
	t->attr = a;
	t->state = STATE_ATTR_EQUALS;
	if (c->end - c->p >= 2 && c->p[0] == '=' && is_quote(c->p[1])) {
		value_begin(t, c->p[1]);
		c->p += 2;
	}
	return STEP_ON;
}

enum step step_attr_equals(struct tokenizer *t, struct cursor *c)
{
	c->p = skip_space(c->p, c->end);
	if (c->p == c->end)
		return STEP_MORE;
	if (*c->p++ != '=')
		return step_malformed(t, "an attribute without a value");
	t->state = STATE_ATTR_QUOTE;
	return STEP_ON;
}

enum step step_attr_quote(struct tokenizer *t, struct cursor *c)
{
	c->p = skip_space(c->p, c->end);
	if (c->p == c->end)
		return STEP_MORE;
	if (!is_quote(*c->p))
		return step_malformed(t, "an attribute value without quotes");
	value_begin(t, *c->p++);
	return STEP_ON;
}

static enum step value_end(struct tokenizer *t, struct str value)
{
	struct attr *a = t->attr;

	if ((t->high & 0x80) && !xml_chars_valid(value))
		return step_malformed(t, "not UTF-8, or not an XML character");
	if (!tokenizer_dup(t, value, &a->value))
		return STEP_FAIL;
	tokenizer_token_done(t);
	*t->attr_end = a;
	t->attr_end = &a->next;
	t->spaced = false;
	t->state = STATE_TAG_SPACE;
	return STEP_ON;
}

/* White space in a value is a space each (XML 1.0, 3.3.3), and a line end is one character (2.11). */
static bool value_space(struct tokenizer *t, const char *from, const char *at)
{
	t->cr = *at == '\r';
	return tokenizer_stash(t, from, at) && tokenizer_stash(t, " ", &" "[1]);
}

static bool value_charge(struct tokenizer *t, const char *from, const char *to)
{
	t->value_bytes += (size_t)(to - from);
	if (t->value_bytes <= t->limits->attribute_bytes)
		return true;
	tokenizer_fail(t, XML_E_TOO_BIG, "an attribute value is too long");
	return false;
}

enum step step_value(struct tokenizer *t, struct cursor *c)
{
	const char *start = c->p, *from = start, *p = start;
	struct str value;

	for (;;) {
		if (t->cr && p < c->end) {
			t->cr = false;
			if (*p == '\n')
				from = ++p;
		}
		p = xml_run(p, c->end, t->quote, '<', '&', &t->high);
		if (p == c->end || !xml_is(*p, XML_SPACE))
			break;
		if (!value_space(t, from, p))
			return STEP_FAIL;
		from = ++p;
	}
	c->p = p;
	if (!value_charge(t, start, p))
		return STEP_FAIL;
	if (p == c->end)
		return tokenizer_stash(t, from, p) ? STEP_MORE : STEP_FAIL;
	c->p++;
	if (*p == t->quote)
		return tokenizer_token(t, from, p, &value) ? value_end(t, value) : STEP_FAIL;
	if (*p != '&')
		return step_malformed(t, *p == '<' ? "'<' in an attribute value" : "control character");
	reference_begin(t, STATE_VALUE);
	t->value_bytes++;
	return tokenizer_stash(t, from, p) ? STEP_ON : STEP_FAIL;
}

/* ---- end tags ---- */

static struct str open_name(const struct tokenizer *t)
{
	return t->current ? t->current->qname : t->stream->qname;
}

/* At the '>' of an end tag whose name is the right one. */
static enum step end_tag(struct tokenizer *t, struct cursor *c)
{
	c->p++;
	if (t->current)
		return element_leave(t);
	t->state = STATE_EPILOG;
	return STEP_CLOSE;
}

enum step step_end_name(struct tokenizer *t, struct cursor *c)
{
	struct str open = open_name(t), name;
	enum step step;

	if (t->pending.len == 0 && (size_t)(c->end - c->p) > open.len && c->p[open.len] == '>' &&
		memcmp(c->p, open.data, open.len) == 0) {
		c->p += open.len;
		return end_tag(t, c);
	}
	step = name_take(t, c, &name);
	if (step != STEP_ON)
		return step;
	if (!str_eq(name, open))
		return step_malformed(t, "an end tag that does not match");
	tokenizer_token_done(t);
	t->state = STATE_END_SPACE;
	return STEP_ON;
}

enum step step_end_space(struct tokenizer *t, struct cursor *c)
{
	c->p = skip_space(c->p, c->end);
	if (c->p == c->end)
		return STEP_MORE;
	if (*c->p != '>')
		return step_malformed(t, "an end tag with something behind its name");
	return end_tag(t, c);
}
