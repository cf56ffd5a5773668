/* Inside the SQLite backend. */
#pragma once

#include <sqlite3.h>

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
	SQ_ROSTER_VERSION_GET,
	SQ_ROSTER_VERSION_PUT,
	SQ_ROSTER_LOAD,
	SQ_ROSTER_PUT,
	SQ_ROSTER_DELETE,
	SQ_ROSTER_CLEAR,
	SQ_ROSTER_VERSION_CLEAR,
	SQ_BLOCK_LOAD,
	SQ_BLOCK_PUT,
	SQ_BLOCK_DELETE,
	SQ_BLOCK_CLEAR,
	SQ_MESSAGE_PUT,
	SQ_MESSAGE_LOAD,
	SQ_MESSAGE_DELETE,
	SQ_MESSAGE_CLEAR,
	SQ_MESSAGE_UNSPOOL,
	SQ_MESSAGE_COUNT,
	SQ_MESSAGE_OWNERS,
	SQ_COUNT,
};

struct sq {
	struct store_backend base;
	sqlite3 *db;
	bool lost; /* SQLite gave the transaction up by itself: nothing of this group can be committed */
	sqlite3_stmt *statements[SQ_COUNT];
};

extern const char *const sq_text[SQ_COUNT];

/* Makes the tables, or brings an older file up to date. 0, STORE_E_NEWER or negative. */
[[nodiscard]] int sq_migrate(struct sq *q, const char *path, struct err *err);

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
int sq_account_update(struct sq *q, struct store_req *req);
int sq_account_remove(struct sq *q, struct store_req *req);
int sq_verifier_get(struct sq *q, struct store_req *req);
int sq_roster_load(struct sq *q, struct store_req *req);
int sq_roster_put(struct sq *q, struct store_req *req);
int sq_roster_delete(struct sq *q, struct store_req *req);
int sq_block_load(struct sq *q, struct store_req *req);
int sq_block_put(struct sq *q, struct store_req *req);
int sq_block_delete(struct sq *q, struct store_req *req);
int sq_message_put(struct sq *q, struct store_req *req);
int sq_message_load(struct sq *q, struct store_req *req);
int sq_message_delete(struct sq *q, struct store_req *req);
int sq_message_unspool(struct sq *q, struct store_req *req);
int sq_message_count(struct sq *q, struct store_req *req);
int sq_message_owners(struct sq *q, struct store_req *req);
