/* Registration (7.10) and its approval (9.9). Who is on the list of members reserves a nickname at once. What becomes of
 * anybody else who asks is the room's to say: nothing, an admin decides, or he is a member from then on. */
#include "room/admin.h"
#include "room/applicants.h"
#include "room/nick.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

#define FORM_TYPE                                                                                            \
	"<field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/muc#register</value></field>"
#define WHO "x-register_jid" /* none of the registered fields says it; x- marks it as ours (XEP-0068 3.4) */

enum {
	NICK_MAX = 1023,
	FIELD_MAX = 1024, /* bytes of what somebody says of himself, each */
	TOLD_MAX = 20,    /* admins who are written to when none of them is in */
};

/* What is asked for; but for the nickname it is for the admin alone, and kept nowhere. */
static const struct {
	const char *var, *type, *label;
} fields[] = {
	{"muc#register_first", "text-single", "Given name"},
	{"muc#register_last", "text-single", "Family name"},
	{"muc#register_roomnick", "text-single", "Nickname"},
	{"muc#register_url", "text-single", "Web page"},
	{"muc#register_email", "text-single", "Mail address"},
	{"muc#register_faqentry", "text-multi", "About yourself"},
};

enum {
	FIELDS = sizeof(fields) / sizeof(fields[0]),
};

static bool is_nick(unsigned i)
{
	return str_is(str_from(fields[i].var), "muc#register_roomnick");
}

/* ---- what becomes of it ---- */

enum way {
	WAY_NONE,
	WAY_RESERVE, /* is a member */
	WAY_ASK,
	WAY_ENTER,
};

/* Who is a member by a group alone has no row to keep a nickname in, and shall not stay one by asking. */
static enum way way_of(const struct room *r, const struct room_request *rq)
{
	const struct affiliated *a = map_get(&r->affiliations, rq->from.bare);
	enum affiliation now = room_affiliation_of(r, rq);

	if (a && a->affiliation >= AFFILIATION_MEMBER)
		return WAY_RESERVE;
	if (now == AFFILIATION_OUTCAST || r->config.registration == REGISTRATION_NONE ||
		room_group_affiliation(r, rq->from.bare) >= AFFILIATION_MEMBER)
		return WAY_NONE;
	return r->config.registration == REGISTRATION_ANYONE || now >= AFFILIATION_ADMIN ? WAY_ENTER : WAY_ASK;
}

static bool is_hidden(const struct room *r, const struct room_request *rq)
{
	return r->locked && room_affiliation_of(r, rq) < AFFILIATION_OWNER;
}

/* ---- what is to be filled in ---- */

static struct str wanted_before(const struct room *r, struct str bare)
{
	const struct affiliated *row = map_get(&r->affiliations, bare);
	const struct applicant *a = applicant_by(r, bare);

	if (row && row->nick.len)
		return row->nick;
	return a ? a->nick : STR("");
}

static void put_field(struct buf *out, unsigned i, struct str value)
{
	buf_printf(out, "<field var='%s' type='%s' label='%s'>", fields[i].var, fields[i].type, fields[i].label);
	if (is_nick(i))
		buf_lit(out, "<required/>");
	if (value.len) {
		buf_lit(out, "<value>");
		xml_escape(out, value);
		buf_lit(out, "</value>");
	}
	buf_lit(out, "</field>");
}

static void put_form(struct buf *out, struct str nick, bool asks)
{
	buf_lit(out, "<x xmlns='jabber:x:data' type='form'><title>Registration</title>");
	if (asks)
		buf_lit(out, "<instructions>An admin of the room is asked whether you become a member.</instructions>");
	buf_lit(out, FORM_TYPE);
	for (unsigned i = 0; i < FIELDS; i++)
		if (asks || is_nick(i))
			put_field(out, i, is_nick(i) ? nick : STR(""));
	buf_lit(out, "</x>");
}

