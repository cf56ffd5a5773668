#include "command/form.h"

#include <string.h>

#include "stanza/ns.h"
#include "stanza/xml_out.h"

static const char *const types[FIELD_TYPES] = {
	[FIELD_JID] = "jid-single",
	[FIELD_JIDS] = "jid-multi",
	[FIELD_LINE] = "text-single",
	[FIELD_LINES] = "text-multi",
	[FIELD_SECRET] = "text-private",
	[FIELD_CHOICE] = "list-single",
};

/* XEP-0401 names one for results alone. */
static const char *form_type(const struct command *c)
{
	if (c->flags & COMMAND_OWN)
		return "urn:gatehouse:own";
	return c->flags & COMMAND_INVITES ? "urn:xmpp:invite#invitation" : "http://jabber.org/protocol/admin";
}

/* ---- writing ---- */

static void element(struct buf *out, const char *name, struct str text)
{
	buf_printf(out, "<%s>", name);
	xml_escape(out, text);
	buf_printf(out, "</%s>", name);
}

static struct str text_of(const json_t *value)
{
	return str_of(json_string_value(value), json_string_length(value));
}

static void put_values(struct buf *out, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		element(out, "value", text_of(json_array_get(list, i)));
}

static void put_choices(struct buf *out, const char *choices)
{
	struct str all = str_from(choices);

	for (size_t from = 0, to; from < all.len; from = to + 1) {
		struct str value;

		to = str_find(all, '|', from);
		value = str_cut(all, from, to);
		buf_printf(out, "<option label='%.*s'><value>%.*s</value></option>", STR_FMT(value), STR_FMT(value));
	}
}

static void put_field(struct buf *out, const struct field *f, const json_t *values, bool asks)
{
	buf_printf(out, "<field var='%s' type='%s' label='", f->var, types[f->type]);
	xml_escape(out, str_from(f->label));
	buf_lit(out, "'>");
	if (asks && f->required)
		buf_lit(out, "<required/>");
	put_values(out, json_object_get(values, f->var));
	if (asks)
		put_choices(out, f->choices);
	buf_lit(out, "</field>");
}

static void put_begin(struct buf *out, const char *type, const struct command *c)
{
	buf_printf(out, "<x xmlns='jabber:x:data' type='%s'>", type);
	element(out, "title", str_from(c->heading ? c->heading : c->title));
	if (c->instructions)
		element(out, "instructions", str_from(c->instructions));
	if (!(c->flags & COMMAND_INVITES) || strcmp(type, "result") == 0)
		buf_printf(out, "<field var='FORM_TYPE' type='hidden'><value>%s</value></field>", form_type(c));
}

void form_put(struct buf *out, const struct command *c, const json_t *values)
{
	put_begin(out, "form", c);
	for (const struct field *f = c->fields; f && f->var; f++)
		put_field(out, f, values, true);
	buf_lit(out, "</x>");
}

void form_put_result(struct buf *out, const struct command *c, const json_t *values, struct str more)
{
	struct command plain = *c;

	plain.instructions = NULL;
	plain.heading = NULL;
	put_begin(out, "result", &plain);
	for (const struct field *f = c->results; f && f->var; f++)
		if (json_object_get(values, f->var))
			put_field(out, f, values, false);
	buf_str(out, more);
	buf_lit(out, "</x>");
}

/* ---- reading ---- */

static const struct field *field_find(const struct command *c, struct str var)
{
	for (const struct field *f = c->fields; f && f->var; f++)
		if (str_eq(var, str_from(f->var)))
			return f;
	return NULL;
}

static bool is_single(const struct field *f)
{
	return f->type != FIELD_JIDS && f->type != FIELD_LINES;
}

static bool is_choice(const char *choices, struct str value)
{
	struct str all = str_from(choices);

	for (size_t from = 0, to; from < all.len; from = to + 1) {
		to = str_find(all, '|', from);
		if (str_eq(str_cut(all, from, to), value))
			return true;
	}
	return false;
}

/* Blanks around an address are a slip of the hand; an empty line of a text is a line. */
static const char *take_value(const struct field *f, struct str text, json_t *list)
{
	if (f->type != FIELD_LINES)
		text = str_trim(text);
	if (text.len == 0 && f->type != FIELD_LINES)
		return NULL;
	if (f->type == FIELD_CHOICE && !is_choice(f->choices, text))
		return "a value is not among those to choose from";
	if (json_array_size(list) == (is_single(f) ? 1 : FORM_VALUES_MAX))
		return "a field has too many values";
	return json_array_append_new(list, json_stringn(text.data ? text.data : "", text.len)) ? "out of memory" : NULL;
}

static bool is_blank(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_string_length(json_array_get(list, i)))
			return false;
	return true;
}

static const char *take_field(const struct field *f, const struct node *field, struct arena *arena, json_t *values)
{
	json_t *list = json_array();
	const char *fault = NULL;

	for (const struct node *n = node_first_element(field); n && !fault; n = node_next_element(n))
		if (node_is(n, STR("value"), NS_DATA_FORMS))
			fault = take_value(f, node_text(n, arena), list);
	if (!fault && !is_blank(list) && json_object_set(values, f->var, list))
		fault = "out of memory";
	json_decref(list);
	return fault;
}

static const char *take_child(const struct command *c, const struct node *n, struct arena *arena, json_t *values)
{
	struct str var = node_attr(n, STR("var"));
	const struct field *f = field_find(c, var);
	const struct node *value;

	if (str_is(var, "FORM_TYPE")) {
		value = node_child(n, STR("value"), NS_DATA_FORMS);
		return value && str_eq(node_text(value, arena), str_from(form_type(c))) ? NULL : "FORM_TYPE is another form's";
	}
	return f && f->type != FIELD_SECRET ? take_field(f, n, arena, values) : NULL;
}

static const char *missing(const struct command *c, const json_t *values)
{
	for (const struct field *f = c->fields; f && f->var; f++)
		if (f->required && f->type != FIELD_SECRET && !json_object_get(values, f->var))
			return "a required field is empty";
	return NULL;
}

json_t *form_take(const struct command *c, const struct node *form, struct arena *arena, const char **out_fault)
{
	json_t *values = json_object();
	const char *fault = values ? NULL : "out of memory";

	for (const struct node *n = node_first_element(form); n && !fault; n = node_next_element(n))
		if (node_is(n, STR("field"), NS_DATA_FORMS))
			fault = take_child(c, n, arena, values);
	if (!fault)
		fault = missing(c, values);
	if (!fault)
		return values;
	json_decref(values);
	*out_fault = fault;
	return NULL;
}

struct str form_first(const json_t *values, const char *var)
{
	const json_t *value = json_array_get(json_object_get(values, var), 0);

	return value ? text_of(value) : STR_NONE;
}

bool form_text(const json_t *values, const char *var, struct buf *out)
{
	const json_t *list = json_object_get(values, var);

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i)
			buf_putc(out, '\n');
		buf_str(out, text_of(json_array_get(list, i)));
	}
	return json_array_size(list) > 0;
}
