/* Presence: entering, changing what is shown, changing the nickname, leaving (7.1 to 7.7, 7.14). */
#include <openssl/crypto.h>
#include <stdlib.h>

#include "room/admin.h"
#include "room/history.h"
#include "room/nick.h"
#include "room/picture.h"
#include "room/say.h"
#include "room/voices.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static struct str id_of(const struct room_request *rq)
{
	return node_attr(rq->stanza, STR("id"));
}

/* It is kept, shown to everybody who comes, and what is shown of the occupant until another of his sessions says something
 * else. */
static enum room_outcome take_presence(const struct room *r, struct seat *s, const struct room_request *rq)
{
	enum room_outcome result = ROOM_OK;
	struct buf out = BUF_INIT(0);

	say_put_content(&out, r, rq->stanza);
	if (out.len > r->presence_bytes_max)
		result = ROOM_E_LARGE;
	else if (buf_failed(&out) || !room_set_text(&s->presence, buf_view(&out)))
		result = ROOM_E_LIMIT;
	buf_done(&out);
	if (result == ROOM_OK) {
		s->stamp = rq->stamp;
		s->occupant->face = s;
	}
	return result;
}

/* ---- may one enter? ---- */

static enum room_outcome check_walls(
	const struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	room_each_occupant(o, r)
	{
		if (!sink->may_meet(sink, rq->from.bare, o->bare))
			return ROOM_E_WALL;
	}
	return ROOM_OK;
}

static enum room_outcome check_password(
	const struct room *r, const struct room_request *rq, const struct node *x)
{
	const struct node *password = node_child(x, STR("password"), NS_MUC);
	struct str given = password ? node_text(password, rq->arena) : STR_NONE, wanted = r->config.password;
	bool same = given.len == wanted.len && CRYPTO_memcmp(given.data, wanted.data, wanted.len) == 0;

	return r->config.protected && (!password || !same) ? ROOM_E_PASSWORD : ROOM_OK;
}

static enum room_outcome check_nick(const struct room *r, const struct room_request *rq, struct str nick,
	struct room_sink *sink)
{
	const struct occupant *o = room_occupant(r, nick);
	struct str reserved = room_nick_owner(r, nick);

	if (o && !str_eq(o->bare, rq->from.bare))
		return ROOM_E_CONFLICT;
	if (reserved.len && !str_eq(reserved, rq->from.bare))
		return ROOM_E_CONFLICT;
	if (o || reserved.len)
		return ROOM_OK; /* it is his already */
	return nick_is_free(r, nick, rq->from.bare, sink) ? ROOM_OK : ROOM_E_CONFLICT;
}

/* 7.2.2, 7.6: he is called what he has written, in other characters. */
static unsigned nick_code(const struct room_request *rq)
{
	return rq->renamed ? 210 : 0;
}

static bool is_full(const struct room *r, enum affiliation a)
{
	return r->config.max_users && r->occupant_count >= r->config.max_users && a < AFFILIATION_ADMIN;
}

static enum room_outcome check_entry(
	const struct room *r, const struct room_request *rq, const struct node *x, struct room_sink *sink)
{
	enum affiliation a = room_affiliation_of(r, rq);
	enum room_outcome result;

	if (r->locked && !r->fresh && a < AFFILIATION_OWNER)
		return ROOM_E_NOT_FOUND;
	if (a == AFFILIATION_OUTCAST)
		return ROOM_E_BANNED;
	if (r->config.members_only && a < AFFILIATION_MEMBER)
		return ROOM_E_MEMBERS_ONLY;
	result = check_password(r, rq, x);
	if (result == ROOM_OK)
		result = check_nick(r, rq, rq->to.resource, sink);
	if (result == ROOM_OK && is_full(r, a) && !room_occupant(r, rq->to.resource))
		result = ROOM_E_FULL;
	if (result == ROOM_OK && r->seats.len >= r->seats_max)
		result = ROOM_E_FULL;
	return result == ROOM_OK ? check_walls(r, rq, sink) : result;
}

enum room_outcome room_may_read(const struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	enum affiliation a = room_affiliation_of(r, rq);

	if (r->locked && a < AFFILIATION_OWNER)
		return ROOM_E_NOT_FOUND;
	if (a == AFFILIATION_OUTCAST)
		return ROOM_E_BANNED;
	if (r->config.members_only && a < AFFILIATION_MEMBER)
		return ROOM_E_FORBIDDEN;
	if (r->config.protected && a < AFFILIATION_MEMBER && !room_seat(r, rq->from.full))
		return ROOM_E_FORBIDDEN;
	return check_walls(r, rq, sink);
}

bool room_shows_addresses(const struct room *r, const struct room_request *rq)
{
	const struct seat *s = room_seat(r, rq->from.full);

	return r->config.whois == WHOIS_ANYONE || (s && s->occupant->role == ROLE_MODERATOR) ||
	       room_affiliation_of(r, rq) >= AFFILIATION_ADMIN;
}

