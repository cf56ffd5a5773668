/* Comma-separated values (RFC 4180) of a text in memory: fields in quotes may hold commas, line breaks and
 * doubled quotes; lines end in CRLF or LF; a byte order mark at the beginning is skipped. Strict, but a bad
 * line does not hide the ones behind it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

enum {
	CSV_FIELDS = 32, /* of one line */
};

struct csv {
	char *data; /* the caller's; fields are unquoted in place */
	size_t len, at;
	unsigned line; /* of the row that csv_next returned last, from 1 */
	unsigned next_line;
};

struct csv_row {
	struct str fields[CSV_FIELDS]; /* into csv.data */
	size_t len;
	const char *problem; /* NULL, or why the row cannot be read; the next one begins behind the line */
};

void csv_init(struct csv *c, char *data, size_t len);

/* False at the end. Empty lines are skipped. */
[[nodiscard]] bool csv_next(struct csv *c, struct csv_row *out);

/* Writing: a field, behind a comma unless it is the first of its line. A text that a spreadsheet would take for a formula
 * gets an apostrophe before it: what clients say of themselves stands in such tables. */
void csv_put(struct buf *out, struct str field);
void csv_put_end(struct buf *out); /* of the line: CRLF */
