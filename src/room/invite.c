#include "room/invite.h"

#include "room/admin.h"
#include "room/say.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	INVITES_MAX = 50, /* in one message */
};

static void put_text(struct buf *out, const char *name, struct str text)
{
	buf_printf(out, "<%s>", name);
	xml_escape(out, text);
	buf_printf(out, "</%s>", name);
}

static void put_attr(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s='", name);
	xml_escape(out, value);
	buf_putc(out, '\'');
}

/* <reason/> and <continue/> of what was sent. */
static void put_inside(struct buf *out, const struct node *from, struct arena *arena)
{
	const struct node *reason = node_child(from, STR("reason"), NS_MUC_USER);
	const struct node *go_on = node_child(from, STR("continue"), NS_MUC_USER);

	if (reason)
		put_text(out, "reason", node_text(reason, arena));
	if (!go_on)
		return;
	buf_lit(out, "<continue");
	if (node_attr(go_on, STR("thread")).len)
		put_attr(out, "thread", node_attr(go_on, STR("thread")));
	buf_lit(out, "/>");
}

static void put_start(struct buf *out, const struct room *r, const struct room_request *rq)
{
	say_put_start(out, r, rq->stanza, STR_NONE);
	buf_lit(out, "><x xmlns='http://jabber.org/protocol/muc#user'>");
}

/* ---- invitations ---- */

static bool may_invite(const struct room *r, const struct occupant *from, const struct room_request *rq)
{
	if (room_affiliation_of(r, rq) >= AFFILIATION_ADMIN)
		return true;
	return config_allows_invites(&r->config) && from->role > ROLE_NONE;
}

static void invite_one(struct room *r, const struct occupant *from, const struct node *invite,
	struct str bare, const struct room_request *rq, struct room_sink *sink)
{
	struct buf out = BUF_INIT(0);
	const struct seat *s = room_seat(r, rq->from.full);
	bool real = s && r->config.whois == WHOIS_ANYONE;

	put_start(&out, r, rq);
	buf_lit(&out, "<invite from='");
	xml_escape(&out, real ? rq->from.full : r->jid);
	if (!real) {
		buf_putc(&out, '/');
		xml_escape(&out, from->nick);
	}
	buf_lit(&out, "'>");
	put_inside(&out, invite, rq->arena);
	buf_lit(&out, "</invite>");
	if (r->config.protected)
		put_text(&out, "password", r->config.password);
	buf_lit(&out, "</x></message>");
	if (!buf_failed(&out))
		sink->post(sink, bare, buf_view(&out), &rq->stamp);
	buf_done(&out);
}

void invite_member(struct room *r, struct str bare, struct str reason, const struct room_request *rq,
	struct room_sink *sink)
{
	const struct seat *s = room_seat(r, rq->from.full);
	struct buf out = BUF_INIT(0);

	buf_lit(&out, "<message");
	put_attr(&out, "from", r->jid);
	buf_lit(&out, "><x xmlns='http://jabber.org/protocol/muc#user'><invite from='");
	xml_escape(&out, r->config.whois == WHOIS_ANYONE ? rq->from.bare : r->jid);
	if (r->config.whois != WHOIS_ANYONE && s) {
		buf_putc(&out, '/');
		xml_escape(&out, s->occupant->nick);
	}
	buf_lit(&out, "'>");
	if (reason.len)
		put_text(&out, "reason", reason);
	buf_lit(&out, "</invite>");
	if (r->config.protected)
		put_text(&out, "password", r->config.password);
	buf_lit(&out, "</x></message>");
	if (!buf_failed(&out))
		sink->post(sink, bare, buf_view(&out), &rq->stamp);
	buf_done(&out);
}

struct invited {
	const struct node *invite;
	struct jid to;
};

static enum room_outcome check_invited(const struct room *r, const struct node *invite,
	const struct room_request *rq, struct room_sink *sink, struct jid *out)
{
	if (jid_parse(out, node_attr(invite, STR("to")), rq->arena))
		return ROOM_E_JID;
	if (!sink->is_account(sink, out->bare) || !sink->may_meet(sink, rq->from.bare, out->bare))
		return ROOM_E_NOT_FOUND;
	return room_affiliation(r, out->bare) == AFFILIATION_OUTCAST ? ROOM_E_NOT_ALLOWED : ROOM_OK;
}

/* Whom the message is for. */
static enum room_outcome read_invited(const struct room *r, const struct node *x, const struct room_request *rq,
	struct room_sink *sink, struct invited *out, unsigned *n)
{
	*n = 0;
	for (const struct node *i = node_first_element(x); i; i = node_next_element(i)) {
		enum room_outcome result;

		if (!node_is(i, STR("invite"), NS_MUC_USER))
			continue;
		if (*n == INVITES_MAX)
			return ROOM_E_LIMIT;
		result = check_invited(r, i, rq, sink, &out[*n].to);
		if (result != ROOM_OK)
			return result;
		out[(*n)++].invite = i;
	}
	return *n ? ROOM_OK : ROOM_E_BAD_REQUEST;
}

/* 9.5: where only members enter, who is invited becomes one. */
static bool enlist(struct room *r, const struct invited *list, unsigned n)
{
	room_tidy(r);
	for (unsigned i = 0; i < n; i++)
		if (room_affiliation(r, list[i].to.bare) == AFFILIATION_NONE && !room_make_row(r, list[i].to.bare))
			return false;
	for (unsigned i = 0; i < n; i++)
		if (room_affiliation(r, list[i].to.bare) == AFFILIATION_NONE)
			room_regrade(map_get(&r->affiliations, list[i].to.bare), AFFILIATION_MEMBER);
	return true;
}

