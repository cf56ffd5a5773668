/* Service state: accounts, rosters, block lists, messages that wait for their recipient, people's archives, and how
 * far of the record is applied. One asynchronous interface over a backend (SQLite).
 *
 *   loop thread: store_x(store, req, ...) --> writer thread (one; what queues up while a transaction runs
 * shares the next one) or one of two reader threads --> req->done(req, result) on the asking loop
 *
 * Order: writes are done, and answered, in the order they were asked for. A read sees every write that was
 * asked for before it and is answered after them; only store_verifier_get does not wait for writes that are
 * under way. A write's answer means: it is on the disk. Archives are read by a thread of their own, so that a long
 * search delays nobody's roster or login; the two threads' answers keep no order between them.
 *
 * Memory: `struct store_req` is embedded in the object that asks and stays untouched, and where it is, until
 * `done` has run. Arguments are copied during the call. Results live in the request's arena until
 * store_req_release() or the next use of the request.
 *
 * A thread without a loop (the command line) asks in the same way and takes the answer with store_wait().
 *
 * Every call that asks returns 0 (then `done` runs, exactly once), -ENOMEM or -EINVAL (then it does not).
 * Addresses are canonical bare JIDs (jid/jid.h) unless a field says otherwise. Times are microseconds since
 * 1970, UTC.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/durations.h"
#include "base/err.h"
#include "base/str.h"
#include "loop/loop.h"
#include "store/rows.h"

struct store;
struct store_req;

/* The results `done` gets; 0 is success. */
enum {
	STORE_E_EXISTS = 1, /* the address is taken, or was once */
	STORE_E_NONE,       /* no such account */
	STORE_E_FULL,       /* the owner's queue is at its maximum, or the disk is full: nothing was kept */
	STORE_E_FAILED, /* the backend failed (logged there); nothing was kept; later requests may succeed */
	STORE_E_LONG,   /* looking took longer than it may; a narrower question may be answered */
	STORE_E_MANY,   /* who does it has as many as one may have */
};

typedef void store_done_fn(struct store_req *req, int result);

/* Private but for the fields that say otherwise. */
struct store_req {
	struct task task;  /* the way back */
	struct loop *loop; /* the asking loop; NULL: store_wait() */
	struct store *store;
	struct store_req *next;
	const struct store_args *args;
	void *secret; /* wiped with the arena */
	size_t secret_len;
	uint64_t after; /* a read waits until this many writes are answered */
	uint64_t asked_us; /* clock_mono_us() */
	int answer;
	uint8_t op; /* enum store_op */
	bool answered;
	bool is_note; /* nobody's: it goes with its answer */

	store_done_fn *done;
	void *owner;         /* the caller's */
	struct arena *arena; /* holds arguments and results; the caller may read and add */
	bool pending;        /* asked, and `done` has not run yet */
	/* The result, named by the call that asked; set only when the result is 0 (outcomes: also
	 * STORE_E_EXISTS). */
	union {
		const struct store_accounts *accounts;
		const struct store_verifier *verifier;
		const struct store_roster *roster;
		const struct store_roster_changes *changes;
		const struct store_names *names;
		const struct store_messages *messages;
		const struct store_archive_page *page;
		const struct store_prefs *prefs; /* NULL: none set */
		const struct store_rooms *rooms;
		const uint64_t *lacking; /* STORE_VERIFIER_KINDS numbers */
		const struct str *text; /* NULL: there is none */
		const struct store_vcard *vcard; /* NULL: there is none */
		const struct store_pep_nodes *nodes;
		const struct store_pep_items *items;
		const struct store_visit *visit;
		const struct store_user *user;
		const struct store_notices *notices;
		const struct store_switches *switches;
		const struct store_silences *silences;
		const struct store_invites *invites;
		const struct store_clients *clients;
		const struct store_caps_clients *caps_clients;
		const struct store_postures *postures;
		const struct store_refusals *refusals;
		const struct store_mails *mails;
		const struct store_mail_counts *mail_counts;
		const struct store_tokens *tokens;
		const struct store_devices *devices;
		const struct store_meeting *meeting;
		const struct store_untolds *untolds;
		const int *outcomes; /* one for each row of the call */
		uint64_t number;
	};
};

