#include "room/room.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/rand.h"
#include "base/text.h"
#include "room/applicants.h"
#include "room/nick.h"
#include "room/voices.h"

static const struct str roles[] = {
	[ROLE_NONE] = STR("none"),
	[ROLE_VISITOR] = STR("visitor"),
	[ROLE_PARTICIPANT] = STR("participant"),
	[ROLE_MODERATOR] = STR("moderator"),
};

static const struct str affiliations[] = {
	[AFFILIATION_OUTCAST] = STR("outcast"),
	[AFFILIATION_NONE] = STR("none"),
	[AFFILIATION_MEMBER] = STR("member"),
	[AFFILIATION_ADMIN] = STR("admin"),
	[AFFILIATION_OWNER] = STR("owner"),
};

static const struct room_fault faults[ROOM_OUTCOMES] = {
	[ROOM_E_NO_NICK] = {STANZA_JID_MALFORMED, STANZA_TYPE_MODIFY, "A nickname is needed to enter."},
	[ROOM_E_PASSWORD] = {STANZA_NOT_AUTHORIZED, STANZA_TYPE_AUTH, "The room needs its password."},
	[ROOM_E_MEMBERS_ONLY] = {STANZA_REGISTRATION_REQUIRED, STANZA_TYPE_AUTH,
		"The room is for its members."},
	[ROOM_E_BANNED] = {STANZA_FORBIDDEN, STANZA_TYPE_AUTH, "You are banned from this room."},
	[ROOM_E_CONFLICT] = {STANZA_CONFLICT, STANZA_TYPE_CANCEL, NULL},
	[ROOM_E_FULL] = {STANZA_SERVICE_UNAVAILABLE, STANZA_TYPE_WAIT, "The room is full."},
	[ROOM_E_NOT_FOUND] = {STANZA_ITEM_NOT_FOUND, STANZA_TYPE_CANCEL, NULL},
	[ROOM_E_NOT_OCCUPANT] = {STANZA_NOT_ACCEPTABLE, STANZA_TYPE_CANCEL, "You are not in this room."},
	[ROOM_E_FORBIDDEN] = {STANZA_FORBIDDEN, STANZA_TYPE_AUTH, NULL},
	[ROOM_E_NOT_ALLOWED] = {STANZA_NOT_ALLOWED, STANZA_TYPE_CANCEL, NULL},
	[ROOM_E_NOT_ACCEPTABLE] = {STANZA_NOT_ACCEPTABLE, STANZA_TYPE_MODIFY, NULL},
	[ROOM_E_BAD_REQUEST] = {STANZA_BAD_REQUEST, STANZA_TYPE_MODIFY, NULL},
	[ROOM_E_JID] = {STANZA_JID_MALFORMED, STANZA_TYPE_MODIFY, NULL},
	[ROOM_E_WALL] = {STANZA_POLICY_VIOLATION, STANZA_TYPE_MODIFY, "This is not allowed here."},
	[ROOM_E_LIMIT] = {STANZA_RESOURCE_CONSTRAINT, STANZA_TYPE_WAIT, NULL},
	[ROOM_E_LARGE] = {STANZA_POLICY_VIOLATION, STANZA_TYPE_MODIFY, "The presence holds more than it may in a room."},
	[ROOM_E_UNAVAILABLE] = {STANZA_SERVICE_UNAVAILABLE, STANZA_TYPE_CANCEL, NULL},
};

const struct room_fault *room_fault(enum room_outcome outcome)
{
	return &faults[outcome];
}

struct str role_name(enum role role)
{
	return roles[role];
}

struct str affiliation_name(enum affiliation affiliation)
{
	return affiliations[affiliation];
}

bool role_parse(struct str name, enum role *out)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (str_eq(name, roles[i])) {
			*out = (enum role)i;
			return true;
		}
	return false;
}

bool affiliation_parse(struct str name, enum affiliation *out)
{
	for (size_t i = 0; i < sizeof(affiliations) / sizeof(affiliations[0]); i++)
		if (str_eq(name, affiliations[i])) {
			*out = (enum affiliation)i;
			return true;
		}
	return false;
}

/* What is on the heap of the strings. */
static char *text_of(struct str s)
{
	return (char *)(uintptr_t)s.data;
}

