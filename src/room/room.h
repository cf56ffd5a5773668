/* A room (XEP-0045): who is in it, who may do what, how it is set, what has been said. Pure state: it knows
 * no sessions, loops or stores. A stanza goes in (room_presence, room_message, room_iq), what follows from it
 * comes out through a `struct room_sink`, or an outcome other than ROOM_OK, which room_fault() makes a stanza
 * error. Everything said carries the stamp of the recorded entry it came with.
 *
 * An occupant is a nickname in the room. One account may sit behind it with several sessions: its seats.
 * Addresses are canonical. A room is used by one thread at a time. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "jid/jid.h"
#include "room/config.h"
#include "stanza/node.h"
#include "stanza/stanza_error.h"

enum {
	NICK_FORMS = 2,
};

/* Hashes of a nickname's skeletons (jid/skeleton.h); 0: that form shows nothing. */
struct nick_look {
	uint64_t form[NICK_FORMS];
};

/* In order of privilege (5.1). */
enum role {
	ROLE_NONE,
	ROLE_VISITOR,
	ROLE_PARTICIPANT,
	ROLE_MODERATOR,
};

/* In order of privilege (5.2). The numbers are in the store: never change them. */
enum affiliation {
	AFFILIATION_OUTCAST = 0,
	AFFILIATION_NONE = 1,
	AFFILIATION_MEMBER = 2,
	AFFILIATION_ADMIN = 3,
	AFFILIATION_OWNER = 4,
};

enum {
	STAMP_ID = 22,
	ROOM_SECRET = 16,
	OCCUPANT_ID = 43, /* characters: SHA-256 in base64url */
};

/* The recorded entry that what is said came with; seq 0: nothing that had to be recorded. */
struct room_stamp {
	uint64_t seq, time_us;
	char id[STAMP_ID];
};

/* One session in the room. */
struct seat {
	struct list link; /* occupant->seats */
	struct occupant *occupant;
	struct jid jid; /* real and full; views into text */
	void *owner;    /* the caller's: who it is to the rest of the server */
	struct str presence;     /* what its last presence held, as XML; heap */
	struct room_stamp stamp; /* of that presence */
	char text[];
};

struct occupant {
	struct list link; /* room->occupants, in order of arrival */
	struct room *room;
	char *nick_text;
	struct str nick; /* view of nick_text */
	char *bare_text;
	struct str bare; /* real address of the account */
	enum role role;
	enum affiliation affiliation; /* as it was shown last */
	bool admin;                   /* administers all rooms: an owner, though on no list */
	struct list seats;
	struct seat *face;    /* whose presence is shown: the one that has sent the latest, of those who are here; not NULL */
	char id[OCCUPANT_ID]; /* XEP-0421 */
	struct nick_look look; /* what the nickname looks like */
};

/* A row of the lists of owners, admins, members, outcasts. AFFILIATION_NONE: to be dropped once it is saved.
 */
struct affiliated {
	struct str jid, nick, reason; /* views into text; nick: reserved (7.10), may be empty */
	enum affiliation affiliation;
	bool unsaved;
	char text[];
};

/* What was said lately, without `to`. */
struct heard {
	struct str xml;  /* heap */
	struct str bare; /* heap: whose it is; who may not meet him does not get it later either */
	struct room_stamp stamp;
};

enum {
	HISTORY_MAX = 100, /* messages kept in memory */
};

