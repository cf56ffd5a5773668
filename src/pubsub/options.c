#include "pubsub/options.h"

#include <stdlib.h>

#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum field_kind {
	FIELD_BOOL,
	FIELD_CHOICE, /* uint32_t: position among the words */
	FIELD_COUNT,  /* uint32_t: 0 is "max" */
	FIELD_TEXT,
	FIELD_LIST, /* text, separated by U+001F */
	FIELD_FIXED, /* one word, and no other */
};

struct field {
	const char *var, *label, *words;
	size_t offset;
	enum field_kind kind;
	enum pubsub_fault fault; /* of a value that is none */
};

#define AT(member) offsetof(struct node_options, member)

static const struct field fields[] = {
	{"pubsub#title", "Name", NULL, AT(title), FIELD_TEXT, PUBSUB_E_OPTIONS},
	{"pubsub#description", "Description", NULL, AT(description), FIELD_TEXT, PUBSUB_E_OPTIONS},
	{"pubsub#type", "Namespace of the payloads", NULL, AT(type), FIELD_TEXT, PUBSUB_E_OPTIONS},
	{"pubsub#access_model", "Who may subscribe and retrieve items", "open|presence|roster|whitelist", AT(access),
		FIELD_CHOICE, PUBSUB_E_ACCESS_MODEL},
	{"pubsub#roster_groups_allowed", "Groups of the roster that may", NULL, AT(groups), FIELD_LIST,
		PUBSUB_E_OPTIONS},
	{"pubsub#persist_items", "Items are kept", NULL, AT(persist), FIELD_BOOL, PUBSUB_E_OPTIONS},
	{"pubsub#max_items", "Items that are kept", NULL, AT(items_max), FIELD_COUNT, PUBSUB_E_OPTIONS},
	{"pubsub#send_last_published_item", "When the last item is sent", "never|on_sub|on_sub_and_presence",
		AT(send_last), FIELD_CHOICE, PUBSUB_E_OPTIONS},
	{"pubsub#deliver_notifications", "Events are sent", NULL, AT(deliver_notifications), FIELD_BOOL,
		PUBSUB_E_OPTIONS},
	{"pubsub#deliver_payloads", "Events hold the payload", NULL, AT(deliver_payloads), FIELD_BOOL,
		PUBSUB_E_OPTIONS},
	{"pubsub#notify_config", "Subscribers hear of another configuration", NULL, AT(notify_config), FIELD_BOOL,
		PUBSUB_E_OPTIONS},
	{"pubsub#notify_delete", "Subscribers hear when the node is deleted", NULL, AT(notify_delete), FIELD_BOOL,
		PUBSUB_E_OPTIONS},
	{"pubsub#notify_retract", "Subscribers hear of items taken back", NULL, AT(notify_retract), FIELD_BOOL,
		PUBSUB_E_OPTIONS},
	{"pubsub#presence_based_delivery", "Events go to who is available", NULL, AT(presence_based), FIELD_BOOL,
		PUBSUB_E_OPTIONS},
	{"pubsub#notification_type", "Type of the messages", "headline|normal|chat", AT(notification_type),
		FIELD_CHOICE, PUBSUB_E_OPTIONS},
	{"pubsub#publish_model", "Who may publish", "publishers", 0, FIELD_FIXED, PUBSUB_E_OPTIONS},
	{"pubsub#node_type", "Kind of node", "leaf", 0, FIELD_FIXED, PUBSUB_E_OPTIONS},
};

enum {
	FIELDS = sizeof(fields) / sizeof(fields[0]),
};

static void *place(const struct node_options *o, const struct field *f)
{
	return (char *)(uintptr_t)o + f->offset;
}

static bool is_text(const struct field *f)
{
	return f->kind == FIELD_TEXT || f->kind == FIELD_LIST;
}

void options_init(struct node_options *o)
{
	*o = (struct node_options){.persist = true,
		.deliver_payloads = true,
		.deliver_notifications = true,
		.notify_delete = true,
		.notify_retract = true,
		.presence_based = true,
		.access = ACCESS_PRESENCE,
		.send_last = SEND_LAST_ON_SUB_AND_PRESENCE,
		.items_max = 1};
}

void options_done(struct node_options *o)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (is_text(&fields[i]))
			free((char *)(uintptr_t)((struct str *)place(o, &fields[i]))->data);
	*o = (struct node_options){.persist = false};
}

static bool text_set(struct str *field, struct str text)
{
	char *copy = text.len ? str_dupz(text) : NULL;

	if (text.len && !copy)
		return false;
	free((char *)(uintptr_t)field->data);
	*field = str_of(copy, copy ? text.len : 0);
	return true;
}

bool options_copy(struct node_options *to, const struct node_options *from)
{
	bool ok = true;

	*to = *from;
	for (size_t i = 0; i < FIELDS; i++)
		if (is_text(&fields[i]))
			*(struct str *)place(to, &fields[i]) = STR_NONE;
	for (size_t i = 0; ok && i < FIELDS; i++)
		if (is_text(&fields[i]))
			ok = text_set(place(to, &fields[i]), *(struct str *)place(from, &fields[i]));
	if (!ok)
		options_done(to);
	return ok;
}

