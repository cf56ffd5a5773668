/* What store.c, the calls that ask, and the backends share. */
#pragma once

#include <stdint.h>

#include "store/store.h"

enum store_op {
	OP_APPLIED,
	OP_ACCOUNT_ADD,
	OP_ACCOUNT_UPDATE,
	OP_ACCOUNT_REMOVE,
	OP_ROSTER_PUT,
	OP_ROSTER_DELETE,
	OP_BLOCK_PUT,
	OP_BLOCK_DELETE,
	OP_MESSAGE_PUT,
	OP_MESSAGE_DELETE,
	OP_MESSAGE_UNSPOOL,
	OP_MESSAGE_RELEASE,
	OP_ARCHIVE_PUT,
	OP_ARCHIVE_RETRACT,
	OP_ARCHIVE_LEAVE,
	OP_ARCHIVE_SWEEP,
	OP_PREFS_PUT,
	OP_ROOM_PUT,
	OP_ROOM_DELETE,
	OP_SEEN_PUT,
	OP_PRIVATE_PUT,
	OP_VCARD_PUT,
	OP_PEP_NODE_PUT,
	OP_PEP_NODE_DELETE,
	OP_PEP_ITEM_PUT,
	OP_PEP_ITEM_DELETE,
	OP_PERSONAL_PUT,
	OP_CAPS_PUT,
	OP_VISIT_PUT,
	OP_VISIT_GREET,
	OP_NOTICE_PUT,
	OP_NOTICE_DELETE,
	OP_SWITCH_PUT,
	OP_SWITCH_DELETE,
	OP_SILENCE_PUT,
	OP_SILENCE_DELETE,
	OP_PRIVACY_PUT,
	OP_INVITE_ADD,
	OP_INVITE_REVOKE,
	OP_INVITE_REDEEM,
	OP_CLIENT_NOTE,
	OP_CLIENT_SWEEP,
	OP_CAPS_CLIENT_NOTE,
	OP_CAPS_CLIENT_PUT,
	OP_CAPS_CLIENT_DELETE,
	OP_POSTURE_PUT,
	OP_REFUSAL_NOTE,
	OP_MAIL_ADD,
	OP_MAIL_MARK,
	OP_MAIL_OPEN,
	OP_MAIL_DROP,
	OP_TOKEN_CHANGE,
	OP_TOKEN_CLEAR,
	OP_DEVICE_MEET,
	OP_DEVICE_TOLD,
	OP_DEVICE_REVOKE,
	OP_DEVICE_CONFIRM,
	OP_DEVICE_REFUSE,
	OP_READS, /* from here on: nothing is written */
	OP_ACCOUNT_ALL = OP_READS,
	OP_ACCOUNT_GET,
	OP_VERIFIER_GET,
	OP_VERIFIER_LACKING,
	OP_INVITE_ALL,
	OP_INVITE_FIND,
	OP_MAIL_DUE,
	OP_MAIL_LIST,
	OP_MAIL_GET,
	OP_MAIL_COUNT,
	OP_ROSTER_LOAD,
	OP_ROSTER_CHANGES,
	OP_BLOCK_LOAD,
	OP_MESSAGE_LOAD,
	OP_MESSAGE_COUNT,
	OP_MESSAGE_OWNERS,
	OP_PREFS_LOAD,
	OP_ARCHIVE_LOAD, /* on a thread of its own */
	OP_ROOM_ALL,
	OP_SEEN_GET,
	OP_PRIVATE_GET,
	OP_PRIVATE_ALL,
	OP_VCARD_GET,
	OP_PEP_NODES,
	OP_PEP_ITEMS,
	OP_PEP_ITEMS_BY_ID,
	OP_PEP_LAST,
	OP_PEP_WHO,
	OP_CAPS_GET,
	OP_VISIT_GET,
	OP_NOTICE_ALL,
	OP_SWITCH_ALL,
	OP_SILENCE_ALL,
	OP_USER_LOAD,
	OP_CLIENT_LIST,
	OP_CAPS_CLIENT_ALL,
	OP_POSTURE_ALL,
	OP_REFUSAL_ALL,
	OP_TOKEN_FIND,
	OP_DEVICE_LIST,
	OP_DEVICE_UNTOLD,
	OP_DEVICE_WAITING,
	OP_COUNT,
};

