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

/* <moderate/>, as it is now and as it was until XEP-0425 0.3, with the id outside (XEP-0422). NULL: neither. */
static const struct node *moderate_of(const struct node *payload, struct room_retraction *t)
{
	bool old = str_eq(payload->ns, NS_FASTEN);
	const struct node *moderate = old ? node_child(payload, STR("moderate"), NS_MODERATE_OLD) : payload;

	t->id = node_attr(payload, STR("id"));
	if (!moderate || t->id.len == 0)
		return NULL;
	return node_child(moderate, STR("retract"), old ? NS_RETRACT_OLD : NS_RETRACT) ? moderate : NULL;
}

/* What clients before XEP-0425 0.3 look for in the same message. */
static void put_old(struct buf *out, const struct room_retraction *t)
{
	buf_lit(out, "<apply-to xmlns='urn:xmpp:fasten:0' id='");
	xml_escape(out, t->id);
	buf_lit(out, "'><moderated xmlns='urn:xmpp:message-moderate:0' by='");
	xml_escape(out, t->moderator);
	buf_lit(out, "'><retract xmlns='urn:xmpp:message-retract:0'/>");
	if (t->reason.len) {
		buf_lit(out, "<reason>");
		xml_escape(out, t->reason);
		buf_lit(out, "</reason>");
	}
	buf_lit(out, "</moderated></apply-to>");
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
	put_old(&out, t);
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
	struct room_retraction t = {.stamp = rq->stamp};
	const struct node *moderate = moderate_of(payload, &t);
	const struct node *reason = moderate ? node_child(moderate, STR("reason"), moderate->ns) : NULL;
	const struct seat *s = room_seat(r, rq->from.full);
	char id[OCCUPANT_ID];
	struct buf by = BUF_INIT(0);
	enum room_outcome result = ROOM_OK;

	if (!may_moderate(r, rq))
		return ROOM_E_FORBIDDEN;
	if (!moderate)
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
