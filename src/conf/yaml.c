/* Builds the tree from libyaml's events. libyaml judges the syntax; everything settings and rules do not need
 * is refused here, so that no file means something else than it seems to. */
#include "conf/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/map.h"

struct yml {
	struct arena *arena;
	const char *name;
	struct yml_node *root;
};

struct builder {
	yaml_parser_t parser;
	struct yml *yml;
	struct yml_node *open; /* the innermost list or map that is not closed */
	struct str key;        /* read in a map, its value still to come; data NULL: none */
	unsigned key_line;
	unsigned depth;
	size_t nodes;
	unsigned documents;
	struct err *err;
};

const char *yml_kind_name(enum yml_kind kind)
{
	return kind == YML_SCALAR ? "scalar" : kind == YML_LIST ? "list" : "map";
}

int yml_error(const struct yml *y, unsigned line, struct err *err, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(err, -EINVAL, "%s:%u: %s", y->name, line, text);
}

static unsigned event_line(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.line + 1;
}

static int build_problem(struct builder *b)
{
	const char *problem = b->parser.problem ? b->parser.problem : "cannot be read";
	const char *context = b->parser.context;
	const char *hint = "";

	if (b->parser.error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (b->parser.error == YAML_READER_ERROR)
		return err_set(b->err, -EINVAL, "%s: %s at byte %zu; save the file as UTF-8", b->yml->name,
			problem, b->parser.problem_offset);
	if (b->parser.error == YAML_SCANNER_ERROR)
		hint = "; indent with spaces, never tabs, and put text with : # [ ] { } into quotes";
	return yml_error(b->yml, (unsigned)b->parser.problem_mark.line + 1, b->err,
		"this is not YAML: %s%s%s%s", problem, context ? " " : "", context ? context : "", hint);
}

static int refuse_extras(
	struct builder *b, const yaml_event_t *event, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return yml_error(b->yml, event_line(event), b->err,
			"anchors (&name) are not accepted; write the value where it is used");
	if (tag)
		return yml_error(b->yml, event_line(event), b->err,
			"tags (!name) are not accepted; leave the tag out");
	return 0;
}

/* A new node as the next child of the open container, taking the key that waits. */
static int node_add(struct builder *b, const yaml_event_t *event, enum yml_kind kind, struct yml_node **out)
{
	struct yml_node *n, *parent = b->open;

	if (++b->nodes > YML_MAX_NODES)
		return yml_error(b->yml, event_line(event), b->err, "more than %d values; split the file",
			YML_MAX_NODES);
	n = arena_zalloc(b->yml->arena, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->kind = kind;
	n->line = event_line(event);
	n->column = (unsigned)event->start_mark.column + 1;
	n->parent = parent;
	n->key = b->key;
	n->key_line = b->key_line;
	b->key = STR_NONE;
	b->key_line = 0;
	if (!parent) {
		b->yml->root = n;
	} else {
		if (parent->last)
			parent->last->next = n;
		else
			parent->first = n;
		parent->last = n;
		parent->len++;
	}
	*out = n;
	return 0;
}

static bool wants_key(const struct builder *b)
{
	return b->open && b->open->kind == YML_MAP && !b->key.data;
}

/* The text with a NUL behind it that is not counted. */
static int scalar_text(struct builder *b, const yaml_event_t *event, struct str *out)
{
	struct str text = str_of((const char *)event->data.scalar.value, event->data.scalar.length);
	char *copy;

	if (text.len && memchr(text.data, '\0', text.len))
		return yml_error(b->yml, event_line(event), b->err, "a NUL byte is not accepted in a value");
	copy = arena_bytes(b->yml->arena, text.len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	*out = str_of(copy, text.len);
	return 0;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
	struct yml_node *n;
	struct str text = STR_NONE;
	int r;

	r = refuse_extras(b, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (!r)
		r = scalar_text(b, event, &text);
	if (r)
		return r;
	if (wants_key(b)) {
		b->key = text;
		b->key_line = event_line(event);
		return 0;
	}
	r = node_add(b, event, YML_SCALAR, &n);
	if (r)
		return r;
	n->text = text;
	n->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int on_open(struct builder *b, const yaml_event_t *event, enum yml_kind kind)
{
	struct yml_node *n;
	int r;

	if (kind == YML_LIST)
		r = refuse_extras(
			b, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
	else
		r = refuse_extras(b, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
	if (r)
		return r;
	if (wants_key(b))
		return yml_error(b->yml, event_line(event), b->err, "a %s cannot be a key; a key is a word",
			yml_kind_name(kind));
	if (++b->depth > YML_MAX_DEPTH)
		return yml_error(
			b->yml, event_line(event), b->err, "nested deeper than %d levels", YML_MAX_DEPTH);
	r = node_add(b, event, kind, &n);
	if (!r)
		b->open = n;
	return r;
}

/* A key twice: one of the two would silently win. */
static int check_keys(struct builder *b, const struct yml_node *map)
{
	struct map seen;
	int r = 0;

	map_init(&seen);
	yml_each(child, map)
	{
		struct yml_node *first = map_get(&seen, child->key);

		if (first)
			r = yml_error(b->yml, child->key_line, b->err,
				"'%s' stands here twice (first in line %u); keep one", LOG_STR(child->key),
				first->key_line);
		else
			r = map_put(&seen, child->key, (void *)(uintptr_t)child);
		if (r)
			break;
	}
	map_done(&seen);
	return r;
}

static int on_close(struct builder *b)
{
	struct yml_node *closed = b->open;

	b->open = closed->parent;
	b->depth--;
	return closed->kind == YML_MAP ? check_keys(b, closed) : 0;
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++b->documents > 1)
			return yml_error(b->yml, event_line(event), b->err,
				"a second document begins here; remove the line with ---");
		return 0;
	case YAML_ALIAS_EVENT:
		return yml_error(b->yml, event_line(event), b->err,
			"aliases (*name) are not accepted; text that begins with * needs quotes");
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(b, event, YML_LIST);
	case YAML_MAPPING_START_EVENT:
		return on_open(b, event, YML_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(b);
	default:
		return 0;
	}
}

static int build(struct builder *b)
{
	yaml_event_t event;
	bool end = false;
	int r = 0;

	while (!end && !r) {
		if (!yaml_parser_parse(&b->parser, &event))
			return build_problem(b);
		end = event.type == YAML_STREAM_END_EVENT;
		r = on_event(b, &event);
		yaml_event_delete(&event);
	}
	return r;
}

static struct yml *yml_new(const char *name)
{
	struct yml *y = calloc(1, sizeof(*y));

	if (!y)
		return NULL;
	y->arena = arena_new(0);
	y->name = y->arena ? arena_printf(y->arena, "%s%c", name, 0).data : NULL;
	return y->name ? y : yml_free(y);
}

/* Nothing but comments, or nothing at all: an empty map. */
static int empty_root(struct yml *y)
{
	if (y->root && !yml_is_null(y->root))
		return 0;
	y->root = arena_zalloc(y->arena, sizeof(*y->root));
	if (!y->root)
		return -ENOMEM;
	y->root->kind = YML_MAP;
	y->root->line = 1;
	y->root->column = 1;
	return 0;
}

int yml_parse(struct yml **out, struct str text, const char *name, struct err *err)
{
	AUTO(yml_freep) struct yml *y = yml_new(name);
	struct builder b = {.yml = y, .err = err};
	int r;

	if (!y)
		return -ENOMEM;
	if (text.len > YML_MAX_BYTES)
		return err_set(err, -EFBIG, "%s: larger than %d bytes; split it", name, YML_MAX_BYTES);
	if (!yaml_parser_initialize(&b.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)(text.len ? text.data : ""), text.len);
	r = build(&b);
	yaml_parser_delete(&b.parser);
	if (!r)
		r = empty_root(y);
	if (r == -ENOMEM)
		return err_set(err, r, "%s: out of memory", name);
	if (r)
		return r;
	*out = TAKE(y);
	return 0;
}

struct yml *yml_free(struct yml *y)
{
	if (y) {
		arena_free(y->arena);
		free(y);
	}
	return NULL;
}

void yml_freep(struct yml **y)
{
	*y = yml_free(*y);
}

const struct yml_node *yml_root(const struct yml *y)
{
	return y->root;
}

const struct yml_node *yml_get(const struct yml_node *node, const char *key)
{
	if (!node || node->kind != YML_MAP)
		return NULL;
	yml_each(child, node)
	{
		if (str_eq(child->key, str_from(key)))
			return child;
	}
	return NULL;
}

bool yml_is_null(const struct yml_node *node)
{
	if (node->kind != YML_SCALAR || node->quoted)
		return false;
	return node->text.len == 0 || str_is(node->text, "~") || str_is(node->text, "null");
}

bool yml_bool(const struct yml_node *node, bool *out)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	if (node->kind != YML_SCALAR || node->quoted)
		return false;
	for (size_t i = 0; i < 6; i++)
		if (str_eq(node->text, str_from(words[i]))) {
			*out = i % 2;
			return true;
		}
	return false;
}

bool yml_u64(const struct yml_node *node, unsigned long long max, unsigned long long *out)
{
	char digits[32];
	size_t n = 0;

	if (node->kind != YML_SCALAR || node->quoted)
		return false;
	for (size_t i = 0; i < node->text.len; i++) {
		char c = node->text.data[i];

		if (c == '_' && n && i + 1 < node->text.len && node->text.data[i + 1] != '_')
			continue;
		if (n == sizeof(digits))
			return false;
		digits[n++] = c;
	}
	return str_to_u64(str_of(digits, n), max, out);
}
