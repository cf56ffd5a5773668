/* Way 6: a parcel reaches its recipients. Sessions, presence, rosters, blocking, offline, carbons, and the
 * answers the server itself gives to IQs (RFC 6121; XEP-0012, 0030, 0055, 0077, 0092, 0157, 0191, 0198 queues, 0199, 0202, 0203, 0280,
 * 0313, 0352, 0441, 0494). A user's state lives on the user's home loop and is touched there only; parcels, errands and admin calls
 * travel to it. */
#pragma once

#include "base/buf.h"
#include "base/durations.h"
#include "client/judgement.h"
#include "base/err.h"
#include "parcel/errand.h"
#include "parcel/loops.h"
#include "parcel/parcel.h"
#include "store/rows.h"

struct route;
struct settings;
struct policy_set;
struct lockdown;
struct store;
struct directory;
struct record;
struct person;
struct office;
struct denials;
struct turnstile;

/* Everything is borrowed and outlives the route. record[i] belongs to loop i. */
struct route_env {
	const struct loops *loops;
	struct store *store;
	struct directory *directory;
	struct record **record;
	const struct office *office; /* office.h; NULL: no administration by clients */
	struct crowd *crowd;         /* account/crowd.h; NULL: nobody is held off */
	struct turnstile *turnstile; /* account/turnstile.h; NULL: nobody is held off */
	struct denials *denials;     /* account/denials.h; NULL: nobody counts */
};

/* Called before the loops run. */
[[nodiscard]] int route_new(struct route **out, const struct route_env *env, const struct settings *settings);
/* After the loops have stopped, before the store is closed: what they had gathered for it is in it then. */
void route_settle(struct route *r);
struct route *route_free(struct route *r); /* after the loops have stopped */

/* A reload: each loop sees the new settings from its next pass on; the caller keeps them alive. Loop 0. */
void route_set_settings(struct route *r, const struct settings *settings);

/* The policy whose walls hold for what is told to many (sight.h), from each loop's next pass on; takes a
 * reference of its own. Before there is one, nothing is held back. Loop 0, or before the loops run. */
void route_set_policy(struct route *r, struct policy_set *policy);

/* What is known of programs from now on (client/table.h); takes references. Loop 0. */
struct client_table;
void route_set_clients(struct route *r, struct client_table *clients);
/* The one of the loop that runs now; borrowed for this pass. */
const struct client_table *route_clients(struct route *r);

/* The stage. Runs on the connection's loop; takes a reference of its own if the parcel travels on. Content
 * that has no receipt is a programming error (assert). Acts on the verdict: deliver, or refuse with its
 * notice. */
enum stage_result route_parcel(struct parcel *p, void *route);

/* From xmpp/, any loop: carries it to the home loop and answers. */
void route_errand(struct route *r, struct errand *e);

/* An entry that the record had and the store not yet (gate start, before the first login; loop 0). Idempotent
 * by id. Strings are borrowed for the call. `done` of the last one is signalled by route_replay_end's
 * callback. */
struct route_replayed {
	uint64_t seq, utc_us;
	struct str id, from, to, stanza; /* stanza: XML as to be delivered */
	struct str nick;                 /* the sender's in the room `to` */
};
void route_replay(struct route *r, const struct route_replayed *entry);
/* Inbound count of a stream of the previous gate, for <failed h=''/> (XEP-0198 section 5). */
void route_replay_count(struct route *r, struct str session, uint32_t handled);
void route_replay_end(struct route *r, void (*done)(void *owner, int result), void *owner);

/* Rooms, for the stages before the receipt; any thread. The real full addresses of who is in the room now, or of whom
 * the occupant `to` is, appended as the record's lists are encoded; false: no such room. */
bool route_room_members(struct route *r, const struct jid *to, struct buf *out);
/* Appends the nickname that the session `full` has in the room. False: it has none. */
bool route_room_nick(struct route *r, const struct jid *room, struct str full, struct buf *out);
/* The account behind an occupant; counted; NULL: none. */
const struct person *route_room_person(struct route *r, const struct jid *to);

/* The server stops: who is in a room learns it. `done` runs once that is on its way to their streams. Loop 0. */
void route_farewell(struct route *r, void (*done)(void *owner), void *owner);

/* Once a second on loop 0: moves the store's applied_seq forward, clears old history away. */
void route_tick(struct route *r);
uint64_t route_applied_seq(const struct route *r);
/* From loop 0: there is an entry of that number, so that route_applied_seq() comes to it even if nobody says anything. */
void route_seen(struct route *r, uint64_t seq);

/* What the server says to everybody (XEP-0133), from loop 0. `p` is the administrator's request, recorded: what it says
 * is delivered with its receipt. An announcement goes to all who are there now. */
enum route_posting {
	ROUTE_MOTD,
	ROUTE_WELCOME,
	ROUTE_POSTINGS,
};
void route_announce(struct route *r, struct parcel *p, struct str text);
/* A headline to the members of admin.group who are there. The record has what a person wrote in it; `lang` is static. On any loop. */
void route_alert(struct route *r, struct str text, struct str lang);
/* An empty text deletes. `done` gets 0 once the store has it. */
void route_posting_set(struct route *r, enum route_posting which, const struct parcel *p, struct str text,
	void (*done)(void *owner, int result), void *owner);
struct str route_posting_get(const struct route *r, enum route_posting which); /* until the next one is set */

/* What has access to an account, and the end of access (route/devices.h). `done` runs on loop 0, and what it gets lasts for the
 * call. A device is what the inventory calls an installation; one without sessions, tokens or another way in is none. */
