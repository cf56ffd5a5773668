#include "cli/past.h"

#include <string.h>

#include "base/clock.h"
#include "jid/jid.h"
#include "route/history_kind.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

bool past_read(const struct node *result, struct past *out)
{
	const struct node *forwarded = node_child(result, STR("forwarded"), NS_FORWARD);
	const struct node *delay = forwarded ? node_child(forwarded, STR("delay"), NS_DELAY) : NULL;

	*out = (struct past){.id = node_attr(result, STR("id"))};
	if (delay && !clock_parse(node_attr(delay, STR("stamp")), &out->time_us))
		out->time_us = 0;
	out->message = forwarded ? node_child(forwarded, STR("message"), NS_CLIENT) : NULL;
	return out->message != NULL;
}

/* An address of the stanza, or the owner's where it says none: so archives of one's own side leave it out. */
static bool side(const struct past *p, const char *name, struct str owner, struct arena *arena, struct jid *out)
{
	struct str text = node_attr(p->message, str_from(name));

	return jid_parse(out, text.len ? text : owner, arena) == 0;
}

/* What was said in a room: `to` is the occupant, `from` who he really was, if that is known. */
static bool room_row(const struct past *p, struct str owner, struct arena *arena, struct store_archived *row)
{
	const struct node *x = node_child(p->message, STR("x"), NS_MUC_USER);
	const struct node *item = x ? node_child(x, STR("item"), NS_MUC_USER) : NULL;
	struct jid occupant, real;

	if (jid_parse(&occupant, node_attr(p->message, STR("from")), arena) || !str_eq(occupant.bare, owner))
		return false;
	if (!item || jid_parse(&real, node_attr(item, STR("jid")), arena))
		real = occupant;
	row->from = real.full;
	row->to = occupant.full;
	row->views = STORE_VIEW_RECIPIENT;
	return true;
}

bool past_row(const struct past *p, struct str owner, struct arena *arena, struct store_archived *row)
{
	struct buf stone = BUF_INIT(0);
	struct jid from, to;

	if (str_is(node_attr(p->message, STR("type")), "groupchat"))
		return room_row(p, owner, arena, row);
	if (!side(p, "from", owner, arena, &from) || !side(p, "to", owner, arena, &to))
		return false;
	history_read(row, node_attr(p->message, STR("type")), p->message, false, &stone);
	buf_done(&stone);
	row->from = from.full;
	row->to = to.full;
	row->views = str_eq(to.bare, owner)	? STORE_VIEW_RECIPIENT
		     : str_eq(from.bare, owner) ? STORE_VIEW_SENDER
						: 0;
	return row->views != 0;
}

/* What our serialiser wrote inside of jabber:client: its root may be without a namespace of its own. */
static void message_put(struct buf *out, struct str xml)
{
	size_t name = 1;

	while (name < xml.len && !memchr(" />", xml.data[name], 3))
		name++;
	buf_str(out, str_cut(xml, 0, name));
	if (!str_starts(str_cut(xml, name, xml.len), STR(" xmlns='")))
		buf_lit(out, " xmlns='jabber:client'");
	buf_str(out, str_cut(xml, name, xml.len));
}

void past_put(struct buf *out, struct str id, uint64_t time_us, struct str xml)
{
	buf_lit(out, "<result xmlns='urn:xmpp:mam:2' id='");
	xml_escape(out, id);
	buf_lit(out, "'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='");
	clock_put_us(out, time_us);
	buf_lit(out, "'/>");
	message_put(out, xml);
	buf_lit(out, "</forwarded></result>");
}
