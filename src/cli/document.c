#include "cli/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/yaml.h"

static json_t *node_json(const struct yml_node *node)
{
	json_t *v;

	if (node->kind == YML_SCALAR)
		return yml_is_null(node) ? json_null() : json_stringn(node->text.data, node->text.len);
	v = node->kind == YML_LIST ? json_array() : json_object();
	yml_each(member, node)
	{
		json_t *m = node_json(member);

		if (node->kind == YML_LIST ? json_array_append_new(v, m) : json_object_setn_new(v, member->key.data, member->key.len, m))
			break;
	}
	return v;
}

static int json_read(struct document *d, const char *name, struct err *err)
{
	json_error_t where;

	d->root = json_loadb(d->text.data, d->text.len, JSON_REJECT_DUPLICATES, &where);
	return d->root ? 0 : err_set(err, -EINVAL, "%s:%d:%d: this is no JSON: %s", name, where.line, where.column, where.text);
}

int document_read(struct document *out, struct str text, const char *name, struct err *err)
{
	int r;

	*out = (struct document){.text = text};
	if (str_starts(str_trim(text), STR("{")))
		return json_read(out, name, err);
	r = yml_parse(&out->yml, text, name, err);
	if (r)
		return r;
	out->root = node_json(yml_root(out->yml));
	return 0;
}

void document_close(struct document *d)
{
	json_decref(d->root);
	yml_free(d->yml);
	*d = (struct document){};
}

/* ---- lines ---- */

/* One step of a path: a member's name, or the number of an element. */
struct step {
	struct str name;
	size_t index;
	bool is_index;
};

/* The next step at *at, and *at behind it; false: there is none, or what stands there is no step. */
static bool step_next(const char **at, struct step *out)
{
	const char *from = *at;
	char *end;

	if (*from == '.')
		from++;
	if (*from == '[') {
		*out = (struct step){.is_index = true, .index = strtoul(from + 1, &end, 10)};
		if (end == from + 1 || *end != ']')
			return false;
		*at = end + 1;
		return true;
	}
	*out = (struct step){.name = str_of(from, strcspn(from, ".["))};
	*at = from + out->name.len;
	return out->name.len > 0;
}

static const struct yml_node *node_step(const struct yml_node *node, const struct step *step)
{
	size_t i = 0;

	yml_each(member, node)
	{
		if (step->is_index ? node->kind == YML_LIST && i == step->index : node->kind == YML_MAP && str_eq(member->key, step->name))
			return member;
		i++;
	}
	return NULL;
}

static unsigned yml_line(const struct yml_node *node, const char *path)
{
	const struct yml_node *next;
	struct step step;

	while (step_next(&path, &step) && (next = node_step(node, &step)))
		node = next;
	return node->key_line ? node->key_line : node->line;
}

/* A walk through a text that is known to be JSON. */
struct walk {
	struct str text;
	size_t at;
};

static char here(const struct walk *w)
{
	return w->at < w->text.len ? w->text.data[w->at] : '\0';
}

static void skip_space(struct walk *w)
{
	while (w->at < w->text.len && strchr(" \t\r\n", w->text.data[w->at]))
		w->at++;
}

/* At a quotation mark: behind its other one. What is between, escapes and all. */
static struct str skip_string(struct walk *w)
{
	size_t from = ++w->at;
	struct str inside;

	while (w->at < w->text.len && here(w) != '"')
		w->at += here(w) == '\\' ? 2 : 1;
	inside = str_cut(w->text, from, w->at);
	w->at++;
	return inside;
}

/* Behind a value, however deep it is. */
static void skip_value(struct walk *w)
{
	size_t depth = 0;

	do {
		char c = here(w);

		if (c == '"') {
			skip_string(w);
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth)
			depth--;
		w->at++;
	} while (w->at < w->text.len && (depth || !strchr(",}] \t\r\n", here(w))));
}

/* At an object or a list: at its member; false: there is none, and where it stands is anybody's guess. */
static bool walk_step(struct walk *w, const struct step *step)
{
	if (here(w) != (step->is_index ? '[' : '{'))
		return false;
	w->at++;
	for (size_t i = 0; w->at < w->text.len; i++) {
		bool found = step->is_index && i == step->index;
		size_t from;

		skip_space(w);
		from = w->at;
		if (here(w) == ']' || here(w) == '}')
			return false;
		if (!step->is_index) {
			found = here(w) == '"' && str_eq(skip_string(w), step->name);
			skip_space(w);
			w->at++; /* the colon */
			skip_space(w);
		}
		if (found)
			return true;
		w->at = w->at > from ? w->at : from;
		skip_value(w);
		skip_space(w);
		w->at++; /* the comma */
	}
	return false;
}

static unsigned json_line(struct str text, const char *path)
{
	struct walk w = {.text = text}, next;
	struct step step;
	unsigned line = 1;

	skip_space(&w);
	while (step_next(&path, &step)) {
		next = w;
		if (!walk_step(&next, &step))
			break;
		w = next;
	}
	for (size_t i = 0; i < w.at && i < text.len; i++)
		line += text.data[i] == '\n';
	return line;
}

unsigned document_line(const struct document *d, const char *path)
{
	return d->yml ? yml_line(yml_root(d->yml), path) : json_line(d->text, path);
}
