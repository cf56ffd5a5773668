/* What can be found out about a room without being in it (6.3 to 6.6). */
#include <stdlib.h>

#include "pubsub/page.h"
#include "room/admin.h"
#include "room/picture.h"
#include "room/say.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static void put_feature(struct buf *out, const char *var)
{
	buf_printf(out, "<feature var='%s'/>", var);
}

/* What can be done with an archive. */
static void put_archive_features(struct buf *out)
{
	put_feature(out, "urn:xmpp:mam:2");
	put_feature(out, "urn:xmpp:mam:2#extended");
	put_feature(out, "urn:xmpp:message-retract:1#tombstone");
}

static void put_features(struct buf *out, const struct room_config *c)
{
	static const char *const always[] = {"http://jabber.org/protocol/disco#info",
		"http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/muc",
		"http://jabber.org/protocol/muc#self-ping-optimization",
		"http://jabber.org/protocol/muc#register", "http://jabber.org/protocol/muc#request",
		"http://jabber.org/protocol/muc#roomconfig", "http://jabber.org/protocol/muc#roominfo",
		"http://jabber.org/protocol/muc#stable_id",
		"http://jabber.org/protocol/rsm", "jabber:iq:register", "urn:xmpp:message-moderate:0",
		"urn:xmpp:message-moderate:1",
		"urn:xmpp:message-retract:1", "urn:xmpp:occupant-id:0", "urn:xmpp:ping", "urn:xmpp:sid:0", "vcard-temp"};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		put_feature(out, always[i]);
	put_feature(out, c->public ? "muc_public" : "muc_hidden");
	put_feature(out, c->persistent ? "muc_persistent" : "muc_temporary");
	put_feature(out, c->members_only ? "muc_membersonly" : "muc_open");
	put_feature(out, c->moderated ? "muc_moderated" : "muc_unmoderated");
	put_feature(out, c->protected ? "muc_passwordprotected" : "muc_unsecured");
	put_feature(out, c->whois == WHOIS_ANYONE ? "muc_nonanonymous" : "muc_semianonymous");
}

static void put_field(struct buf *out, const char *var, const char *type, struct str value)
{
	buf_printf(out, "<field var='%s' type='%s'><value>", var, type);
	xml_escape(out, value);
	buf_lit(out, "</value></field>");
}

/* Owners, where addresses are no secret, as far as who asks may meet them. */
static void put_contacts(struct buf *out, const struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	struct map_slot *slot;

	buf_lit(out, "<field var='muc#roominfo_contactjid' type='jid-multi'>");
	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));) {
		const struct affiliated *a = slot->value;

		if (a->affiliation != AFFILIATION_OWNER || !sink->may_meet(sink, rq->from.bare, a->jid))
			continue;
		buf_lit(out, "<value>");
		xml_escape(out, a->jid);
		buf_lit(out, "</value>");
	}
	buf_lit(out, "</field>");
}

/* The subject is for who may enter, and who may read what its author says. */
static bool may_read_subject(const struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	return !r->config.members_only && !r->config.protected &&
	       (!r->subject_bare.len || sink->may_meet(sink, rq->from.bare, r->subject_bare));
}

static void put_flag(struct buf *out, const char *var, bool value)
{
	buf_printf(out, "<field var='%s' type='boolean'><value>%d</value></field>", var, value);
}

/* 6.4: what of the configuration concerns who is in, or is about to enter; clients offer what is allowed. */
static void put_settings(struct buf *out, const struct room_config *c)
{
	put_field(out, "muc#roomconfig_roomname", "text-single", c->name);
	if (c->pubsub.len)
		put_field(out, "muc#roomconfig_pubsub", "text-single", c->pubsub);
	put_flag(out, "muc#roomconfig_changesubject", c->change_subject);
	put_flag(out, "muc#roomconfig_allowinvites", config_allows_invites(c));
	put_field(out, "muc#roomconfig_allowpm", "list-single", config_pm_word(c));
}

/* XEP-0128, 15.5.4. */
static void put_roominfo(struct buf *out, const struct room *r, const struct room_request *rq, struct room_sink *sink)
{

	buf_lit(out, "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>"
		     "<value>http://jabber.org/protocol/muc#roominfo</value></field>");
	put_field(out, "muc#roominfo_description", "text-single", r->config.description);
	put_field(out, "muc#roominfo_lang", "text-single", r->config.language);
	if (may_read_subject(r, rq, sink))
		put_field(out, "muc#roominfo_subject", "text-single", r->subject);
	buf_printf(out, "<field var='muc#roominfo_occupants' type='text-single'><value>%zu</value></field>",
		r->occupant_count);
	put_settings(out, &r->config);
	put_flag(out, "muc#roominfo_subjectmod", r->config.change_subject);
	buf_printf(out, "<field var='muc#maxhistoryfetch' type='text-single'><value>%u</value></field>",
		r->config.history);
	if (r->config.whois == WHOIS_ANYONE)
		put_contacts(out, r, rq, sink);
	if (r->picture.len) {
		buf_lit(out, "<field var='muc#roominfo_avatarhash' type='text-multi' label='Avatar hash'>");
		picture_put_hashes(out, r);
		buf_lit(out, "</field>");
	}
	buf_lit(out, "</x>");
}

