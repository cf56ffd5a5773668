/* The reader's parts: it prints lines of the record for `gatehouse record ...` and changes nothing. Whoever
 * starts it has recorded the access. `reader --dir DIR tail|show|verify [--name=value ...]`. */
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

struct reader {
	int dir_fd;      /* the record */
	int verifier_fd; /* keys/record.pub; -1 */
	bool json, follow;
	uint64_t limit; /* the latest that many */
	struct reader_filter filter;
	bool has_checkpoint;
	struct str checkpoint; /* text with checkpoints kept elsewhere */
};

/* Each prints to standard output and returns an exit code; a failure's text is in *err, for the one who
 * asked. */
int reader_show(struct reader *r, struct err *err);
int reader_verify(struct reader *r, struct err *err);
