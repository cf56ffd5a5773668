/* The reader's parts: it prints lines of the record for `gatehouse record ...` and changes nothing. Whoever
 * starts it has recorded the access. `reader --dir DIR tail|show|verify|copy|lines [--name=value ...]`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum {
	READER_OK = 0,
	READER_NO = 1, /* nothing found; damage */
	READER_USAGE = 2,
	READER_RIGHTS = 3,
	READER_INTERNAL = 4,
};

/* Lines that a filter passes; empty strings and zeros mean anything. */
struct reader_filter {
	struct str with;         /* an address in from, to, actor, target, or named in "of" */
	struct str from, to;     /* times without the Z, compared as text: [from, to) */
	struct str type, action; /* as in the line */
	struct str conversation, rule;
	struct str word; /* in the stanza or a text, ASCII case ignored */
	bool has_seq;
	uint64_t seq;
};

/* What was durable when reading was allowed; serial 0: nobody writes, all of it. */
struct reader_extent {
	uint64_t serial, bytes; /* the open segment */
	uint64_t size;          /* lines of the record */
};

struct reader {
	int dir_fd;      /* the record */
	int verifier_fd; /* keys/record.pub; -1 */
	bool json, follow;
	uint64_t limit; /* the latest that many */
	struct reader_filter filter;
	bool has_checkpoint;
	struct str checkpoint; /* text with checkpoints kept elsewhere */
	struct reader_extent extent;
	uint64_t have_first, have_last; /* copy: sealed segments the asker has. lines: the first to show */
};

/* Each prints to standard output and returns an exit code; a failure's text is in *err, for the one who
 * asked. */
int reader_show(struct reader *r, struct err *err);
int reader_verify(struct reader *r, struct err *err);
int reader_copy(struct reader *r, struct err *err);  /* files, as a stream (reader_copy.c) */
int reader_lines(struct reader *r, struct err *err); /* all lines as they are, then a line "end" */
