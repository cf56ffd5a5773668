#include "room/lists.h"

#include "room/admin.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	NAMED_MAX = 500, /* addresses on a submitted list */
};

static const struct {
	const char *var, *label;
	enum affiliation affiliation;
} lists[LISTS] = {
	{"muc#roomconfig_roomowners", "Owners", AFFILIATION_OWNER},
	{"muc#roomconfig_roomadmins", "Admins", AFFILIATION_ADMIN},
};

static void put_named(struct buf *out, const struct room *r, enum affiliation affiliation)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));) {
		const struct affiliated *a = slot->value;

		if (a->affiliation != affiliation)
			continue;
		buf_lit(out, "<value>");
		xml_escape(out, a->jid);
		buf_lit(out, "</value>");
	}
}

void lists_put_form(struct buf *out, const struct room *r)
{
	for (unsigned i = 0; i < LISTS; i++) {
		buf_printf(out, "<field var='%s' type='jid-multi' label='%s'>", lists[i].var, lists[i].label);
		put_named(out, r, lists[i].affiliation);
		buf_lit(out, "</field>");
	}
}

static const struct node *field_of(const struct node *form, const char *var)
{
	for (const struct node *n = node_first_element(form); n; n = node_next_element(n))
		if (node_is(n, STR("field"), NS_DATA_FORMS) && str_eq(node_attr(n, STR("var")), str_from(var)))
			return n;
	return NULL;
}

/* ---- what a form wishes ---- */

void wishes_done(struct wishes *w)
{
	for (unsigned i = 0; i < LISTS; i++)
		map_done(&w->list[i].named);
}

static enum room_outcome read_list(struct map *named, const struct node *field, struct arena *arena)
{
	unsigned n = 0;

	node_each (value, field) {
		struct str text = node_is(value, STR("value"), NS_DATA_FORMS) ? str_trim(node_text(value, arena)) : STR("");
		struct jid jid;

		if (text.len == 0)
			continue;
		if (++n > NAMED_MAX)
			return ROOM_E_LIMIT;
		if (jid_parse(&jid, text, arena) || jid.local.len == 0)
			return ROOM_E_JID;
		if (map_put(named, jid.bare, named))
			return ROOM_E_LIMIT;
	}
	return arena_is_full(arena) ? ROOM_E_LIMIT : ROOM_OK;
}

static enum room_outcome read_lists(struct wishes *w, const struct node *form, struct arena *arena)
{
	enum room_outcome result = ROOM_OK;

	for (unsigned i = 0; result == ROOM_OK && i < LISTS; i++) {
		const struct node *field = field_of(form, lists[i].var);

		w->list[i].given = field;
		if (field)
			result = read_list(&w->list[i].named, field, arena);
		if (field && result == ROOM_OK && w->list[i].named.len == 0 && lists[i].affiliation == AFFILIATION_OWNER)
			result = ROOM_E_CONFLICT;
	}
	return result;
}

/* A place for everybody who is named. */
static enum room_outcome make_rows(struct room *r, const struct wishes *w)
{
	struct map_slot *slot;

	room_tidy(r);
	for (unsigned i = 0; i < LISTS; i++)
		for (size_t at = 0; (slot = map_next(&w->list[i].named, &at));)
			if (!room_make_row(r, slot->key))
				return ROOM_E_LIMIT;
	return ROOM_OK;
}

enum room_outcome wishes_read(struct wishes *w, struct room *r, const struct node *form,
	const struct room_config *next, struct arena *arena)
{
	enum room_outcome result;

	*w = (struct wishes){.otherwise = next->members_only ? AFFILIATION_MEMBER : AFFILIATION_NONE};
	for (unsigned i = 0; i < LISTS; i++)
		map_init(&w->list[i].named);
	result = read_lists(w, form, arena);
	if (result == ROOM_OK)
		result = make_rows(r, w);
	if (result != ROOM_OK)
		wishes_done(w);
	return result;
}

/* The first list counts that names him, or that is not in the form and has him. What groups give is on none. */
static enum affiliation wished(const struct wishes *w, struct str bare, enum affiliation now)
{
	for (unsigned i = 0; i < LISTS; i++)
		if (w->list[i].given ? map_get(&w->list[i].named, bare) != NULL : now == lists[i].affiliation)
			return lists[i].affiliation;
	return now >= AFFILIATION_ADMIN ? w->otherwise : now;
}

/* The rows are there, so that the map stays as it is meanwhile. */
void wishes_grant(struct room *r, const struct wishes *w, const struct room_request *rq, struct room_sink *sink)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));) {
		struct affiliated *a = slot->value;
		enum affiliation to = wished(w, a->jid, a->affiliation);

		if (to != a->affiliation)
			admin_regrade(r, a, to, rq, sink);
	}
}