/* Before the first use. `done` may be NULL only for requests taken with store_wait(). */
void store_req_init(struct store_req *req, store_done_fn *done, void *owner);
/* Wipes and frees arguments and results. Not while pending. */
void store_req_release(struct store_req *req);

/* --- the store itself --- */

struct store_options {
	const char *path; /* the database file; it and its directory's lock file are made when missing */
	bool create;      /* make the file when missing, else opening fails with -ENOENT */
};

enum {
	STORE_E_BUSY = 16,  /* another process has the store open; err names its pid */
	STORE_E_NEWER = 17, /* the file was written by a newer version */
};

/* Opens, migrates an older schema, starts the three threads. One process at a time (lock file PATH.lock). 0,
 * STORE_E_BUSY, STORE_E_NEWER, or negative; err names the file and the reason. */
[[nodiscard]] int store_open(struct store **out, const struct store_options *options, struct err *err);

/* The newest schema this program writes: the number in DIR/VERSION follows it. */
unsigned store_schema_version(void);

/* Finishes what was asked for, then closes; answers still on their way to a loop run there later, so the
 * requests must outlive them. Accepts NULL, returns NULL. From any thread but a loop's callback of this
 * store. */
struct store *store_close(struct store *s);

/* Blocks until `req` is answered and returns its result. For requests asked by a thread that runs no loop. */
int store_wait(struct store_req *req);

/* For monitoring. Times run from the question to its answer, waiting included, but those of transactions. */
struct store_stats {
	uint64_t writes, reads, searches; /* now: writes that are not on the disk yet; reads, and searches of archives, not begun */
	struct durations wrote, read, searched;
	struct durations transactions; /* that reached the disk together: from the first statement to the disk's answer */
};
void store_stats(struct store *s, struct store_stats *out); /* any thread */

/* The sequence number of the last record entry that is applied, read at store_open (0: none). */
uint64_t store_applied_seq(const struct store *s);

/* Raises applied_seq (a lower number changes nothing). */
[[nodiscard]] int store_commit_applied(struct store *s, struct store_req *req, uint64_t seq);

/* --- accounts --- */

/* All accounts that are not removed, ordered by address -> req->accounts (all in one arena: for start and
 * listings). */
[[nodiscard]] int store_account_all(struct store *s, struct store_req *req);

/* One account, also a disabled one -> req->accounts with one row. STORE_E_NONE: never there, or removed. */
[[nodiscard]] int store_account_get(struct store *s, struct store_req *req, struct str jid);

/* A group may not hold U+001F (-EINVAL): it separates them in the file, and XML cannot carry it either.
 *
 * Adds `len` accounts with groups and verifiers in one transaction; each row succeeds or not for itself ->
 * req->outcomes[i] is 0 or STORE_E_EXISTS (taken, or removed earlier: an address is never given again). The
 * result is 0, or STORE_E_EXISTS when at least one row is. */
[[nodiscard]] int store_account_add(
	struct store *s, struct store_req *req, const struct store_account *rows, size_t len);

/* Replaces the fields named by `fields` (STORE_ACCOUNT_*) of the account row->jid. STORE_E_NONE. */
[[nodiscard]] int store_account_update(
	struct store *s, struct store_req *req, const struct store_account *row, unsigned fields);

/* Removes the account: its verifiers, groups, roster, block list, waiting messages and preferences go, and all it kept or showed of itself; its archive is
 * nobody's from then on (store_archive_sweep clears it away); the address and person id stay as a tombstone. In the rosters
 * of those it had subscriptions with these end, too -> req->roster, as the account had it. STORE_E_NONE. */
[[nodiscard]] int store_account_remove(struct store *s, struct store_req *req, struct str jid);

/* The verifier of one kind, for a login -> req->verifier. One indexed read. Also of disabled accounts (the
 * caller says so after the proof was right, not before). STORE_E_NONE: no such account or no verifier of this
 * kind. */
[[nodiscard]] int store_verifier_get(
	struct store *s, struct store_req *req, struct str jid, enum store_verifier_kind kind);

