#include "room/say.h"

#include "room/archived.h"
#include "room/history.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

bool say_shows_jids(const struct room *r, const struct occupant *viewer)
{
	return r->config.whois == WHOIS_ANYONE || viewer->role == ROLE_MODERATOR;
}

/* ---- parts of stanzas ---- */

static void put_attr(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s='", name);
	xml_escape(out, value);
	buf_putc(out, '\'');
}

static void put_from(struct buf *out, const struct room *r, struct str nick)
{
	buf_lit(out, " from='");
	xml_escape(out, r->jid);
	if (nick.len) {
		buf_putc(out, '/');
		xml_escape(out, nick);
	}
	buf_putc(out, '\'');
}

void say_put_start(struct buf *out, const struct room *r, const struct node *stanza, struct str nick)
{
	struct str id = node_attr(stanza, STR("id")), lang = node_attr_ns(stanza, STR("lang"), NS_XML);

	buf_putc(out, '<');
	buf_str(out, stanza->name);
	put_from(out, r, nick);
	if (id.len)
		put_attr(out, "id", id);
	if (lang.len)
		put_attr(out, "xml:lang", lang);
}

/* What a client has no business to say in a room: the room's own words, and ids that are the room's to give.
 */
static bool is_rooms_word(const struct room *r, const struct node *n)
{
	if (str_eq(n->ns, NS_MUC) || str_eq(n->ns, NS_MUC_USER) || str_eq(n->ns, NS_OCCUPANT_ID) ||
		str_eq(n->ns, NS_MODERATE) || str_eq(n->ns, NS_MODERATE_OLD))
		return true;
	if (str_eq(n->ns, NS_FASTEN))
		return node_child(n, STR("moderated"), NS_MODERATE_OLD);
	if (str_eq(n->ns, NS_RETRACT)) /* XEP-0424 5: a tombstone; XEP-0425 5: a moderator's word */
		return str_is(n->name, "retracted") || node_child(n, STR("moderated"), NS_MODERATE);
	if (str_eq(n->ns, NS_SID) && str_is(n->name, "stanza-id"))
		return jid_split(node_attr(n, STR("by"))).bare.len == 0 ||
		       str_eq(node_attr(n, STR("by")), r->jid);
	return str_eq(n->ns, NS_DELAY) || str_eq(n->ns, NS_DELAY_OLD) || str_eq(n->ns, NS_ADDRESS);
}

void say_put_content(struct buf *out, const struct room *r, const struct node *stanza)
{
	for (const struct node *n = node_first_element(stanza); n; n = node_next_element(n))
		if (!is_rooms_word(r, n))
			xml_put(out, n, NS_CLIENT);
}

void say_put_ids(
	struct buf *out, const struct room *r, const struct occupant *o, const struct room_stamp *stamp)
{
	if (stamp->seq) {
		buf_lit(out, "<stanza-id xmlns='urn:xmpp:sid:0'");
		put_attr(out, "by", r->jid);
		put_attr(out, "id", str_of(stamp->id, STAMP_ID));
		buf_lit(out, "/>");
	}
	if (o) {
		buf_lit(out, "<occupant-id xmlns='urn:xmpp:occupant-id:0'");
		put_attr(out, "id", str_of(o->id, OCCUPANT_ID));
		buf_lit(out, "/>");
	}
}

static void put_codes(struct buf *out, const unsigned *codes, size_t len)
{
	for (size_t i = 0; i < len && codes[i]; i++)
		buf_printf(out, "<status code='%u'/>", codes[i]);
}

/* ---- presence ---- */

static void put_actor(struct buf *out, const struct notice_of *n)
{
	if (n->actor.len) {
		buf_lit(out, "<actor");
		put_attr(out, "nick", n->actor);
		buf_lit(out, "/>");
	}
	if (n->reason.len) {
		buf_lit(out, "<reason>");
		xml_escape(out, n->reason);
		buf_lit(out, "</reason>");
	}
}