enum room_outcome room_register_get(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	enum way way = way_of(r, rq);
	struct str nick = wanted_before(r, rq->from.bare);
	struct buf out = BUF_INIT(0);

	if (is_hidden(r, rq))
		return ROOM_E_NOT_FOUND;
	if (way == WAY_NONE)
		return ROOM_E_NOT_ALLOWED;
	buf_lit(&out, "<query xmlns='jabber:iq:register'>");
	if (way == WAY_RESERVE && nick.len) {
		buf_lit(&out, "<registered/><username>");
		xml_escape(&out, nick);
		buf_lit(&out, "</username>");
	}
	put_form(&out, nick, way == WAY_ASK);
	buf_lit(&out, "</query>");
	if (!buf_failed(&out))
		sink->result(sink, buf_view(&out));
	buf_done(&out);
	return ROOM_OK;
}

/* ---- what was filled in ---- */

static const struct node *field_of(const struct node *form, const char *var)
{
	for (const struct node *n = form ? node_first_element(form) : NULL; n; n = node_next_element(n))
		if (node_is(n, STR("field"), NS_DATA_FORMS) && str_eq(node_attr(n, STR("var")), str_from(var)))
			return n;
	return NULL;
}

static struct str value_of(const struct node *form, const char *var, struct arena *arena)
{
	const struct node *field = field_of(form, var);
	const struct node *value = field ? node_child(field, STR("value"), NS_DATA_FORMS) : NULL;

	return value ? node_text(value, arena) : STR("");
}

bool register_is_form(const struct node *form, struct arena *arena)
{
	return str_is(value_of(form, "FORM_TYPE", arena), "http://jabber.org/protocol/muc#register");
}

static bool is_taken(const struct room *r, struct str nick, struct str by)
{
	const struct occupant *o = room_occupant(r, nick);
	const struct applicant *a = applicant_for(r, nick);
	struct str owner = room_nick_owner(r, nick);

	return (owner.len && !str_eq(owner, by)) || (o && !str_eq(o->bare, by)) || (a && !str_eq(a->jid, by));
}

/* The nickname he would have, as it is in addresses. */
static enum room_outcome read_nick(const struct room *r, const struct node *form, struct str by, struct arena *arena,
	struct room_sink *sink, struct str *out)
{
	struct str nick = value_of(form, "muc#register_roomnick", arena);
	struct jid room = jid_split(r->jid), as;

	if (nick.len == 0 || nick.len > NICK_MAX || jid_with_resource(&as, &room, nick, arena) ||
		!room_nick_is_visible(as.resource))
		return ROOM_E_BAD_REQUEST;
	*out = as.resource;
	if (is_taken(r, as.resource, by))
		return ROOM_E_CONFLICT;
	if (str_eq(room_nick_owner(r, as.resource), by) || room_occupant(r, as.resource))
		return ROOM_OK; /* it is his already */
	return nick_is_free(r, as.resource, by, sink) ? ROOM_OK : ROOM_E_CONFLICT;
}

/* ---- asking the admins ---- */

/* What he wrote, each line a value. */
static void put_written(struct buf *out, unsigned i, const struct node *field, struct arena *arena)
{
	buf_printf(out, "<field var='%s' type='%s' label='%s'>", fields[i].var, fields[i].type, fields[i].label);
	node_each (value, field) {
		if (!node_is(value, STR("value"), NS_DATA_FORMS))
			continue;
		buf_lit(out, "<value>");
		xml_escape(out, node_text(value, arena));
		buf_lit(out, "</value>");
	}
	buf_lit(out, "</field>");
}

static void put_answer(struct buf *out, const char *var, const char *type, const char *label, struct str value)
{
	buf_printf(out, "<field var='%s' type='%s' label='%s'><value>", var, type, label);
	xml_escape(out, value);
	buf_lit(out, "</value></field>");
}

