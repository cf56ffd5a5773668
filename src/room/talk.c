/* Messages of occupants: to all (7.4), the subject (8.1), to one (7.5). */
#include "room/admin.h"
#include "room/history.h"
#include "room/invite.h"
#include "room/retract.h"
#include "room/say.h"
#include "room/talk.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static const struct node *element(const struct room_request *rq, const char *name)
{
	return node_child(rq->stanza, str_from(name), NS_CLIENT);
}

/* The message as all get it, but its end. */
static void put_groupchat(
	struct buf *out, const struct room *r, const struct occupant *o, const struct room_request *rq)
{
	say_put_start(out, r, rq->stanza, o->nick);
	buf_lit(out, " type='groupchat'>");
	say_put_content(out, r, rq->stanza);
}

/* XEP-0334: it is not to be kept. The record is no history. */
static bool is_of_the_moment(const struct node *stanza)
{
	return node_child(stanza, STR("no-store"), NS_HINTS) ||
	       node_child(stanza, STR("no-permanent-store"), NS_HINTS);
}

/* Of several the one that is in the language of the whole (RFC 6121 5.2.4); what was said in others is in the archive. */
static const struct node *subject_of(const struct room_request *rq)
{
	node_each (n, rq->stanza) {
		if (node_is(n, STR("subject"), NS_CLIENT) && node_attr_ns(n, STR("lang"), NS_XML).len == 0)
			return n;
	}
	return element(rq, "subject");
}

static enum room_outcome take_subject(struct room *r, const struct occupant *o, const struct room_request *rq)
{
	struct str text = node_text(subject_of(rq), rq->arena);
	struct buf from = BUF_INIT(0);
	bool ok;

	buf_str(&from, r->jid);
	buf_putc(&from, '/');
	buf_str(&from, o->nick);
	ok = !buf_failed(&from) && room_set_text(&r->subject_from, buf_view(&from)) &&
	     room_set_text(&r->subject, text) && room_set_text(&r->subject_bare, rq->from.bare);
	buf_done(&from);
	if (!ok)
		return ROOM_E_LIMIT;
	r->subject_stamp = rq->stamp;
	r->changed = true;
	return ROOM_OK;
}

static bool may_change_subject(const struct room *r, const struct occupant *o)
{
	return o->role == ROLE_MODERATOR || (r->config.change_subject && o->role >= ROLE_PARTICIPANT);
}

enum room_outcome talk_groupchat(
	struct room *r, const struct occupant *o, const struct room_request *rq, struct room_sink *sink)
{
	bool subject = element(rq, "subject") && !element(rq, "body") && !element(rq, "thread"); /* 8.1 */
	enum room_outcome result = ROOM_OK;
	struct saying s = {.stamp = &rq->stamp,
		.by = o,
		.real = rq->from.full,
		.bare = rq->from.bare,
		.kept = !is_of_the_moment(rq->stanza)};
	struct buf out = BUF_INIT(0);

	if (o->role < ROLE_PARTICIPANT || (subject && !may_change_subject(r, o)))
		return ROOM_E_FORBIDDEN;
	s.shown = s.kept && (element(rq, "body") || node_child(rq->stanza, STR("retract"), NS_RETRACT));
	if (subject && !(rq->again && rq->stamp.seq <= r->saved_seq))
		result = take_subject(r, o, rq);
	put_groupchat(&out, r, o, rq);
	if (buf_failed(&out))
		result = ROOM_E_LIMIT;
	if (result == ROOM_OK) {
		say_and_keep(r, &s, &out, sink);
		retract_own(r, o, rq, sink);
	}
	buf_done(&out);
	return result;
}

/* ---- private messages ---- */

bool talk_may_send_private(const struct room *r, const struct occupant *from)
{
	switch (r->config.allow_pm) {
	case ALLOW_PM_ANYONE:
		return true;
	case ALLOW_PM_PARTICIPANTS:
		return from->role >= ROLE_PARTICIPANT;
	case ALLOW_PM_MODERATORS:
		return from->role == ROLE_MODERATOR;
	default:
		return false;
	}
}

static enum room_outcome private_message(
	struct room *r, const struct occupant *from, const struct room_request *rq, struct room_sink *sink)
{
	const struct occupant *to = room_occupant(r, rq->to.resource);
	struct str type = node_attr(rq->stanza, STR("type"));
	struct buf out = BUF_INIT(0);

	if (!to || !str_eq(rq->recipient, to->bare)) /* whom policy was asked about: nicknames change hands meanwhile */
		return ROOM_E_NOT_FOUND;
	if (!talk_may_send_private(r, from))
		return ROOM_E_FORBIDDEN;
	say_put_start(&out, r, rq->stanza, from->nick);
	if (type.len) {
		buf_lit(&out, " type='");
		xml_escape(&out, type);
		buf_putc(&out, '\'');
	}
	buf_putc(&out, '>');
	say_put_content(&out, r, rq->stanza);
	buf_lit(&out, "<x xmlns='http://jabber.org/protocol/muc#user'/>");
	say_put_ids(&out, r, from, &rq->stamp);
	buf_lit(&out, "</message>");
	if (!buf_failed(&out))
		say_to(to, buf_view(&out), sink, &rq->stamp, ROOM_GOODS_MESSAGE);
	buf_done(&out);
	return ROOM_OK;
}

enum room_outcome room_message(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	struct str type = node_attr(rq->stanza, STR("type"));
	const struct seat *s = room_seat(r, rq->from.full);
	const struct node *x = node_child(rq->stanza, STR("x"), NS_MUC_USER);
	const struct node *form = node_child(rq->stanza, STR("x"), NS_DATA_FORMS);

	if (str_is(type, "error")) {
		room_bounced(r, rq, sink);
		return ROOM_OK;
	}
	if (r->locked && (!s || str_is(type, "groupchat"))) /* 16.2: it is not there yet */
		return ROOM_E_NOT_FOUND;
	if (x && rq->to.resource.len == 0 && node_child(x, STR("decline"), NS_MUC_USER))
		return invite_decline(r, x, rq, sink);
	if (form && rq->to.resource.len == 0 && !str_is(type, "groupchat") && register_is_form(form, rq->arena))
		return register_decide(r, form, rq, sink);
	if (!s)
		return ROOM_E_NOT_OCCUPANT;
	if (rq->to.resource.len)
		return str_is(type, "groupchat") ? ROOM_E_BAD_REQUEST
						 : private_message(r, s->occupant, rq, sink);
	if (str_is(type, "groupchat"))
		return talk_groupchat(r, s->occupant, rq, sink);
	if (x)
		return invite_send(r, s->occupant, x, rq, sink);
	if (form && str_is(node_attr(form, STR("type")), "cancel")) /* XEP-0004 3.1: nothing is to be done */
		return ROOM_OK;
	return form ? voice_form(r, s->occupant, form, rq, sink) : ROOM_E_BAD_REQUEST;
}