static void put_item(struct buf *out, const struct occupant *o, const struct notice_of *n, struct str jid)
{
	enum role role = n->has_role ? n->role : o->role;

	if (n->gone && n->new_nick.len == 0)
		role = ROLE_NONE;
	buf_lit(out, "<item");
	put_attr(out, "affiliation",
		affiliation_name(n->destroyed.len ? AFFILIATION_NONE : occupant_affiliation(o)));
	put_attr(out, "role", role_name(role));
	if (jid.len)
		put_attr(out, "jid", jid);
	if (n->new_nick.len)
		put_attr(out, "nick", n->new_nick);
	buf_putc(out, '>');
	put_actor(out, n);
	buf_lit(out, "</item>");
}

/* `jid`: the real address, empty for who may not see it. */
static void put_presence(
	struct buf *out, const struct occupant *o, const struct notice_of *n, struct str jid, bool own)
{
	buf_lit(out, "<presence");
	put_from(out, o->room, o->nick);
	if (n->id.len)
		put_attr(out, "id", n->id);
	buf_str(out, n->gone ? STR(" type='unavailable'>") : STR(">"));
	buf_str(out, n->gone ? n->status : o->face->presence);
	say_put_ids(out, o->room, o, &(struct room_stamp){.seq = 0});
	buf_lit(out, "<x xmlns='http://jabber.org/protocol/muc#user'>");
	put_item(out, o, n, jid);
	buf_str(out, n->destroyed);
	put_codes(out, n->codes, CODES_MAX);
	if (own) {
		put_codes(out, n->own_codes, CODES_MAX);
		buf_lit(out, "<status code='110'/>");
	}
	buf_lit(out, "</x></presence>");
}

/* Of the session whose presence it is. */
static struct str real_jid(const struct occupant *o)
{
	return o->face->jid.full;
}

enum viewers {
	VIEWERS_ITSELF,
	VIEWERS_KNOWING, /* others who see real addresses */
	VIEWERS_OTHERS,
};

/* Whoever causes it: nobody hears of somebody beyond a wall. */
static size_t choose(const struct occupant *o, enum viewers which, struct room_sink *sink)
{
	struct room *r = o->room;
	size_t n = 0;

	room_each_occupant(v, r)
	{
		enum viewers is = v == o                 ? VIEWERS_ITSELF
				  : say_shows_jids(r, v) ? VIEWERS_KNOWING
							 : VIEWERS_OTHERS;

		if (is == which && (v == o || sink->may_meet(sink, v->bare, o->bare)))
			occupant_each_seat(s, v) r->targets[n++] = s;
	}
	return n;
}

uint32_t say_role_bit(enum role role)
{
	return role == ROLE_MODERATOR ? ROLES_MODERATOR
	       : role == ROLE_PARTICIPANT ? ROLES_PARTICIPANT
	       : role == ROLE_VISITOR	  ? ROLES_VISITOR
					  : 0;
}

bool say_is_broadcast(const struct room *r, enum role role)
{
	return r->config.broadcast & say_role_bit(role);
}

/* To others, whose presence is not for them; who disappears by a change of role has left for them. NULL: nothing. */
static const struct notice_of *for_others(
	const struct occupant *o, const struct notice_of *n, struct notice_of *left)
{
	if (say_is_broadcast(o->room, o->role))
		return n;
	if (n->was == ROLE_NONE || !say_is_broadcast(o->room, n->was))
		return NULL;
	*left = (struct notice_of){.gone = true};
	return left;
}

void say_presence(const struct occupant *o, const struct notice_of *all, struct room_sink *sink,
	const struct room_stamp *stamp)
{
	struct notice_of left;
	const struct notice_of *others = for_others(o, all, &left);
	struct buf out = BUF_INIT(0);

	for (enum viewers v = VIEWERS_ITSELF; v <= VIEWERS_OTHERS; v++) {
		const struct notice_of *n = v == VIEWERS_ITSELF ? all : others;
		size_t len = n ? choose(o, v, sink) : 0;

		if (len == 0)
			continue;
		buf_clear(&out);
		put_presence(&out, o, n, v == VIEWERS_OTHERS ? STR_NONE : real_jid(o), v == VIEWERS_ITSELF);
		if (!buf_failed(&out))
			sink->send(sink, o->room->targets, len, buf_view(&out), stamp, ROOM_GOODS_PRESENCE);
	}
	buf_done(&out);
}