static void put_question(struct buf *out, const struct room *r, const struct node *form, struct str nick,
	const struct room_request *rq)
{
	buf_lit(out, "<message from='");
	xml_escape(out, r->jid);
	buf_lit(out, "'><x xmlns='jabber:x:data' type='form'><title>Registration request</title>"
		     "<instructions>Allow it and submit, and this person is a member. To leave it open, cancel."
		     "</instructions>" FORM_TYPE);
	for (unsigned i = 0; i < FIELDS; i++) {
		const struct node *field = field_of(form, fields[i].var);

		if (is_nick(i))
			put_answer(out, fields[i].var, fields[i].type, fields[i].label, nick);
		else if (field)
			put_written(out, i, field, rq->arena);
	}
	put_answer(out, WHO, "jid-single", "Address", rq->from.bare);
	put_answer(out, "muc#register_allow", "boolean", "Allow this person to register with the room?", STR("0"));
	buf_lit(out, "</x></message>");
}

static bool is_too_long(const struct node *form, struct arena *arena)
{
	for (unsigned i = 0; i < FIELDS; i++) {
		const struct node *field = field_of(form, fields[i].var);
		size_t len = 0;

		if (!field)
			continue;
		node_each (value, field)
			len += value->kind == NODE_ELEMENT ? node_text(value, arena).len + 1 : 0;
		if (len > FIELD_MAX + 1)
			return true;
	}
	return false;
}

/* One question on its way to those who may answer it. */
struct question {
	const struct room *room;
	const struct room_request *rq;
	struct room_sink *sink;
	struct str xml;
	unsigned told;
};

static void ask_those_in(struct question *q)
{
	size_t n = 0;

	room_each_occupant(o, q->room)
	{
		if (room_affiliation(q->room, o->bare) < AFFILIATION_ADMIN ||
			!q->sink->may_meet(q->sink, q->rq->from.bare, o->bare))
			continue;
		occupant_each_seat(s, o) q->room->targets[n++] = s;
		q->told++;
	}
	if (n)
		q->sink->send(q->sink, q->room->targets, n, q->xml, &q->rq->stamp, ROOM_GOODS_MESSAGE);
}

static void ask_one(void *owner, struct str bare)
{
	struct question *q = owner;

	if (q->told == TOLD_MAX || !q->sink->is_account(q->sink, bare) ||
		!q->sink->may_meet(q->sink, q->rq->from.bare, bare))
		return;
	q->told++;
	q->sink->post(q->sink, bare, q->xml, &q->rq->stamp);
}

/* When no admin is in: each that the lists name, and when there is none, whom groups make one. */
static void ask_those_away(struct question *q)
{
	const struct room_config *c = &q->room->config;
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&q->room->affiliations, &i));) {
		const struct affiliated *a = slot->value;

		if (a->affiliation >= AFFILIATION_ADMIN)
			ask_one(q, a->jid);
	}
	if (q->told == 0 && c->admin_groups.len)
		q->sink->each_in_groups(q->sink, c->admin_groups, ask_one, q);
	if (q->told == 0 && c->owner_groups.len)
		q->sink->each_in_groups(q->sink, c->owner_groups, ask_one, q);
}

/* False: nobody could be asked. */
static bool ask_admins(const struct room *r, const struct node *form, struct str nick, const struct room_request *rq,
	struct room_sink *sink)
{
	struct buf out = BUF_INIT(0);
	struct question q = {.room = r, .rq = rq, .sink = sink};

	put_question(&out, r, form, nick, rq);
	q.xml = buf_view(&out);
	if (!buf_failed(&out)) {
		ask_those_in(&q);
		if (q.told == 0)
			ask_those_away(&q);
	}
	buf_done(&out);
	return q.told > 0;
}

/* Asked again for the same, nobody is bothered again; for something else, first the one or the other. */
static enum room_outcome apply(struct room *r, const struct node *form, struct str nick, const struct room_request *rq,
	struct room_sink *sink)
{
	const struct applicant *before = applicant_by(r, rq->from.bare);

	if (is_too_long(form, rq->arena))
		return ROOM_E_NOT_ACCEPTABLE;
	if (before && !str_eq(before->nick, nick))
		return ROOM_E_CONFLICT;
	if (!before && !ask_admins(r, form, nick, rq, sink))
		return ROOM_E_NOT_ALLOWED;
	if (!before && !applicant_add(r, rq->from.bare, nick))
		return ROOM_E_LIMIT;
	sink->result(sink, STR(""));
	return ROOM_OK;
}

