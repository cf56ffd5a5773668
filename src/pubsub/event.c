#include "pubsub/event.h"

#include "base/clock.h"
#include "stanza/xml_out.h"

static const char *const types[] = {"headline", "normal", "chat"};

void pubsub_attr_put(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s='", name);
	xml_escape(out, value);
	buf_putc(out, '\'');
}

void item_put(struct buf *out, const struct pubsub_item *item, bool payload)
{
	buf_lit(out, "<item");
	pubsub_attr_put(out, "id", item->id);
	if (item->publisher.len)
		pubsub_attr_put(out, "publisher", item->publisher);
	if (!payload || !item->payload.len) {
		buf_lit(out, "/>");
		return;
	}
	buf_putc(out, '>');
	buf_str(out, item->payload);
	buf_lit(out, "</item>");
}

static void open_event(struct buf *out, struct str owner, struct str id, const struct place *p, const char *what)
{
	buf_lit(out, "<message");
	pubsub_attr_put(out, "from", owner);
	buf_printf(out, " type='%s'", types[p->options.notification_type]);
	pubsub_attr_put(out, "id", id);
	buf_printf(out, "><event xmlns='http://jabber.org/protocol/pubsub#event'><%s", what);
	pubsub_attr_put(out, "node", p->name);
}

void event_put_item(struct buf *out, struct str owner, struct str id, const struct place *p,
	const struct pubsub_item *item)
{
	open_event(out, owner, id, p, "items");
	buf_putc(out, '>');
	item_put(out, item, p->options.deliver_payloads);
	buf_lit(out, "</items></event>");
	if (item->delay_us) {
		buf_lit(out, "<delay xmlns='urn:xmpp:delay'");
		pubsub_attr_put(out, "from", owner);
		buf_lit(out, " stamp='");
		clock_put_us(out, item->delay_us);
		buf_lit(out, "'/>");
	}
	buf_lit(out, "</message>");
}

void event_put_notice(struct buf *out, struct str owner, struct str id, const struct place *p)
{
	open_event(out, owner, id, p, "items");
	buf_lit(out, "/></event></message>");
}

void event_put_retract(struct buf *out, struct str owner, struct str id, const struct place *p, struct str item)
{
	open_event(out, owner, id, p, "items");
	buf_lit(out, "><retract");
	pubsub_attr_put(out, "id", item);
	buf_lit(out, "/></items></event></message>");
}

void event_put_purge(struct buf *out, struct str owner, struct str id, const struct place *p)
{
	open_event(out, owner, id, p, "purge");
	buf_lit(out, "/></event></message>");
}

void event_put_delete(struct buf *out, struct str owner, struct str id, const struct place *p)
{
	open_event(out, owner, id, p, "delete");
	buf_lit(out, "/></event></message>");
}

void event_put_configuration(struct buf *out, struct str owner, struct str id, const struct place *p)
{
	open_event(out, owner, id, p, "configuration");
	if (!p->options.deliver_payloads) {
		buf_lit(out, "/></event></message>");
		return;
	}
	buf_lit(out, "><x xmlns='jabber:x:data' type='result'>");
	options_put_form(out, &p->options, STR_NONE);
	buf_lit(out, "</x></configuration></event></message>");
}

void event_put_subscription(
	struct buf *out, struct str owner, struct str id, const struct place *p, struct str jid, bool subscribed)
{
	open_event(out, owner, id, p, "subscription");
	pubsub_attr_put(out, "jid", jid);
	buf_printf(out, " subscription='%s'/></event></message>", subscribed ? "subscribed" : "none");
}