/* How many accounts that may log in have no verifier of each kind -> req->lacking. Looks at all accounts. */
[[nodiscard]] int store_verifier_lacking(struct store *s, struct store_req *req);

/* --- tokens (XEP-0484) --- */

/* A device's -> req->tokens; none is no error. */
[[nodiscard]] int store_token_find(struct store *s, struct store_req *req, struct str owner, struct str key);
/* STORE_E_NONE: the token that was used is not there any more, or was used with that count or a higher one; nothing has changed. */
[[nodiscard]] int store_token_change(struct store *s, struct store_req *req, const struct store_token_change *change);
/* Deletes those of a device, or all of the account when the key is empty. Setting verifiers and disabling the account
 * (store_account_update) does the latter. */
[[nodiscard]] int store_token_clear(struct store *s, struct store_req *req, struct str owner, struct str key);

/* Changes whenever accounts have been added, changed or removed. Any thread. */
uint64_t store_accounts_version(const struct store *s);

/* --- invitations: each makes one account --- */

/* Changes whenever there is a new invitation, or one has been used or revoked. Any thread. */
uint64_t store_invites_version(const struct store *s);

/* All, also those that were used, were revoked or have run out, for thirty days -> req->invites. */
[[nodiscard]] int store_invite_all(struct store *s, struct store_req *req);

/* The one whose token has this hash, in whatever state -> req->invites with one row. STORE_E_NONE. */
[[nodiscard]] int store_invite_find(struct store *s, struct store_req *req, struct str token_hash);

/* Adds one. STORE_E_FULL: `max` are open. STORE_E_MANY: `max_by_person` of who makes it (row->made_by) are.
 * STORE_E_EXISTS: its address is somebody's, was once, or another open invitation is for it. */
[[nodiscard]] int store_invite_add(struct store *s, struct store_req *req, const struct store_invite *row, size_t max,
	size_t max_by_person);

/* Closes an unused one. STORE_E_NONE: there is none of this id that could be used. */
[[nodiscard]] int store_invite_revoke(struct store *s, struct store_req *req, struct str id, uint64_t now_us);

/* Adds the account and closes the invitation, both or neither. Whether it has run out was looked at before (XEP-0445
 * section 4). STORE_E_NONE: it was used or revoked meanwhile; STORE_E_EXISTS as in store_invite_add. */
[[nodiscard]] int store_invite_redeem(
	struct store *s, struct store_req *req, struct str token_hash, const struct store_account *row);

/* --- mails on their way out: the queue that a restart loses nothing of --- */

/* Changes whenever a mail has been added, marked, opened or dropped. Any thread. */
uint64_t store_mails_version(const struct store *s);

/* Queues one; state, tries, error and ended_us of the row are not looked at. STORE_E_EXISTS: one of the same person, purpose,
 * about, stage and address was queued at or after `since_us` (UINT64_MAX: not asked). STORE_E_FULL: `max` wait already. */
[[nodiscard]] int store_mail_add(
	struct store *s, struct store_req *req, const struct store_mail *row, uint64_t since_us, size_t max);

/* What became of a try: state, tries, error, due_us and ended_us of the row with its id. None such: no error. */
[[nodiscard]] int store_mail_mark(struct store *s, struct store_req *req, const struct store_mail *row);

/* What waits is due at once, what failed waits again, for this id or (empty) for all. STORE_E_NONE: there is nothing such. */
[[nodiscard]] int store_mail_open(struct store *s, struct store_req *req, struct str id, uint64_t now_us);
/* What waits or failed is not sent any more, for this id or all. STORE_E_NONE. */
[[nodiscard]] int store_mail_drop(struct store *s, struct store_req *req, struct str id, uint64_t now_us);

/* At most `limit` that wait and are due, in order, with bodies -> req->mails. */
[[nodiscard]] int store_mail_due(struct store *s, struct store_req *req, uint64_t now_us, size_t limit);
/* At most `limit` of this state (negative: any), the newest first, those before the one with the id `before` unless that is
 * empty -> req->mails. What has ended is listed for 400 days. */
