/* The owner's requests: configuration (10.1, 10.2), the end of the room (10.9). */
#include "room/admin.h"
#include "room/groups.h"
#include "room/lists.h"
#include "room/say.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum room_outcome owner_get(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	struct buf out = BUF_INIT(0);

	if (room_affiliation_of(r, rq) != AFFILIATION_OWNER)
		return ROOM_E_FORBIDDEN;
	buf_lit(&out,
		"<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='form'>"
		"<title>Configuration of the room</title>");
	config_put_form(&out, &r->config);
	lists_put_form(&out, r);
	r->form_given = true;
	buf_lit(&out, "</x></query>");
	if (!buf_failed(&out))
		sink->result(sink, buf_view(&out));
	buf_done(&out);
	return ROOM_OK;
}

/* ---- the end ---- */

/* Everybody gets his own (10.9). */
void room_dissolve(struct room *r, struct str destroy, const struct room_stamp *stamp, struct room_sink *sink)
{
	struct notice_of n = {.gone = true, .destroyed = destroy};

	while (!list_is_empty(&r->occupants)) {
		struct occupant *o = container_of(r->occupants.next, struct occupant, link);
		struct seat *s = container_of(o->seats.next, struct seat, link);

		say_presence_to(o, s, &n, sink, stamp);
		room_stand(r, s);
	}
	r->destroyed = true;
	r->changed = true;
}

void room_expire(struct room *r, struct room_sink *sink)
{
	room_dissolve(r, STR("<destroy/>"), &(struct room_stamp){.seq = 0}, sink);
}

static void put_child(struct buf *out, const struct node *destroy, const char *name, struct arena *arena)
{
	const struct node *n = node_child(destroy, str_from(name), NS_MUC_OWNER);

	if (!n)
		return;
	buf_printf(out, "<%s>", name);
	xml_escape(out, node_text(n, arena));
	buf_printf(out, "</%s>", name);
}

static enum room_outcome destroy_room(
	struct room *r, const struct node *destroy, const struct room_request *rq, struct room_sink *sink)
{
	struct str venue = node_attr(destroy, STR("jid"));
	struct buf out = BUF_INIT(0);
	struct jid jid;

	if (venue.len && jid_parse(&jid, venue, rq->arena))
		return ROOM_E_JID;
	buf_lit(&out, "<destroy");
	if (venue.len) {
		buf_lit(&out, " jid='");
		xml_escape(&out, jid.full);
		buf_putc(&out, '\'');
	}
	buf_putc(&out, '>');
	put_child(&out, destroy, "reason", rq->arena);
	put_child(&out, destroy, "password", rq->arena);
	buf_lit(&out, "</destroy>");
	if (buf_failed(&out)) {
		buf_done(&out);
		return ROOM_E_LIMIT;
	}
	room_dissolve(r, buf_view(&out), &rq->stamp, sink);
	buf_done(&out);
	sink->result(sink, STR(""));
	return ROOM_OK;
}

/* ---- configuration ---- */

static void expel_strangers(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	list_each_safe (it, &r->occupants) {
		struct occupant *o = container_of(it, struct occupant, link);
		struct notice_of n = {.codes = {322}};

		if (room_affiliation(r, o->bare) < AFFILIATION_MEMBER && !o->admin)
			admin_expel(o, &n, sink, &rq->stamp);
	}
}

/* 10.2.1: what occupants have to know of it; 104 where none of the others says it. A form that came back as it was given
 * is no change. */
static void tell(const struct room *r, const struct room_config *old, const struct room_request *rq,
	struct room_sink *sink)
{
	unsigned codes[3];
	size_t n = 0;

	if (old->archive != r->config.archive)
		codes[n++] = r->config.archive ? 170 : 171;
	if (old->whois != r->config.whois)
		codes[n++] = r->config.whois == WHOIS_ANYONE ? 172 : 173;
	if (config_differs(old, &r->config))
		codes[n++] = 104;
	if (n)
		say_codes(r, codes, n, sink, &rq->stamp);
}

/* Lists first: whom the same form makes a member is no stranger. */
static void configure(struct room *r, struct room_config *next, const struct wishes *lists,
	const struct room_request *rq, struct room_sink *sink)
{
	struct room_config old = r->config;

	r->config = *next;
	r->changed = r->moved = true;
	say_broadcast(r, old.broadcast, sink);
	if (!r->locked)
		tell(r, &old, rq, sink);
	r->locked = false;
	wishes_grant(r, lists, rq, sink);
	if (r->config.members_only && !old.members_only)
		expel_strangers(r, rq, sink);
	room_regard(r, STR(""), sink, &rq->stamp);
	config_done(&old);
}

static enum room_outcome read_form(
	struct room_config *next, const struct node *form, const struct room_request *rq)
{
	int result = config_take_form(next, form, rq->arena);

	if (result < 0)
		return ROOM_E_LIMIT;
	if (result)
		return result == CONFIG_E_FORM ? ROOM_E_BAD_REQUEST : ROOM_E_NOT_ACCEPTABLE;
	return ROOM_OK;
}

/* All of it, or nothing: lists come last of what may be refused, because they make places. */
static enum room_outcome submit(
	struct room *r, const struct node *form, const struct room_request *rq, struct room_sink *sink)
{
	struct room_config next;
	struct wishes lists;
	enum room_outcome outcome;

	if (!config_copy(&next, &r->config))
		return ROOM_E_LIMIT;
	outcome = read_form(&next, form, rq);
	if (outcome == ROOM_OK)
		outcome = groups_check(r, &next, rq, sink);
	if (outcome == ROOM_OK)
		outcome = wishes_read(&lists, r, form, &next, rq->arena);
	if (outcome != ROOM_OK) {
		config_done(&next);
		return outcome;
	}
	configure(r, &next, &lists, rq, sink);
	wishes_done(&lists);
	sink->result(sink, STR(""));
	return ROOM_OK;
}

static enum room_outcome cancel(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	if (r->locked)
		room_dissolve(r, STR("<destroy/>"), &rq->stamp, sink);
	sink->result(sink, STR(""));
	return ROOM_OK;
}

enum room_outcome owner_set(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink)
{
	const struct node *destroy = node_child(query, STR("destroy"), NS_MUC_OWNER);
	const struct node *form = node_child(query, STR("x"), NS_DATA_FORMS);
	struct str type = form ? node_attr(form, STR("type")) : STR_NONE;

	if (room_affiliation_of(r, rq) != AFFILIATION_OWNER)
		return ROOM_E_FORBIDDEN;
	if (destroy)
		return destroy_room(r, destroy, rq, sink);
	if (str_is(type, "submit"))
		return submit(r, form, rq, sink);
	return str_is(type, "cancel") ? cancel(r, rq, sink) : ROOM_E_BAD_REQUEST;
}