struct room {
	struct str jid, name, service; /* views into text: bare, its localpart, its domain */
	struct map nicks;              /* nickname -> struct occupant */
	struct map seats;              /* real full JID -> struct seat */
	struct list occupants;
	size_t occupant_count;
	struct list applicants; /* applicants.h */
	unsigned applicant_count;
	struct list voices; /* voices.h */
	unsigned voice_count;
	struct list asks; /* ask.h */
	unsigned ask_count;
	struct map affiliations; /* bare JID -> struct affiliated */
	struct room_config config;
	struct str vcard;                 /* heap; XML of the room's vCard, may be empty */
	struct str picture;               /* heap; hashes of the pictures in it, each with a space behind */
	struct str subject, subject_from; /* heap; `from` of the message, full */
	struct str subject_bare;          /* heap: who set it; empty: not known any more */
	struct room_stamp subject_stamp;
	struct heard history[HISTORY_MAX]; /* a ring */
	unsigned history_first, history_len;
	size_t history_bytes; /* of texts in it */
	const struct seat **targets; /* room for all seats: whom something goes to */
	size_t targets_cap;
	size_t affiliations_max, seats_max; /* the caller's limits, as the next two */
	size_t history_bytes_max;           /* of what is remembered, and of what who enters is shown of it */
	size_t presence_bytes_max;          /* of what one occupant's presence holds */
	/* Is the account in one of these groups, a name a line? NULL: there are none. */
	bool (*in_groups)(const struct room *r, struct str bare, struct str groups);
	void *home;                         /* the caller's, for that */
	void (*take)(void *owner);          /* a seat holds on to its owner, */
	void (*release)(void *owner);       /* and lets go of it; each may be NULL */
	unsigned char secret[ROOM_SECRET];  /* makes occupant ids */
	bool locked;                        /* being configured for the first time (10.1) */
	bool form_given;                    /* somebody has the form for that: a reserved room (10.1.3) */
	bool fresh;                         /* made by the presence that is being handled */
	bool changed;                       /* configuration or subject are not saved yet */
	bool moved; /* somebody came, went, is called otherwise or an owner now; or what can be seen of it from
		       outside changed */
	bool destroyed;
	bool alike;          /* the caller's: nicknames that look the same may stand beside each other */
	bool kept;           /* the store has it */
	bool saving, resave; /* the caller's, as the next ones: is being written; has to be, whole */
	void *held;          /* what the writing settles */
	bool recalled;       /* the history above is what the archive has; the caller's, as the next ones */
	void *recall;        /* is being read */
	struct str creator;  /* heap; bare: who is charged with it (rooms.max_by_person); empty: not known, its owners are */
	uint64_t created_us; /* what is older in an archive of this name is another room's */
	uint64_t saved_seq;  /* record entries up to here are in what is saved */
	char text[];
};

/* ---- what comes in and goes out ---- */

struct room_request {
	const struct node *stanza;
	struct arena *arena; /* the stanza's, or one that lives as long as the call */
	struct jid from, to; /* from: real and full */
	struct room_stamp stamp;
	struct str recipient; /* the account behind the occupant `to` as policy saw it; empty: none */
	uint64_t now;         /* seconds of a clock that only goes forward */
	bool admin;  /* administers all rooms: an owner everywhere */
	bool archives; /* this server keeps histories */
	bool again;    /* comes from the record after a crash */
	bool renamed;  /* the nickname in `to` was written otherwise */
	void *owner; /* for a seat that is taken */
};

enum room_goods {
	ROOM_GOODS_PRESENCE,
	ROOM_GOODS_MESSAGE,
};

/* A message is taken back (XEP-0424, XEP-0425). */
struct room_retraction {
	struct str id;                      /* stanza-id of the message */
	struct str by_id;                   /* id of the stanza that does it */
	struct room_stamp stamp;            /* of that stanza */
	struct str author_id;               /* occupant id that must be its author's; or */
	struct str moderator, moderator_id; /* who does it: `room/nick`, and occupant id */
	struct str reason;
};

/* Implemented by the caller. All bytes are whole stanzas without `to`, borrowed for the call. */
struct room_sink {
	bool archives; /* the next two do something, as the room is set now */
	/* For the room's archive (archived.h). `nick` is empty when the room itself speaks. */
	void (*keep)(struct room_sink *sink, struct str nick, struct str xml, const struct room_stamp *stamp);
	/* To be done in the archive. Where it is a moderator's wish it is the caller's now to answer: with
	 * room_retracted() and the result once it is done, or with item-not-found. False: there is no archive. */
	bool (*retract)(struct room_sink *sink, const struct room_retraction *t);
	/* The same bytes for every seat. */
	void (*send)(struct room_sink *sink, const struct seat *const *seats, size_t len, struct str xml,
		const struct room_stamp *stamp, enum room_goods goods);
	/* To somebody who need not be here (invitations and their answers). */
	void (*post)(struct room_sink *sink, struct str bare, struct str xml, const struct room_stamp *stamp);
	/* The result of an IQ: its payload, may be empty. */
	void (*result)(struct room_sink *sink, struct str payload);
	/* The vCard of the account `recipient` answers the request. */
	void (*card)(struct room_sink *sink);
	/* A whole stanza, with `to`, for the one who asks and has no seat. */
	void (*answer)(struct room_sink *sink, struct str xml);
	/* May the two accounts know of each other? */
	bool (*may_meet)(struct room_sink *sink, struct str a, struct str b);
	/* May the account go by that nickname? NULL: by any. */
	bool (*may_be_called)(struct room_sink *sink, struct str bare, struct str nick);
	/* Is there such an account? */
	bool (*is_account)(struct room_sink *sink, struct str bare);
	/* May he say who is in this group? */
	bool (*may_name_group)(struct room_sink *sink, struct str bare, struct str group);
	/* Everybody in these groups, a name a line, once, who is not disabled. */
	void (*each_in_groups)(struct room_sink *sink, struct str groups, void (*each)(void *owner, struct str bare),
		void *owner);
};