[[nodiscard]] int store_mail_list(
	struct store *s, struct store_req *req, int state, struct str before, size_t limit);
/* One, with its body -> req->mails. STORE_E_NONE. */
[[nodiscard]] int store_mail_get(struct store *s, struct store_req *req, struct str id);
/* -> req->mail_counts. */
[[nodiscard]] int store_mail_count(struct store *s, struct store_req *req);

/* --- roster (RFC 6121) --- */

/* -> req->roster; an owner without one gets an empty roster of version 0. */
[[nodiscard]] int store_roster_load(struct store *s, struct store_req *req, struct str owner);

/* Adds or replaces items by contact and sets the roster's version. */
[[nodiscard]] int store_roster_put(struct store *s, struct store_req *req, struct str owner,
	const struct store_roster_item *items, size_t len, uint64_t version);

/* Deletes one item (absent: no error) and sets the version. */
[[nodiscard]] int store_roster_delete(
	struct store *s, struct store_req *req, struct str owner, struct str contact, uint64_t version);

/* -> req->changes: what has changed since the roster had that version, as far as the store remembers. */
[[nodiscard]] int store_roster_changes(
	struct store *s, struct store_req *req, struct str owner, uint64_t since);

/* --- block list (XEP-0191); entries may be any kind of address --- */

[[nodiscard]] int store_block_load(
	struct store *s, struct store_req *req, struct str owner); /* -> req->names */
[[nodiscard]] int store_block_put(
	struct store *s, struct store_req *req, struct str owner, const struct str *jids, size_t len);
/* len 0 deletes all. */
[[nodiscard]] int store_block_delete(
	struct store *s, struct store_req *req, struct str owner, const struct str *jids, size_t len);

/* --- all of this, and the picture, at once: what is asked for when somebody logs in --- */

/* -> req->user; of an owner of whom nothing is kept, too. All of it or nothing. */
[[nodiscard]] int store_user_load(struct store *s, struct store_req *req, struct str owner);

/* --- logins, and what is said to everybody (XEP-0133) --- */

/* Notes: nobody is told that they are written. They are within half a second, with the next write at the latest, and before
 * what asks for them; a crash can lose them, a failure is in the log. Nothing for an account that is not there. */

/* The account has logged in. */
void store_visit_note(struct store *s, struct str owner, uint64_t utc_us);
/* It has got the message of the day of that id (empty: there is none) and is not to be welcomed any more. */
void store_visit_note_greeted(struct store *s, struct str owner, struct str motd);
/* -> req->visit, all 0 for one that was never there. */
[[nodiscard]] int store_visit_get(struct store *s, struct store_req *req, struct str owner);

/* Sets or replaces; deletes (absent: no error); -> req->notices. */
[[nodiscard]] int store_notice_put(struct store *s, struct store_req *req, const struct store_notice *row);
[[nodiscard]] int store_notice_delete(struct store *s, struct store_req *req, struct str name);
[[nodiscard]] int store_notice_all(struct store *s, struct store_req *req);

/* --- what is switched off --- */

/* Adds or replaces; deletes (absent: no error); -> req->switches, in order of their beginning. */
[[nodiscard]] int store_switch_put(struct store *s, struct store_req *req, const struct store_switch *row);
[[nodiscard]] int store_switch_delete(struct store *s, struct store_req *req, struct str id);
[[nodiscard]] int store_switch_all(struct store *s, struct store_req *req);

/* --- from whom strangers are held off --- */

/* Notes: sets or replaces, if there is such an account; deletes. */
void store_silence_note(struct store *s, const struct store_silence *row);
void store_silence_note_end(struct store *s, struct str owner);
/* The same as store_silence_note(), answered. */
[[nodiscard]] int store_silence_put(struct store *s, struct store_req *req, const struct store_silence *row);
[[nodiscard]] int store_silence_all(struct store *s, struct store_req *req); /* -> req->silences */

/* Sets or replaces; it is read with store_user_load(). */
[[nodiscard]] int store_privacy_put(struct store *s, struct store_req *req, struct str owner, const struct store_privacy *row);