/* The arguments of any call, copied into the request's arena. */
struct store_args {
	struct str owner; /* account or owner */
	struct str other; /* contact, session, or the name of a node */
	struct str text;
	union {
		const struct store_account *accounts;
		const struct store_roster_item *items;
		const struct store_message *messages;
		const struct str *names;
		const struct store_archived *archived; /* a list, linked by next */
		const struct store_archive_query *query;
		const struct store_prefs *prefs;
		const struct store_room *room;
		const struct store_invite *invite;
		const struct store_private *privates;
		const struct store_vcard *vcard;
		const struct store_pep_node *node;
		const struct store_pep_item *item;
		const struct store_personal *personal;
		const struct store_notice *notice;
		const struct store_client *client;
		const struct store_client_query *clients;
		const struct store_caps_client *caps_client;
		const struct store_posture *posture;
		const struct store_refusal *refusal;
		const struct store_mail *mail;
		const struct store_switch *off;
		const struct store_silence *silence;
		const struct store_privacy *privacy;
		const struct store_token_change *tokens;
		const struct store_arrival *arrival;
	};
	struct store_archived *last; /* of the list */
	size_t len;
	uint64_t number; /* version, record sequence to start behind, or a time */
	uint64_t applied_seq;
	size_t limit;
	unsigned fields;
	uint8_t queue;
	uint8_t kind;
};

/* One connection to where the rows are, used by one thread. A store has three: one that writes, one that reads, and
 * one that reads archives. `run` returns 0, a STORE_E_* that the call documents, or negative; unless it returns 0 or
 * STORE_E_EXISTS it has undone what the request did, and only that. */
struct store_backend {
	const struct store_backend_ops *ops;
};

struct store_backend_ops {
	int (*begin)(struct store_backend *b);
	int (*run)(struct store_backend *b, struct store_req *req);
	int (*commit)(struct store_backend
			*b); /* 0 only when it is on the disk; else everything since begin is undone */
	void (*rollback)(struct store_backend *b);
	struct store_backend *(*free)(struct store_backend *b); /* returns NULL */
};

enum {
	STORE_READERS = 2, /* the second is for archives */
};

/* Starts the threads. Takes all backends and lock_fd (-1: none), also when it fails. */
[[nodiscard]] int store_start(struct store **out, struct store_backend *writer,
	struct store_backend *const reader[STORE_READERS], uint64_t applied_seq, int lock_fd);

/* A new arena in the request, with zeroed arguments; NULL when memory is out. */
struct store_args *store_args_new(struct store_req *req, enum store_op op);
/* Queues it, unless its arena is full. */
[[nodiscard]] int store_args_send(struct store *s, struct store_req *req);
/* A write that nobody waits for: within half a second, with the next write at the latest. Where it fails, the log says so. */
void store_note(struct store *s, uint8_t op, struct str owner, struct str text, uint64_t utc_us);
/* The same for a note that says more: a row of `size` bytes, in which the texts at `offsets` are copied, too. It is in
 * args->client (any pointer of that union), `text` in args->text, `limit` in args->limit. */
struct store_note_row {
	const void *row;
	size_t size;
	const size_t *offsets;
	size_t offsets_len;
};
void store_note_with(struct store *s, uint8_t op, const struct store_note_row *row, struct str text, size_t limit);
/* A copy of names in the request's arena. */
const struct str *store_args_names(struct store_req *req, const struct str *names, size_t len);
/* Both, for what has a name only. */
[[nodiscard]] int store_args_ask_owner(struct store *s, struct store_req *req, enum store_op op, struct str owner);

/* Rows of accounts, with what `owner` names; verifiers are wiped with the request. */
[[nodiscard]] int store_args_ask_accounts(struct store *s, struct store_req *req, enum store_op op, struct str owner,
	const struct store_account *rows, size_t len, unsigned fields);
/* None holds what separates them in the file. */
bool store_names_are_separable(const struct str *names, size_t len);

/* Of a request that is still being put together. */
static inline struct store_args *store_args_of(struct store_req *req)
{
	return (struct store_args *)(uintptr_t)req->args;
}

/* Queues a prepared request. */
void store_ask(struct store *s, struct store_req *req);

/* PATH.lock: one process at a time. The descriptor, STORE_E_BUSY or negative in *out_fd's place. */
[[nodiscard]] int store_lock(int *out_fd, const char *path, struct err *err);

/* The SQLite backend: the writing connection (`writer` NULL) makes and migrates the file; the others only read, and are
 * freed before it. */
[[nodiscard]] int store_sqlite_open(struct store_backend **out, const struct store_options *options,
	struct store_backend *writer, struct err *err);
[[nodiscard]] int store_sqlite_applied(struct store_backend *b, uint64_t *out);
