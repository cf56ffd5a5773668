/* What the store keeps, as the caller sees it. Strings are borrowed: from the caller on the way in, from the
 * request's arena on the way out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Which hash a SCRAM verifier is for (RFC 5802, RFC 7677). The numbers are in the file: never change them. */
enum store_verifier_kind {
	STORE_SHA_1 = 0,
	STORE_SHA_256 = 1,
	STORE_SHA_512 = 2,
	STORE_VERIFIER_KINDS = 3,
};

enum {
	STORE_SALT_MAX = 64,
	STORE_KEY_MAX = 64,
};

/* What a login is checked against; a password is never stored. Secret: bytes only, no text form, wiped with
 * OPENSSL_cleanse by whoever holds a copy (store_req_release does it for the request's). */
struct store_verifier {
	uint32_t iterations; /* 0: there is none of this kind */
	uint8_t salt_len;
	uint8_t key_len; /* 20, 32 or 64: the length of the hash */
	uint8_t salt[STORE_SALT_MAX];
	uint8_t stored_key[STORE_KEY_MAX]; /* H(ClientKey) */
	uint8_t server_key[STORE_KEY_MAX];
};

struct store_account {
	struct str
		person_id; /* immutable, 26 characters (account/verifier.h); the record names people by it */
	struct str jid;    /* bare, canonical */
	struct str name;
	struct str mail;
	struct str language; /* BCP 47, may be empty */
	struct str department;
	const struct str *groups; /* each once */
	size_t groups_len;
	bool disabled;
	uint64_t created_us;
	/* STORE_VERIFIER_KINDS of them by kind, or NULL: none. Only on the way in; listings leave it NULL. */
	const struct store_verifier *verifiers;
};

/* Fields of store_account_update. */
enum {
	STORE_ACCOUNT_NAME = 1 << 0,
	STORE_ACCOUNT_MAIL = 1 << 1,
	STORE_ACCOUNT_LANGUAGE = 1 << 2,
	STORE_ACCOUNT_DEPARTMENT = 1 << 3,
	STORE_ACCOUNT_GROUPS = 1 << 4,
	STORE_ACCOUNT_DISABLED = 1 << 5,
	STORE_ACCOUNT_VERIFIERS = 1 << 6, /* all kinds: what `verifiers` lacks is deleted */
};

/* Of one account: when it logged in last, how often, and what it has been told. */
struct store_visit {
	uint64_t login_us, logins; /* 0: never */
	struct str motd;           /* id of the message of the day it has got; empty: none */
	bool welcomed;             /* was there to be welcomed */
};

/* --- tokens (XEP-0484): what a device logs in with instead of a password --- */

/* The token itself is nowhere: it is made again from the server's secret and the seed (account/hashed_token.h). */
struct store_token {
	struct str mechanism; /* the one it is good for */
	struct str seed;      /* text; also its name */
	uint64_t issued_us, expires_us;
	uint64_t count;       /* the highest it was used with */
	bool fresh;           /* given out and not used yet */
};

struct store_tokens {
	const struct store_token *rows; /* one that is used, one that is fresh, at most; the fresh one first */
	size_t len;
};

/* What a login does with a device's tokens, all of it or nothing. */
struct store_token_change {
	struct str owner, key; /* key: which device */
	struct str used;       /* seed of the one that was proven; empty: none. It is the device's from now on, and what it followed goes */
	bool counts;           /* it was said which use this is: */
	uint64_t count;
	bool drop;             /* all the device has go */
	const struct store_token *fresh; /* NULL, or a new one, instead of one not used yet */
	struct str salt;       /* of the verifier that was proven: with another password since then there is no new one; empty: any */
	size_t max;            /* devices of an account that may have some; those whose last one was given out first go */
};

/* What is said to everybody or holds for everybody, with the receipt of the request that set it. */
struct store_notice {
	struct str name; /* "motd", "welcome"; "blacklist", "whitelist": canonical addresses, one a line */
	struct str text;
	struct str id; /* of the record, as are the next two */
	uint64_t seq, utc_us;
};

/* Something that is switched off (rule/lockdown.h). */
struct store_switch {
	struct str id, what, scope, name, versions, reason, by, except;
	uint64_t start_us, end_us; /* end 0: none */
};

struct store_switches {
	const struct store_switch *rows;
	size_t len;
};

