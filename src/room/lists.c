#include "room/lists.h"

#include "base/map.h"
#include "room/admin.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	NAMED_MAX = 500, /* addresses on a submitted list */
};

static const struct {
	const char *var, *label;
	enum affiliation affiliation;
} lists[] = {
	{"muc#roomconfig_roomowners", "Owners", AFFILIATION_OWNER},
	{"muc#roomconfig_roomadmins", "Admins", AFFILIATION_ADMIN},
};

enum {
	LISTS = sizeof(lists) / sizeof(lists[0]),
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

/* The addresses on a list. False: memory is out. */
static bool read_named(struct map *out, const struct node *field, struct arena *arena)
{
	node_each (value, field) {
		struct jid jid;

		if (node_is(value, STR("value"), NS_DATA_FORMS) &&
			jid_parse(&jid, str_trim(node_text(value, arena)), arena) == 0 && map_put(out, jid.bare, out))
			return false;
	}
	return !arena_is_full(arena);
}

static enum room_outcome check_values(const struct node *field, struct arena *arena, unsigned *out_len)
{
	*out_len = 0;
	node_each (value, field) {
		struct str text = value->kind == NODE_ELEMENT ? str_trim(node_text(value, arena)) : STR("");
		struct jid jid;

		if (text.len == 0)
			continue;
		if (++*out_len > NAMED_MAX)
			return ROOM_E_LIMIT;
		if (jid_parse(&jid, text, arena))
			return ROOM_E_JID;
	}
	return ROOM_OK;
}

enum room_outcome lists_check(const struct room *r, const struct node *form, const struct room_request *rq)
{
	(void)r;
	for (unsigned i = 0; i < LISTS; i++) {
		const struct node *field = field_of(form, lists[i].var);
		enum room_outcome result;
		unsigned len;

		if (!field)
			continue;
		result = check_values(field, rq->arena, &len);
		if (result != ROOM_OK)
			return result;
		if (len == 0 && lists[i].affiliation == AFFILIATION_OWNER)
			return ROOM_E_CONFLICT;
	}
	return ROOM_OK;
}

/* Owners are named by the other field. */
static enum room_outcome add(struct room *r, const struct node *field, enum affiliation to,
	const struct room_request *rq, struct room_sink *sink)
{
	enum room_outcome result = ROOM_OK;

	node_each (value, field) {
		struct str text = value->kind == NODE_ELEMENT ? str_trim(node_text(value, rq->arena)) : STR("");
		struct jid jid;

		if (result != ROOM_OK || text.len == 0 || jid_parse(&jid, text, rq->arena))
			continue;
		if (room_affiliation(r, jid.bare) < to)
			result = admin_affiliate(r, jid.bare, to, rq, sink);
	}
	return result;
}

static struct str next_unnamed(const struct room *r, const struct map *named, enum affiliation affiliation)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));) {
		const struct affiliated *a = slot->value;

		if (a->affiliation == affiliation && !map_get(named, a->jid))
			return a->jid;
	}
	return STR_NONE;
}

/* Who loses it stays a member where one has to be one (10.4, 10.7). */
static enum room_outcome drop(struct room *r, const struct node *field, enum affiliation from,
	const struct room_request *rq, struct room_sink *sink)
{
	enum affiliation to = r->config.members_only ? AFFILIATION_MEMBER : AFFILIATION_NONE;
	enum room_outcome result;
	struct map named;
	struct str bare;

	map_init(&named);
	result = read_named(&named, field, rq->arena) ? ROOM_OK : ROOM_E_LIMIT;
	while (result == ROOM_OK && (bare = next_unnamed(r, &named, from)).len)
		result = admin_affiliate(r, arena_dup(rq->arena, bare), to, rq, sink);
	map_done(&named);
	return result;
}

enum room_outcome lists_apply(
	struct room *r, const struct node *form, const struct room_request *rq, struct room_sink *sink)
{
	enum room_outcome result = ROOM_OK;

	for (unsigned i = 0; result == ROOM_OK && i < LISTS; i++) {
		const struct node *field = field_of(form, lists[i].var);

		if (field)
			result = add(r, field, lists[i].affiliation, rq, sink);
		if (field && result == ROOM_OK)
			result = drop(r, field, lists[i].affiliation, rq, sink);
	}
	return result;
}