enum room_outcome {
	ROOM_OK,
	ROOM_E_NO_NICK,        /* jid-malformed */
	ROOM_E_PASSWORD,       /* not-authorized */
	ROOM_E_MEMBERS_ONLY,   /* registration-required */
	ROOM_E_BANNED,         /* forbidden */
	ROOM_E_CONFLICT,       /* conflict: nickname taken or reserved, oneself, the last owner */
	ROOM_E_FULL,           /* service-unavailable, wait */
	ROOM_E_NOT_FOUND,      /* item-not-found: no such room, occupant, or it is locked */
	ROOM_E_NOT_OCCUPANT,   /* not-acceptable: the sender is not in the room */
	ROOM_E_FORBIDDEN,      /* forbidden: lacks the privilege */
	ROOM_E_NOT_ALLOWED,    /* not-allowed: the one it is about has more privileges */
	ROOM_E_NOT_ACCEPTABLE, /* not-acceptable, modify: a configuration that makes no sense */
	ROOM_E_BAD_REQUEST,    /* bad-request */
	ROOM_E_JID,            /* jid-malformed: an address inside */
	ROOM_E_WALL,           /* policy-violation: a wall stands between this person and somebody here */
	ROOM_E_LIMIT,          /* resource-constraint */
	ROOM_E_LARGE,          /* policy-violation: more than presence may hold here */
	ROOM_E_UNAVAILABLE,    /* service-unavailable: not done here */
	ROOM_OUTCOMES,
};

struct room_fault {
	enum stanza_condition condition;
	enum stanza_error_type type;
	const char *text; /* NULL: none */
};

/* Of anything but ROOM_OK. */
const struct room_fault *room_fault(enum room_outcome outcome);

/* ---- the room ---- */

/* `jid` is bare and canonical. Unlocked, empty, preset configuration. NULL: memory is out. */
[[nodiscard]] struct room *room_new(struct str jid);
struct room *room_free(struct room *r); /* accepts NULL, returns NULL */

/* Presence of any type (7.1 to 7.7, 7.14). Not an occupant and unavailable: nothing happens. */
[[nodiscard]] enum room_outcome room_presence(
	struct room *r, const struct room_request *rq, struct room_sink *sink);
/* A session has ended: its seat becomes free. */
void room_leave(struct room *r, struct str full, struct room_sink *sink);
/* A message to the room or to an occupant (7.4, 7.5, 7.8, 7.13, 8.1, 8.6). An outcome must not be answered
 * when the message is an error itself. */
[[nodiscard]] enum room_outcome room_message(
	struct room *r, const struct room_request *rq, struct room_sink *sink);
/* An IQ get or set to the room or an occupant: muc#admin (9), muc#owner (10), registration (7.10), ping
 * (XEP-0410), discovery (6.3 to 6.6). */
[[nodiscard]] enum room_outcome room_iq(
	struct room *r, const struct room_request *rq, struct room_sink *sink);

/* The answer to a request that one occupant sent another (17.4): a result or an error. */
void room_answer(struct room *r, const struct room_request *rq, struct room_sink *sink);
/* What one occupant sent to another (7.5, 17.4) is not taken by his session `full`: the one who sent it learns that, as of a
 * message once, whatever sessions there are. `stanza`: as it was given to send(). Anything else: nothing happens. */
void room_refused(struct room *r, struct str full, const struct node *stanza, struct room_sink *sink);
/* Requests to who has left, and those that nobody has answered in time, are answered with an error. To be called when
 * somebody has gone, and now and then. */
void room_asks_settle(struct room *r, uint64_t now, struct room_sink *sink);
void room_asks_drop(struct room *r);

/* Somebody is in other groups now: what he is here follows, and all see it. An empty `bare`: everybody. */
void room_regard(struct room *r, struct str bare, struct room_sink *sink, const struct room_stamp *stamp);
/* The account is no more: it goes from the lists. A ban stays. */
void room_account_gone(struct room *r, struct str bare);

/* All learn that a moderator has taken a message back. */
void room_retracted(struct room *r, const struct room_retraction *t, struct room_sink *sink);

/* It has been locked for too long (10.1.2): everybody leaves it, and it is destroyed. */
void room_expire(struct room *r, struct room_sink *sink);

/* The service stops (11.2): each learns it, and leaves. */
void room_shut(struct room *r, struct room_sink *sink);

/* The room's vCard; an element without children takes it away. False: memory is out, or it is too long. */
[[nodiscard]] bool room_set_vcard(struct room *r, const struct node *vcard, struct arena *arena);

/* May the archive be read (XEP-0313 7.1.2)? Whoever may enter. */
[[nodiscard]] enum room_outcome room_may_read(
	const struct room *r, const struct room_request *rq, struct room_sink *sink);