/* --- when people were there last (XEP-0012) --- */

/* A note, like those of logins. */
void store_seen_note(struct store *s, struct str owner, uint64_t utc_us);
/* -> req->number, UTC microseconds; 0: never. */
[[nodiscard]] int store_seen_get(struct store *s, struct store_req *req, struct str owner);

/* --- clients (route/inventory.h) --- */

/* Notes, like those of logins: what asks for them sees them. */

/* An installation has been seen at row->last_us: sessions and uses are added to what is kept, what is empty stays as it
 * was. `was`: the key under which this session has been noted until now, when it is another one; the session is taken away
 * there, and with its last session that row becomes part of this one. Of an account at most `max` are kept: those not seen
 * for longest go. */
void store_client_note(struct store *s, const struct store_client *row, struct str was, size_t max);
/* Clients of `owner` that have shown this hash claim to be that product; row->last_us: now. Another product than the one
 * known is a contradiction, and nothing is changed but its count; another version makes the hash one that stands for no
 * version. At most `max` learnt ones are kept: those not seen for longest go. */
void store_caps_client_note(struct store *s, const struct store_caps_client *row, struct str owner, size_t max);
/* Somebody was refused, row->count times (0: once), at row->last_us. Of a kind at most `max` rows are kept. */
void store_refusal_note(struct store *s, const struct store_refusal *row, size_t max);

/* --- devices (XEP-0494): what has access to an account --- */

/* -> req->devices; tokens that are good after now_us. */
[[nodiscard]] int store_device_list(struct store *s, struct store_req *req, struct str owner, uint64_t now_us);
/* Its tokens go, how it logged in is forgotten, and it is new when it comes back. */
[[nodiscard]] int store_device_revoke(struct store *s, struct store_req *req, struct str owner, struct str key);
/* -> req->meeting; keeps that it has been there. Without an account nothing is kept. */
[[nodiscard]] int store_device_meet(struct store *s, struct store_req *req, const struct store_arrival *row);
/* Of those met later than after_us -> req->untolds, a few at a time. */
[[nodiscard]] int store_device_untold(struct store *s, struct store_req *req, struct str owner, uint64_t after_us);
/* Those that wait to be confirmed -> req->untolds, 10,000 at most; of everybody where the owner is empty. */
[[nodiscard]] int store_device_waiting(struct store *s, struct store_req *req, struct str owner);
/* What has waited since then waits no more. */
[[nodiscard]] int store_device_confirm(struct store *s, struct store_req *req, struct str owner, uint64_t waits_us);
/* It goes on waiting, and its tokens go. */
[[nodiscard]] int store_device_refuse(struct store *s, struct store_req *req, struct str owner, uint64_t waits_us);
/* A note: somebody has been told of it. */
void store_device_told(struct store *s, struct str owner, struct str key);

/* -> req->clients. */
[[nodiscard]] int store_client_list(struct store *s, struct store_req *req, const struct store_client_query *query);
/* Forgets clients and devices that have not been seen since. */
[[nodiscard]] int store_client_sweep(struct store *s, struct store_req *req, uint64_t before_us);

/* Changes with each note and each change of hashes. Any thread. */
uint64_t store_caps_clients_version(const struct store *s);
[[nodiscard]] int store_caps_client_all(struct store *s, struct store_req *req); /* -> req->caps_clients */
/* An administrator's word; without a product that, and the version, stay as they are. `first_us`: now. */
[[nodiscard]] int store_caps_client_put(struct store *s, struct store_req *req, const struct store_caps_client *row);
[[nodiscard]] int store_caps_client_delete(struct store *s, struct store_req *req, struct str hash);

/* All of one moment; what is older than before_us is forgotten. */
[[nodiscard]] int store_posture_put(struct store *s, struct store_req *req, const struct store_posture *rows, size_t len,
	uint64_t before_us);
[[nodiscard]] int store_posture_all(struct store *s, struct store_req *req, uint64_t since_us); /* -> req->postures */

/* The latest `limit` since then -> req->refusals. */
[[nodiscard]] int store_refusal_all(struct store *s, struct store_req *req, uint64_t since_us, size_t limit);