bool options_equal(const struct node_options *a, const struct node_options *b)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const void *x = place(a, &fields[i]), *y = place(b, &fields[i]);

		switch (fields[i].kind) {
		case FIELD_BOOL:
			if (*(const bool *)x != *(const bool *)y)
				return false;
			break;
		case FIELD_CHOICE:
		case FIELD_COUNT:
			if (*(const uint32_t *)x != *(const uint32_t *)y)
				return false;
			break;
		case FIELD_TEXT:
		case FIELD_LIST:
			if (!str_eq(*(const struct str *)x, *(const struct str *)y))
				return false;
			break;
		case FIELD_FIXED:
			break;
		}
	}
	return true;
}

/* ---- words and lists ---- */

static struct str word_at(const struct field *f, uint32_t index)
{
	struct str all = str_from(f->words);
	size_t from = 0, to;

	for (uint32_t i = 0; from <= all.len; i++, from = to + 1) {
		to = str_find(all, '|', from);
		if (i == index)
			return str_cut(all, from, to);
	}
	return STR_NONE;
}

static bool word_find(const struct field *f, struct str word, uint32_t *out)
{
	for (uint32_t i = 0; word.len && word_at(f, i).len; i++)
		if (str_eq(word_at(f, i), word)) {
			*out = i;
			return true;
		}
	return false;
}

bool list_holds(struct str list, struct str name)
{
	struct str part;

	while (list_next(&list, &part))
		if (name.len && str_eq(part, name))
			return true;
	return false;
}

bool list_next(struct str *rest, struct str *out)
{
	size_t end = str_find(*rest, '\x1f', 0);

	if (rest->len == 0)
		return false;
	*out = str_cut(*rest, 0, end);
	*rest = str_cut(*rest, end + 1, rest->len);
	return true;
}

/* ---- values as text ---- */

static void value_put(struct buf *out, const struct node_options *o, const struct field *f)
{
	const void *at = place(o, f);

	switch (f->kind) {
	case FIELD_BOOL:
		buf_putc(out, *(const bool *)at ? '1' : '0');
		return;
	case FIELD_CHOICE:
		buf_str(out, word_at(f, *(const uint32_t *)at));
		return;
	case FIELD_COUNT:
		if (*(const uint32_t *)at)
			buf_u64(out, *(const uint32_t *)at);
		else
			buf_lit(out, "max");
		return;
	case FIELD_TEXT:
	case FIELD_LIST:
		buf_str(out, *(const struct str *)at);
		return;
	case FIELD_FIXED:
		buf_str(out, str_from(f->words));
		return;
	}
}

static enum pubsub_fault bool_take(struct str text, bool *out)
{
	if (str_is(text, "1") || str_is(text, "true"))
		*out = true;
	else if (str_is(text, "0") || str_is(text, "false"))
		*out = false;
	else
		return PUBSUB_E_OPTIONS;
	return PUBSUB_OK;
}

static enum pubsub_fault count_take(struct str text, uint32_t *out)
{
	unsigned long long v = 0;

	if (!str_is(text, "max") && !str_to_u64(text, OPTIONS_ITEMS_MAX, &v))
		return PUBSUB_E_OPTIONS;
	*out = (uint32_t)v;
	return v == 0 && !str_is(text, "max") ? PUBSUB_E_OPTIONS : PUBSUB_OK;
}

static enum pubsub_fault value_take(struct node_options *o, const struct field *f, struct str text)
{
	void *at = place(o, f);

	switch (f->kind) {
	case FIELD_BOOL:
		return bool_take(text, at);
	case FIELD_CHOICE:
		return word_find(f, text, at) ? PUBSUB_OK : f->fault;
	case FIELD_COUNT:
		return count_take(text, at);
	case FIELD_TEXT:
	case FIELD_LIST:
		if (text.len > OPTIONS_TEXT_MAX || str_find(text, '\n', 0) < text.len)
			return f->fault;
		return text_set(at, text) ? PUBSUB_OK : PUBSUB_E_FAILED;
	case FIELD_FIXED:
		return str_eq(text, str_from(f->words)) ? PUBSUB_OK : f->fault;
	}
	return PUBSUB_E_OPTIONS;
}

/* ---- the form ---- */

static const char *const form_types[] = {
	[FIELD_BOOL] = "boolean",
	[FIELD_CHOICE] = "list-single",
	[FIELD_COUNT] = "text-single",
	[FIELD_TEXT] = "text-single",
	[FIELD_LIST] = "list-multi",
	[FIELD_FIXED] = "list-single",
};

static void form_value_put(struct buf *out, struct str value)
{
	buf_lit(out, "<value>");
	xml_escape(out, value);
	buf_lit(out, "</value>");
}

static void form_values_put(struct buf *out, const struct node_options *o, const struct field *f)
{
	struct buf value = BUF_INIT(0);

	if (f->kind == FIELD_LIST) {
		struct str rest = *(const struct str *)place(o, f), part;

		while (list_next(&rest, &part))
			form_value_put(out, part);
		return;
	}
	value_put(&value, o, f);
	form_value_put(out, buf_view(&value));
	buf_done(&value);
}

