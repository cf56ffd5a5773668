#include "room/retract.h"

#include "room/archived.h"
#include "room/history.h"
#include "room/say.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

void retract_own(struct room *r, const struct occupant *o, const struct room_request *rq, struct room_sink *sink)
{
	const struct node *retract = node_child(rq->stanza, STR("retract"), NS_RETRACT);
	struct room_retraction t = {.stamp = rq->stamp, .by_id = node_attr(rq->stanza, STR("id"))};

	if (!retract || rq->stamp.seq == 0)
		return;
	t.id = node_attr(retract, STR("id"));
	t.author_id = str_of(o->id, OCCUPANT_ID);
	if (t.id.len == 0)
		return;
	(void)history_retract(r, &t);
	(void)sink->retract(sink, &t);
}

/* ---- by a moderator ---- */

static bool may_moderate(const struct room *r, const struct room_request *rq)
{
	const struct seat *s = room_seat(r, rq->from.full);

	return (s && s->occupant->role == ROLE_MODERATOR) || room_affiliation_of(r, rq) >= AFFILIATION_ADMIN;
}

/* Who does it: as an occupant, or, where he is not in, the room itself. */
static void put_moderator(struct buf *out, const struct room *r, const struct seat *s)
{
	buf_str(out, r->jid);
	if (s) {
		buf_putc(out, '/');
		buf_str(out, s->occupant->nick);
	}
}

void room_retracted(struct room *r, const struct room_retraction *t, struct room_sink *sink)
{
	struct buf out = BUF_INIT(0);

	(void)history_retract(r, t);
	buf_lit(&out, "<message from='");
	xml_escape(&out, r->jid);
	buf_lit(&out, "' type='groupchat' id='");
	xml_escape(&out, t->by_id);
	buf_lit(&out, "'><retract xmlns='urn:xmpp:message-retract:1' id='");
	xml_escape(&out, t->id);
	buf_lit(&out, "'>");
	retraction_put_moderated(&out, t);
	buf_lit(&out, "</retract>");
	say_and_keep(r, &(struct saying){.stamp = &t->stamp, .bare = STR(""), .kept = true, .shown = true}, &out, sink);
	buf_done(&out);
}

/* Without an archive: what is in memory. */
static enum room_outcome moderate_heard(struct room *r, const struct room_retraction *t, struct room_sink *sink)
{
	if (!history_retract(r, t))
		return ROOM_E_NOT_FOUND;
	room_retracted(r, t, sink);
	sink->result(sink, STR(""));
	return ROOM_OK;
}

enum room_outcome retract_moderate(
	struct room *r, const struct node *payload, const struct room_request *rq, struct room_sink *sink)
{
	const struct node *reason = node_child(payload, STR("reason"), NS_MODERATE);
	const struct seat *s = room_seat(r, rq->from.full);
	char id[OCCUPANT_ID];
	struct room_retraction t = {.id = node_attr(payload, STR("id")), .stamp = rq->stamp};
	struct buf by = BUF_INIT(0);
	enum room_outcome result = ROOM_OK;

	if (!may_moderate(r, rq))
		return ROOM_E_FORBIDDEN;
	if (t.id.len == 0 || !node_child(payload, STR("retract"), NS_RETRACT))
		return ROOM_E_BAD_REQUEST;
	put_moderator(&by, r, s);
	room_occupant_id(r, rq->from.bare, id);
	t.moderator = buf_view(&by);
	t.moderator_id = str_of(id, OCCUPANT_ID);
	t.reason = reason ? node_text(reason, rq->arena) : STR("");
	t.by_id = str_of(rq->stamp.id, rq->stamp.seq ? STAMP_ID : 0);
	if (buf_failed(&by))
		result = ROOM_E_LIMIT;
	else if (!sink->retract(sink, &t)) /* else the archive is looked through first */
		result = moderate_heard(r, &t, sink);
	buf_done(&by);
	return result;
}