/* ---- the request ---- */

static enum room_outcome reserve(struct room *r, struct str nick, const struct room_request *rq, struct room_sink *sink)
{
	applicant_drop(r, applicant_by(r, rq->from.bare)); /* an admin has put him on the list meanwhile */
	if (!room_reserve(r, rq->from.bare, nick))
		return ROOM_E_LIMIT;
	sink->result(sink, STR(""));
	return ROOM_OK;
}

/* A member stays one, without a nickname of his own; who waits does so no longer. */
static enum room_outcome withdraw(struct room *r, enum way way, const struct room_request *rq, struct room_sink *sink)
{
	struct applicant *a = applicant_by(r, rq->from.bare);

	if (way == WAY_RESERVE)
		return reserve(r, STR(""), rq, sink);
	if (!a)
		return ROOM_E_NOT_ALLOWED;
	applicant_drop(r, a);
	sink->result(sink, STR(""));
	return ROOM_OK;
}

enum room_outcome room_register_set(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink)
{
	const struct node *form = node_child(query, STR("x"), NS_DATA_FORMS);
	enum way way = way_of(r, rq);
	enum room_outcome result;
	struct str nick;

	if (is_hidden(r, rq))
		return ROOM_E_NOT_FOUND;
	if (way == WAY_NONE)
		return ROOM_E_NOT_ALLOWED;
	if (node_child(query, STR("remove"), NS_REGISTER))
		return withdraw(r, way, rq, sink);
	if (field_of(form, "FORM_TYPE") && !register_is_form(form, rq->arena))
		return ROOM_E_BAD_REQUEST;
	result = read_nick(r, form, rq->from.bare, rq->arena, sink, &nick);
	if (result != ROOM_OK)
		return result;
	if (way == WAY_ASK)
		return apply(r, form, nick, rq, sink);
	return way == WAY_RESERVE ? reserve(r, nick, rq, sink) : admin_enlist(r, rq->from.bare, nick, rq, sink);
}

/* ---- the answer ---- */

/* Whom it is about, also where a client returns no more than the fields the XEP has. */
static enum room_outcome read_person(
	const struct room *r, const struct node *form, const struct room_request *rq, struct room_sink *sink, struct jid *out)
{
	struct str who = value_of(form, WHO, rq->arena);
	const struct applicant *a = applicant_for(r, value_of(form, "muc#register_roomnick", rq->arena));

	if (who.len == 0 && a)
		who = a->jid;
	if (who.len == 0)
		return ROOM_E_NOT_FOUND;
	if (jid_parse(out, who, rq->arena))
		return ROOM_E_JID;
	return sink->is_account(sink, out->bare) ? ROOM_OK : ROOM_E_NOT_FOUND;
}

static enum room_outcome approve(struct room *r, const struct jid *jid, const struct node *form,
	const struct room_request *rq, struct room_sink *sink)
{
	enum affiliation now = room_affiliation(r, jid->bare);
	enum room_outcome result;
	struct str nick;

	if (now == AFFILIATION_OUTCAST || now >= AFFILIATION_ADMIN)
		return ROOM_E_NOT_ALLOWED;
	result = read_nick(r, form, jid->bare, rq->arena, sink, &nick);
	if (result != ROOM_OK)
		return result;
	applicant_drop(r, applicant_by(r, jid->bare));
	return admin_enlist(r, jid->bare, nick, rq, sink);
}

enum room_outcome register_decide(
	struct room *r, const struct node *form, const struct room_request *rq, struct room_sink *sink)
{
	struct str allow = value_of(form, "muc#register_allow", rq->arena);
	enum room_outcome result;
	struct jid jid;

	if (room_affiliation_of(r, rq) < AFFILIATION_ADMIN)
		return ROOM_E_FORBIDDEN;
	result = read_person(r, form, rq, sink, &jid);
	if (result != ROOM_OK)
		return result;
	if (str_is(allow, "1") || str_is(allow, "true"))
		return approve(r, &jid, form, rq, sink);
	applicant_drop(r, applicant_by(r, jid.bare));
	return ROOM_OK;
}