bool room_set_text(struct str *field, struct str text)
{
	char *copy = str_dupz(text);

	if (!copy)
		return false;
	free(text_of(*field));
	*field = str_of(copy, text.len);
	return true;
}

void room_drop_text(struct str *field)
{
	free(text_of(*field));
	*field = STR_NONE;
}

/* ---- the room ---- */

struct room *room_new(struct str jid)
{
	struct room *r = calloc(1, sizeof(*r) + jid.len);
	struct jid parts;

	if (!r)
		return NULL;
	memcpy(r->text, jid.data, jid.len);
	parts = jid_split(str_of(r->text, jid.len));
	r->jid = parts.bare;
	r->name = parts.local;
	r->service = parts.domain;
	map_init(&r->nicks);
	map_init(&r->seats);
	map_init(&r->affiliations);
	list_init(&r->occupants);
	list_init(&r->applicants);
	list_init(&r->asks);
	list_init(&r->voices);
	config_init(&r->config);
	rand_pooled(r->secret, sizeof(r->secret));
	r->affiliations_max = r->seats_max = r->history_bytes_max = r->presence_bytes_max = SIZE_MAX;
	return r;
}

static void map_free_values(struct map *m)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(m, &i));)
		free(slot->value);
	map_done(m);
}

struct room *room_free(struct room *r)
{
	if (!r)
		return NULL;
	while (!list_is_empty(&r->occupants)) {
		struct occupant *o = container_of(r->occupants.next, struct occupant, link);

		room_stand(r, container_of(o->seats.next, struct seat, link));
	}
	room_asks_drop(r);
	voices_done(r);
	while (!list_is_empty(&r->applicants))
		applicant_drop(r, container_of(r->applicants.next, struct applicant, link));
	room_forget(r);
	map_done(&r->nicks);
	map_done(&r->seats);
	map_free_values(&r->affiliations);
	config_done(&r->config);
	free(text_of(r->vcard));
	free(text_of(r->picture));
	free(text_of(r->subject));
	free(text_of(r->subject_from));
	free(text_of(r->subject_bare));
	free(text_of(r->creator));
	free(r->targets);
	free(r);
	return NULL;
}

bool room_is_over(const struct room *r)
{
	return r->occupant_count == 0 && (!r->config.persistent || r->locked || r->destroyed);
}

/* ---- affiliations ---- */

static enum affiliation listed_affiliation(const struct room *r, struct str bare)
{
	const struct affiliated *a = map_get(&r->affiliations, bare);

	if (a && a->affiliation != AFFILIATION_NONE)
		return a->affiliation;
	a = map_get(&r->affiliations, jid_split(bare).domain); /* 9.2: a whole domain may be banned */
	return a && a->affiliation == AFFILIATION_OUTCAST ? AFFILIATION_OUTCAST : AFFILIATION_NONE;
}

enum affiliation room_affiliation(const struct room *r, struct str bare)
{
	enum affiliation listed = listed_affiliation(r, bare), group = room_group_affiliation(r, bare);

	if (listed == AFFILIATION_OUTCAST && group < AFFILIATION_ADMIN)
		return AFFILIATION_OUTCAST;
	return group > listed ? group : listed;
}

enum affiliation room_affiliation_of(const struct room *r, const struct room_request *rq)
{
	return rq->admin ? AFFILIATION_OWNER : room_affiliation(r, rq->from.bare);
}

enum affiliation occupant_affiliation(const struct occupant *o)
{
	return o->admin ? AFFILIATION_OWNER : room_affiliation(o->room, o->bare);
}

enum role room_role_for(const struct room *r, enum affiliation affiliation)
{
	switch (affiliation) {
	case AFFILIATION_OWNER:
	case AFFILIATION_ADMIN:
		return ROLE_MODERATOR;
	case AFFILIATION_MEMBER:
		return ROLE_PARTICIPANT;
	case AFFILIATION_NONE:
		return r->config.moderated ? ROLE_VISITOR : ROLE_PARTICIPANT;
	case AFFILIATION_OUTCAST:
		break;
	}
	return ROLE_NONE;
}

enum role room_role_after(const struct occupant *o, enum affiliation was)
{
	enum role role = room_role_for(o->room, o->affiliation);

	return o->affiliation > was && role < o->role ? o->role : role;
}

