#include "room/admin.h"

#include "room/groups.h"
#include "room/invite.h"
#include "room/nick.h"
#include "room/say.h"
#include "room/voices.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	ITEMS_MAX = 200, /* in one request */
	REASON_MAX = 1024, /* bytes of one that a list keeps */
};

/* One <item/>, understood. */
struct change {
	bool is_role;
	enum role role;
	enum affiliation affiliation;
	struct occupant *occupant; /* role: required */
	enum affiliation was;      /* once it is done */
	struct jid jid;            /* affiliation */
	struct str nick, reason;
	bool has_nick; /* an empty one is none any more (9.5) */
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

/* 9.5, 10.5, 10.8: where addresses are no secret, neither is who has which affiliation, but for the banned. The list of
 * members is also for whom muc#roomconfig_getmemberlist names.
 */
static bool may_list(const struct room *r, const struct asker *a, enum affiliation which)
{
	if (a->affiliation == AFFILIATION_OWNER)
		return true;
	if (which <= AFFILIATION_MEMBER && a->affiliation == AFFILIATION_ADMIN)
		return true;
	if (which < AFFILIATION_MEMBER)
		return false;
	if (r->config.whois == WHOIS_ANYONE && (a->occupant || a->affiliation >= AFFILIATION_MEMBER))
		return true;
	return which == AFFILIATION_MEMBER && a->occupant && (r->config.see_list & say_role_bit(a->role));
}

static void put_attr(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s='", name);
	xml_escape(out, value);
	buf_putc(out, '\'');
}

static void put_occupant(struct buf *out, const struct occupant *o)
{
	buf_lit(out, "<item");
	put_attr(out, "affiliation", affiliation_name(occupant_affiliation(o)));
	put_attr(out, "jid", o->face->jid.full);
	put_attr(out, "nick", o->nick);
	put_attr(out, "role", role_name(o->role));
	buf_lit(out, "/>");
}

/* Who is in: as far as the one who asks sees him come and go. A wall may have gone up since both entered. */
static void put_roles(struct buf *out, const struct room *r, enum role role, const struct room_request *rq,
	struct room_sink *sink)
{
	room_each_occupant(o, r)
	{
		if (o->role == role && sink->may_meet(sink, rq->from.bare, o->bare))
			put_occupant(out, o);
	}
}

static void put_affiliated(struct buf *out, const struct affiliated *a)
{
	buf_lit(out, "<item");
	put_attr(out, "affiliation", affiliation_name(a->affiliation));
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

/* Who keeps the list sees all of it, others whom they may meet. */
static void put_affiliation(struct buf *out, const struct room *r, enum affiliation affiliation, const struct asker *a,
	const struct room_request *rq, struct room_sink *sink)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));) {
		const struct affiliated *each = slot->value;

		if (each->affiliation == affiliation &&
			(a->affiliation >= AFFILIATION_ADMIN || sink->may_meet(sink, rq->from.bare, each->jid)))
			put_affiliated(out, each);
	}
	groups_put(out, r, affiliation, rq, sink);
}