static void say_to_others(const struct occupant *o, const struct notice_of *n, struct room_sink *sink)
{
	struct buf out = BUF_INIT(0);

	for (enum viewers v = VIEWERS_KNOWING; v <= VIEWERS_OTHERS; v++) {
		size_t len = choose(o, v, sink);

		buf_clear(&out);
		put_presence(&out, o, n, v == VIEWERS_OTHERS ? STR_NONE : real_jid(o), false);
		if (len && !buf_failed(&out))
			sink->send(sink, o->room->targets, len, buf_view(&out), &o->face->stamp, ROOM_GOODS_PRESENCE);
	}
	buf_done(&out);
}

void say_broadcast(struct room *r, uint32_t was, struct room_sink *sink)
{
	room_each_occupant(o, r)
	{
		bool now = say_is_broadcast(r, o->role);

		if (now != ((was & say_role_bit(o->role)) != 0))
			say_to_others(o, &(struct notice_of){.gone = !now}, sink);
	}
}

void say_presence_to(const struct occupant *o, const struct seat *to, const struct notice_of *n,
	struct room_sink *sink, const struct room_stamp *stamp)
{
	struct buf out = BUF_INIT(0);
	bool own = to->occupant == o;

	put_presence(&out, o, n, own || say_shows_jids(o->room, to->occupant) ? real_jid(o) : STR_NONE, own);
	if (!buf_failed(&out))
		sink->send(sink, &to, 1, buf_view(&out), stamp, ROOM_GOODS_PRESENCE);
	buf_done(&out);
}

void say_left(const struct seat *s, struct str id, struct room_sink *sink, const struct room_stamp *stamp)
{
	struct buf out = BUF_INIT(0);

	put_presence(&out, s->occupant, &(struct notice_of){.gone = true, .id = id}, s->jid.full, true);
	if (!buf_failed(&out))
		sink->send(sink, &s, 1, buf_view(&out), stamp, ROOM_GOODS_PRESENCE);
	buf_done(&out);
}

/* ---- messages ---- */

void say_to_all(const struct room *r, enum role least, struct str xml, struct room_sink *sink,
	const struct room_stamp *stamp)
{
	size_t n = 0;

	room_each_occupant(o, r)
	{
		if (o->role >= least)
			occupant_each_seat(s, o) r->targets[n++] = s;
	}
	if (n)
		sink->send(sink, r->targets, n, xml, stamp, ROOM_GOODS_MESSAGE);
}

void say_to(const struct occupant *o, struct str xml, struct room_sink *sink, const struct room_stamp *stamp,
	enum room_goods goods)
{
	size_t n = 0;

	occupant_each_seat(s, o) o->room->targets[n++] = s;
	if (n)
		sink->send(sink, o->room->targets, n, xml, stamp, goods);
}

/* Serialised once; what goes to the archive differs in its end. */
void say_and_keep(struct room *r, const struct saying *s, struct buf *out, struct room_sink *sink)
{
	size_t len;

	say_put_ids(out, r, s->by, &(struct room_stamp){.seq = 0});
	len = out->len;
	say_put_ids(out, r, NULL, s->stamp);
	buf_lit(out, "</message>");
	if (buf_failed(out))
		return;
	say_to_all(r, ROLE_NONE, buf_view(out), sink, s->stamp);
	if (s->shown && s->stamp->seq)
		history_add(r, buf_view(out), s->bare, s->stamp);
	if (!s->kept || !s->stamp->seq || !sink->archives)
		return;
	out->len = len;
	if (s->by)
		archived_put_end(out, s->by, s->real);
	else
		buf_lit(out, "</message>");
	if (!buf_failed(out))
		sink->keep(sink, s->by ? s->by->nick : STR(""), buf_view(out), s->stamp);
}

void say_codes(const struct room *r, const unsigned *codes, size_t len, struct room_sink *sink,
	const struct room_stamp *stamp)
{
	struct buf out = BUF_INIT(0);

	buf_lit(&out, "<message");
	put_from(&out, r, STR_NONE);
	buf_lit(&out, " type='groupchat'><x xmlns='http://jabber.org/protocol/muc#user'>");
	put_codes(&out, codes, len);
	buf_lit(&out, "</x></message>");
	if (!buf_failed(&out))
		say_to_all(r, ROLE_NONE, buf_view(&out), sink, stamp);
	buf_done(&out);
}