static struct affiliated *affiliated_new(
	struct str jid, enum affiliation affiliation, struct str nick, struct str reason)
{
	struct affiliated *a = malloc(sizeof(*a) + jid.len + nick.len + reason.len);
	char *at;

	if (!a)
		return NULL;
	at = a->text;
	*a = (struct affiliated){.affiliation = affiliation,
		.unsaved = true,
		.jid = str_of(at, jid.len),
		.nick = str_of(at + jid.len, nick.len),
		.reason = str_of(at + jid.len + nick.len, reason.len)};
	memcpy(at, jid.data, jid.len);
	if (nick.len)
		memcpy(at + jid.len, nick.data, nick.len);
	if (reason.len)
		memcpy(at + jid.len + nick.len, reason.data, reason.len);
	return a;
}

/* Replaces the row; false: memory is out or the lists are full. */
static bool affiliated_put(
	struct room *r, struct str bare, enum affiliation affiliation, struct str nick, struct str reason)
{
	struct affiliated *old = map_get(&r->affiliations, bare), *a;

	if (!old && r->affiliations.len >= r->affiliations_max)
		return false;
	a = affiliated_new(bare, affiliation, nick, reason);
	if (!a)
		return false;
	if (map_put(&r->affiliations, a->jid, a)) {
		free(a);
		return false;
	}
	r->moved |= affiliation == AFFILIATION_OWNER || (old && old->affiliation == AFFILIATION_OWNER);
	free(old);
	return true;
}

bool room_affiliate(
	struct room *r, struct str bare, enum affiliation affiliation, struct str nick, struct str reason)
{
	const struct affiliated *old = map_get(&r->affiliations, bare);

	if (!old && affiliation == AFFILIATION_NONE)
		return true;
	if (old && nick.len == 0 && affiliation > AFFILIATION_NONE)
		nick = old->nick;
	return affiliated_put(r, bare, affiliation, nick, reason);
}

bool room_make_row(struct room *r, struct str bare)
{
	return map_get(&r->affiliations, bare) || affiliated_put(r, bare, AFFILIATION_NONE, STR(""), STR(""));
}

void room_regrade(struct affiliated *a, enum affiliation affiliation)
{
	a->affiliation = affiliation;
	a->reason = STR("");
	if (affiliation <= AFFILIATION_NONE)
		a->nick = STR("");
	a->unsaved = true;
}

bool room_reserve(struct room *r, struct str bare, struct str nick)
{
	const struct affiliated *old = map_get(&r->affiliations, bare);

	return old && affiliated_put(r, bare, old->affiliation, nick, old->reason);
}

static void drop_empty_rows(struct room *r)
{
	struct map_slot *slot;
	struct affiliated *gone;

	do {
		gone = NULL;
		for (size_t i = 0; !gone && (slot = map_next(&r->affiliations, &i));) {
			struct affiliated *a = slot->value;

			gone = a->affiliation == AFFILIATION_NONE ? a : NULL;
		}
		if (gone)
			free(map_del(&r->affiliations, gone->jid));
	} while (gone);
}

void room_saved(struct room *r)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));)
		((struct affiliated *)slot->value)->unsaved = false;
	drop_empty_rows(r);
	r->changed = false;
}

void room_tidy(struct room *r)
{
	if (!r->kept && !r->saving && r->affiliations.len >= r->affiliations_max / 2)
		drop_empty_rows(r);
}

struct str room_nick_owner(const struct room *r, struct str nick)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));) {
		const struct affiliated *a = slot->value;

		if (a->affiliation > AFFILIATION_NONE && a->nick.len && str_eq(a->nick, nick))
			return a->jid;
	}
	return STR_NONE;
}

size_t room_owner_count(const struct room *r)
{
	struct map_slot *slot;
	size_t n = 0;

	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));)
		n += ((const struct affiliated *)slot->value)->affiliation == AFFILIATION_OWNER;
	return n;
}

/* ---- occupants ---- */

struct occupant *room_occupant(const struct room *r, struct str nick)
{
	return map_get(&r->nicks, nick);
}

struct seat *room_seat(const struct room *r, struct str full)
{
	return map_get(&r->seats, full);
}