/* ---- entering ---- */

/* A wall may have gone up since both entered. */
static void show_others(const struct room *r, const struct seat *to, struct room_sink *sink)
{
	room_each_occupant(o, r)
	{
		if (o != to->occupant && say_is_broadcast(r, o->role) && sink->may_meet(sink, to->jid.bare, o->bare))
			say_presence_to(o, to, &(struct notice_of){.gone = false}, sink, &o->face->stamp);
	}
}

/* XEP-0421 5: on everything that is from an occupant, on this as well. */
static void put_author(struct buf *out, const struct room *r)
{
	struct occupant o = {.bare = r->subject_bare};

	if (o.bare.len == 0)
		return;
	room_occupant_id(r, o.bare, o.id);
	say_put_ids(out, r, &o, &(struct room_stamp){.seq = 0});
}

/* 7.2.16: always, empty when there is none; it ends what is sent on entering. */
static void show_subject(const struct room *r, const struct seat *to, struct room_sink *sink)
{
	bool hidden = r->subject_bare.len && !sink->may_meet(sink, to->jid.bare, r->subject_bare);
	const struct room_stamp *stamp = hidden ? &(struct room_stamp){.seq = 0} : &r->subject_stamp;
	struct buf out = BUF_INIT(0);

	buf_lit(&out, "<message from='");
	xml_escape(&out, r->subject_from.len && !hidden ? r->subject_from : r->jid);
	buf_lit(&out, "' type='groupchat'><subject>");
	xml_escape(&out, hidden ? STR("") : r->subject);
	buf_lit(&out, "</subject>");
	if (stamp->seq) {
		put_author(&out, r);
		say_put_ids(&out, r, NULL, stamp);
		history_put_delay(&out, r, stamp);
	}
	buf_lit(&out, "</message>");
	if (!buf_failed(&out))
		sink->send(sink, &to, 1, buf_view(&out), stamp, ROOM_GOODS_MESSAGE);
	buf_done(&out);
}

static void add_code(struct notice_of *n, unsigned code)
{
	size_t i = 0;

	while (n->own_codes[i])
		i++;
	if (code)
		n->own_codes[i] = code;
}

static void announce(struct room *r, const struct seat *s, const struct node *x,
	const struct room_request *rq, struct room_sink *sink)
{
	struct notice_of n = {.id = id_of(rq)};
	struct history_wish wish;

	if (r->config.whois == WHOIS_ANYONE)
		add_code(&n, 100);
	if (rq->archives && r->config.archive)
		add_code(&n, 170);
	if (r->fresh)
		add_code(&n, 201);
	add_code(&n, nick_code(rq));
	picture_show(r, s, sink);
	show_others(r, s, sink);
	say_presence(s->occupant, &n, sink, &rq->stamp);
	wish = history_wish(r, x ? node_child(x, STR("history"), NS_MUC) : NULL);
	history_show(r, &wish, s, sink);
	show_subject(r, s, sink);
}

static enum room_outcome enter(
	struct room *r, const struct room_request *rq, const struct node *x, struct room_sink *sink)
{
	enum room_outcome result = check_entry(r, rq, x, sink);
	struct seat *s;

	if (result != ROOM_OK)
		return result;
	s = room_sit(r, rq->to.resource, &rq->from,
		voice_role(r, rq->from.bare, room_affiliation_of(r, rq)), rq->owner);
	if (!s)
		return ROOM_E_LIMIT;
	s->occupant->admin = rq->admin;
	result = take_presence(r, s, rq);
	if (result != ROOM_OK) {
		room_stand(r, s);
		return result;
	}
	announce(r, s, x, rq, sink);
	r->fresh = false;
	return ROOM_OK;
}

/* ---- who is in already ---- */

static enum room_outcome rename_occupant(
	struct room *r, struct seat *s, const struct room_request *rq, struct room_sink *sink)
{
	struct occupant *o = s->occupant;
	enum room_outcome result = check_nick(r, rq, rq->to.resource, sink);
	struct notice_of n = {.gone = true, .id = id_of(rq), .codes = {303}, .new_nick = rq->to.resource};

	if (result == ROOM_OK && room_occupant(r, rq->to.resource))
		result = ROOM_E_CONFLICT; /* another occupant of the same account */
	if (result == ROOM_OK)
		result = take_presence(r, s, rq);
	if (result != ROOM_OK)
		return result;
	say_presence(o, &n, sink, &rq->stamp);
	if (!room_rename(r, o, rq->to.resource))
		return ROOM_E_LIMIT;
	say_presence(o, &(struct notice_of){.id = id_of(rq), .own_codes = {nick_code(rq)}}, sink, &rq->stamp);
	return ROOM_OK;
}