static void choice_put(struct buf *out, struct str value)
{
	buf_lit(out, "<option>");
	form_value_put(out, value);
	buf_lit(out, "</option>");
}

/* All groups, and those chosen that are none of them now. */
static void groups_put(struct buf *out, struct str groups, struct str chosen)
{
	struct str rest = groups, part;

	while (list_next(&rest, &part))
		choice_put(out, part);
	while (list_next(&chosen, &part))
		if (!list_holds(groups, part))
			choice_put(out, part);
}

static void field_put(struct buf *out, const struct node_options *o, const struct field *f, struct str groups)
{
	buf_printf(out, "<field var='%s' type='%s' label='%s'>", f->var, form_types[f->kind], f->label);
	form_values_put(out, o, f);
	for (uint32_t i = 0; f->words && word_at(f, i).len; i++)
		choice_put(out, word_at(f, i));
	if (f->kind == FIELD_LIST)
		groups_put(out, groups, *(const struct str *)place(o, f));
	buf_lit(out, "</field>");
}

#define FORM_TYPE_FIELD                                                                                      \
	"<field var='FORM_TYPE' type='hidden'>"                                                              \
	"<value>http://jabber.org/protocol/pubsub#node_config</value></field>"

void options_put_submit(struct buf *out, const struct node_options *o)
{
	buf_lit(out, FORM_TYPE_FIELD);
	for (size_t i = 0; i < FIELDS; i++) {
		buf_printf(out, "<field var='%s'>", fields[i].var);
		form_values_put(out, o, &fields[i]);
		buf_lit(out, "</field>");
	}
}

void options_put_form(struct buf *out, const struct node_options *o, struct str groups)
{
	buf_lit(out, FORM_TYPE_FIELD);
	for (size_t i = 0; i < FIELDS; i++)
		field_put(out, o, &fields[i], groups);
}

/* The one value, or the list of all. */
static struct str field_value(const struct node *field, bool list, struct arena *arena)
{
	struct buf all = BUF_INIT(OPTIONS_TEXT_MAX + 1);
	struct str out;

	for (const struct node *n = node_first_element(field); n; n = node_next_element(n)) {
		if (!node_is(n, STR("value"), NS_DATA_FORMS))
			continue;
		if (all.len)
			buf_putc(&all, list ? '\x1f' : '\n');
		buf_str(&all, node_text(n, arena));
	}
	/* what is too long stays too long */
	out = arena_dup(arena, buf_failed(&all) ? STR("\n") : buf_view(&all));
	buf_done(&all);
	return out;
}

/* `unknown`: of a field that is not ours. */
static enum pubsub_fault field_take(
	struct node_options *o, const struct node *field, enum pubsub_fault unknown, struct arena *arena)
{
	struct str var = node_attr(field, STR("var"));

	for (size_t i = 0; i < FIELDS; i++)
		if (str_eq(var, str_from(fields[i].var)))
			return value_take(o, &fields[i], field_value(field, fields[i].kind == FIELD_LIST, arena));
	return unknown;
}

static enum pubsub_fault form_take(struct node_options *o, const struct node *form, struct str form_type,
	enum pubsub_fault unknown, struct arena *arena)
{
	enum pubsub_fault fault = PUBSUB_OK;

	for (const struct node *n = node_first_element(form); fault == PUBSUB_OK && n; n = node_next_element(n)) {
		if (!node_is(n, STR("field"), NS_DATA_FORMS))
			continue;
		if (str_is(node_attr(n, STR("var")), "FORM_TYPE"))
			fault = str_eq(field_value(n, false, arena), form_type) ? PUBSUB_OK : PUBSUB_E_BAD;
		else
			fault = field_take(o, n, unknown, arena);
	}
	return fault;
}

enum pubsub_fault options_take_form(struct node_options *o, const struct node *form, struct arena *arena)
{
	return form_take(o, form, STR("http://jabber.org/protocol/pubsub#node_config"), PUBSUB_OK, arena);
}

enum pubsub_fault options_take_preconditions(struct node_options *o, const struct node *form, struct arena *arena)
{
	return form_take(o, form, STR("http://jabber.org/protocol/pubsub#publish-options"), PUBSUB_E_PRECONDITION, arena);
}

/* ---- the store's text ---- */

void options_put_text(struct buf *out, const struct node_options *o)
{
	for (size_t i = 0; i < FIELDS; i++) {
		if (fields[i].kind == FIELD_FIXED)
			continue;
		buf_printf(out, "%s ", fields[i].var);
		value_put(out, o, &fields[i]);
		buf_putc(out, '\n');
	}
}

bool options_take_line(struct node_options *o, struct str line)
{
	size_t space = str_find(line, ' ', 0);
	struct str var = str_cut(line, 0, space), value = str_cut(line, space + 1, line.len);

	for (size_t i = 0; i < FIELDS; i++)
		if (str_eq(var, str_from(fields[i].var)))
			return value_take(o, &fields[i], value) != PUBSUB_E_FAILED;
	return true;
}