enum route_access {
	ROUTE_ACCESS_LIST,
	ROUTE_ACCESS_LOGOUT, /* its sessions end */
	ROUTE_ACCESS_REVOKE, /* and its tokens go first */
};
enum route_access_result {
	ROUTE_ACCESS_OK,
	ROUTE_ACCESS_NONE, /* there is no such device */
	ROUTE_ACCESS_PASSWORD, /* for the person alone: it has logged in with the password, or a certificate, which nothing takes from it */
	ROUTE_ACCESS_CERTIFICATE,
	ROUTE_ACCESS_FAILED,
};
struct route_device {
	struct str id;      /* client/installation.h */
	struct str key, product, version, os, device, agent;
	struct str address; /* the last ones, a space between them */
	struct str sessions; /* full addresses, a line each */
	unsigned connected; /* how many, those that wait to be resumed included */
	unsigned limits;    /* bits of enum client_limit, of its sessions */
	uint64_t first_us, last_us;
	uint64_t token_us;  /* until when a token of its is good; 0: it has none */
	enum store_auth auth; /* how it logged in last */
	bool has_been_there; /* else it only has a token */
};
struct route_devices {
	const struct route_device *rows; /* those seen last first */
	size_t len;
	const struct route_device *found; /* whose access ends, as it was before */
	unsigned ended; /* its sessions */
	enum route_access_result result;
};
void route_access(struct route *r, struct str bare, struct str id, enum route_access act,
	void (*done)(void *owner, const struct route_devices *devices), void *owner);

/* What waits to be confirmed under this id, or the beginning of it, waits no more (route/confirmation.h). `done` runs on loop 0. */
struct route_confirmed {
	enum route_access_result result; /* OK, NONE: nothing with this id waits; FAILED */
	unsigned sessions;               /* that have lost their limits */
};
void route_confirm(struct route *r, struct str bare, struct str id,
	void (*done)(void *owner, const struct route_confirmed *result), void *owner);

/* Somebody's roster as the items of a <query xmlns='jabber:iq:roster'/>, and their number. `done` runs on loop 0; false:
 * it cannot be read now. */
void route_read_roster(struct route *r, struct str bare,
	void (*done)(void *owner, bool ok, struct str items, size_t len), void *owner);

/* Administration, from loop 0; the callbacks run on loop 0. */
struct route_session {
	struct str jid, session, address, tls, mechanism, ja4, person;
	uint64_t connected_utc_us;
	unsigned loop;
	bool detached; /* waiting to be resumed */
	bool parallel; /* of an account, or a device, in use from two networks now (parallel.h) */
	unsigned unacked;
	int priority;
	struct judgement *client; /* from what it has shown until now; NULL: memory is out. Take a reference to keep it */
	enum client_effect effect; /* of the rules about clients on it */
	struct str rule;           /* whose; empty: none */
	bool available, away;      /* away: it says so, for a short or a long time */
	struct str installation;   /* of its client (inventory.h); empty: not noted yet */
	uint64_t uses[STORE_USES]; /* of it, not in the store yet */
};
void route_list_sessions(struct route *r, void (*each)(void *owner, const struct route_session *s),
	void (*done)(void *owner), void *owner);
/* Whoever is held off from this account (account/crowd.h): its sessions are told once. */
void route_flood_tell(struct route *r, struct str bare);
/* Closes sessions of a bare JID, or one full JID, with policy-violation and the text (static). Count to done.
 */
void route_close_sessions(struct route *r, struct str jid, const char *text,
	void (*done)(void *owner, unsigned count), void *owner);
/* The same for all sessions of an account but the one of this full JID. */
void route_close_other_sessions(struct route *r, struct str jid, const char *text,
	void (*done)(void *owner, unsigned count), void *owner);
/* The account has been removed, in the store and in the directory: its contacts who are there hear that all subscriptions have
 * ended (XEP-0077 3.2). `roster` is what it had, copied. */
void route_account_removed(struct route *r, struct str bare, const struct store_roster *roster);
/* A switch of `l`, already part of the policy (`on`) or not any more: those who are there are told; for one that is on for
 * everything, their sessions end, for rooms they leave those; what it withheld is handed out at the end. `done` runs when the last
 * one has been reached: so many were told, so many of these lose their session. */
void route_lockdown(struct route *r, struct lockdown *l, struct str id, bool on,
	void (*done)(void *owner, unsigned told, unsigned ended), void *owner);
/* Whom that would be: each session, nothing is done. */
struct route_hit {
	struct str jid;    /* full */
	bool detached;
	struct str *rooms; /* it is in */
	size_t rooms_len;
};
void route_lockdown_look(struct route *r, struct lockdown *l, struct str id,
	void (*each)(void *owner, const struct route_hit *hit), void (*done)(void *owner), void *owner);
size_t route_session_count(const struct route *r); /* any thread, approximate */

/* Counted since the gate was started, but for `rooms`. */
struct route_figures {
	uint64_t content, other; /* stanzas handed to sessions */
	uint64_t offline_kept, archived;
	uint64_t rooms; /* now */
	uint64_t clients_judged[CLIENT_CLASSES]; /* by class; a session again when another judgement of it is made */
	uint64_t clients_held;                   /* now: sessions that wait to be judged */
	uint64_t clients_overdue;                /* sessions that waited as long as may be: no answer, or not all */
	struct durations clients_wait;           /* of those that waited, until they were judged */
	uint64_t takeovers[3];    /* with a sign (takeover.h): resumed, replaced, refused */
	uint64_t takeovers_told;  /* of them */
	uint64_t parallel;        /* accounts found in use from two networks at once */
};
void route_figures(const struct route *r, struct route_figures *out); /* any thread, approximate */
