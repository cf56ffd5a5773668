/* Inside the SQLite backend. */
#pragma once

#include <sqlite3.h>

#include "base/map.h"
#include "jid/jid.h"
#include "store/private.h"

/* Every statement there is; their text is in sqlite_query.c. Prepared at first use and kept. */
enum sq_query {
	SQ_BEGIN,
	SQ_COMMIT,
	SQ_ROLLBACK,
	SQ_SAVEPOINT,
	SQ_RELEASE,
	SQ_UNDO,
	SQ_APPLIED_GET,
	SQ_APPLIED_RAISE,
	SQ_ACCOUNT_ALL,
	SQ_ACCOUNT_GET,
	SQ_ACCOUNT_ID,
	SQ_ACCOUNT_ADD,
	SQ_ACCOUNT_UPDATE,
	SQ_ACCOUNT_REMOVE,
	SQ_VERIFIER_GET,
	SQ_VERIFIER_PUT,
	SQ_VERIFIER_CLEAR,
	SQ_VERIFIER_LACKING,
	SQ_ROSTER_VERSION_GET,
	SQ_ROSTER_VERSION_PUT,
	SQ_ROSTER_LOAD,
	SQ_ROSTER_PUT,
	SQ_ROSTER_DELETE,
	SQ_ROSTER_CLEAR,
	SQ_ROSTER_PART,
	SQ_ROSTER_PART_HIDDEN,
	SQ_ROSTER_VERSION_CLEAR,
	SQ_ROSTER_LOG_BEGIN,
	SQ_ROSTER_LOG_PUT,
	SQ_ROSTER_LOG_RAISE,
	SQ_ROSTER_LOG_TRIM,
	SQ_ROSTER_LOG_GET,
	SQ_ROSTER_LOG_CLEAR,
	SQ_BLOCK_LOAD,
	SQ_BLOCK_PUT,
	SQ_BLOCK_DELETE,
	SQ_BLOCK_CLEAR,
	SQ_MESSAGE_PUT,
	SQ_MESSAGE_LOAD,
	SQ_MESSAGE_FROM,
	SQ_MESSAGE_REPLACE,
	SQ_MESSAGE_DELETE,
	SQ_MESSAGE_CLEAR,
	SQ_MESSAGE_UNSPOOL,
	SQ_MESSAGE_RELEASE,
	SQ_MESSAGE_COUNT,
	SQ_MESSAGE_OWNERS,
	SQ_OWNER_FIND,
	SQ_ACCOUNT_GONE,
	SQ_OWNER_ADD,
	SQ_OWNER_LEAVE,
	SQ_OWNER_GONE,
	SQ_OWNER_DELETE,
	SQ_PAIR_FIND,
	SQ_PAIR_ADD,
	SQ_ARCHIVE_PUT,
	SQ_ARCHIVE_REPLACE,
	SQ_ARCHIVE_GET,
	SQ_ARCHIVE_BEHIND,
	SQ_ARCHIVE_IS,
	SQ_TABLE_ROOT,
	SQ_ARCHIVE_AT,
	SQ_ARCHIVE_EXPIRED,
	SQ_ARCHIVE_OWNERS_TO,
	SQ_ARCHIVE_DELETE_TO,
	SQ_ARCHIVE_DROP,
	SQ_ARCHIVE_HIDE,
	SQ_LIST_PUT,
	SQ_LIST_AT,
	SQ_LIST_BEHIND,
	SQ_LIST_DOWN,
	SQ_LIST_UP,
	SQ_LIST_DELETE,
	SQ_LIST_DELETE_TO,
	SQ_LIST_MARKS,
	SQ_LIST_MARK,
	SQ_PREFS_LOAD,
	SQ_PREFS_PUT,
	SQ_PREFS_CLEAR,
	SQ_IN_ROSTER,
	SQ_BLOCKS,
	SQ_ROOM_ALL,
	SQ_ROOM_PUT,
	SQ_ROOM_DELETE,
	SQ_AFFILIATION_OF,
	SQ_AFFILIATION_PUT,
	SQ_AFFILIATION_DELETE,
	SQ_AFFILIATION_CLEAR,
	SQ_SEEN_PUT,
	SQ_SEEN_GET,
	SQ_SEEN_CLEAR,
	SQ_PRIVATE_GET,
	SQ_PRIVATE_ALL,
	SQ_PRIVATE_PUT,
	SQ_PRIVATE_BYTES,
	SQ_PRIVATE_CLEAR,
	SQ_VCARD_GET,
	SQ_PHOTO_GET,
	SQ_VCARD_PUT,
	SQ_VCARD_CLEAR,
	SQ_PEP_NODES,
	SQ_PEP_NODE_PUT,
	SQ_PEP_NODE_DELETE,
	SQ_PEP_NODES_CLEAR,
	SQ_PEP_ITEM_PUT,
	SQ_PEP_ITEM_DELETE,
	SQ_PEP_PURGE,
	SQ_PEP_TRIM,
	SQ_PEP_BYTES,
	SQ_PEP_ITEMS_CLEAR,
	SQ_PEP_ITEMS,
	SQ_PEP_ITEM_BY_ID,
	SQ_PEP_LAST,
	SQ_CAPS_GET,
	SQ_CAPS_PUT,
	SQ_CAPS_TRIM,
	SQ_VISIT_PUT,
	SQ_VISIT_GREET,
	SQ_VISIT_GET,
	SQ_VISIT_CLEAR,
	SQ_NOTICE_PUT,
	SQ_NOTICE_DELETE,
	SQ_NOTICE_ALL,
	SQ_SWITCH_PUT,
	SQ_SWITCH_DELETE,
	SQ_SWITCH_ALL,
	SQ_SILENCE_PUT,
	SQ_SILENCE_CLEAR,
	SQ_SILENCE_ALL,
	SQ_PRIVACY_PUT,
	SQ_PRIVACY_GET,
	SQ_PRIVACY_CLEAR,
	SQ_INVITE_ALL,
	SQ_INVITE_FIND,
	SQ_INVITE_ADD,
	SQ_INVITE_COUNT,
	SQ_INVITE_COUNT_BY,
	SQ_INVITE_TAKEN,
	SQ_INVITE_REVOKE,
	SQ_INVITE_USE,
	SQ_INVITE_FORGET,
	SQ_CLIENT_NOTE,
	SQ_CLIENT_PART,
	SQ_CLIENT_MERGE,
	SQ_CLIENT_DROP,
	SQ_CLIENT_COUNT,
	SQ_CLIENT_TRIM,
	SQ_CLIENT_SWEEP,
	SQ_CLIENT_CLEAR,
	SQ_CLIENT_LIST,
	SQ_CLIENT_OF,
	SQ_CAPS_CLIENT_GET,
	SQ_CAPS_CLIENT_ADD,
	SQ_CAPS_CLIENT_SEE,
	SQ_CAPS_CLIENT_PUT,
	SQ_CAPS_CLIENT_DELETE,
	SQ_CAPS_CLIENT_TRIM,
	SQ_CAPS_CLIENT_ALL,
	SQ_VOUCHER_ADD,
	SQ_VOUCHER_CLEAR,
	SQ_VOUCHER_ORPHANS,
	SQ_POSTURE_PUT,
	SQ_POSTURE_TRIM,
	SQ_POSTURE_ALL,
	SQ_REFUSAL_AGAIN,
	SQ_REFUSAL_ADD,
	SQ_REFUSAL_TRIM,
	SQ_REFUSAL_CLEAR,
	SQ_REFUSAL_ALL,
	SQ_MAIL_ADD,
	SQ_MAIL_TOLD,
	SQ_MAIL_OPEN_COUNT,
	SQ_MAIL_FORGET,
	SQ_MAIL_CLEAR,
	SQ_MAIL_MARK,
	SQ_MAIL_RETRY,
	SQ_MAIL_DROP,
	SQ_MAIL_DUE,
	SQ_MAIL_LIST,
	SQ_MAIL_GET,
	SQ_MAIL_COUNT,
	SQ_TOKEN_FIND,
	SQ_TOKEN_USE,
	SQ_TOKEN_PAST,
	SQ_TOKEN_PUT,
	SQ_TOKEN_DROP,
	SQ_TOKEN_CLEAR,
	SQ_TOKEN_TRIM,
	SQ_CLIENT_LEAVE,
	SQ_CLIENT_REVOKE,
	SQ_DEVICE_LIST,
	SQ_DEVICE_SEEN,
	SQ_DEVICE_ADD,
	SQ_DEVICE_GET,
	SQ_DEVICE_COUNT,
	SQ_DEVICE_UNTOLD,
	SQ_DEVICE_TOLD,
	SQ_DEVICE_WAITING,
	SQ_DEVICE_WAITING_ALL,
	SQ_DEVICE_CONFIRM,
	SQ_DEVICE_REFUSE,
	SQ_DEVICE_DROP,
	SQ_DEVICE_TRIM,
	SQ_DEVICE_SWEEP,
	SQ_DEVICE_CLEAR,
	SQ_COUNT,
};

