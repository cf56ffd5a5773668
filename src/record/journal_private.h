/* Shared by journal.c and journal_open.c. */
#pragma once

#include "base/buf.h"
#include "record/conversations.h"
#include "record/journal.h"
#include "record/publish.h"
#include "record/recovery.h"
#include "record/seal.h"
#include "record/tree.h"

enum {
	FLUSH_BYTES = 1 << 20, /* a flush begins at the latest with this much */
	FLUSH_CAP = FLUSH_BYTES + LINE_MAX_BYTES + (64 << 10),
	RESERVE = 512 << 10, /* space kept for entries that are on the way, and for the stop line */
	CHECKPOINT_US = 1000000,
	BUSY_LINES = 10000, /* a second: from there on sealing gives way */
};

struct journal {
	struct journal_config c;
	char origin[NOTE_ORIGIN_MAX + 1];
	uint64_t serial;
	struct worker *keeper;
	struct space *space;
	struct seal *seal;
	struct publish *publish;
	struct conversations *conversations;
	struct tree tree;    /* with the lines in `lines` */
	struct buf lines;    /* FLUSH_CAP bytes at a block's boundary, never moved */
	bool closed_batch;   /* `lines` ends with its batch line and padding and waits for space */
	uint64_t flushed_us; /* of the last flush's lines */
	uint64_t time_us;    /* of this flush's lines */
	char time[LINE_TIME];
	uint64_t clock_back_us; /* the clock was set back by this much; told in the next flush */
	struct buf leaves;      /* not in the leaf file yet */
	int leaves_fd;
	struct buf note; /* the last checkpoint */
	uint64_t note_size, note_mono_us;
	uint64_t flushes;
	uint64_t weighed_size, weighed_us; /* at the last tick */
};

/* The first line of the current segment, into `lines`. */
[[nodiscard]] int journal_begin_segment(struct journal *j);
[[nodiscard]] int journal_open_leaves(struct journal *j);
void journal_write_leaves(struct journal *j);
void journal_checkpoint(struct journal *j, bool sync);

/* The line that starts at `start` of j->lines is complete: into the tree. */
[[nodiscard]] int journal_finish_line(struct journal *j, size_t start);
void journal_start_line(struct journal *j, enum event type);

/* Frees everything, writes nothing. */
void journal_release(struct journal *j);