/* May he see real addresses? */
bool room_shows_addresses(const struct room *r, const struct room_request *rq);
/* Nothing of what was said is remembered any more. */
void room_forget(struct room *r);
/* What was said before the room was in memory, one by one, oldest first: xml as it was given to keep(). */
void room_recall(struct room *r, struct str xml, const struct room_stamp *stamp);
/* After a crash: what the record has and perhaps nobody else; `nick` is the sender's, empty: he was not in. */
void room_again(struct room *r, const struct room_request *rq, struct str nick, struct room_sink *sink);
/* Is it what opens a new room, when its owner asks for it (10.1)? */
bool room_opens(const struct room_request *rq);
/* For that: what the room sends, posts and answers with goes nowhere. */
void room_sink_silence(struct room_sink *sink);
/* The id of an account in this room (XEP-0421), not terminated. */
void room_occupant_id(const struct room *r, struct str bare, char out[OCCUPANT_ID]);

/* ---- looking at it ---- */

struct occupant *room_occupant(const struct room *r, struct str nick);
struct seat *room_seat(const struct room *r, struct str full);
/* By the lists or by a group, whichever is more; a ban is stronger than a membership by a group. */
enum affiliation room_affiliation(const struct room *r, struct str bare);
/* By groups alone (groups.h). */
enum affiliation room_group_affiliation(const struct room *r, struct str bare);
/* The same; who administers all rooms is an owner. */
enum affiliation room_affiliation_of(const struct room *r, const struct room_request *rq);
/* The role one gets on entering (5.1.2). */
enum role room_role_for(const struct room *r, enum affiliation affiliation);
/* The role after a change of the affiliation, of which o->affiliation is the new one: who rises keeps what he has (5.1.3). */
enum role room_role_after(const struct occupant *o, enum affiliation was);
/* Nobody in it and nothing that keeps it. */
bool room_is_over(const struct room *r);

struct str role_name(enum role role);
struct str affiliation_name(enum affiliation affiliation);
[[nodiscard]] bool role_parse(struct str name, enum role *out);
[[nodiscard]] bool affiliation_parse(struct str name, enum affiliation *out);

/* ---- changing it; for the files of this folder and for loading ---- */

/* False: memory is out or the lists are full. nick and reason may be empty; a reserved nickname is kept when
 * nick is. */
[[nodiscard]] bool room_affiliate(
	struct room *r, struct str bare, enum affiliation affiliation, struct str nick, struct str reason);
/* A row for him, of AFFILIATION_NONE when there was none. False: memory is out or the lists are full. */
[[nodiscard]] bool room_make_row(struct room *r, struct str bare);
/* Another affiliation in the same row, with the nickname, without a reason. */
void room_regrade(struct affiliated *a, enum affiliation affiliation);
/* The nickname that somebody with an affiliation has reserved; empty: none any more. False: memory is out, or
 * no row. */
[[nodiscard]] bool room_reserve(struct room *r, struct str bare, struct str nick);
/* Before rows are made: those of AFFILIATION_NONE, which are for the store, go from a room that it does not have. */
void room_tidy(struct room *r);
/* Forgets rows that are AFFILIATION_NONE and marks all as saved. */
void room_saved(struct room *r);
/* 16.1: one that nobody sees is none. As it is in addresses, where each space is an ordinary one. */
static inline bool room_nick_is_visible(struct str nick)
{
	return str_trim(nick).len > 0;
}
/* Who has reserved the nickname; STR_NONE: nobody. */
struct str room_nick_owner(const struct room *r, struct str nick);
size_t room_owner_count(const struct room *r);

/* A seat at the occupant of that name, which is made when it is not there. NULL: memory is out. */
[[nodiscard]] struct seat *room_sit(
	struct room *r, struct str nick, const struct jid *jid, enum role role, void *owner);
/* Frees the seat, and the occupant with its last one. */
void room_stand(struct room *r, struct seat *s);
/* What the room shows of somebody: who administers all rooms is an owner. */
enum affiliation occupant_affiliation(const struct occupant *o);
/* False: memory is out. */
[[nodiscard]] bool room_rename(struct room *r, struct occupant *o, struct str nick);
/* A heap copy in place of what was there. False: memory is out, and it is as it was. */
[[nodiscard]] bool room_set_text(struct str *field, struct str text);
void room_drop_text(struct str *field);

#define room_each_occupant(o, r)                                                                             \
	list_each (o##_, &(r)->occupants)                                                                    \
	with_container(struct occupant, o, o##_)
#define occupant_each_seat(s, o)                                                                             \
	list_each (s##_, &(o)->seats)                                                                        \
	with_container(struct seat, s, s##_)
#define with_container(type, name, it) for (type *name = container_of(it, type, link); name; name = NULL)