/* --- rooms (XEP-0045) --- */

/* All rooms with all their affiliations -> req->rooms. */
[[nodiscard]] int store_room_all(struct store *s, struct store_req *req);

/* Adds the room or replaces its fields; of its affiliations only those given change, unless it is `whole`. */
[[nodiscard]] int store_room_put(struct store *s, struct store_req *req, const struct store_room *row);

/* Deletes the room with all its affiliations (absent: no error); its archive is nobody's from then on. */
[[nodiscard]] int store_room_delete(struct store *s, struct store_req *req, struct str jid);

/* --- what people keep for themselves: private XML (XEP-0049) --- */

/* -> req->text. */
[[nodiscard]] int store_private_get(
	struct store *s, struct store_req *req, struct str owner, struct str ns, struct str name);
/* The texts of all elements, ordered by their names -> req->names. */
[[nodiscard]] int store_private_all(struct store *s, struct store_req *req, struct str owner);
/* Adds or replaces; STORE_E_FULL when all of the owner's would have more than `max` bytes. */
[[nodiscard]] int store_private_put(struct store *s, struct store_req *req, struct str owner,
	const struct store_private *rows, size_t len, uint64_t max);

/* --- what they show of themselves: vCards (XEP-0054), personal eventing (XEP-0163) --- */

[[nodiscard]] int store_vcard_get(struct store *s, struct store_req *req, struct str owner); /* -> req->vcard */
[[nodiscard]] int store_vcard_put(
	struct store *s, struct store_req *req, struct str owner, const struct store_vcard *row);

[[nodiscard]] int store_pep_nodes(struct store *s, struct store_req *req, struct str owner); /* -> req->nodes */
[[nodiscard]] int store_pep_node_put(
	struct store *s, struct store_req *req, struct str owner, const struct store_pep_node *row);
/* With all its items (absent: no error). */
[[nodiscard]] int store_pep_node_delete(struct store *s, struct store_req *req, struct str owner, struct str node);

/* Adds the item or replaces the one of that id, which becomes the newest; drops the oldest above place->items_max.
 * STORE_E_FULL: the account has no room for it. */
[[nodiscard]] int store_pep_item_put(struct store *s, struct store_req *req, const struct store_pep_place *place,
	const struct store_pep_item *row);
/* One item, or all of the node when `id` is empty -> req->number gone. */
[[nodiscard]] int store_pep_item_delete(
	struct store *s, struct store_req *req, struct str owner, struct str node, struct str id);
/* All of it or nothing. STORE_E_FULL: there is no room. */
[[nodiscard]] int store_personal_put(struct store *s, struct store_req *req, const struct store_personal *change);
/* The newest `max` (0: all) -> req->items. */
[[nodiscard]] int store_pep_items(
	struct store *s, struct store_req *req, struct str owner, struct str node, size_t max);
/* Those of these ids, in their order. */
[[nodiscard]] int store_pep_items_by_id(struct store *s, struct store_req *req, struct str owner, struct str node,
	const struct str *ids, size_t len);
/* The newest item of each of these nodes. */
[[nodiscard]] int store_pep_last(
	struct store *s, struct store_req *req, struct str owner, const struct str *nodes, size_t len);
/* Which of these owners have a node of one of the names in `wanted` (separated by U+001F) -> req->names. */
[[nodiscard]] int store_pep_who(struct store *s, struct store_req *req, const struct str *owners, size_t len,
	struct str wanted);

/* What a verified hash of capabilities stands for (XEP-0115), in the caller's words -> req->text. */
[[nodiscard]] int store_caps_get(struct store *s, struct store_req *req, struct str hash, struct str ver);
/* At most `max` are kept: the oldest go. */
[[nodiscard]] int store_caps_put(struct store *s, struct store_req *req, struct str hash, struct str ver,
	struct str text, size_t max);

/* --- waiting messages: STORE_OFFLINE, STORE_SPOOL, STORE_STRANGERS --- */

