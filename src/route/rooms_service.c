/* The service that holds the rooms (6.1, 6.2), as it is found and asked. */
#include <stdlib.h>

#include "account/directory.h"
#include "base/cleanup.h"
#include "conf/service.h"
#include "pubsub/page.h"
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
		"http://jabber.org/protocol/muc#stable_id", "http://jabber.org/protocol/rsm", "urn:xmpp:ping",
		"urn:xmpp:occupant-id:0", "vcard-temp"};

	buf_lit(out, "<query xmlns='http://jabber.org/protocol/disco#info'>"
		     "<identity category='conference' type='text' name='Rooms'/>");
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		buf_printf(out, "<feature var='%s'/>", features[i]);
	buf_lit(out, "</query>");
}

/* What somebody may see of the board, written down under its lock: an address and a name each. */
struct listing {
	struct buf text;
	bool admin;
	size_t len;
};

struct listed {
	struct str jid, name; /* views of the listing */
};

static void put_text(struct buf *out, struct str text)
{
	buf_put(out, &text.len, sizeof(text.len));
	buf_str(out, text);
}

static struct str take_text(struct str all, size_t *at)
{
	size_t len;

	memcpy(&len, all.data + *at, sizeof(len));
	*at += sizeof(len) + len;
	return str_cut(all, *at - len, *at);
}

static bool note_room(void *owner, const struct board_room *room)
{
	struct listing *l = owner;

	if (!room->public && !room->within && !l->admin)
		return true;
	put_text(&l->text, room->jid);
	put_text(&l->text, room->name);
	l->len++;
	return !buf_failed(&l->text);
}

/* In order of their addresses; `ids` is room for those. NULL: memory is out. */
static struct listed *sorted(const struct listing *l, struct str *ids)
{
	struct listed *rows = calloc(l->len + 1, sizeof(*rows));
	size_t at = 0;

	for (size_t i = 0; rows && i < l->len; i++) {
		rows[i].jid = take_text(buf_view(&l->text), &at);
		rows[i].name = take_text(buf_view(&l->text), &at);
	}
	if (!rows)
		return NULL;
	qsort(rows, l->len, sizeof(*rows), page_order);
	for (size_t i = 0; i < l->len; i++)
		ids[i] = rows[i].jid;
	return rows;
}

/* 6.3: of a long list a part, which says that it is one. */
static void put_page(struct buf *out, struct page *page, const struct listed *rows, const struct str *ids, size_t len)
{
	size_t from = 0, to = len;

	page->sorted = true;
	if (page->max > ITEMS_MAX)
		page->max = ITEMS_MAX;
	(void)!page_cut(page, ids, len, &from, &to); /* sorted: everything has its place */
	buf_lit(out, "<query xmlns='http://jabber.org/protocol/disco#items'>");
	for (size_t i = from; i < to; i++) {
		buf_lit(out, "<item jid='");
		xml_escape(out, rows[i].jid);
		buf_lit(out, "' name='");
		xml_escape(out, rows[i].name);
		buf_lit(out, "'/>");
	}
	if (page->asked || len > ITEMS_MAX)
		page_put(out, ids, len, from, to);
	buf_lit(out, "</query>");
}

static bool put_items(struct buf *out, const struct home *h, const struct parcel *p, enum stanza_condition *why)
{
	struct listing l = {.text = BUF_INIT(0), .admin = rooms_is_admin(h, p->origin->jid.bare)};
	struct listed *rows = NULL;
	struct str *ids;
	struct page page;

	*why = STANZA_BAD_REQUEST;
	if (!page_read(&page, node_child(iq_payload(p), STR("set"), NS_RSM)))
		return false;
	*why = STANZA_RESOURCE_CONSTRAINT;
	board_each(h->route->board, p->to.domain, p->origin->jid.bare, note_room, &l);
	ids = buf_failed(&l.text) ? NULL : calloc(l.len + 1, sizeof(*ids));
	if (ids)
		rows = sorted(&l, ids);
	if (rows)
		put_page(out, &page, rows, ids, l.len);
	free(ids);
	free(rows);
	buf_done(&l.text);
	return rows != NULL;
}

static bool put_answer(struct buf *out, const struct home *h, const struct parcel *p, enum stanza_condition *why)
{
	const struct node *payload = iq_payload(p);

	*why = STANZA_SERVICE_UNAVAILABLE;
	if (!payload || !str_is(p->type, "get"))
		return false;
	if (node_is(payload, STR("query"), NS_DISCO_ITEMS))
		return put_items(out, h, p, why);
	if (node_is(payload, STR("query"), NS_DISCO_INFO))
		put_info(out);
	else
		return node_is(payload, STR("ping"), NS_PING);
	return true;
}

static void answer(struct parcel *p, struct buf *text)
{
	buf_lit(text, "</iq>");
	answer_text(p, text);
}

/* There are no nodes here; what is asked for by other protocols is not offered at all. */
static bool names_node(const struct parcel *p)
{
	const struct node *payload = iq_payload(p);

	return payload && (str_eq(payload->ns, NS_DISCO_INFO) || str_eq(payload->ns, NS_DISCO_ITEMS)) &&
	       node_attr(payload, STR("node")).len;
}

void rooms_service_iq(struct home *h, struct parcel *p)
{
	struct buf text = BUF_INIT(0);
	bool request = str_is(p->type, "get") || str_is(p->type, "set");
	bool node = request && names_node(p);
	enum stanza_condition why = STANZA_ITEM_NOT_FOUND;

	iq_put_result(&text, p);
	if (!node && put_answer(&text, h, p, &why))
		answer(p, &text);
	else if (request)
		answer_error(p, why, NULL);
	buf_done(&text);
	parcel_end(p);
}
