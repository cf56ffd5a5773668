/* The driver: states, units and their budget of bytes, and what is handed out. */
#include "stanza/tokenizer_private.h"

#include <stdlib.h>

enum step tokenizer_fail(struct tokenizer *t, enum xml_error error, const char *text)
{
	t->error = error;
	t->error_text = text;
	return STEP_FAIL;
}

void *tokenizer_alloc(struct tokenizer *t, size_t size)
{
	void *p = arena_alloc(t->arena, size);

	if (!p) {
		bool over = t->limits->arena_bytes && size > t->limits->arena_bytes - arena_used(t->arena);

		tokenizer_fail(t, over ? XML_E_TOO_BIG : XML_E_MEMORY,
			over ? "the stanza needs too much memory" : "out of memory");
	}
	return p;
}

bool tokenizer_dup(struct tokenizer *t, struct str s, struct str *out)
{
	*out = s.len ? arena_dup(t->arena, s) : STR("");
	if (out->data)
		return true;
	if (t->limits->arena_bytes && s.len > t->limits->arena_bytes - arena_used(t->arena))
		tokenizer_fail(t, XML_E_TOO_BIG, "the stanza needs too much memory");
	else
		tokenizer_fail(t, XML_E_MEMORY, "out of memory");
	return false;
}

bool tokenizer_stash(struct tokenizer *t, const char *from, const char *to)
{
	buf_put(&t->pending, from, (size_t)(to - from));
	if (!buf_failed(&t->pending))
		return true;
	tokenizer_fail(t, XML_E_MEMORY, "out of memory");
	return false;
}

bool tokenizer_token(struct tokenizer *t, const char *from, const char *to, struct str *out)
{
	if (t->pending.len == 0) {
		*out = str_of(from, (size_t)(to - from));
		return true;
	}
	if (!tokenizer_stash(t, from, to))
		return false;
	*out = buf_view(&t->pending);
	return true;
}

struct tokenizer *tokenizer_new(const struct xml_limits *limits)
{
	struct tokenizer *t = calloc(1, sizeof(*t));

	if (t)
		t->limits = limits;
	return t;
}

/* Nothing of a unit stays: no arena, no pending bytes. */
static void unit_drop(struct tokenizer *t)
{
	t->arena = arena_free(t->arena);
	buf_done(&t->pending);
	t->current = t->tag = NULL;
	t->in_unit = false;
}

void tokenizer_reset(struct tokenizer *t)
{
	const struct xml_limits *limits = t->limits;

	unit_drop(t);
	while (t->stream) {
		struct stream *outer = t->stream->outer;

		free(t->stream);
		t->stream = outer;
	}
	*t = (struct tokenizer){
		.limits = limits, .is_container = t->is_container, .container_owner = t->container_owner};
}

void tokenizer_set_containers(struct tokenizer *t, xml_container_fn *is_container, void *owner)
{
	t->is_container = is_container;
	t->container_owner = owner;
}

struct tokenizer *tokenizer_free(struct tokenizer *t)
{
	if (!t)
		return NULL;
	tokenizer_reset(t);
	free(t);
	return NULL;
}

void tokenizer_set_limits(struct tokenizer *t, const struct xml_limits *limits)
{
	t->limits = limits;
}

static void unit_begin(struct tokenizer *t, struct cursor *c)
{
	t->in_unit = true;
	t->unit_left = t->limits->stanza_bytes;
	c->unit = c->p;
	if ((size_t)(c->data_end - c->p) > t->unit_left)
		c->end = c->p + t->unit_left;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && xml_is(*p, XML_SPACE))
		p++;
	return p;
}

/* A unit that ended without an event: the XML declaration, or white space written in an odd way. */
static void unit_leave(struct tokenizer *t, struct cursor *c)
{
	t->in_unit = false;
	c->end = c->data_end;
}

static enum step step_prolog(struct tokenizer *t, struct cursor *c)
{
	const char *from = c->p;

	unit_leave(t, c);
	c->p = skip_space(from, c->end);
	if (c->p != from)
		t->started = true;
	if (c->p == c->end)
		return STEP_MORE;
	if (*c->p != '<')
		return step_malformed(t, "text before the stream header");
	unit_begin(t, c);
	if (c->p == c->end)
		return STEP_MORE;
	c->p++;
	t->state = STATE_MARKUP;
	return STEP_ON;
}

/* Directly in the stream. What is not white space there has no meaning, but must still be XML: references and
 * CDATA sections are read and refused for what they stand for. */
static enum step step_idle(struct tokenizer *t, struct cursor *c)
{
	unit_leave(t, c);
	c->p = skip_space(c->p, c->end);
	if (c->p == c->end)
		return STEP_MORE;
	if (*c->p != '<' && *c->p != '&')
		return tokenizer_fail(t, XML_E_BAD_FORMAT, "text between stanzas");
	unit_begin(t, c);
	if (c->p == c->end)
		return STEP_MORE;
	if (*c->p++ == '&')
		reference_begin(t, STATE_IDLE);
	else
		t->state = STATE_MARKUP;
	return STEP_ON;
}

