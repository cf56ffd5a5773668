/* Accounts with all that belongs to them, on their way from another server's files into the store. One person at a time:
 *
 *   intake_open -> (intake_begin -> what there is of the person ... -> intake_end) ... -> intake_close
 *
 * The account itself is added last, in one transaction with its verifiers: who is there was brought in whole, and is
 * left as it is by a later run; who is not is brought in by it. The server must be stopped.
 *
 * What others may be shown (waiting messages, vCards, items of personal eventing, history) is in the record before it is in the store: a line "admin" with the
 * command import.item or import.history, whose number is the receipt. It was not inspected. What cannot be carried is counted with the
 * reason. Functions return 0 or an exit code after saying why; after that only intake_close(). */
#pragma once

#include "cli/people.h"
#include "cli/tally.h"
#include "stanza/node.h"

struct intake;

/* `source` and `format` are for the record and for people. */
[[nodiscard]] int intake_open(struct intake **out, const struct cli *cli, const char *source, const char *format);
/* The source is opened as who runs this, the store is written as its owner: open(2) for reading with those rights. */
int intake_source(struct intake *in, const char *path);
/* The same for what opens by itself: calls it, and returns what it returned. */
int intake_reach(struct intake *in, int (*reach)(void *owner), void *owner);
/* The same for a folder; free as scandir(3) wants it. -1 and errno. */
struct dirent;
int intake_folder(struct intake *in, const char *path, struct dirent ***out);
/* Bytes of the source as they are read, for its hash. */
void intake_hash(struct intake *in, const void *data, size_t len);
/* The report, unless `code` is an exit code already. Accepts NULL. Returns the exit code. */
int intake_close(struct intake *in, int code);

/* *out_skip: nothing of this person is wanted (there already, or not ours); no intake_end() then. */
[[nodiscard]] int intake_begin(struct intake *in, struct str local, struct str domain, bool *out_skip);
[[nodiscard]] int intake_end(struct intake *in);

/* Of the person begun. All copy. */
void intake_password(struct intake *in, struct str password);
void intake_verifier(struct intake *in, enum store_verifier_kind kind, const struct store_verifier *v);
void intake_disabled(struct intake *in);
/* Groups are the item's <group/> children, or names. `subscription` and `ask` as in RFC 6121. */
void intake_contact(struct intake *in, const struct store_roster_item *item);
void intake_request(struct intake *in, struct str from);
void intake_block(struct intake *in, struct str jid);
/* A stanza with its <delay/>, or its time when that is not 0. */
[[nodiscard]] int intake_offline(struct intake *in, const struct node *message, uint64_t time_us);
[[nodiscard]] int intake_vcard(struct intake *in, const struct node *vcard);
/* One element of private XML. */
[[nodiscard]] int intake_private(struct intake *in, const struct node *element);

/* Of somebody who is there already: is there a node of that name? It stays as it is then. */
bool intake_node_is_there(const struct intake *in, struct str name);
/* A node of personal eventing, as XEP-0163 has it until it is set otherwise; the import's. Any bytes may be its name here, and an
 * item's. NULL: it stays behind. */
struct place;
struct place *intake_node(struct intake *in, struct str name);
/* One value of its configuration (XEP-0060 16.4.4), with or without "pubsub#" before the name. What this server has not stays as
 * it was, but an unknown access model becomes a whitelist. */
void intake_node_option(struct intake *in, struct place *p, struct str var, struct str value);
void intake_node_person(struct intake *in, struct place *p, struct str jid, struct str affiliation, bool subscribed);
/* How many items of it stay. */
size_t intake_node_items_max(const struct intake *in, const struct place *p);
/* `payload` may be NULL. Configure the node before. Oldest first. The list of bookmarks (XEP-0048) becomes private data, which this
 * server shows in its node. */
[[nodiscard]] int intake_node_item(
	struct intake *in, const struct place *p, struct str id, struct str publisher, const struct node *payload);

/* A message of the person's history, oldest first. What is left of p->message afterwards is the caller's to forget. */
struct past;
[[nodiscard]] int intake_history(struct intake *in, const struct past *p);

/* What the person wants kept in his history (XEP-0441): `fallback` is "always", "never" or "roster". Addresses that are none are
 * passed over. Only if he has never said it here. */
[[nodiscard]] int intake_prefs(struct intake *in, struct str fallback, const struct str *always, size_t always_len,
	const struct str *never, size_t never_len);

/* More of somebody who is there already, in the place of all of a person: nodes that are not there, preferences that were never set,
 * and of the history what is newer than the newest in it. What is brought so twice is there once.
 *
 *   intake_more_begin -> intake_node, intake_prefs, intake_history ... -> intake_more_end */
[[nodiscard]] int intake_more_begin(struct intake *in, struct str local, struct str domain, bool *out_skip);
[[nodiscard]] int intake_more_end(struct intake *in);

/* A room in the place of a person, one at a time:
 *
 *   intake_room_begin -> (options, affiliations, subject, intake_history ...) -> intake_room_end
 *
 * A room that is there is left as it is. Values have the names of the form (XEP-0045 10.2), without "muc#roomconfig_". */
[[nodiscard]] int intake_room_begin(struct intake *in, struct str local, struct str service, bool *out_skip);
void intake_room_option(struct intake *in, const char *name, struct str value);
void intake_room_affiliation(struct intake *in, struct str jid, struct str word, struct str nick);
void intake_room_subject(struct intake *in, struct str text, struct str from, uint64_t time_us);
/* A message as a room's archive holds it: without what the room and the way have written, with the real address if it is known. NULL:
 * memory is out. */
[[nodiscard]] struct node *intake_room_said(
	struct intake *in, struct node *message, struct str real, struct str affiliation, struct arena *arena);
[[nodiscard]] int intake_room_end(struct intake *in);

/* `n` of a kind stay behind; also without a person. `why` is a constant. */
void intake_left(struct intake *in, enum tally_kind kind, uint64_t n, const char *why);
/* The address of the person begun, or of a name that stays behind, for messages. */
struct str intake_jid(const struct intake *in);
/* An arena that lasts until intake_end(). */
struct arena *intake_arena(struct intake *in);
/* The only domain of this server; STR_NONE: there are several. */
struct str intake_domain(const struct intake *in);