static enum room_outcome put_list(struct buf *out, const struct room *r, const struct node *item,
	const struct room_request *rq, struct room_sink *sink)
{
	struct asker asker = asker_of(r, rq), *a = &asker;
	enum affiliation affiliation;
	enum role role;

	buf_lit(out, "<query xmlns='http://jabber.org/protocol/muc#admin'>");
	if (affiliation_parse(node_attr(item, STR("affiliation")), &affiliation)) {
		if (affiliation == AFFILIATION_NONE)
			return ROOM_E_BAD_REQUEST;
		if (!may_list(r, a, affiliation))
			return ROOM_E_FORBIDDEN;
		put_affiliation(out, r, affiliation, a, rq, sink);
	} else if (role_parse(node_attr(item, STR("role")), &role)) {
		if (!may_list_role(a))
			return ROOM_E_FORBIDDEN;
		put_roles(out, r, role, rq, sink);
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
	struct buf out = BUF_INIT(0);
	enum room_outcome result = item ? put_list(&out, r, item, rq, sink) : ROOM_E_BAD_REQUEST;

	if (result == ROOM_OK)
		sink->result(sink, buf_view(&out));
	buf_done(&out);
	return result;
}

/* ---- may this be changed? ---- */

/* 8.2, 8.4, 9.7 and the table of 5.1.3: nobody loses anything to who has less of an affiliation, nor a moderator to who is
 * no more than one, nor his voice to an equal. Whoever is an admin or owner stays a moderator. */
static enum room_outcome check_loss(const struct change *c, const struct asker *a, enum affiliation theirs)
{
	if (theirs > a->affiliation)
		return ROOM_E_NOT_ALLOWED;
	if (c->occupant->role == ROLE_MODERATOR && a->affiliation < AFFILIATION_ADMIN && c->occupant != a->occupant)
		return ROOM_E_NOT_ALLOWED;
	if (c->role == ROLE_NONE)
		return c->occupant == a->occupant ? ROOM_E_CONFLICT : ROOM_OK;
	if (theirs >= AFFILIATION_ADMIN)
		return ROOM_E_NOT_ALLOWED;
	return c->role == ROLE_VISITOR && theirs >= a->affiliation ? ROOM_E_NOT_ALLOWED : ROOM_OK;
}

/* 8.3, 9.6: moderators give voice, only admins and owners make moderators. */
static enum room_outcome check_role(const struct change *c, const struct asker *a)
{
	if (a->role != ROLE_MODERATOR && a->affiliation < AFFILIATION_ADMIN)
		return ROOM_E_FORBIDDEN;
	if (c->role < c->occupant->role)
		return check_loss(c, a, occupant_affiliation(c->occupant));
	return c->role == ROLE_MODERATOR && c->role != c->occupant->role && a->affiliation < AFFILIATION_ADMIN
		       ? ROOM_E_FORBIDDEN
		       : ROOM_OK;
}

/* What a group gives the lists cannot take away, but for a ban of a member. */
static bool is_by_group(const struct room *r, const struct change *c)
{
	enum affiliation group = room_group_affiliation(r, c->jid.bare);

	if (c->affiliation == AFFILIATION_OUTCAST)
		return group > AFFILIATION_MEMBER;
	return group > c->affiliation;
}

/* 9.1 to 9.5, 10.3 to 10.8. */
static enum room_outcome check_affiliation(
	const struct room *r, const struct change *c, const struct asker *a, struct str asker, struct room_sink *sink)
{
	enum affiliation now = room_affiliation(r, c->jid.bare);
	bool self = str_eq(c->jid.bare, asker);
	struct str reserved = c->nick.len ? room_nick_owner(r, c->nick) : STR_NONE;

	if (a->affiliation < AFFILIATION_ADMIN)
		return ROOM_E_FORBIDDEN;
	if (c->jid.local.len == 0 && c->affiliation > AFFILIATION_NONE) /* 9.2: a domain can be banned, and no more */
		return ROOM_E_NOT_ACCEPTABLE;
	if (c->nick.len && (reserved.len ? !str_eq(reserved, c->jid.bare) : !nick_is_free(r, c->nick, c->jid.bare, sink)))
		return ROOM_E_CONFLICT;
	if (c->affiliation == AFFILIATION_OUTCAST && self)
		return ROOM_E_CONFLICT;
	if (is_by_group(r, c))
		return ROOM_E_NOT_ALLOWED;
	if (a->affiliation < AFFILIATION_OWNER) {
		/* 10.3 to 10.8: lists of owners and admins are the owners'; 9.1: a ban has a condition of its own */
		if (c->affiliation >= AFFILIATION_ADMIN)
			return ROOM_E_FORBIDDEN;
		if (now >= AFFILIATION_ADMIN && !self)
			return c->affiliation == AFFILIATION_OUTCAST ? ROOM_E_NOT_ALLOWED : ROOM_E_FORBIDDEN;
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
	if (c->reason.len > REASON_MAX)
		return ROOM_E_NOT_ACCEPTABLE;
	if (c->affiliation < AFFILIATION_MEMBER && jid.len) /* 9.1, 9.2: it goes with the affiliation */
		c->nick = STR("");
	if (jid.len)
		return jid_parse(&c->jid, jid, arena) ? ROOM_E_JID : ROOM_OK;
	o = room_occupant(r, c->nick);
	if (!o)
		return c->nick.len ? ROOM_E_NOT_FOUND : ROOM_E_BAD_REQUEST;
	c->jid = jid_split(o->bare);
	c->jid = jid_dup(arena, &c->jid);
	c->nick = STR("");
	c->has_nick = false;
	return ROOM_OK;
}

/* A nickname as one enters with it, and no longer than that. */
static bool prepare_nick(const struct room *r, struct change *c, struct arena *arena)
{
	struct jid room = jid_split(r->jid), as;

	if (c->nick.len == 0)
		return true;
	if (jid_with_resource(&as, &room, c->nick, arena) || !room_nick_is_visible(as.resource))
		return false;
	c->nick = as.resource;
	return true;
}

static enum room_outcome read_item(
	const struct room *r, const struct node *item, const struct room_request *rq, struct change *c)
{
	const struct node *reason = node_child(item, STR("reason"), NS_MUC_ADMIN);

	*c = (struct change){.nick = node_attr(item, STR("nick")), .has_nick = node_attr(item, STR("nick")).data};
	c->reason = reason ? node_text(reason, rq->arena) : STR("");
	if (!prepare_nick(r, c, rq->arena))
		return ROOM_E_JID;
	if (node_attr(item, STR("role")).len) /* 8.5, 9.2: one or the other */
		return node_attr(item, STR("affiliation")).len ? ROOM_E_BAD_REQUEST : read_role(r, item, c);
	return read_affiliation(r, item, c, rq->arena);
}

static enum room_outcome check_item(const struct room *r, const struct node *item, const struct room_request *rq,
	struct room_sink *sink, struct change *c)
{
	struct asker a = asker_of(r, rq);
	enum room_outcome result =
		node_is(item, STR("item"), NS_MUC_ADMIN) ? read_item(r, item, rq, c) : ROOM_E_BAD_REQUEST;

	if (result != ROOM_OK)
		return result;
	return c->is_role ? check_role(c, &a) : check_affiliation(r, c, &a, rq->from.bare, sink);
}

/* Together they may not take the last owner either. */
static enum room_outcome check_owners(const struct room *r, const struct change *c, size_t len)
{
	size_t gone = 0;

	for (size_t i = 0; i < len; i++)
		gone += !c[i].is_role && c[i].affiliation != AFFILIATION_OWNER &&
			room_affiliation(r, c[i].jid.bare) == AFFILIATION_OWNER;
	return gone && gone >= room_owner_count(r) ? ROOM_E_CONFLICT : ROOM_OK;
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

static struct notice_of notice(const struct room *r, const struct change *c, const struct room_request *rq)
{
	const struct seat *s = room_seat(r, rq->from.full);

	return (struct notice_of){.actor = s ? s->occupant->nick : STR_NONE, .reason = c->reason};
}

/* An item before it may have taken him out. */
static void tell_role(
	struct room *r, const struct change *c, const struct room_request *rq, struct room_sink *sink)
{
	struct notice_of n = notice(r, c, rq);
	struct occupant *o = room_occupant(r, c->nick);

	if (o && c->role == ROLE_NONE) {
		n.codes[0] = 307;
		admin_expel(o, &n, sink, &rq->stamp);
	} else if (o && o->role != c->role) {
		n.was = o->role;
		o->role = c->role;
		say_presence(o, &n, sink, &rq->stamp);
	}
}

/* A domain stands for everybody there who is banned with it (9.2). */
static bool is_meant(const struct occupant *o, const struct jid *jid)
{
	if (str_eq(o->bare, jid->bare))
		return true;
	return jid->local.len == 0 && str_eq(jid_split(o->bare).domain, jid->domain) &&
	       room_affiliation(o->room, o->bare) == AFFILIATION_OUTCAST;
}

static struct occupant *next_of(struct room *r, const struct jid *jid, const struct occupant *after)
{
	struct list *it = after ? after->link.next : r->occupants.next;

	for (; it != &r->occupants; it = it->next) {
		struct occupant *o = container_of(it, struct occupant, link);

		if (is_meant(o, jid))
			return o;
	}
	return NULL;
}

/* The occupants of the account learn what has become of them, and all others. */
static void tell_occupants(
	struct room *r, const struct change *c, const struct room_request *rq, struct room_sink *sink)
{
	struct occupant *o = next_of(r, &c->jid, NULL), *next;
	struct notice_of n = notice(r, c, rq);

	for (; o; o = next) {
		enum affiliation was = o->affiliation;

		next = next_of(r, &c->jid, o);
		o->affiliation = room_affiliation(r, o->bare);
		if (o->affiliation == AFFILIATION_OUTCAST ||
			(r->config.members_only && o->affiliation < AFFILIATION_MEMBER)) {
			n.codes[0] = o->affiliation == AFFILIATION_OUTCAST ? 301 : 321;
			admin_expel(o, &n, sink, &rq->stamp);
		} else {
			n.was = o->role;
			o->role = room_role_after(o, was);
			say_presence(o, &n, sink, &rq->stamp);
		}
	}
}

/* 9.5: who may enter from now on is invited, unless he is in. */
static bool is_to_be_invited(
	struct room *r, const struct change *c, const struct room_request *rq, struct room_sink *sink)
{
	return r->config.members_only && c->was == AFFILIATION_NONE && c->affiliation >= AFFILIATION_MEMBER &&
	       !str_eq(c->jid.bare, rq->from.bare) && !next_of(r, &c->jid, NULL) && sink->is_account(sink, c->jid.bare) &&
	       sink->may_meet(sink, rq->from.bare, c->jid.bare);
}

static void tell(struct room *r, const struct change *c, const struct room_request *rq, struct room_sink *sink)
{
	if (c->is_role) {
		tell_role(r, c, rq, sink);
	} else if (c->was != room_affiliation(r, c->jid.bare)) {
		voice_drop(r, c->jid.bare);
		if (is_to_be_invited(r, c, rq, sink))
			invite_member(r, c->jid.bare, c->reason, rq, sink);
		tell_occupants(r, c, rq, sink);
	}
}

/* A change of a list; false: it is full. */
static bool affiliate(struct room *r, struct change *c)
{
	c->was = room_affiliation(r, c->jid.bare);
	if (!room_affiliate(r, c->jid.bare, c->affiliation, c->nick, c->reason))
		return false;
	return !c->has_nick || c->nick.len || c->affiliation < AFFILIATION_MEMBER ||
	       room_reserve(r, c->jid.bare, STR(""));
}

void admin_regrade(struct room *r, struct affiliated *a, enum affiliation to, const struct room_request *rq,
	struct room_sink *sink)
{
	struct change c = {.affiliation = to,
		.was = room_affiliation(r, a->jid),
		.jid = jid_split(a->jid),
		.nick = STR(""),
		.reason = STR("")};

	room_regrade(a, to);
	r->moved = true; /* other owners, perhaps */
	tell(r, &c, rq, sink);
}

enum room_outcome admin_enlist(struct room *r, struct str bare, struct str nick, const struct room_request *rq,
	struct room_sink *sink)
{
	struct change c = {.affiliation = AFFILIATION_MEMBER, .jid = jid_split(bare), .nick = nick, .reason = STR("")};

	if (!affiliate(r, &c))
		return ROOM_E_LIMIT;
	if (str_is(rq->stanza->name, "iq"))
		sink->result(sink, STR(""));
	tell(r, &c, rq, sink);
	return ROOM_OK;
}

static enum room_outcome check_items(struct room *r, const struct node *query, const struct room_request *rq,
	struct room_sink *sink, struct change *changes, size_t *len)
{
	enum room_outcome result = ROOM_OK;

	*len = 0;
	for (const struct node *i = node_first_element(query); i && result == ROOM_OK; i = node_next_element(i)) {
		if (*len == ITEMS_MAX)
			return ROOM_E_LIMIT;
		result = check_item(r, i, rq, sink, &changes[(*len)++]);
	}
	if (result == ROOM_OK && *len == 0)
		return ROOM_E_BAD_REQUEST;
	return result == ROOM_OK ? check_owners(r, changes, *len) : result;
}

/* Who asked for it learns that it is done before anybody sees what follows (8.2 to 10.8). */
enum room_outcome admin_set(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink)
{
	struct change *changes = arena_zalloc(rq->arena, ITEMS_MAX * sizeof(*changes));
	size_t len = 0, done = 0;
	enum room_outcome result = changes ? check_items(r, query, rq, sink, changes, &len) : ROOM_E_LIMIT;

	if (result != ROOM_OK)
		return result;
	room_tidy(r);
	while (done < len && (changes[done].is_role || affiliate(r, &changes[done])))
		done++;
	if (done == len)
		sink->result(sink, STR(""));
	for (size_t i = 0; i < done; i++)
		tell(r, &changes[i], rq, sink);
	return done == len ? ROOM_OK : ROOM_E_LIMIT;
}
