/* Requests to the room and to its occupants. */
#include "room/admin.h"
#include "room/ask.h"
#include "room/picture.h"
#include "room/retract.h"
#include "stanza/ns.h"

/* Of oneself: XEP-0410, am I still in? */
static enum room_outcome to_oneself(const struct node *payload, struct room_sink *sink)
{
	if (!node_is(payload, STR("ping"), NS_PING))
		return ROOM_E_UNAVAILABLE;
	sink->result(sink, STR(""));
	return ROOM_OK;
}

/* A vCard is the account's to show, and the server answers for it as it does elsewhere. */
static enum room_outcome card_of(
	const struct occupant *o, bool set, const struct room_request *rq, struct room_sink *sink)
{
	if (set)
		return ROOM_E_FORBIDDEN;
	if (!str_eq(rq->recipient, o->bare))
		return ROOM_E_NOT_FOUND;
	if (!sink->may_meet(sink, rq->from.bare, o->bare))
		return ROOM_E_UNAVAILABLE;
	sink->card(sink);
	return ROOM_OK;
}

static enum room_outcome to_occupant(
	struct room *r, const struct node *payload, bool set, const struct room_request *rq, struct room_sink *sink)
{
	const struct seat *s = room_seat(r, rq->from.full);
	const struct occupant *o = room_occupant(r, rq->to.resource);

	if (!s) /* 6.6 */
		return str_eq(payload->ns, NS_DISCO_INFO) || str_eq(payload->ns, NS_DISCO_ITEMS)
			       ? ROOM_E_BAD_REQUEST
			       : ROOM_E_NOT_OCCUPANT;
	if (!o)
		return ROOM_E_NOT_FOUND;
	if (node_is(payload, STR("vCard"), NS_VCARD))
		return card_of(o, set, rq, sink);
	if (o == s->occupant)
		return to_oneself(payload, sink);
	if (str_eq(payload->ns, NS_LAST)) /* XEP-0012 4: that is for who subscribes to his presence */
		return ROOM_E_FORBIDDEN;
	return ask_send(r, s, o, rq, sink);
}

enum room_outcome room_iq(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	const struct node *payload = node_first_element(rq->stanza);
	bool set = str_is(node_attr(rq->stanza, STR("type")), "set");

	if (rq->to.resource.len)
		return to_occupant(r, payload, set, rq, sink);
	if (node_is(payload, STR("query"), NS_MUC_ADMIN))
		return set ? admin_set(r, payload, rq, sink) : admin_get(r, payload, rq, sink);
	if (node_is(payload, STR("query"), NS_MUC_OWNER))
		return set ? owner_set(r, payload, rq, sink) : owner_get(r, rq, sink);
	if (node_is(payload, STR("query"), NS_REGISTER))
		return set ? room_register_set(r, payload, rq, sink) : room_register_get(r, rq, sink);
	if (node_is(payload, STR("vCard"), NS_VCARD))
		return set ? picture_set(r, payload, rq, sink) : picture_get(r, sink);
	if ((node_is(payload, STR("moderate"), NS_MODERATE) || node_is(payload, STR("apply-to"), NS_FASTEN)) && set)
		return retract_moderate(r, payload, rq, sink);
	if (node_is(payload, STR("query"), NS_DISCO_INFO) && !set)
		return info_get(r, payload, rq, sink);
	if (node_is(payload, STR("query"), NS_DISCO_ITEMS) && !set)
		return items_get(r, payload, rq, sink);
	if (node_is(payload, STR("ping"), NS_PING) && !set) {
		sink->result(sink, STR(""));
		return ROOM_OK;
	}
	return ROOM_E_UNAVAILABLE;
}