/* From whom strangers are held off for the time being (account/crowd.h). */
struct store_silence {
	struct str owner, cause;
	uint64_t since_us, until_us, peace_ms, many, refused;
	bool told;
};

struct store_silences {
	const struct store_silence *rows;
	size_t len;
};

struct store_notices {
	const struct store_notice *rows;
	size_t len;
};

struct store_accounts {
	const struct store_account *rows;
	size_t len;
};

/* RFC 6121 section 2.1.2.5. The numbers are in the file: never change them. */
enum store_subscription {
	STORE_SUB_NONE = 0,
	STORE_SUB_TO = 1,
	STORE_SUB_FROM = 2,
	STORE_SUB_BOTH = 3, /* TO | FROM */
};

struct store_roster_item {
	struct str contact; /* bare */
	struct str name;
	const struct str *groups;
	size_t groups_len;
	uint8_t subscription; /* enum store_subscription */
	bool ask;             /* an outbound request waits ("pending out") */
	bool approved;        /* pre-approved (RFC 6121 section 3.4) */
	bool hidden; /* known only by a pending inbound request: not part of the roster that clients see */
	struct str pending_in; /* the inbound subscription request as XML, empty when none waits */
};

struct store_roster {
	uint64_t version;
	const struct store_roster_item *items; /* ordered by contact */
	size_t len;
};

/* The last change of one contact, also of one that has gone. */
struct store_roster_change {
	struct str contact; /* empty: none, see sqlite_roster_log.c */
	uint64_t version;   /* of the roster since then */
};

struct store_roster_changes {
	const struct store_roster_change *rows; /* ordered by version */
	size_t len;
	bool complete; /* nothing since the version asked about is missing */
};

struct store_names {
	const struct str *names;
	size_t len;
};

/* The numbers are in the file: never change them. */
enum store_queue {
	STORE_OFFLINE = 0, /* nobody was there to take it (XEP-0160) */
	STORE_SPOOL = 1,   /* handed to a live session that has not acknowledged it (XEP-0198) */
	STORE_STRANGERS = 2, /* held until the recipient knows the sender */
};

struct store_message {
	struct str owner;   /* whom it waits for, bare */
	struct str session; /* STORE_SPOOL: which session has it, in the caller's words; else empty */
	uint64_t seq;       /* of its record entry; the order of delivery */
	struct str id;      /* record id, which is also the stanza-id; unique for an owner */
	uint64_t time_us;   /* when the server accepted it: the delay stamp (XEP-0203) */
	struct str from;    /* full JID of the sender */
	uint8_t kind;       /* the caller's; kept as it is */
	struct str xml;     /* the stanza to deliver */
};

struct store_messages {
	const struct store_message *rows;
	size_t len;
};

/* --- archives (XEP-0313) --- */

/* In whose archive a message stands. The owner is the bare address on that side of it: an account's, or a room's. */
enum {
	STORE_VIEW_SENDER = 1 << 0,
	STORE_VIEW_RECIPIENT = 1 << 1,
	STORE_VIEW_JUDGE = 1 << 2, /* on the way in: only where the owner's preferences and block list have it so. For replay */
};

/* One message, one row, however many archives it stands in. What is said in a room stands in the archive of the side that
 * bears the room's address. */
struct store_archived {
	uint64_t seq;     /* of its record entry: the order in every archive, and unique */
	struct str id;    /* record id, which is the archive id and the stanza-id */
	uint64_t time_us; /* of its receipt; never lower than that of a lower seq in the same archive */
	struct str from, to; /* as in the stanza; in a room's archive `to` is the occupant's address. Not in answers */
	unsigned views;      /* STORE_VIEW_*. Not in answers */
	struct str own, origin; /* the ids its author gave it: that of the stanza, and its origin-id (XEP-0359); not in answers */
	struct str retracts;    /* empty: nothing. Else an earlier one of the same author to the same, by an id he gave it: it becomes
				 * a tombstone with `stone` inside, even where this row stands in no archive (XEP-0424) */
	struct str stone;
	struct str xml;         /* as delivered, without the stanza-id */
	struct store_archived *next; /* the store's own */
};