/* 7.2.1: who says <x/> has lost its state and enters anew, perhaps under another nickname. */
static enum room_outcome update(struct room *r, struct seat *s, const struct node *x,
	const struct room_request *rq, struct room_sink *sink)
{
	struct occupant *o = s->occupant;
	enum room_outcome result;

	if (!str_eq(o->nick, rq->to.resource)) {
		result = rename_occupant(r, s, rq, sink);
		if (result != ROOM_OK || !x)
			return result;
	}
	result = take_presence(r, s, rq);
	if (result != ROOM_OK)
		return result;
	if (x)
		announce(r, s, x, rq, sink);
	else
		say_presence(o, &(struct notice_of){.id = id_of(rq)}, sink, &rq->stamp);
	return ROOM_OK;
}

/* ---- leaving ---- */

static void leave(struct room *r, struct seat *s, const struct notice_of *n, struct room_sink *sink,
	const struct room_stamp *stamp)
{
	struct occupant *o = s->occupant;

	if (o->seats.next == o->seats.prev) {
		/* 10.1.3: who has the form goes before it is filled in. Others leave a room that ends with them. */
		bool unfinished = r->locked && r->form_given;
		struct notice_of last = *n;

		if (unfinished)
			last.destroyed = STR("<destroy/>");
		say_presence(o, &last, sink, stamp);
		room_stand(r, s);
		if (unfinished)
			room_dissolve(r, last.destroyed, stamp, sink);
		return;
	}
	say_left(s, n->id, sink, stamp);
	room_stand(r, s);
	say_presence(o, &(struct notice_of){.gone = false}, sink, &o->face->stamp);
}

void room_leave(struct room *r, struct str full, struct room_sink *sink)
{
	struct seat *s = room_seat(r, full);

	if (s)
		leave(r, s, &(struct notice_of){.gone = true}, sink, &s->stamp);
}

void room_shut(struct room *r, struct room_sink *sink)
{
	struct notice_of n = {.gone = true, .codes = {332}};

	while (!list_is_empty(&r->occupants)) {
		struct occupant *o = container_of(r->occupants.next, struct occupant, link);
		struct seat *s = container_of(o->seats.next, struct seat, link);

		say_presence_to(o, s, &n, sink, &o->face->stamp);
		room_stand(r, s);
	}
}

/* 17.3.2: he has not got what was sent to him. */
static bool is_lost(const struct node *stanza)
{
	static const char *const conditions[] = {"gone", "item-not-found", "recipient-unavailable", "redirect",
		"remote-server-not-found", "remote-server-timeout"};
	const struct node *error = node_child(stanza, STR("error"), NS_CLIENT);

	for (size_t i = 0; error && i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (node_child(error, str_from(conditions[i]), NS_STANZA_ERRORS))
			return true;
	return false;
}

static void leave_with(struct room *r, struct seat *s, const struct room_request *rq, struct room_sink *sink)
{
	bool error = str_is(node_attr(rq->stanza, STR("type")), "error");
	struct notice_of n = {.gone = true, .id = id_of(rq), .codes = {error ? 333 : 0}}; /* 11.1 */
	struct buf status = BUF_INIT(0);

	if (!error)
		say_put_content(&status, r, rq->stanza);
	if (!buf_failed(&status))
		n.status = buf_view(&status);
	leave(r, s, &n, sink, &rq->stamp);
	buf_done(&status);
}

void room_bounced(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	struct seat *s = room_seat(r, rq->from.full);

	if (s && is_lost(rq->stanza))
		leave_with(r, s, rq, sink);
}

/* 7.2.17: an update of who thinks to be in and is not. He learns it at once. */
static enum room_outcome put_out(const struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	struct buf out = BUF_INIT(0);

	say_put_start(&out, r, rq->stanza, rq->to.resource);
	buf_lit(&out, " to='");
	xml_escape(&out, rq->from.full);
	buf_lit(&out, "' type='unavailable'><x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='");
	buf_str(&out, affiliation_name(room_affiliation_of(r, rq)));
	buf_lit(&out, "' role='none'/><status code='110'/><status code='307'/><status code='333'/></x></presence>");
	if (!buf_failed(&out))
		sink->answer(sink, buf_view(&out));
	buf_done(&out);
	return ROOM_OK;
}

enum room_outcome room_presence(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	struct str type = node_attr(rq->stanza, STR("type"));
	const struct node *x = node_child(rq->stanza, STR("x"), NS_MUC);
	struct seat *s = room_seat(r, rq->from.full);

	if (str_is(type, "error")) {
		room_bounced(r, rq, sink);
		return ROOM_OK;
	}
	if (str_is(type, "unavailable")) {
		if (s)
			leave_with(r, s, rq, sink);
		return ROOM_OK;
	}
	if (type.len)
		return ROOM_OK;
	if (!room_nick_is_visible(rq->to.resource))
		return ROOM_E_NO_NICK;
	if (s)
		return update(r, s, x, rq, sink);
	return x ? enter(r, rq, x, sink) : put_out(r, rq, sink);
}
