#include "route/history_kind.h"

#include "base/clock.h"
#include "route/message.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static bool is_talk(struct str type)
{
	enum message_type t = message_type(type);

	return t == MESSAGE_CHAT || t == MESSAGE_NORMAL;
}

bool history_takes(struct str type, const struct node *stanza)
{
	return is_talk(type) && !node_child(stanza, STR("no-store"), NS_HINTS) &&
	       !node_child(stanza, STR("no-permanent-store"), NS_HINTS);
}

static struct str id_in(const struct node *stanza, struct str name, struct str ns)
{
	const struct node *n = node_child(stanza, name, ns);

	return n ? node_attr(n, STR("id")) : STR_NONE;
}

/* A retraction without an id of its own could not be named in the tombstone, which has to. */
void history_read(struct store_archived *row, struct str type, const struct node *stanza, bool arrived, struct buf *stone)
{
	row->own = node_attr(stanza, STR("id"));
	row->origin = id_in(stanza, STR("origin-id"), NS_SID);
	row->retracts = STR_NONE;
	if (arrived && row->own.len && is_talk(type))
		row->retracts = id_in(stanza, STR("retract"), NS_RETRACT);
	if (row->retracts.len == 0)
		return;
	buf_lit(stone, "<retracted xmlns='urn:xmpp:message-retract:1' id='");
	xml_escape(stone, row->own);
	buf_lit(stone, "' stamp='");
	clock_put_us(stone, row->time_us);
	buf_lit(stone, "'/>");
	row->stone = buf_view(stone);
}