static void put_identity(struct buf *out, struct str name)
{
	buf_lit(out, "<identity category='conference' type='text' name='");
	xml_escape(out, name);
	buf_lit(out, "'/>");
}

/* 7.12: the nickname one has reserved. */
static void put_reserved(struct buf *out, const struct room *r, const struct room_request *rq)
{
	const struct affiliated *a = map_get(&r->affiliations, rq->from.bare);

	buf_lit(out, "<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'");
	if (!a || a->nick.len == 0) {
		buf_lit(out, "/>");
		return;
	}
	buf_putc(out, '>');
	put_identity(out, a->nick);
	buf_lit(out, "</query>");
}

static void put_info(struct buf *out, const struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	buf_lit(out, "<query xmlns='http://jabber.org/protocol/disco#info'>");
	put_identity(out, r->config.name.len ? r->config.name : r->name);
	put_features(out, &r->config);
	if (rq->archives && r->config.archive)
		put_archive_features(out);
	put_roominfo(out, r, rq, sink);
	buf_lit(out, "</query>");
}

/* 7.2.11: it is not there before its owner has configured it. */
static bool is_hidden(const struct room *r, const struct room_request *rq)
{
	return r->locked && room_affiliation_of(r, rq) < AFFILIATION_OWNER;
}

enum room_outcome info_get(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink)
{
	struct str node = node_attr(query, STR("node"));
	struct buf out = BUF_INIT(0);

	if (is_hidden(r, rq))
		return ROOM_E_NOT_FOUND;
	if (str_is(node, "http://jabber.org/protocol/muc#traffic"))
		return ROOM_E_UNAVAILABLE;
	if (node.len && !str_is(node, "x-roomuser-item"))
		return ROOM_E_NOT_FOUND;
	if (node.len)
		put_reserved(&out, r, rq);
	else
		put_info(&out, r, rq, sink);
	if (!buf_failed(&out))
		sink->result(sink, buf_view(&out));
	buf_done(&out);
	return ROOM_OK;
}

/* Who is in is told to who is in; of a listed room that anybody may enter, to all. */
static bool may_list_occupants(const struct room *r, const struct room_request *rq)
{
	return room_seat(r, rq->from.full) ||
	       (r->config.public && !r->config.members_only && !r->config.protected);
}

/* Addresses of the occupants whom he may know to be in. NULL: memory is out. */
static struct str *listed_occupants(
	const struct room *r, const struct room_request *rq, struct room_sink *sink, size_t *len)
{
	struct str *ids = arena_zalloc(rq->arena, (r->occupant_count + 1) * sizeof(*ids));
	struct jid room = jid_split(r->jid), jid;

	*len = 0;
	if (!ids || !may_list_occupants(r, rq))
		return ids;
	room_each_occupant(o, r)
	{
		if (!say_is_broadcast(r, o->role) || !sink->may_meet(sink, rq->from.bare, o->bare))
			continue;
		if (jid_with_resource(&jid, &room, o->nick, rq->arena))
			return NULL;
		ids[(*len)++] = jid.full;
	}
	qsort(ids, *len, sizeof(*ids), page_order);
	return ids;
}

static void put_occupants(struct buf *out, const struct page *page, const struct str *ids, size_t len)
{
	size_t from = 0, to = len;

	(void)!page_cut(page, ids, len, &from, &to); /* sorted: everything has its place */
	buf_lit(out, "<query xmlns='http://jabber.org/protocol/disco#items'>");
	for (size_t i = from; i < to; i++) {
		buf_lit(out, "<item jid='");
		xml_escape(out, ids[i]);
		buf_lit(out, "'/>");
	}
	if (page->asked)
		page_put(out, ids, len, from, to);
	buf_lit(out, "</query>");
}

enum room_outcome items_get(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink)
{
	struct buf out = BUF_INIT(0);
	struct page page;
	struct str *ids;
	size_t len;

	if (node_attr(query, STR("node")).len || is_hidden(r, rq))
		return ROOM_E_NOT_FOUND;
	if (!page_read(&page, node_child(query, STR("set"), NS_RSM)))
		return ROOM_E_BAD_REQUEST;
	ids = listed_occupants(r, rq, sink, &len);
	if (!ids)
		return ROOM_E_LIMIT;
	page.sorted = true;
	put_occupants(&out, &page, ids, len);
	if (!buf_failed(&out))
		sink->result(sink, buf_view(&out));
	buf_done(&out);
	return ROOM_OK;
}
