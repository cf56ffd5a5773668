/* Registration (7.10), as far as members reserve a nickname: who is a member is the admins' to say. */
#include "room/admin.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	NICK_MAX = 1023,
};

static struct str reserved(const struct room *r, struct str bare)
{
	const struct affiliated *a = map_get(&r->affiliations, bare);

	return a ? a->nick : STR("");
}

/* Who is a member by a group alone has no row to keep a nickname in. */
static bool may_register(const struct room *r, struct str bare)
{
	const struct affiliated *a = map_get(&r->affiliations, bare);

	return a && a->affiliation >= AFFILIATION_MEMBER;
}

enum room_outcome room_register_get(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	struct str nick = reserved(r, rq->from.bare);
	struct buf out = BUF_INIT(0);

	if (!may_register(r, rq->from.bare))
		return ROOM_E_NOT_ALLOWED;
	buf_lit(&out, "<query xmlns='jabber:iq:register'>");
	if (nick.len) {
		buf_lit(&out, "<registered/><username>");
		xml_escape(&out, nick);
		buf_lit(&out, "</username>");
	}
	buf_lit(&out,
		"<x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE' type='hidden'>"
		"<value>http://jabber.org/protocol/muc#register</value></field>"
		"<field var='muc#register_roomnick' type='text-single' label='Nickname'><required/><value>");
	xml_escape(&out, nick);
	buf_lit(&out, "</value></field></x></query>");
	if (!buf_failed(&out))
		sink->result(sink, buf_view(&out));
	buf_done(&out);
	return ROOM_OK;
}

static struct str wanted_nick(const struct node *query, struct arena *arena)
{
	const struct node *form = node_child(query, STR("x"), NS_DATA_FORMS);

	for (const struct node *n = form ? node_first_element(form) : NULL; n; n = node_next_element(n)) {
		const struct node *value = node_child(n, STR("value"), NS_DATA_FORMS);

		if (value && str_is(node_attr(n, STR("var")), "muc#register_roomnick"))
			return node_text(value, arena);
	}
	return STR_NONE;
}

static bool is_taken(const struct room *r, struct str nick, struct str by)
{
	const struct occupant *o = room_occupant(r, nick);
	struct str owner = room_nick_owner(r, nick);

	return (owner.len && !str_eq(owner, by)) || (o && !str_eq(o->bare, by));
}

enum room_outcome room_register_set(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink)
{
	struct str nick = wanted_nick(query, rq->arena);
	struct jid room = jid_split(r->jid), as;

	if (!may_register(r, rq->from.bare))
		return ROOM_E_NOT_ALLOWED;
	if (node_child(query, STR("remove"), NS_REGISTER))
		nick = STR("");
	else if (nick.len == 0 || nick.len > NICK_MAX || jid_with_resource(&as, &room, nick, rq->arena))
		return ROOM_E_BAD_REQUEST;
	else if (is_taken(r, as.resource, rq->from.bare))
		return ROOM_E_CONFLICT;
	else
		nick = as.resource;
	if (!room_reserve(r, rq->from.bare, nick))
		return ROOM_E_LIMIT;
	sink->result(sink, STR(""));
	return ROOM_OK;
}
