#include "room/admin.h"

#include "room/say.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	ITEMS_MAX = 200, /* in one request */
};

/* One <item/>, understood. */
struct change {
	bool is_role;
	enum role role;
	enum affiliation affiliation;
	struct occupant *occupant; /* role: required */
	struct jid jid;            /* affiliation */
	struct str nick, reason;
};

/* Who asks. */
struct asker {
	const struct occupant *occupant; /* NULL: is not in the room */
	enum affiliation affiliation;
	enum role role;
};

static struct asker asker_of(const struct room *r, const struct room_request *rq)
{
	const struct seat *s = room_seat(r, rq->from.full);
	struct asker a = {.occupant = s ? s->occupant : NULL, .affiliation = room_affiliation_of(r, rq)};

	a.role = s ? s->occupant->role : ROLE_NONE;
	return a;
}

/* ---- lists ---- */

static bool may_list_role(const struct asker *a)
{
	return a->role == ROLE_MODERATOR || a->affiliation >= AFFILIATION_ADMIN;
}

/* muc#roomconfig_getmemberlist; the list has real addresses, which are for moderators where others do not see them. */
static bool sees_list(const struct room *r, enum role role)
{
	return (r->config.see_list & say_role_bit(role)) && role == ROLE_MODERATOR;
}

/* 9.5, 10.5, 10.8: where addresses are no secret, neither is who has which affiliation, but for the banned.
 */
static bool may_list(const struct room *r, const struct asker *a, enum affiliation which)
{
	if (a->affiliation == AFFILIATION_OWNER)
		return true;
	if (which <= AFFILIATION_MEMBER && a->affiliation == AFFILIATION_ADMIN)
		return true;
	if (which < AFFILIATION_MEMBER || !a->occupant)
		return false;
	return r->config.whois == WHOIS_ANYONE || (which == AFFILIATION_MEMBER && sees_list(r, a->role));
}

static void put_attr(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s='", name);
	xml_escape(out, value);
	buf_putc(out, '\'');
}

static void put_roles(struct buf *out, const struct room *r, enum role role)
{
	room_each_occupant(o, r)
	{
		if (o->role == role) {
			buf_lit(out, "<item");
			put_attr(out, "affiliation", affiliation_name(room_affiliation(r, o->bare)));
			put_attr(out, "jid", container_of(o->seats.next, struct seat, link)->jid.full);
			put_attr(out, "nick", o->nick);
			put_attr(out, "role", role_name(role));
			buf_lit(out, "/>");
		}
	}
}

static void put_affiliated(struct buf *out, const struct room *r, enum affiliation affiliation)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));) {
		const struct affiliated *a = slot->value;

		if (a->affiliation != affiliation)
			continue;
		buf_lit(out, "<item");
		put_attr(out, "affiliation", affiliation_name(affiliation));
		put_attr(out, "jid", a->jid);
		if (a->nick.len)
			put_attr(out, "nick", a->nick);
		buf_putc(out, '>');
		if (a->reason.len) {
			buf_lit(out, "<reason>");
			xml_escape(out, a->reason);
			buf_lit(out, "</reason>");
		}
		buf_lit(out, "</item>");
	}
}

static enum room_outcome put_list(
	struct buf *out, const struct room *r, const struct node *item, const struct asker *a)
{
	enum affiliation affiliation;
	enum role role;

	buf_lit(out, "<query xmlns='http://jabber.org/protocol/muc#admin'>");
	if (affiliation_parse(node_attr(item, STR("affiliation")), &affiliation)) {
		if (affiliation == AFFILIATION_NONE)
			return ROOM_E_BAD_REQUEST;
		if (!may_list(r, a, affiliation))
			return ROOM_E_FORBIDDEN;
		put_affiliated(out, r, affiliation);
	} else if (role_parse(node_attr(item, STR("role")), &role)) {
		if (!may_list_role(a))
			return ROOM_E_FORBIDDEN;
		put_roles(out, r, role);
	} else {
		return ROOM_E_BAD_REQUEST;
	}
	buf_lit(out, "</query>");
	return ROOM_OK;
}

enum room_outcome admin_get(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink)
{
	const struct node *item = node_child(query, STR("item"), NS_MUC_ADMIN);
	struct asker a = asker_of(r, rq);
	struct buf out = BUF_INIT(0);
	enum room_outcome result = item ? put_list(&out, r, item, &a) : ROOM_E_BAD_REQUEST;

	if (result == ROOM_OK)
		sink->result(sink, buf_view(&out));
	buf_done(&out);
	return result;
}

/* ---- may this be changed? ---- */

