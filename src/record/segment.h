/* The files of a record directory and reading their lines.
 *
 *   NNNNNNNN.jsonl       an open segment, or one that waits to be sealed
 *   NNNNNNNN.jsonl.gz    a sealed one
 *   NNNNNNNN.leaves      leaf hashes of its lines, 32 bytes each
 *   NNNNNNNN.jsonl.next  prepared, not begun */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "record/note.h"

enum {
	SEGMENT_NAME = 32, /* bytes a name needs, NUL included */
	SEGMENT_BLOCK = 4096,
};

enum segment_file {
	SEGMENT_RAW,
	SEGMENT_SEALED,
	SEGMENT_LEAVES,
	SEGMENT_NEXT,
};

struct segment_info {
	uint64_t serial; /* from 1 */
	bool raw, sealed;
};

struct segment_list {
	struct segment_info *items; /* by serial, ascending */
	size_t len;
};

void segment_name(char out[SEGMENT_NAME], uint64_t serial, enum segment_file file);

/* 0 or -errno. */
[[nodiscard]] int segment_list(int dir_fd, struct segment_list *out);
void segment_list_done(struct segment_list *l);

/* ---- lines of one segment, raw or sealed ---- */

struct segment_lines;

/* Opens the raw file when there is one, else the sealed one. `limit`: bytes of the raw file to read at most
 * (0: all). 0 or -errno. */
[[nodiscard]] int segment_lines_open(
	struct segment_lines **out, int dir_fd, uint64_t serial, uint64_t limit, struct err *err);
/* The same; with `sealed` only the sealed file will do, otherwise only the raw one. */
[[nodiscard]] int segment_lines_open_kind(
	struct segment_lines **out, int dir_fd, uint64_t serial, bool sealed);
struct segment_lines *segment_lines_free(struct segment_lines *l); /* accepts NULL, returns NULL */
void segment_lines_freep(struct segment_lines **l);

/* The next line that is not empty, without its newline; valid until the next call. 1; 0: the end (bytes
 * without a newline at the end are left out: a tail being written); -EBADMSG: damaged compression, something
 * else than gzip members in a sealed file, or a line that is too long; or -errno. */
[[nodiscard]] int segment_lines_next(struct segment_lines *l, struct str *out);
/* After the end: bytes behind the last newline. */
size_t segment_lines_rest(const struct segment_lines *l);
bool segment_lines_is_sealed(const struct segment_lines *l);

/* ---- the first line ---- */

struct segment_start {
	uint64_t serial;
	struct tree tree; /* before this segment */
	char origin[NOTE_ORIGIN_MAX + 1];
	struct str checkpoint; /* escaped, borrowed from the line; empty: none yet */
};

/* 0, or -EBADMSG when the line is no segment line or contradicts itself. */
[[nodiscard]] int segment_parse_start(struct str line, struct segment_start *out);

/* Sequence number of a segment's first line. 0 or -errno, -EBADMSG. */
[[nodiscard]] int segment_first_seq(int dir_fd, uint64_t serial, uint64_t *out);