/* Which rows of an archive. All bounds hold together; an id that is not in the archive is STORE_E_NONE. */
struct store_archive_query {
	struct str owner;
	struct str with;                  /* bare or full; empty: everybody */
	struct str nick;                  /* of a room's archive: sent by this occupant; empty: everybody */
	uint64_t start_us, end_us;        /* both included; end 0: none */
	struct str after, before;         /* excluded; empty: none */
	struct str after_page, before_page; /* the same, for paging */
	const struct str *ids;            /* only these */
	size_t ids_len;
	bool newest; /* the page at the end of what fits, else the one at its beginning */
	bool edges;  /* the first and the last of what fits, nothing between (one row when they are the same) */
	bool count;  /* no rows: how many there are */
	size_t max;  /* rows */
	size_t max_bytes; /* of xml; one row is always given. 0: any */
};

struct store_archive_page {
	const struct store_archived *rows; /* in order, an array */
	size_t len;
	bool complete;  /* there are no more in the direction of paging */
	uint64_t count; /* when asked for */
};

/* The numbers are in the file: never change them. */
enum store_keep {
	STORE_KEEP_ALL = 0,    /* "always" */
	STORE_KEEP_NONE = 1,   /* "never" */
	STORE_KEEP_ROSTER = 2, /* "roster" */
};

struct store_prefs {
	uint8_t fallback; /* enum store_keep: for whom neither list names */
	const struct str *always, *never; /* bare or full */
	size_t always_len, never_len;
};

/* --- what people keep for themselves and show of themselves --- */

/* Of the record entry in which something was said: what a receipt is made of again. */
struct store_stamp {
	uint64_t seq, time_us; /* seq 0: there is none */
	struct str id;
};

/* XEP-0049: one element of private XML, found by its name. */
struct store_private {
	struct str ns, name;
	struct str xml;
};

/* XEP-0054. */
struct store_vcard {
	struct str xml;   /* empty: there is none */
	struct str photo; /* SHA-1 of the photo in hex, empty: none (XEP-0153) */
	struct store_stamp stamp;
};

/* XEP-0163. A node, and what the caller wants to know of it, as text. */
struct store_pep_node {
	struct str name;
	struct str state;
	size_t items_max; /* written: above it (0: any) the oldest items go. Not in answers */
};

struct store_pep_nodes {
	const struct store_pep_node *rows; /* ordered by name */
	size_t len;
};

struct store_pep_item {
	struct str node, id;
	struct str publisher; /* full JID */
	struct str xml;       /* the payload; may be empty */
	struct store_stamp stamp;
};

struct store_pep_items {
	const struct store_pep_item *rows; /* oldest first */
	size_t len;
};

/* Where an item goes, and what its account may have. */
struct store_pep_place {
	struct str owner;
	struct str state;   /* of the node, which is written as well; empty: it stays as it is */
	size_t items_max;   /* of the node: the oldest go */
	uint64_t bytes_max; /* of the account */
};

/* Several things of one account at once. */
struct store_personal {
	struct str owner;
	const struct store_pep_node *nodes; /* the state is written unless empty; above items_max (0: any) the oldest items go */
	size_t nodes_len;
	const struct store_pep_item *items; /* added or replaced */
	size_t items_len;
	const struct store_pep_item *gone; /* node and id; absent: no error */
	size_t gone_len;
	const struct store_private *privates; /* added or replaced */
	size_t privates_len;
	const struct store_vcard *vcard; /* NULL: stays */
	uint64_t bytes_max, private_max; /* of the account */
};

/* What a person's state begins with. */
/* What somebody has chosen for himself, where he may (settings privacy.*). 0: nothing; else the position among the setting's
 * words, and one. */
struct store_privacy {
	uint64_t reach, last_activity;
};

struct store_user {
	const struct store_roster *roster;
	const struct store_names *blocks;
	const struct store_prefs *prefs; /* NULL: none set */
	struct str photo; /* SHA-1 of the vCard's photo in hex, empty: none */
	struct store_privacy privacy;
};

/* --- rooms (XEP-0045) --- */

/* A room that stays when everybody has left (XEP-0045). The numbers of affiliations are the caller's
 * (room/room.h) and are in the file; `none` deletes a row. */
struct store_affiliation {
	struct str jid;    /* bare */
	struct str nick;   /* reserved, may be empty */
	struct str reason; /* may be empty */
	uint8_t affiliation;
};

enum {
	STORE_AFFILIATION_NONE = 1,
};

