/* Requests to the room and, in a small part, to its occupants. */
#include "room/admin.h"
#include "room/picture.h"
#include "room/retract.h"
#include "stanza/ns.h"

/* XEP-0410: am I still in? To others, requests are not passed on. */
static enum room_outcome to_occupant(const struct room *r, const struct node *payload,
	const struct room_request *rq, struct room_sink *sink)
{
	const struct seat *s = room_seat(r, rq->from.full);
	const struct occupant *o = room_occupant(r, rq->to.resource);

	if (!s) /* 6.6 */
		return str_eq(payload->ns, NS_DISCO_INFO) || str_eq(payload->ns, NS_DISCO_ITEMS)
			       ? ROOM_E_BAD_REQUEST
			       : ROOM_E_NOT_OCCUPANT;
	if (!o)
		return ROOM_E_NOT_FOUND;
	if (o != s->occupant || !node_is(payload, STR("ping"), NS_PING))
		return ROOM_E_UNAVAILABLE;
	sink->result(sink, STR(""));
	return ROOM_OK;
}

enum room_outcome room_iq(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	const struct node *payload = node_first_element(rq->stanza);
	bool set = str_is(node_attr(rq->stanza, STR("type")), "set");

	if (rq->to.resource.len)
		return to_occupant(r, payload, rq, sink);
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