static enum step step_epilog(struct tokenizer *t, struct cursor *c)
{
	c->p = skip_space(c->p, c->end);
	if (c->p == c->end)
		return STEP_MORE;
	return step_malformed(t, "data after the end of the stream");
}

static enum step step_root_empty(struct tokenizer *t, struct cursor *c)
{
	if (c->p == c->end)
		return STEP_MORE;
	c->p++;
	t->state = STATE_EPILOG;
	return STEP_CLOSE;
}

static enum step markup_special(struct tokenizer *t, char what)
{
	if (what == '?') {
		if (t->stream)
			return tokenizer_fail(t, XML_E_RESTRICTED, "processing instruction");
		t->state = STATE_DECL;
		return STEP_ON;
	}
	if (what == '!') {
		t->matched = 0;
		t->state = STATE_BANG;
		return STEP_ON;
	}
	if (!t->stream)
		return step_malformed(t, "end tag before the stream header");
	if (!text_flush(t))
		return STEP_FAIL;
	t->state = STATE_END_NAME;
	return STEP_ON;
}

static enum step step_markup(struct tokenizer *t, struct cursor *c)
{
	char first;

	if (c->p == c->end)
		return STEP_MORE;
	first = *c->p;
	if (first == '/' || first == '!' || first == '?') {
		c->p++;
		return markup_special(t, first);
	}
	if (!xml_is(first, XML_START))
		return step_malformed(t, "'<' without a name behind it");
	if (!text_flush(t))
		return STEP_FAIL;
	t->state = STATE_TAG_NAME;
	return STEP_ON;
}

static enum step (*const steps[STATES])(struct tokenizer *t, struct cursor *c) = {
	[STATE_PROLOG] = step_prolog,
	[STATE_DECL] = step_decl,
	[STATE_IDLE] = step_idle,
	[STATE_EPILOG] = step_epilog,
	[STATE_TEXT] = step_text,
	[STATE_MARKUP] = step_markup,
	[STATE_BANG] = step_bang,
	[STATE_CDATA] = step_cdata,
	[STATE_REFERENCE] = step_reference,
	[STATE_TAG_NAME] = step_tag_name,
	[STATE_TAG_SPACE] = step_tag_space,
	[STATE_ATTR_NAME] = step_attr_name,
	[STATE_ATTR_EQUALS] = step_attr_equals,
	[STATE_ATTR_QUOTE] = step_attr_quote,
	[STATE_VALUE] = step_value,
	[STATE_TAG_EMPTY] = step_tag_empty,
	[STATE_END_NAME] = step_end_name,
	[STATE_END_SPACE] = step_end_space,
	[STATE_ROOT_EMPTY] = step_root_empty,
};

/* The complete element in t->tag and its arena are the caller's now. */
static enum xml_event unit_hand_out(
	struct tokenizer *t, enum xml_event event, struct node **out, struct arena **arena)
{
	*out = &t->tag->node;
	*arena = t->arena;
	t->arena = NULL;
	unit_drop(t);
	return event;
}

static enum xml_event step_event(
	struct tokenizer *t, enum step step, const struct cursor *c, struct node **out, struct arena **arena)
{
	switch (step) {
	case STEP_OPEN:
		return unit_hand_out(t, XML_STREAM_OPEN, out, arena);
	case STEP_STANZA:
		return unit_hand_out(t, XML_STANZA, out, arena);
	case STEP_CLOSE:
		unit_drop(t);
		return XML_STREAM_CLOSE;
	case STEP_MORE:
		if (c->end == c->data_end)
			return XML_MORE;
		tokenizer_fail(t, XML_E_TOO_BIG, "the stanza is too big");
		break;
	case STEP_ON:
	case STEP_FAIL:
		break;
	}
	unit_drop(t);
	return XML_ERROR;
}

enum xml_event tokenizer_feed(
	struct tokenizer *t, const char **data, size_t *len, struct node **out, struct arena **arena)
{
	struct cursor c = {.p = *data, .end = *data + *len, .data_end = *data + *len, .unit = *data};
	enum step step;

	if (t->error)
		return XML_ERROR;
	if (t->in_unit && *len > t->unit_left)
		c.end = c.p + t->unit_left;
	do
		step = steps[t->state](t, &c);
	while (step == STEP_ON);
	if (t->in_unit)
		t->unit_left -= (size_t)(c.p - c.unit);
	*data = c.p;
	*len = (size_t)(c.data_end - c.p);
	return step_event(t, step, &c, out, arena);
}

enum xml_error tokenizer_error(const struct tokenizer *t)
{
	return t->error;
}

const char *tokenizer_error_text(const struct tokenizer *t)
{
	return t->error_text ? t->error_text : "";
}

size_t tokenizer_held(const struct tokenizer *t)
{
	return sizeof(*t) + (t->stream ? t->stream->size : 0) + t->pending.cap +
	       (t->arena ? arena_used(t->arena) : 0);
}

struct str tokenizer_content_ns(const struct tokenizer *t)
{
	if (t->stream)
		for (unsigned i = 0; i < t->stream->bindings; i++)
			if (t->stream->binding[i].prefix.len == 0)
				return t->stream->binding[i].uri;
	return STR_NONE;
}