struct store_room {
	struct str jid;    /* bare */
	struct str config; /* the caller's text */
	struct str secret; /* the caller's, 32 hex digits: occupant ids are made with it */
	struct str subject, subject_from, subject_id;
	uint64_t subject_seq, subject_us; /* of the record entry it was said in; 0: there was none */
	struct str subject_bare;          /* who set it; may be empty */
	struct str vcard;                 /* XML, may be empty */
	struct str creator;               /* bare; empty: not known */
	uint64_t created_us;
	uint64_t saved_seq; /* record entries up to here are in this row and its affiliations */
	bool whole; /* all its affiliations are given: others go. Not in answers */
	const struct store_affiliation *affiliations;
	size_t affiliations_len;
};

struct store_rooms {
	const struct store_room *rows; /* ordered by address */
	size_t len;
};

/* --- mails on their way out --- */

/* The numbers are in the file: never change them. */
enum store_mail_state {
	STORE_MAIL_QUEUED = 0,
	STORE_MAIL_SENT = 1,
	STORE_MAIL_FAILED = 2,  /* given up; may be tried again */
	STORE_MAIL_DROPPED = 3, /* not wanted any more */
	STORE_MAIL_STATES = 4,
};

struct store_mail {
	struct str id;      /* as an id of the record */
	struct str purpose; /* the caller's words: why it is written, about what, and how far that has come */
	struct str about, stage;
	struct str person; /* immutable id; empty: it is for no account */
	struct str jid;    /* bare; the same */
	struct str address;
	struct str language;
	struct str subject, body; /* the body is empty once it is sent or dropped, and in lists */
	uint8_t state;            /* enum store_mail_state */
	uint64_t tries;
	struct str error; /* of the last try */
	uint64_t created_us, due_us, ended_us;
};

struct store_mails {
	const struct store_mail *rows;
	size_t len;
};

struct store_mail_counts {
	uint64_t count[STORE_MAIL_STATES];
	uint64_t due_us; /* of the first that is queued; 0: none is */
};

/* --- invitations (XEP-0401, XEP-0445) --- */

struct store_invite {
	struct str token_hash; /* SHA-256 of the token in hexadecimal digits. Not in answers */
	struct str id;         /* names it in lists and in the record; no secret */
	struct str domain;     /* of the account that may be made */
	struct str jid;        /* the one address it is for, bare; empty: who uses it chooses */
	const struct str *groups;
	size_t groups_len;
	struct str made_by;
	uint64_t created_us, expires_us;
	uint64_t used_us; /* 0: not used */
	struct str used_by; /* the account that was made, bare */
	uint64_t revoked_us; /* 0: not revoked */
};

struct store_invites {
	const struct store_invite *rows; /* ordered by creation */
	size_t len;
};

/* --- clients: the programs that people use --- */

/* What a client has been used for, counted in stanzas. The order is the one of the columns. */
enum store_use {
	STORE_USE_MESSAGES, /* to people */
	STORE_USE_ROOMS,    /* to rooms, and entering them */
	STORE_USE_FILES,    /* offers and links of files */
	STORE_USE_CALLS,    /* signalling of voice and video */
	STORE_USES,
};

/* One installation of a program, as far as installations can be told apart (route/inventory.h). */
struct store_client {
	struct str owner;
	struct str key; /* which one, in the caller's words; unique for an owner */
	uint8_t class, basis, confidence; /* the caller's numbers (client/judgement.h); they are in the file */
	uint32_t contradictions;
	struct str product, version, os, device, caps, node, agent, ja4, resource;
	struct str version_before; /* empty: it has never had another one */
	uint64_t version_us;       /* since when it has this one */
	struct str address;        /* without port. In answers: the last ones, a space between them, the newest first */
	uint64_t networks;         /* addresses it has come from; one that comes back after long counts again */
	uint64_t first_us, last_us;
	uint64_t sessions;
	uint64_t uses[STORE_USES];
	uint8_t auth; /* enum store_auth: how it logged in last; on the way in 0: as before. Not in answers */
	struct str mechanism, tls; /* of that login; without a mechanism on the way in: as before. Empty in answers: not known */
};

/* The numbers are in the file: never change them. */
enum store_auth {
	STORE_AUTH_NONE = 0, /* not known, or its access has ended since */
	STORE_AUTH_PASSWORD = 1,
	STORE_AUTH_TOKEN = 2,       /* XEP-0484 */
	STORE_AUTH_CERTIFICATE = 3, /* XEP-0178 */
};

/* What an installation has of its account: that it has been there (a row of clients), or a token, or both. */
struct store_device {
	struct str key; /* as of struct store_client; "agent:" and the id for one that says its id */
	struct str product, version, os, device, agent, resource, address; /* as there */
	uint64_t first_us, last_us, sessions;
	uint64_t token_us; /* until when it has a token that is good; 0: none */
	uint8_t auth;      /* enum store_auth */
};

