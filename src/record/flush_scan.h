/* One flush as it lies in a segment file: lines from a block's start to a batch line that states the tree
 * before it. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "record/conversations.h"
#include "record/note.h"

/* Walks the flushes of a mapped segment file. */
struct flush_scan {
	struct str file;
	uint64_t serial;
	uint64_t at;                      /* where the next flush starts; everything before verifies */
	struct tree tree;                 /* of everything before `at` */
	uint64_t line;                    /* lines before `at` */
	uint64_t time_us;                 /* of the last line before `at` */
	struct buf leaves;                /* leaf hashes of this segment up to `at` */
	char origin[NOTE_ORIGIN_MAX + 1]; /* from the first line, once it verified */
	struct str checkpoint;            /* of the first line, escaped */
	const struct checkpoint *known;   /* compared when its size is passed; NULL: none */
};

void flush_scan_init(struct flush_scan *s, struct str file, uint64_t serial);
void flush_scan_done(struct flush_scan *s);

/* 1: a flush verified; 0: what lies at `at` is no whole flush, *err says what is wrong with it; -EBADMSG: it
 * is whole but contradicts the known checkpoint or its conversations' numbers, -ENOMEM. */
[[nodiscard]] int flush_scan_next(struct flush_scan *s, struct conversations *c, struct err *err);

enum flush_tail {
	FLUSH_CLEAN,
	FLUSH_TORN,
	FLUSH_DAMAGED,
};

/* What the bytes from `at` on are. *out_end: behind the last byte that is not a newline or zero. */
enum flush_tail flush_scan_tail(const struct flush_scan *s, uint64_t *out_end);
