#include "route/history_form.h"

#include "base/clock.h"
#include "jid/jid.h"
#include "stanza/ns.h"

static const enum stanza_condition OK = STANZA_CONDITIONS;

struct reader {
	struct history_asked *out;
	struct arena *arena;
	size_t page_max;
	bool named; /* FORM_TYPE was there */
	unsigned seen;
};

/* ---- fields ---- */

static struct str value_of(const struct reader *r, const struct node *field)
{
	const struct node *value = node_child(field, STR("value"), NS_DATA_FORMS);

	return value ? node_text(value, r->arena) : STR_NONE;
}

static enum stanza_condition field_type(struct reader *r, const struct node *field)
{
	r->named = str_eq(value_of(r, field), NS_MAM);
	return r->named ? OK : STANZA_BAD_REQUEST;
}

static enum stanza_condition field_with(struct reader *r, const struct node *field)
{
	struct jid jid;

	if (jid_parse(&jid, value_of(r, field), r->arena))
		return STANZA_BAD_REQUEST;
	r->out->query.with = jid.full;
	return OK;
}

static enum stanza_condition field_start(struct reader *r, const struct node *field)
{
	return clock_parse(value_of(r, field), &r->out->query.start_us) ? OK : STANZA_BAD_REQUEST;
}

static enum stanza_condition field_end(struct reader *r, const struct node *field)
{
	return clock_parse(value_of(r, field), &r->out->query.end_us) ? OK : STANZA_BAD_REQUEST;
}

static enum stanza_condition field_before(struct reader *r, const struct node *field)
{
	r->out->query.before = value_of(r, field);
	return r->out->query.before.len ? OK : STANZA_BAD_REQUEST;
}

static enum stanza_condition field_after(struct reader *r, const struct node *field)
{
	r->out->query.after = value_of(r, field);
	return r->out->query.after.len ? OK : STANZA_BAD_REQUEST;
}

/* No more than fit on a page. */
static enum stanza_condition field_ids(struct reader *r, const struct node *field)
{
	struct str *ids = arena_alloc(r->arena, r->page_max * sizeof(*ids));
	size_t len = 0;

	if (!ids)
		return STANZA_RESOURCE_CONSTRAINT;
	node_each (value, field) {
		if (!node_is(value, STR("value"), NS_DATA_FORMS))
			continue;
		if (len == r->page_max)
			return STANZA_POLICY_VIOLATION;
		ids[len] = node_text(value, r->arena);
		if (ids[len++].len == 0)
			return STANZA_BAD_REQUEST;
	}
	r->out->query.ids = ids;
	r->out->query.ids_len = len;
	return len ? OK : STANZA_BAD_REQUEST;
}

/* Messages of rooms are in the rooms' archives: there are none to leave out or in. */
static enum stanza_condition field_groupchat(struct reader *r, const struct node *field)
{
	struct str v = value_of(r, field);

	return str_is(v, "true") || str_is(v, "false") || str_is(v, "1") || str_is(v, "0")
		       ? OK
		       : STANZA_BAD_REQUEST;
}

static const struct field {
	struct str name;
	enum stanza_condition (*read)(struct reader *r, const struct node *field);
} fields[] = {
	{STR("FORM_TYPE"), field_type},
	{STR("with"), field_with},
	{STR("start"), field_start},
	{STR("end"), field_end},
	{STR("before-id"), field_before},
	{STR("after-id"), field_after},
	{STR("ids"), field_ids},
	{STR("include-groupchat"), field_groupchat},
};

struct str history_form_fields(void)
{
	return STR("<x xmlns='jabber:x:data' type='form'>"
		   "<field type='hidden' var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>"
		   "<field type='jid-single' var='with'/><field type='text-single' var='start'/>"
		   "<field type='text-single' var='end'/><field type='text-single' var='before-id'/>"
		   "<field type='text-single' var='after-id'/><field type='list-multi' var='ids'>"
		   "<validate xmlns='http://jabber.org/protocol/xdata-validate' "
		   "datatype='xs:string'><open/></validate>"
		   "</field><field type='boolean' var='include-groupchat'/></x>");
}

static enum stanza_condition field_read(struct reader *r, const struct node *field)
{
	struct str name = node_attr(field, STR("var"));

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!str_eq(fields[i].name, name))
			continue;
		if (r->seen & 1u << i)
			return STANZA_BAD_REQUEST;
		r->seen |= 1u << i;
		return fields[i].read(r, field);
	}
	return STANZA_FEATURE_NOT_IMPLEMENTED;
}

static enum stanza_condition form_read(struct reader *r, const struct node *form)
{
	if (!str_is(node_attr(form, STR("type")), "submit"))
		return STANZA_BAD_REQUEST;
	node_each (field, form) {
		enum stanza_condition c = OK;

		if (node_is(field, STR("field"), NS_DATA_FORMS))
			c = field_read(r, field);
		if (c != OK)
			return c;
	}
	return r->named ? OK : STANZA_BAD_REQUEST;
}

/* ---- the page ---- */

static enum stanza_condition page_max(struct reader *r, const struct node *max)
{
	unsigned long long n;

	if (!str_to_u64(str_trim(node_text(max, r->arena)), 1ull << 32, &n))
		return STANZA_BAD_REQUEST;
	r->out->query.count = n == 0;
	r->out->query.max = n < r->page_max ? (size_t)n : r->page_max;
	return OK;
}

static enum stanza_condition page_read(struct reader *r, const struct node *set)
{
	const struct node *max = node_child(set, STR("max"), NS_RSM);
	const struct node *before = node_child(set, STR("before"), NS_RSM);
	const struct node *after = node_child(set, STR("after"), NS_RSM);

	if (node_child(set, STR("index"), NS_RSM))
		return STANZA_FEATURE_NOT_IMPLEMENTED;
	if (before) {
		r->out->query.newest = true;
		r->out->query.before_page = str_trim(node_text(before, r->arena));
	}
	if (after) {
		r->out->query.after_page = str_trim(node_text(after, r->arena));
		if (r->out->query.after_page.len == 0)
			r->out->query.after_page = STR_NONE;
	}
	return max ? page_max(r, max) : OK;
}

enum stanza_condition history_form_read(
	struct history_asked *out, const struct node *query, size_t page_max_rows, struct arena *arena)
{
	struct reader r = {.out = out, .arena = arena, .page_max = page_max_rows};
	const struct node *form = node_child(query, STR("x"), NS_DATA_FORMS);
	const struct node *set = node_child(query, STR("set"), NS_RSM);
	enum stanza_condition c = OK;

	*out = (struct history_asked){.id = node_attr(query, STR("queryid")), .query.max = page_max_rows};
	out->flip = node_child(query, STR("flip-page"), NS_MAM) != NULL;
	if (node_attr(query, STR("node")).data)
		return STANZA_ITEM_NOT_FOUND;
	if (form)
		c = form_read(&r, form);
	if (c == OK && set)
		c = page_read(&r, set);
	return c == OK && arena_is_full(arena) ? STANZA_RESOURCE_CONSTRAINT : c;
}
