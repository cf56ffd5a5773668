/* Who has which rows of the archive: for each owner an ordered list of entries.
 *
 * A row of `archive` lies at the end of its table, and no index of SQLite leads to it: with thousands of owners
 * each index would have to change a page of its own for each message. What an owner has stands in `archive_list`
 * instead, in blocks of up to SQ_BLOCK entries, and what is newest stands in memory, in the tail. Owners are in
 * SQ_PARTS parts; with every few thousand rows the tail of one part goes into blocks, so an owner's entries of
 * some hundred thousand messages are written at once. `mark` of a part says how far: entries up to that seq are in
 * blocks, later ones are in the tail, which is made again from the rows when the store is opened.
 *
 * An entry that arrives behind its mark (the record again after a crash) goes into its block at once.
 *
 *   put: row -> archive; entry -> fresh --- commit ---> tail --- some thousand rows later ---> archive_list
 *
 * The tail is shared: the writer changes it, after a commit, under a lock; readers copy an owner's entries first and
 * read blocks afterwards, so an entry may come twice and is never missed. */
#pragma once

#include <pthread.h>

#include "store/sqlite.h"

enum {
	SQ_PARTS = 64,
	SQ_BLOCK = 56, /* entries: with its key a block is below a thousand bytes, where SQLite would begin to break it */
};

struct sq_entry {
	uint64_t seq;
	uint32_t pair;
	uint32_t id;  /* hash of the archive id */
	uint32_t own; /* hashes of the ids its author gave it: that of the stanza, and its origin-id in the upper half */
};

/* ---- names (sqlite_archive_names.c) ---- */

struct sq_peers {
	uint64_t sender, recipient; /* owners; 0: an account that was removed, which has no archive */
	uint64_t pair;
};

/* Of two bare addresses; what is not known yet is added. */
[[nodiscard]] int sq_peers_get(struct sq *q, struct str from, struct str to, struct sq_peers *out);

/* ---- the tail (sqlite_archive_tail.c) ---- */

struct sq_tail;

struct sq_tail *sq_tail_new(void);
struct sq_tail *sq_tail_free(struct sq_tail *t); /* accepts NULL */

/* Any thread: appends the owner's entries, in order, to rows of struct sq_entry. 0 or -ENOMEM. */
[[nodiscard]] int sq_tail_copy(struct sq_tail *t, uint64_t owner, struct sq_rows *out);

/* The writer: what is committed of the owner's and what is not yet, in order. */
[[nodiscard]] int sq_tail_all(struct sq *q, uint64_t owner, struct sq_rows *out);

/* Makes the tail from the rows of the file. The writer's connection, once. */
[[nodiscard]] int sq_tail_fill(struct sq *q);

/* Inside a transaction of the writer: an entry of a row that was just put. */
[[nodiscard]] int sq_tail_add(struct sq *q, uint64_t owner, const struct sq_entry *entry);
/* The same: `rows` were put; when it is time the tail of a part goes into blocks. */
[[nodiscard]] int sq_tail_turn(struct sq *q, size_t rows);
/* The same: all that is committed of the owner's part goes into blocks. *out_ready: nothing of the owner is fresh. */
[[nodiscard]] int sq_tail_settle(struct sq *q, uint64_t owner, bool *out_ready);
/* All of it, before the file is closed. */
void sq_tail_close(struct sq *q);

/* What follows a savepoint, its undoing, a commit and a rollback. */
void sq_tail_save(struct sq *q);
void sq_tail_undo(struct sq *q);
void sq_tail_commit(struct sq *q);
void sq_tail_rollback(struct sq *q);

/* ---- blocks (sqlite_archive_list.c) ---- */

/* Merges entries, in order, into the owner's blocks; one that is there already stays. */
[[nodiscard]] int sq_list_put(struct sq *q, uint64_t owner, const struct sq_entry *entries, size_t len);

/* The owner's first block: entries in `out`, *out_len 0: there is none. */
[[nodiscard]] int sq_list_first(struct sq *q, uint64_t owner, struct sq_entry out[SQ_BLOCK], size_t *out_len);

/* A walk through an owner's entries, blocks and tail together, in order or against it. One at a time on a connection. */
struct sq_walk {
	struct sq *q;
	sqlite3_stmt *st;
	uint64_t low, high; /* both excluded */
	bool down;
	bool ended; /* no more blocks */
	struct sq_entry block[SQ_BLOCK];
	size_t len, at;
	const struct sq_entry *tail;
	size_t tail_len, tail_at;
	uint64_t owner;
	size_t blocks, ahead; /* blocks read, and how many are asked for ahead (sqlite_ahead.h) */
};

/* `tail`: copied before, stays until the end. */
[[nodiscard]] int sq_walk_begin(struct sq_walk *w, struct sq *q, uint64_t owner, const struct sq_rows *tail);
/* With w->low, high and down set, before the first step. */
[[nodiscard]] int sq_walk_next(struct sq_walk *w, bool *out_there, struct sq_entry *out);
void sq_walk_end(struct sq_walk *w);

/* ---- finding the place of an id or a time (sqlite_archive_find.c) ---- */

uint32_t sq_id_hash(struct str id);
uint32_t sq_own_hash(struct str own, struct str origin);
/* Among the owner's, whose tail was copied before. STORE_E_NONE. */
[[nodiscard]] int sq_archive_seq(
	struct sq *q, uint64_t owner, const struct sq_rows *tail, struct str id, uint64_t *out);
/* The lowest seq not earlier, among the owner's above `low`. */
[[nodiscard]] int sq_archive_since(
	struct sq *q, uint64_t owner, const struct sq_rows *tail, uint64_t low, uint64_t time_us, uint64_t *out);
/* Below the first row there is: what entries of lower numbers meant has been cleared away. */
[[nodiscard]] int sq_archive_floor(struct sq *q, uint64_t *out);

/* What `by` takes back (by->retracts) becomes a tombstone. Among an owner's newest 20,000 entries it is found in any case, among
 * older ones while the batch has time for that; sq_archive_bury_begin(): a batch begins. */
void sq_archive_bury_begin(struct sq *q);
[[nodiscard]] int sq_archive_bury(struct sq *q, const struct sq_peers *p, const struct store_archived *by);
/* The same in what still waits for the recipient (sqlite_message.c): what is delivered later shows that it was. */
[[nodiscard]] int sq_message_bury(struct sq *q, struct str recipient, const struct store_archived *by);
