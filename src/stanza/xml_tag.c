/* Start tags with their attributes, and end tags. */
#include "stanza/tokenizer_private.h"

#include <stdlib.h>

/* ---- names ---- */

/* Where the name bytes from p on end; *seen collects their classes. */
static const char *name_run(const char *p, const char *end, unsigned *seen)
{
	unsigned classes = 0;

	for (; p < end && xml_is(*p, XML_NAME); p++)
		classes |= xml_class[(unsigned char)*p];
	*seen = classes;
	return p;
}

/* Takes name bytes at the cursor; the first is XML_START. STEP_ON: the whole name is in *out, *out_prefix is
 * the length of its prefix. */
static enum step name_take(struct tokenizer *t, struct cursor *c, struct str *out, size_t *out_prefix)
{
	const char *from = c->p, *p;
	unsigned seen;

	*out_prefix = 0;
	p = name_run(from, c->end, &seen);
	c->p = p;
	if (t->pending.len + (size_t)(p - from) > t->limits->name_bytes)
		return tokenizer_fail(t, XML_E_TOO_BIG, "a name is too long");
	if (p == c->end)
		return tokenizer_stash(t, from, p) ? STEP_MORE : STEP_FAIL;
	if (t->pending.len)
		seen = XML_CHECK;
	if (!tokenizer_token(t, from, p, out))
		return STEP_FAIL;
	if ((seen & XML_CHECK) && !xml_qname_valid(*out, out_prefix))
		return step_malformed(t, "not a name");
	return STEP_ON;
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
	t->ns_bytes = 0;
	ns_stanza_begin(t);
	if (!t->arena)
		tokenizer_fail(t, XML_E_MEMORY, "out of memory");
	return t->arena;
}

static struct element *element_new(struct tokenizer *t, struct str name, size_t prefix)
{
	struct element *e;

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
	if (!tokenizer_dup(t, name, &e->qname))
		return NULL;
	tokenizer_token_done(t);
	e->node.name = e->qname;
	e->node.ns.len = prefix; /* until it is resolved */
	return e;
}

enum step step_tag_name(struct tokenizer *t, struct cursor *c)
{
	struct str name;
	size_t prefix;
	enum step step = name_take(t, c, &name, &prefix);

	if (step != STEP_ON)
		return step;
	t->tag = element_new(t, name, prefix);
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

static bool is_container(const struct tokenizer *t, const struct element *e)
{
	return t->is_container && !t->current && t->stream->level < XML_CONTAINERS &&
	       t->is_container(t->container_owner, &e->node);
}

/* Like the root: what it declares outlives its arena. */
static enum step container_enter(struct tokenizer *t)
{
	struct stream *outer = t->stream;

	if (!ns_keep_stream(t, t->tag))
		return STEP_FAIL;
	t->stream->outer = outer;
	t->stream->level = outer->level + 1;
	t->depth--;
	t->state = STATE_IDLE;
	return STEP_OPEN;
}

static enum step container_leave(struct tokenizer *t)
{
	struct stream *outer = t->stream->outer;

	free(t->stream);
	t->stream = outer;
	t->scope = outer->bindings ? outer->binding : NULL;
	t->scope_len = outer->bindings;
	t->state = STATE_IDLE;
	return STEP_CLOSE;
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
	if (!empty && is_container(t, e))
		return container_enter(t);
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

static bool is_quote(char ch)
{
	return ch == '\'' || ch == '"';
}

static void attr_add(struct tokenizer *t, struct attr *a)
{
	*t->attr_end = a;
	t->attr_end = &a->next;
	t->spaced = false;
	t->state = STATE_TAG_SPACE;
}

/* The usual attribute: name='value' whole in the input, with nothing in it to be decoded or checked. NULL: it
 * is not that, and is to be read step by step. The structure, name and value are one block.*/
static struct attr *attr_whole(struct tokenizer *t, struct cursor *c)
{
	const struct xml_limits *limits = t->limits;
	const char *from = c->p, *equals, *value, *end;
	unsigned char high = 0;
	size_t name_len, len;
	struct attr *a;
	unsigned seen;
	char *to;

	equals = name_run(from, c->end, &seen);
	if (c->end - equals < 3 || *equals != '=' || !is_quote(equals[1]) || (seen & XML_CHECK))
		return NULL;
	value = equals + 2;
	end = xml_run(value, c->end, equals[1], '<', '&', &high);
	if (end == c->end || *end != equals[1] || high)
		return NULL;
	name_len = (size_t)(equals - from);
	len = (size_t)(end - value);
	if (name_len > limits->name_bytes || len > limits->attribute_bytes)
		return NULL;
	a = arena_alloc(t->arena, sizeof(*a) + name_len + len);
	if (!a)
		return NULL;
	to = memcpy(a + 1, from, name_len);
	memcpy(to + name_len, value, len);
	*a = (struct attr){.name = str_of(to, name_len), .value = str_of(to + name_len, len)};
	c->p = end + 1;
	return a;
}

static enum step attr_begin(struct tokenizer *t, struct cursor *c)
{
	struct attr *a;

	if (!t->spaced || !xml_is(*c->p, XML_START))
		return step_malformed(t, "a tag with something in it that is no attribute");
	if (++t->attrs > t->limits->attributes)
		return tokenizer_fail(t, XML_E_TOO_BIG, "an element has too many attributes");
	a = attr_whole(t, c);
	if (a)
		attr_add(t, a);
	else
		t->state = STATE_ATTR_NAME;
	return STEP_ON;
}

enum step step_tag_space(struct tokenizer *t, struct cursor *c)
{
	enum step step = STEP_ON;

	while (step == STEP_ON && t->state == STATE_TAG_SPACE) {
		const char *p = skip_space(c->p, c->end);

		t->spaced |= p != c->p;
		c->p = p;
		if (p == c->end)
			return STEP_MORE;
		if (*p == '>')
			return tag_end(t, c, false);
		if (*p != '/') {
			step = attr_begin(t, c);
			continue;
		}
		c->p++;
		t->state = STATE_TAG_EMPTY;
	}
	return step;
}

enum step step_attr_name(struct tokenizer *t, struct cursor *c)
{
	struct str name;
	struct attr *a;
	size_t prefix;
	enum step step = name_take(t, c, &name, &prefix);

	if (step != STEP_ON)
		return step;
	a = tokenizer_alloc(t, sizeof(*a));
	if (!a)
		return STEP_FAIL;
	*a = (struct attr){.ns.len = prefix};
	if (!tokenizer_dup(t, name, &a->name))
		return STEP_FAIL;
	tokenizer_token_done(t);
	t->attr = a;
	t->state = STATE_ATTR_EQUALS;
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
	t->quote = *c->p++;
	t->value_bytes = 0;
	t->state = STATE_VALUE;
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
	attr_add(t, a);
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
	if (t->stream->outer)
		return container_leave(t);
	t->state = STATE_EPILOG;
	return STEP_CLOSE;
}

enum step step_end_name(struct tokenizer *t, struct cursor *c)
{
	struct str open = open_name(t), name;
	size_t prefix;
	enum step step;

	if (t->pending.len == 0 && (size_t)(c->end - c->p) > open.len && c->p[open.len] == '>' &&
		memcmp(c->p, open.data, open.len) == 0) {
		c->p += open.len;
		return end_tag(t, c);
	}
	step = name_take(t, c, &name, &prefix);
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