struct sq {
	struct store_backend base;
	sqlite3 *db;
	bool writes; /* the connection that may */
	bool lost; /* SQLite gave the transaction up by itself: nothing of this group can be committed */
	sqlite3_stmt *statements[SQ_COUNT];
	struct map peers[2]; /* sqlite_archive_names.c: the numbers of two addresses that write to each other */
	struct sq_tail *tail; /* sqlite_archive.h; the writer's, which the others borrow */
	struct sq_ahead *ahead; /* sqlite_ahead.h; the same, used by the one that reads archives; NULL: without */
	uint64_t deadline_ms; /* a search is given up then; 0: never */
	uint64_t search_ms;   /* left of the time that this batch may look for old messages (sqlite_archive_retract.c) */
};

extern const char *const sq_text[SQ_COUNT];

/* Makes the tables, or brings an older file up to date. 0, STORE_E_NEWER or negative. */
[[nodiscard]] int sq_migrate(struct sq *q, const char *path, struct err *err);
/* The same up to an older version: as a program of that time left it. */
[[nodiscard]] int sq_migrate_to(struct sq *q, const char *path, unsigned last, struct err *err);

/* 0, STORE_E_FULL or negative (logged with SQLite's text). */
int sq_outcome(struct sq *q, int code);

/* A statement ready to be bound; NULL when it cannot be prepared (logged). */
sqlite3_stmt *sq_get(struct sq *q, enum sq_query query);
void sq_bind_str(
	sqlite3_stmt *st, int at, struct str s); /* s stays where it is until the statement is reset */