/* 8.2 to 8.5, 9.6 to 9.8: nobody is touched by who has less of an affiliation; whoever is an admin or owner
 * stays a moderator; only admins and owners make and unmake moderators. */
static enum room_outcome check_role(const struct room *r, const struct change *c, const struct asker *a)
{
	enum affiliation theirs = room_affiliation(r, c->occupant->bare);

	if (a->role != ROLE_MODERATOR && a->affiliation < AFFILIATION_ADMIN)
		return ROOM_E_FORBIDDEN;
	if (c->role == c->occupant->role)
		return ROOM_OK;
	if (theirs > a->affiliation)
		return ROOM_E_NOT_ALLOWED;
	if (c->role == ROLE_NONE)
		return c->occupant == a->occupant ? ROOM_E_CONFLICT : ROOM_OK;
	if (c->role < ROLE_MODERATOR && theirs >= AFFILIATION_ADMIN)
		return ROOM_E_NOT_ALLOWED;
	if ((c->role == ROLE_MODERATOR || c->occupant->role == ROLE_MODERATOR) &&
		a->affiliation < AFFILIATION_ADMIN)
		return c->role == ROLE_MODERATOR ? ROOM_E_FORBIDDEN : ROOM_E_NOT_ALLOWED;
	return ROOM_OK;
}

/* 9.1 to 9.5, 10.3 to 10.8. */
static enum room_outcome check_affiliation(
	const struct room *r, const struct change *c, const struct asker *a, struct str asker)
{
	enum affiliation now = room_affiliation(r, c->jid.bare);
	bool self = str_eq(c->jid.bare, asker);

	if (a->affiliation < AFFILIATION_ADMIN)
		return ROOM_E_FORBIDDEN;
	if (c->affiliation == AFFILIATION_OUTCAST && self)
		return ROOM_E_CONFLICT;
	if (a->affiliation < AFFILIATION_OWNER) {
		if (c->affiliation >= AFFILIATION_ADMIN)
			return ROOM_E_FORBIDDEN;
		if (now >= AFFILIATION_ADMIN && !self)
			return ROOM_E_NOT_ALLOWED;
	}
	if (now == AFFILIATION_OWNER && c->affiliation != AFFILIATION_OWNER && room_owner_count(r) == 1)
		return ROOM_E_CONFLICT;
	return ROOM_OK;
}

/* ---- reading items ---- */

static enum room_outcome read_role(const struct room *r, const struct node *item, struct change *c)
{
	if (!role_parse(node_attr(item, STR("role")), &c->role) || c->nick.len == 0)
		return ROOM_E_BAD_REQUEST;
	c->is_role = true;
	c->occupant = room_occupant(r, c->nick);
	return c->occupant ? ROOM_OK : ROOM_E_NOT_FOUND;
}

static enum room_outcome read_affiliation(
	const struct room *r, const struct node *item, struct change *c, struct arena *arena)
{
	struct str jid = node_attr(item, STR("jid"));
	const struct occupant *o;

	if (!affiliation_parse(node_attr(item, STR("affiliation")), &c->affiliation))
		return ROOM_E_BAD_REQUEST;
	if (jid.len)
		return jid_parse(&c->jid, jid, arena) ? ROOM_E_JID : ROOM_OK;
	o = room_occupant(r, c->nick);
	if (!o)
		return c->nick.len ? ROOM_E_NOT_FOUND : ROOM_E_BAD_REQUEST;
	c->jid = jid_split(o->bare);
	c->jid = jid_dup(arena, &c->jid);
	c->nick = STR("");
	return ROOM_OK;
}

static enum room_outcome read_item(
	const struct room *r, const struct node *item, const struct room_request *rq, struct change *c)
{
	const struct node *reason = node_child(item, STR("reason"), NS_MUC_ADMIN);

	*c = (struct change){.nick = node_attr(item, STR("nick"))};
	c->reason = reason ? node_text(reason, rq->arena) : STR("");
	if (node_attr(item, STR("role")).len)
		return read_role(r, item, c);
	return read_affiliation(r, item, c, rq->arena);
}

static enum room_outcome check_item(
	const struct room *r, const struct node *item, const struct room_request *rq, const struct asker *a)
{
	struct change c;
	enum room_outcome result = read_item(r, item, rq, &c);

	if (result != ROOM_OK)
		return result;
	return c.is_role ? check_role(r, &c, a) : check_affiliation(r, &c, a, rq->from.bare);
}

/* ---- doing it ---- */

void admin_expel(
	struct occupant *o, struct notice_of *n, struct room_sink *sink, const struct room_stamp *stamp)
{
	struct room *r = o->room;
	bool last;