struct store_devices {
	const struct store_device *rows; /* those seen last first */
	size_t len;
};

/* Somebody has logged in with what he calls a device. */
struct store_arrival {
	struct str owner, key; /* key: which device, in the caller's words */
	struct str network;    /* where it is told apart by that, too, as a key of its own; empty: it is not */
	struct str beside;     /* a further key that is looked at; nothing is kept of it. May be empty */
	struct str product, device, address; /* kept for who is to be told */
	uint64_t utc_us;
	uint64_t waits_us;     /* what is new waits to be confirmed since then; the same for what belongs together. 0: it does not */
	bool first_waits;      /* the account's first, too */
	bool waits_anyway;     /* it has waited under another key */
	bool quiet;            /* it is no news, whatever is known */
	size_t max; /* keys of an account; those that wait to be confirmed go, then those not seen for longest */
};

/* Was it known, by key and network? */
struct store_meeting {
	bool is_new, is_first; /* is_first: of the account; then it is not new */
	bool is_untold;        /* nobody has been told of it yet */
	bool is_new_network;   /* that alone is what is new */
	uint64_t waits_us;     /* it waits to be confirmed since then, by key or network; 0: it does not */
	uint64_t beside_us;    /* and by what is beside */
	struct str waits_key;  /* by which it is listed as waiting */
	uint64_t first_us;     /* when this key was met first */
	uint64_t lately;       /* how many were new within an hour, this one included */
	uint64_t untold;       /* how many are, that were met later than this one */
};

/* One that was new, and that nobody has been told of; or one that waits to be confirmed. */
struct store_untold {
	struct str owner; /* of one that waits */
	struct str key, product, device, address;
	uint64_t first_us;
	uint64_t waits_us; /* 0: it does not wait */
};

struct store_untolds {
	const struct store_untold *rows; /* in order of time */
	size_t len;
};

struct store_clients {
	const struct store_client *rows; /* ordered by owner and key */
	size_t len;
	bool complete; /* there are no more behind them */
};

struct store_client_query {
	struct str owner;                 /* only his; empty: everybody's */
	struct str after_owner, after_key; /* only behind this row */
	struct str product;               /* without regard to ASCII case; empty: any */
	struct str agent;                 /* empty: any */
	uint64_t since_us;                /* seen at that time or later */
	size_t limit;
};

/* The numbers are in the file: never change them. */
enum store_caps_state {
	STORE_CAPS_LEARNT = 0,    /* from what clients said */
	STORE_CAPS_CONFIRMED = 1, /* by an administrator */
	STORE_CAPS_REJECTED = 2,  /* by an administrator: it stands for nothing */
};

/* What a verified hash of capabilities says of the client that shows it. */
struct store_caps_client {
	struct str hash; /* "sha-1 VER" */
	struct str product, version, os, node;
	uint8_t state;         /* enum store_caps_state */
	bool varies;           /* clients of several versions show it: it says the product only */
	uint64_t contradicted; /* how often a client with it claimed to be another product */
	uint64_t accounts;     /* whose clients have said the same, up to STORE_VOUCHERS_MAX */
	uint64_t first_us, last_us;
};

enum {
	STORE_VOUCHERS_MAX = 100,
};

struct store_caps_clients {
	const struct store_caps_client *rows; /* ordered by product and version */
	size_t len;
};

/* Of one moment and one product: how many installations had been seen that day, and how many of them were up to date. */
struct store_posture {
	uint64_t taken_us;
	struct str product; /* empty: not known */
	struct str baseline; /* version of the rules it was measured with */
	uint64_t seen, above;
	uint64_t excepted; /* would not be up to date but for an exception; not among `above` */
};

struct store_postures {
	const struct store_posture *rows; /* ordered by time and product */
	size_t len;
};

/* Somebody was not let in. Those that differ in nothing but time and reason are one row. */
struct store_refusal {
	struct str kind;  /* "client", "tls", "mechanism", .. (net/rejections.h) */
	struct str owner; /* bare; empty: it was over before he said who he is */
	struct str address;
	struct str product, version;
	struct str rule;
	struct str reason;
	uint64_t count, first_us, last_us;
};

struct store_refusals {
	const struct store_refusal *rows; /* the latest first */
	size_t len;
};