void sq_bind_blob(sqlite3_stmt *st, int at, const void *data, size_t len);
void sq_bind_u64(sqlite3_stmt *st, int at, uint64_t value);

/* Steps once. *out_row says whether there is a row to read; without one the statement is reset. */
[[nodiscard]] int sq_step(struct sq *q, sqlite3_stmt *st, bool *out_row);
/* Runs a statement that has no rows, and resets it. */
[[nodiscard]] int sq_exec(struct sq *q, sqlite3_stmt *st);
/* The same for one that has no parameters. */
[[nodiscard]] int sq_do(struct sq *q, enum sq_query query);

struct str sq_column_str(sqlite3_stmt *st, int at, struct arena *arena);
struct str sq_column_view(sqlite3_stmt *st, int at); /* until the next step or reset */
uint64_t sq_column_u64(sqlite3_stmt *st, int at);

/* Groups are kept as one text, separated by U+001F. */
struct str sq_names_join(struct arena *arena, const struct str *names, size_t len);
const struct str *sq_names_split(struct arena *arena, struct str text, size_t *out_len);

/* Rows gathered before their number is known; ends as an array in the arena. */
struct sq_rows {
	char *data;
	size_t len, cap, size; /* size: of one row */
};

void *sq_rows_add(struct sq_rows *rows); /* zeroed; NULL when memory is out */
[[nodiscard]] int sq_rows_take(struct sq_rows *rows, struct arena *arena, void **out);
void sq_rows_done(struct sq_rows *rows);

/* All rows of a bound statement with one text column -> req->names. */
[[nodiscard]] int sq_names_read(struct sq *q, sqlite3_stmt *st, struct store_req *req);