	n->gone = true;
	say_presence(o, n, sink, stamp);
	do {
		last = o->seats.next == o->seats.prev;
		room_stand(r, container_of(o->seats.next, struct seat, link));
	} while (!last);
}

static void apply_role(
	const struct change *c, const struct asker *a, const struct room_request *rq, struct room_sink *sink)
{
	struct notice_of n = {.actor = a->occupant ? a->occupant->nick : STR_NONE, .reason = c->reason};

	if (c->role == ROLE_NONE) {
		n.codes[0] = 307;
		admin_expel(c->occupant, &n, sink, &rq->stamp);
	} else if (c->occupant->role != c->role) {
		n.was = c->occupant->role;
		c->occupant->role = c->role;
		say_presence(c->occupant, &n, sink, &rq->stamp);
	}
}

static struct occupant *next_of(struct room *r, struct str bare, const struct occupant *after)
{
	struct list *it = after ? after->link.next : r->occupants.next;

	for (; it != &r->occupants; it = it->next) {
		struct occupant *o = container_of(it, struct occupant, link);

		if (str_eq(o->bare, bare))
			return o;
	}
	return NULL;
}

/* The occupants of the account learn what has become of them, and all others. */
static void apply_to_occupants(struct room *r, const struct change *c, struct notice_of *n,
	const struct room_request *rq, struct room_sink *sink)
{
	struct occupant *o = next_of(r, c->jid.bare, NULL), *next;
	bool out = c->affiliation == AFFILIATION_OUTCAST ||
		   (r->config.members_only && c->affiliation < AFFILIATION_MEMBER);

	for (; o; o = next) {
		next = next_of(r, c->jid.bare, o);
		if (out) {
			n->codes[0] = c->affiliation == AFFILIATION_OUTCAST ? 301 : 321;
			admin_expel(o, n, sink, &rq->stamp);
		} else {
			n->was = o->role;
			o->role = room_role_for(r, c->affiliation);
			say_presence(o, n, sink, &rq->stamp);
		}
	}
}

static enum room_outcome apply_affiliation(struct room *r, const struct change *c, const struct asker *a,
	const struct room_request *rq, struct room_sink *sink)
{
	struct notice_of n = {.actor = a->occupant ? a->occupant->nick : STR_NONE, .reason = c->reason};
	enum affiliation now = room_affiliation(r, c->jid.bare);
	struct str owner = room_nick_owner(r, c->nick);

	if (c->nick.len && owner.len && !str_eq(owner, c->jid.bare))
		return ROOM_E_CONFLICT;
	if (!room_affiliate(r, c->jid.bare, c->affiliation, c->nick, c->reason))
		return ROOM_E_LIMIT;
	if (now != c->affiliation)
		apply_to_occupants(r, c, &n, rq, sink);
	return ROOM_OK;
}

enum room_outcome admin_affiliate(struct room *r, struct str bare, enum affiliation to,
	const struct room_request *rq, struct room_sink *sink)
{
	struct asker a = asker_of(r, rq);
	struct change c = {.affiliation = to, .jid = jid_split(bare), .nick = STR(""), .reason = STR("")};

	return apply_affiliation(r, &c, &a, rq, sink);
}

static enum room_outcome apply_item(
	struct room *r, const struct node *item, const struct room_request *rq, struct room_sink *sink)
{
	struct asker a = asker_of(r, rq); /* an item before may have changed it */
	struct change c;
	enum room_outcome result = read_item(r, item, rq, &c);

	if (result != ROOM_OK)
		return result;
	if (!c.is_role)
		return apply_affiliation(r, &c, &a, rq, sink);
	apply_role(&c, &a, rq, sink);
	return ROOM_OK;
}

enum room_outcome admin_set(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink)
{
	struct asker a = asker_of(r, rq);
	enum room_outcome result = ROOM_OK;
	unsigned n = 0;

	for (const struct node *i = node_first_element(query); i && result == ROOM_OK;
		i = node_next_element(i), n++)
		result =
			node_is(i, STR("item"), NS_MUC_ADMIN) ? check_item(r, i, rq, &a) : ROOM_E_BAD_REQUEST;
	if (result == ROOM_OK && (n == 0 || n > ITEMS_MAX))
		result = n ? ROOM_E_LIMIT : ROOM_E_BAD_REQUEST;
	for (const struct node *i = node_first_element(query); i && result == ROOM_OK;
		i = node_next_element(i))
		result = apply_item(r, i, rq, sink);
	if (result == ROOM_OK)
		sink->result(sink, STR(""));
	return result;
}
