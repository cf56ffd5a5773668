/* The record as its one writer sees it: lines are added to a buffer, a flush writes them with a batch line
 * and makes them durable, and only then anybody may be told. One thread; owns its helpers (keeper, seal,
 * publish).
 *
 *   journal_append ...  journal_append  ->  journal_flush  ->  receipts
 *
 * What journal_append returned is in the record only when journal_flush has returned 0. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "record/event.h"
#include "record/line.h"
#include "record/note.h"
#include "record/space.h"

struct journal;

enum {
	JOURNAL_E_FULL = 1, /* no space: nothing was written, try again after journal_tick */
	JOURNAL_ORIGIN_TAIL = 8,
};

struct journal_config {
	int dir_fd;          /* the journal's from now on, like all descriptors here */
	int copy_fd;         /* -1: no second place */
	int outside_fd;      /* checkpoints outside; -1: none */
	const char *outside_path; /* of outside_fd, see record/publish.h; borrowed while the journal is open */
	int syslog_fd;       /* -1: none */
	struct note_key key; /* likewise the journal's */
	const char *origin;  /* of a record that begins now */
	const char *version; /* of the software, for segment and start lines */
	uint64_t segment_bytes;
	uint64_t min_free;
	enum space_flush flush;
};

/* Recovers what is there, or begins a record, and writes a "start" line. Starts threads: the process must
 * have confined itself before. On failure *err says what and the remedy; the config's descriptors and key are
 * closed. */
[[nodiscard]] int journal_open(struct journal **out, const struct journal_config *c, struct err *err);

/* Writes a "stop" line and a checkpoint and lets the helpers end. Accepts NULL, returns NULL. */
struct journal *journal_close(struct journal *j);

/* Room for one more entry before the next flush? */
bool journal_has_room(const struct journal *j);

/* Is anything waiting for a flush? */
bool journal_is_dirty(const struct journal *j);

/* Adds one entry of a gate; `src` is its identity, `fields` those of its frame. 0; -EPROTO: malformed,
 * nothing was added; or -ENOMEM. */
[[nodiscard]] int journal_append(
	struct journal *j, enum event type, struct str src, struct str fields, uint64_t *out_seq);

/* Adds a line of the recorder's own with fields made by field_put. */
[[nodiscard]] int journal_event(struct journal *j, enum event type, struct str fields, uint64_t *out_seq);

/* Makes everything added durable. 0; JOURNAL_E_FULL; or -errno, which is final: the process must end (70) and
 * find out at its next start what is on the disk. */
[[nodiscard]] int journal_flush(struct journal *j);

/* The time that all lines of the last flush carry (microseconds, UTC). */
uint64_t journal_time_us(const struct journal *j);

/* Is there space for entries that come now, and for those that are on the way already? */
bool journal_is_full(struct journal *j);
bool journal_takes_rest(struct journal *j);

/* Once in a while, at least each second: checkpoint, leaf hashes, trying for space again. 0 or as
 * journal_flush. */
[[nodiscard]] int journal_tick(struct journal *j);

/* Ends the open segment. 0 or as journal_flush. */
[[nodiscard]] int journal_seal(struct journal *j);

/* Where a reader may read to: the durable bytes of the open segment. */
struct journal_extent {
	int dir_fd;
	uint64_t serial, bytes; /* open segment */
	uint64_t size;          /* lines */
};

struct journal_extent journal_extent(const struct journal *j);

struct journal_stats {
	uint64_t lines, segments, flushes, bytes_free;
	const char *origin;
	unsigned char root[TREE_HASH];
	uint64_t checkpoint_size;
	bool direct, full;
};

void journal_stats(struct journal *j, struct journal_stats *out);

/* The verifier line of the record's key (keys/record.pub). */
void journal_put_verifier(const struct journal *j, struct buf *out);