/* The operations, by subject. Each runs inside a savepoint when it writes. */
int sq_applied_raise(struct sq *q, uint64_t seq); /* 0 changes nothing */
int sq_account_all(struct sq *q, struct store_req *req);
int sq_account_get(struct sq *q, struct store_req *req);
int sq_account_add(struct sq *q, struct store_req *req);
/* One account with its verifiers. STORE_E_EXISTS, and then nothing was done. */
[[nodiscard]] int sq_account_insert(struct sq *q, const struct store_account *a, struct arena *arena);
int sq_invite_all(struct sq *q, struct store_req *req);
int sq_invite_find(struct sq *q, struct store_req *req);
int sq_invite_add(struct sq *q, struct store_req *req);
int sq_invite_revoke(struct sq *q, struct store_req *req);
int sq_invite_redeem(struct sq *q, struct store_req *req);
int sq_mail_add(struct sq *q, struct store_req *req);
int sq_mail_mark(struct sq *q, struct store_req *req);
int sq_mail_open(struct sq *q, struct store_req *req);
int sq_mail_drop(struct sq *q, struct store_req *req);
int sq_mail_due(struct sq *q, struct store_req *req);
int sq_mail_list(struct sq *q, struct store_req *req);
int sq_mail_get(struct sq *q, struct store_req *req);
int sq_mail_count(struct sq *q, struct store_req *req);
int sq_account_update(struct sq *q, struct store_req *req);
int sq_account_remove(struct sq *q, struct store_req *req);
int sq_verifier_get(struct sq *q, struct store_req *req);
int sq_seen_put(struct sq *q, struct store_req *req);
int sq_seen_get(struct sq *q, struct store_req *req);
int sq_verifier_lacking(struct sq *q, struct store_req *req);
int sq_token_find(struct sq *q, struct store_req *req);
int sq_token_change(struct sq *q, struct store_req *req);
int sq_token_clear(struct sq *q, struct store_req *req);
int sq_device_list(struct sq *q, struct store_req *req);
int sq_device_meet(struct sq *q, struct store_req *req);
int sq_device_told(struct sq *q, struct store_req *req);
int sq_device_untold(struct sq *q, struct store_req *req);
int sq_device_revoke(struct sq *q, struct store_req *req);
int sq_device_waiting(struct sq *q, struct store_req *req);
int sq_device_confirm(struct sq *q, struct store_req *req);
int sq_device_refuse(struct sq *q, struct store_req *req);
int sq_visit_put(struct sq *q, struct store_req *req);
int sq_visit_greet(struct sq *q, struct store_req *req);
int sq_visit_get(struct sq *q, struct store_req *req);
int sq_notice_put(struct sq *q, struct store_req *req);
int sq_notice_delete(struct sq *q, struct store_req *req);
int sq_notice_all(struct sq *q, struct store_req *req);
int sq_switch_put(struct sq *q, struct store_req *req);
int sq_switch_delete(struct sq *q, struct store_req *req);
int sq_switch_all(struct sq *q, struct store_req *req);
int sq_silence_put(struct sq *q, struct store_req *req);
int sq_silence_delete(struct sq *q, struct store_req *req);
int sq_silence_all(struct sq *q, struct store_req *req);
int sq_privacy_put(struct sq *q, struct store_req *req);
int sq_privacy_get(struct sq *q, struct str owner, struct store_privacy *out); /* zeroes without a row */
int sq_roster_changes(struct sq *q, struct store_req *req);
[[nodiscard]] int sq_roster_log(struct sq *q, struct str owner, struct str contact, uint64_t version);
int sq_roster_load(struct sq *q, struct store_req *req);
int sq_roster_put(struct sq *q, struct store_req *req);
int sq_roster_delete(struct sq *q, struct store_req *req);
/* Something about this contact has changed: the roster gets a new version. */
[[nodiscard]] int sq_roster_step(struct sq *q, struct str owner, struct str contact);
/* Part of sq_account_remove -> req->roster, as the account had it. */
[[nodiscard]] int sq_roster_leave(struct sq *q, struct store_req *req);
int sq_block_load(struct sq *q, struct store_req *req);
int sq_block_put(struct sq *q, struct store_req *req);
int sq_block_delete(struct sq *q, struct store_req *req);
int sq_message_put(struct sq *q, struct store_req *req);
int sq_message_load(struct sq *q, struct store_req *req);
int sq_message_delete(struct sq *q, struct store_req *req);
int sq_message_unspool(struct sq *q, struct store_req *req);
int sq_message_release(struct sq *q, struct store_req *req);
int sq_message_count(struct sq *q, struct store_req *req);
int sq_message_owners(struct sq *q, struct store_req *req);
int sq_archive_put(struct sq *q, struct store_req *req);
int sq_archive_retract(struct sq *q, struct store_req *req);
int sq_archive_leave(struct sq *q, struct store_req *req);
int sq_archive_sweep(struct sq *q, struct store_req *req);
int sq_archive_load(struct sq *q, struct store_req *req);
int sq_prefs_load(struct sq *q, struct store_req *req);
int sq_prefs_put(struct sq *q, struct store_req *req);