/* Keeps `len` messages and raises applied_seq (0: unchanged) in the same transaction. A message whose (owner,
 * id) is there already is left as it is, so applying the record again does no harm. With `max` > 0 an owner's
 * queue holds at most `max`: when one row would exceed it the whole call is undone and the result is
 * STORE_E_FULL. */
[[nodiscard]] int store_message_put(struct store *s, struct store_req *req, enum store_queue queue,
	const struct store_message *rows, size_t len, size_t max, uint64_t applied_seq);

/* The owner's oldest `limit` messages (0: all) whose record sequence is above `after_seq`, in record order ->
 * req->messages. */
[[nodiscard]] int store_message_load(struct store *s, struct store_req *req, enum store_queue queue,
	struct str owner, uint64_t after_seq, size_t limit);

/* Deletes by id (absent: no error), from either queue; raises applied_seq when not 0. */
[[nodiscard]] int store_message_delete(struct store *s, struct store_req *req, struct str owner,
	const struct str *ids, size_t len, uint64_t applied_seq);

/* Moves what the session had been handed but not acknowledged from the spool to the offline queue ->
 * req->number moved. An empty session moves all of the owner's; an empty owner moves everybody's (start after
 * a crash). */
[[nodiscard]] int store_message_unspool(
	struct store *s, struct store_req *req, struct str owner, struct str session);

/* Moves those of STORE_STRANGERS with these ids to the offline queue, all of them or nothing. */
[[nodiscard]] int store_message_release(
	struct store *s, struct store_req *req, struct str owner, const struct str *ids, size_t len);

/* -> req->number messages in the owner's queue. */
[[nodiscard]] int store_message_count(
	struct store *s, struct store_req *req, enum store_queue queue, struct str owner);

/* -> req->accounts is not set; req->messages holds one row (owner, nothing else) for each owner with messages
 * in `queue`: what start-up looks at. */
[[nodiscard]] int store_message_owners(struct store *s, struct store_req *req, enum store_queue queue);

/* --- archives (XEP-0313) and what accounts want kept in them (XEP-0441) --- */

/* A batch of rows, gathered in a request before it is asked: begin, add as often as wanted, put. Rows are copied once,
 * into the request. Both return 0 or -ENOMEM; after a failure the request is released like any other. */
[[nodiscard]] int store_archive_begin(struct store_req *req);
[[nodiscard]] int store_archive_add(struct store_req *req, const struct store_archived *row);
/* Keeps the batch, all of it or nothing. A row whose seq is there already is left as it is, so applying the record again
 * does no harm. The request may be put again when it was answered with a failure. */
[[nodiscard]] int store_archive_put(struct store *s, struct store_req *req);

/* -> req->page. STORE_E_NONE: an id is not in this archive. STORE_E_LONG. */
[[nodiscard]] int store_archive_load(
	struct store *s, struct store_req *req, const struct store_archive_query *query);

/* Puts `xml` in the place of what the row `id` of this archive shows, in every archive that shows it: a tombstone
 * (XEP-0424, XEP-0425). Its id, time and place in the order stay, and so does its record entry. STORE_E_NONE: not in this
 * archive; what is still gathered in a batch is not, either: put that first. Doing it again changes nothing. */
[[nodiscard]] int store_archive_retract(
	struct store *s, struct store_req *req, struct str owner, struct str id, struct str xml);

/* The archive is nobody's from then on, as that of a removed account (a room that was destroyed); a new archive of the
 * same name begins empty. None of that name: no error. store_archive_sweep clears the rows away. */
[[nodiscard]] int store_archive_leave(struct store *s, struct store_req *req, struct str owner);

/* One small step of clearing away: up to `limit` rows older than before_us (0: none), then up to `limit` of archives
 * whose owner has gone -> req->number rows gone; 0: nothing left to do. A row goes when no archive shows it. */
[[nodiscard]] int store_archive_sweep(
	struct store *s, struct store_req *req, uint64_t before_us, size_t limit);

/* -> req->prefs, NULL when the owner has never set any. */
[[nodiscard]] int store_prefs_load(struct store *s, struct store_req *req, struct str owner);
[[nodiscard]] int store_prefs_put(
	struct store *s, struct store_req *req, struct str owner, const struct store_prefs *prefs);
