/* The service that holds the rooms (6.1, 6.2), as it is found and asked. */
#include "account/directory.h"
#include "base/cleanup.h"
#include "conf/service.h"
#include "route/answer.h"
#include "route/iq.h"
#include "route/rooms.h"
#include "route/rooms_board.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	ITEMS_MAX = 2000, /* rooms in one answer */
};

bool rooms_is_service(const struct home *h, struct str domain)
{
	return settings_is_rooms(h->settings, domain);
}

/* ---- who may what ---- */

bool rooms_is_admin(const struct home *h, struct str bare)
{
	AUTO(person_unrefp) const struct person *p = NULL;

	if (h->settings->rooms_admin_group.len == 0)
		return false;
	p = directory_get(h->route->env.directory, bare);
	return p && person_in_group(p, h->settings->rooms_admin_group);
}

bool rooms_may_create(const struct home *h, struct str bare)
{
	AUTO(person_unrefp) const struct person *p = NULL;

	if (str_is(h->settings->rooms_create, "everyone") || rooms_is_admin(h, bare))
		return true;
	p = directory_get(h->route->env.directory, bare);
	return p && person_in_group(p, h->settings->rooms_create);
}

/* ---- discovery ---- */

static void put_service(void *owner, struct str service)
{
	struct buf *out = owner;

	buf_lit(out, "<item name='Rooms' jid='");
	xml_escape(out, service);
	buf_lit(out, "'/>");
}

void rooms_put_services(struct buf *out, const struct home *h, struct str domain)
{
	settings_each_rooms(h->settings, domain, put_service, out);
}

static void put_info(struct buf *out)
{
	static const char *const features[] = {"http://jabber.org/protocol/disco#info",
		"http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/muc",
		"http://jabber.org/protocol/muc#stable_id", "urn:xmpp:ping", "vcard-temp"};

	buf_lit(out, "<query xmlns='http://jabber.org/protocol/disco#info'>"
		     "<identity category='conference' type='text' name='Rooms'/>");
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		buf_printf(out, "<feature var='%s'/>", features[i]);
	buf_lit(out, "</query>");
}

struct listing {
	struct buf *out;
	bool admin;
	unsigned n;
};

static bool put_room(void *owner, const struct board_room *room)
{
	struct listing *l = owner;

	if (!room->public && !room->within && !l->admin)
		return true;
	buf_lit(l->out, "<item jid='");
	xml_escape(l->out, room->jid);
	buf_lit(l->out, "' name='");
	xml_escape(l->out, room->name);
	buf_lit(l->out, "'/>");
	return ++l->n < ITEMS_MAX;
}

static void put_items(struct buf *out, const struct home *h, const struct parcel *p)
{
	struct listing l = {.out = out, .admin = rooms_is_admin(h, p->origin->jid.bare)};

	buf_lit(out, "<query xmlns='http://jabber.org/protocol/disco#items'>");
	board_each(h->route->board, p->to.domain, p->origin->jid.bare, put_room, &l);
	buf_lit(out, "</query>");
}

/* False: not asked for anything that is answered here. */
static bool put_answer(struct buf *out, const struct home *h, const struct parcel *p)
{
	const struct node *payload = iq_payload(p);

	if (!payload || !str_is(p->type, "get"))
		return false;
	if (node_is(payload, STR("query"), NS_DISCO_INFO))
		put_info(out);
	else if (node_is(payload, STR("query"), NS_DISCO_ITEMS))
		put_items(out, h, p);
	else
		return node_is(payload, STR("ping"), NS_PING);
	return true;
}

static void answer(struct parcel *p, struct buf *text)
{
	buf_lit(text, "</iq>");
	answer_text(p, text);
}

void rooms_service_iq(struct home *h, struct parcel *p)
{
	struct buf text = BUF_INIT(0);
	bool request = str_is(p->type, "get") || str_is(p->type, "set");
	bool node = request && iq_payload(p) && node_attr(iq_payload(p), STR("node")).len;

	iq_put_result(&text, p);
	if (node)
		answer_error(p, STANZA_ITEM_NOT_FOUND, NULL);
	else if (put_answer(&text, h, p))
		answer(p, &text);
	else if (request)
		answer_error(p, STANZA_SERVICE_UNAVAILABLE, NULL);
	buf_done(&text);
	parcel_end(p);
}
