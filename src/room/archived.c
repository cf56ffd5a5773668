#include "room/archived.h"

#include "base/clock.h"
#include "room/say.h"
#include "stanza/xml_out.h"

#define ID_START "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='"
#define X_START "<x xmlns='http://jabber.org/protocol/muc#user'><item "
#define RETRACTED "<retracted xmlns='urn:xmpp:message-retract:1'"
#define END "</message>"

/* The last place of `what` in s; s.len: none. What a room writes stands behind all that was said, and text never holds
 * a '<', so the last one is ours. */
static size_t find_last(struct str s, struct str what)
{
	for (size_t at = s.len >= what.len ? s.len - what.len + 1 : 0; at-- > 0;)
		if (s.data[at] == what.data[0] && str_starts(str_cut(s, at, s.len), what))
			return at;
	return s.len;
}

static bool contains(struct str s, struct str what)
{
	return find_last(s, what) < s.len;
}

/* Behind the '>' that ends the first tag; 0: there is none. */
static size_t start_len(struct str xml)
{
	char quote = 0;

	for (size_t i = 0; i < xml.len; i++) {
		char c = xml.data[i];

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		else if (c == '>')
			return xml.data[i - 1] == '/' ? 0 : i + 1;
	}
	return 0;
}

/* A bare address has nothing that XML would have escaped. */
static struct str bare_in(struct str x)
{
	struct str start = STR(" jid='");
	size_t at = find_last(x, start);
	struct str jid = at < x.len ? str_cut(x, at + start.len, x.len) : STR("");

	jid = str_cut(jid, 0, str_find(jid, '\'', 0));
	return str_cut(jid, 0, str_find(jid, '/', 0));
}

bool archived_read(struct str xml, struct archived *out)
{
	struct str end = STR(END);
	size_t start = start_len(xml), stop, x, id;

	if (!str_starts(xml, STR("<message ")) || !str_ends(xml, end) || start == 0 || start + end.len > xml.len)
		return false;
	stop = xml.len - end.len;
	x = find_last(str_cut(xml, start, stop), STR(X_START)) + start;
	if (!str_ends(str_cut(xml, x, stop), STR("</x>")))
		x = stop;
	id = find_last(str_cut(xml, start, x), STR(ID_START)) + start;
	if (contains(str_cut(xml, id, x), STR("</"))) /* behind ours nothing is closed: it stands in what was said */
		id = x;
	*out = (struct archived){.start = str_cut(xml, 0, start),
		.inside = str_cut(xml, start, id),
		.id = str_cut(xml, id, x),
		.x = str_cut(xml, x, stop)};
	out->bare = bare_in(out->x);
	return true;
}

void archived_put_end(struct buf *out, const struct occupant *o, struct str real)
{
	buf_lit(out, X_START "affiliation='");
	buf_str(out, affiliation_name(occupant_affiliation(o)));
	buf_lit(out, "' jid='");
	xml_escape(out, real);
	buf_lit(out, "' role='");
	buf_str(out, role_name(o->role));
	buf_lit(out, "'/></x>" END);
}

void archived_put_live(struct buf *out, const struct room *r, const struct archived *a, const struct room_stamp *stamp)
{
	buf_str(out, a->start);
	buf_str(out, a->inside);
	buf_str(out, a->id);
	say_put_ids(out, r, NULL, stamp);
	buf_lit(out, END);
}

/* ---- tombstones ---- */

static void put_attr(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s='", name);
	xml_escape(out, value);
	buf_putc(out, '\'');
}

void retraction_put_moderated(struct buf *out, const struct room_retraction *t)
{
	buf_lit(out, "<moderated xmlns='urn:xmpp:message-moderate:1'");
	put_attr(out, "by", t->moderator);
	buf_lit(out, "><occupant-id xmlns='urn:xmpp:occupant-id:0'");
	put_attr(out, "id", t->moderator_id);
	buf_lit(out, "/></moderated>");
	if (t->reason.len) {
		buf_lit(out, "<reason>");
		xml_escape(out, t->reason);
		buf_lit(out, "</reason>");
	}
}

static void put_retracted(struct buf *out, const struct room_retraction *t)
{
	buf_lit(out, RETRACTED);
	if (t->by_id.len)
		put_attr(out, "id", t->by_id);
	buf_lit(out, " stamp='");
	clock_put_us(out, t->stamp.time_us);
	buf_lit(out, "'");
	if (t->moderator.len == 0) {
		buf_lit(out, "/>");
		return;
	}
	buf_putc(out, '>');
	retraction_put_moderated(out, t);
	buf_lit(out, "</retracted>");
}

static bool is_by(const struct archived *a, struct str occupant_id)
{
	struct str start = STR(ID_START);

	return a->id.len >= start.len + OCCUPANT_ID && occupant_id.len == OCCUPANT_ID &&
	       str_eq(str_cut(a->id, start.len, start.len + OCCUPANT_ID), occupant_id);
}

bool archived_put_tombstone(struct buf *out, struct str xml, const struct room_retraction *t)
{
	struct archived a;

	if (!archived_read(xml, &a) || a.id.len == 0 || str_starts(a.inside, STR(RETRACTED)))
		return false;
	if (t->moderator.len == 0 && !is_by(&a, t->author_id))
		return false;
	buf_str(out, a.start);
	put_retracted(out, t);
	buf_str(out, a.id);
	buf_str(out, a.x);
	buf_lit(out, END);
	return !buf_failed(out);
}

bool archived_is_shown(const struct archived *a)
{
	return contains(a->inside, STR("<body")) || contains(a->inside, STR("<retract"));
}