/* What was remembered of ids is wrong when a transaction is undone or an owner goes. */
void sq_peers_forget(struct sq *q);
/* *out 0: there is none of that name. */
[[nodiscard]] int sq_owner_find(struct sq *q, struct str jid, uint64_t *out);
[[nodiscard]] int sq_pair_find(struct sq *q, struct str a, struct str b, uint64_t *out);
/* A bound statement with at most one row and one number; *out is untouched without a row. */
[[nodiscard]] int sq_number(struct sq *q, sqlite3_stmt *st, uint64_t *out);

/* Does `owner` want messages with `peer` kept; has he blocked him? */
struct sq_judgement {
	bool wanted, blocked;
};
[[nodiscard]] int sq_prefs_judge(
	struct sq *q, const struct jid *owner, const struct jid *peer, struct sq_judgement *out);
int sq_room_all(struct sq *q, struct store_req *req);
int sq_room_put(struct sq *q, struct store_req *req);
int sq_room_delete(struct sq *q, struct store_req *req);
int sq_private_get(struct sq *q, struct store_req *req);
int sq_private_all(struct sq *q, struct store_req *req);
int sq_private_put(struct sq *q, struct store_req *req);
int sq_vcard_get(struct sq *q, struct store_req *req);
int sq_photo_get(struct sq *q, struct store_req *req); /* -> req->vcard without the text */
int sq_user_load(struct sq *q, struct store_req *req);
int sq_vcard_put(struct sq *q, struct store_req *req);
int sq_pep_nodes(struct sq *q, struct store_req *req);
int sq_pep_node_put(struct sq *q, struct store_req *req);
int sq_pep_node_delete(struct sq *q, struct store_req *req);
int sq_pep_item_put(struct sq *q, struct store_req *req);
int sq_pep_item_delete(struct sq *q, struct store_req *req);
int sq_personal_put(struct sq *q, struct store_req *req);
int sq_pep_items(struct sq *q, struct store_req *req);
int sq_pep_items_by_id(struct sq *q, struct store_req *req);
int sq_pep_last(struct sq *q, struct store_req *req);
int sq_pep_who(struct sq *q, struct store_req *req);
int sq_caps_get(struct sq *q, struct store_req *req);
int sq_caps_put(struct sq *q, struct store_req *req);
int sq_client_note(struct sq *q, struct store_req *req);
int sq_client_sweep(struct sq *q, struct store_req *req);
int sq_client_list(struct sq *q, struct store_req *req);
int sq_caps_client_note(struct sq *q, struct store_req *req);
int sq_caps_client_put(struct sq *q, struct store_req *req);
int sq_caps_client_delete(struct sq *q, struct store_req *req);
int sq_caps_client_all(struct sq *q, struct store_req *req);
int sq_posture_put(struct sq *q, struct store_req *req);
int sq_posture_all(struct sq *q, struct store_req *req);
int sq_refusal_note(struct sq *q, struct store_req *req);
int sq_refusal_all(struct sq *q, struct store_req *req);