/* All of them, or none. */
enum room_outcome invite_send(struct room *r, const struct occupant *from, const struct node *x,
	const struct room_request *rq, struct room_sink *sink)
{
	struct invited *list = arena_zalloc(rq->arena, INVITES_MAX * sizeof(*list));
	enum room_outcome result;
	unsigned n;

	if (!may_invite(r, from, rq))
		return ROOM_E_FORBIDDEN;
	result = list ? read_invited(r, x, rq, sink, list, &n) : ROOM_E_LIMIT;
	if (result != ROOM_OK)
		return result;
	if (r->config.members_only && !enlist(r, list, n))
		return ROOM_E_LIMIT;
	for (unsigned i = 0; i < n; i++)
		invite_one(r, from, list[i].invite, list[i].to.bare, rq, sink);
	return ROOM_OK;
}

/* The inviter is named as the invitation named him: by his real address, or as an occupant. */
enum room_outcome invite_decline(
	struct room *r, const struct node *x, const struct room_request *rq, struct room_sink *sink)
{
	const struct node *decline = node_child(x, STR("decline"), NS_MUC_USER);
	const struct occupant *o;
	struct buf out = BUF_INIT(0);
	struct jid to;

	if (jid_parse(&to, node_attr(decline, STR("to")), rq->arena))
		return ROOM_E_JID;
	o = str_eq(to.bare, r->jid) ? room_occupant(r, to.resource) : NULL;
	if (!o && (str_eq(to.bare, r->jid) || !sink->is_account(sink, to.bare) ||
			  !sink->may_meet(sink, rq->from.bare, to.bare)))
		return ROOM_E_NOT_FOUND;
	put_start(&out, r, rq);
	buf_lit(&out, "<decline");
	put_attr(&out, "from", rq->from.bare);
	buf_putc(&out, '>');
	put_inside(&out, decline, rq->arena);
	buf_lit(&out, "</decline></x></message>");
	if (!buf_failed(&out) && o)
		say_to(o, buf_view(&out), sink, &rq->stamp, ROOM_GOODS_MESSAGE);
	else if (!buf_failed(&out))
		sink->post(sink, to.bare, buf_view(&out), &rq->stamp);
	buf_done(&out);
	return ROOM_OK;
}

/* ---- requests for voice ---- */

static struct str field(const struct node *form, const char *var, struct arena *arena)
{
	for (const struct node *n = node_first_element(form); n; n = node_next_element(n)) {
		const struct node *value = node_child(n, STR("value"), NS_DATA_FORMS);

		if (str_eq(node_attr(n, STR("var")), str_from(var)) && value)
			return node_text(value, arena);
	}
	return STR("");
}

static void put_field(struct buf *out, const char *var, const char *type, const char *label, struct str value)
{
	buf_printf(out, "<field var='%s' type='%s' label='%s'><value>", var, type, label);
	xml_escape(out, value);
	buf_lit(out, "</value></field>");
}

static void ask_moderators(const struct room *r, const struct occupant *from, const struct room_request *rq,
	struct room_sink *sink)
{
	struct buf out = BUF_INIT(0);

	say_put_start(&out, r, rq->stanza, STR_NONE);
	buf_lit(&out, "><x xmlns='jabber:x:data' type='form'><title>Voice request</title>"
		      "<field var='FORM_TYPE' "
		      "type='hidden'><value>http://jabber.org/protocol/muc#request</value></field>");
	put_field(&out, "muc#role", "list-single", "Requested role", STR("participant"));
	put_field(&out, "muc#jid", "jid-single", "Address", rq->from.full);
	put_field(&out, "muc#roomnick", "text-single", "Nickname", from->nick);
	put_field(&out, "muc#request_allow", "boolean", "Grant voice?", STR("false"));
	buf_lit(&out, "</x></message>");
	if (!buf_failed(&out))
		say_to_all(r, ROLE_MODERATOR, buf_view(&out), sink, &rq->stamp);
	buf_done(&out);
}

static enum room_outcome grant(struct room *r, const struct occupant *from, const struct node *form,
	const struct room_request *rq, struct room_sink *sink)
{
	struct str allow = field(form, "muc#request_allow", rq->arena);
	struct occupant *o = room_occupant(r, field(form, "muc#roomnick", rq->arena));

	if (from->role != ROLE_MODERATOR)
		return ROOM_E_FORBIDDEN;
	if (!o)
		return ROOM_E_NOT_FOUND;
	if (o->role != ROLE_VISITOR || (!str_is(allow, "1") && !str_is(allow, "true")))
		return ROOM_OK;
	o->role = ROLE_PARTICIPANT;
	say_presence(o, &(struct notice_of){.actor = from->nick, .was = ROLE_VISITOR}, sink, &rq->stamp);
	return ROOM_OK;
}

enum room_outcome voice_form(struct room *r, struct occupant *from, const struct node *form,
	const struct room_request *rq, struct room_sink *sink)
{
	if (!str_is(field(form, "FORM_TYPE", rq->arena), "http://jabber.org/protocol/muc#request"))
		return ROOM_E_BAD_REQUEST;
	if (field(form, "muc#request_allow", rq->arena).len)
		return grant(r, from, form, rq, sink);
	if (from->role == ROLE_VISITOR)
		ask_moderators(r, from, rq, sink);
	return ROOM_OK;
}