/* The same for an account in this room for good, and of no use in another (XEP-0421 4). */
void room_occupant_id(const struct room *r, struct str bare, char out[OCCUPANT_ID])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf text = BUF_INIT(0);

	HMAC(EVP_sha256(), r->secret, ROOM_SECRET, (const unsigned char *)bare.data, bare.len, hash, &len);
	base64url_put(&text, hash, len);
	if (text.len == OCCUPANT_ID)
		memcpy(out, text.data, OCCUPANT_ID);
	buf_done(&text);
}

static void occupant_free(struct occupant *o)
{
	free(o->nick_text);
	free(o->bare_text);
	free(o);
}

static struct occupant *occupant_new(struct room *r, struct str nick, struct str bare, enum role role)
{
	struct occupant *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->room = r;
	o->role = role;
	o->nick_text = str_dupz(nick);
	o->bare_text = str_dupz(bare);
	list_init(&o->seats);
	o->nick = str_of(o->nick_text, nick.len);
	o->bare = str_of(o->bare_text, bare.len);
	o->look = nick_look(nick);
	if (!o->nick_text || !o->bare_text || map_put(&r->nicks, o->nick, o)) {
		occupant_free(o);
		return NULL;
	}
	room_occupant_id(r, o->bare, o->id);
	o->affiliation = room_affiliation(r, o->bare);
	list_append(&r->occupants, &o->link);
	r->occupant_count++;
	return o;
}

static void occupant_drop(struct room *r, struct occupant *o)
{
	map_del(&r->nicks, o->nick);
	list_remove(&o->link);
	r->occupant_count--;
	occupant_free(o);
}

/* Places for one more, so that sending needs no memory. */
static bool targets_grow(struct room *r)
{
	size_t cap = r->targets_cap ? r->targets_cap * 2 : 8;
	const struct seat **targets;

	if (r->seats.len < r->targets_cap)
		return true;
	targets = realloc(r->targets, cap * sizeof(struct seat *));
	if (!targets)
		return false;
	r->targets = targets;
	r->targets_cap = cap;
	return true;
}

static struct seat *seat_new(struct room *r, const struct jid *jid)
{
	struct seat *s = targets_grow(r) ? calloc(1, sizeof(*s) + jid->full.len) : NULL;

	if (!s)
		return NULL;
	memcpy(s->text, jid->full.data, jid->full.len);
	s->jid = jid_split(str_of(s->text, jid->full.len));
	list_init(&s->link);
	if (map_put(&r->seats, s->jid.full, s)) {
		free(s);
		return NULL;
	}
	return s;
}

struct seat *room_sit(struct room *r, struct str nick, const struct jid *jid, enum role role, void *owner)
{
	struct occupant *o = room_occupant(r, nick);
	struct seat *s = seat_new(r, jid);

	if (!s)
		return NULL;
	if (!o)
		o = occupant_new(r, nick, jid->bare, role);
	if (!o) {
		map_del(&r->seats, s->jid.full);
		free(s);
		return NULL;
	}
	s->occupant = o;
	s->owner = owner;
	if (!o->face)
		o->face = s;
	if (r->take)
		r->take(owner);
	list_append(&o->seats, &s->link);
	r->moved = true;
	return s;
}

void room_stand(struct room *r, struct seat *s)
{
	struct occupant *o = s->occupant;

	map_del(&r->seats, s->jid.full);
	list_remove(&s->link);
	if (o->face == s)
		o->face = list_is_empty(&o->seats) ? NULL : container_of(o->seats.prev, struct seat, link);
	if (r->release)
		r->release(s->owner);
	free(text_of(s->presence));
	free(s);
	if (list_is_empty(&o->seats)) {
		voice_keep(r, o);
		occupant_drop(r, o);
	}
	r->moved = true;
}

bool room_rename(struct room *r, struct occupant *o, struct str nick)
{
	char *copy = str_dupz(nick);

	if (!copy)
		return false;
	map_del(&r->nicks, o->nick);
	if (map_put(&r->nicks, str_of(copy, nick.len), o)) {
		free(copy);
		(void)!map_put(&r->nicks, o->nick, o);
		return false;
	}
	free(o->nick_text);
	o->nick_text = copy;
	o->nick = str_of(copy, nick.len);
	o->look = nick_look(o->nick);
	r->moved = true;
	return true;
}
