/* One line of the record: made from the fields of a frame, and read back. Lines are JSON objects without
 * white space, members in the order they were given; the reader here accepts only what the writer writes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "record/event.h"

enum {
	LINE_MAX_BYTES = 7 << 20, /* an entry of RECORD_ENTRY_MAX with every byte escaped */
	LINE_TIME = 27,           /* characters of "t" */
};

/* ---- writing ---- */

/* {"v":1,"seq":N,"t":"...","type":"..." and, with `salted`, a fresh 128-bit salt before the type. */
void line_begin(struct buf *b, uint64_t seq, const char time[LINE_TIME], bool salted, enum event type);
void line_member(struct buf *b, struct str name);                                 /* ,"name": */
[[nodiscard]] bool line_string(struct buf *b, struct str name, struct str value); /* false: not UTF-8 */
void line_number(struct buf *b, struct str name, uint64_t value);
void line_base64(struct buf *b, struct str name, const void *data, size_t len);
void line_end(struct buf *b); /* } and the newline */

/* What the fields of one entry contained. */
struct line_fields {
	uint64_t seen[2]; /* bit per key */
	struct str conv;
	struct str id, stanza;
};

/* Writes the fields of an APPEND as members. -EPROTO when a key is unknown, given twice or not allowed to a
 * gate (and `gate` is true), a value is not of the key's type, not UTF-8 or out of range. b may then hold a
 * part. */
[[nodiscard]] int line_put_fields(struct buf *b, struct str fields, bool gate, struct line_fields *out);

static inline bool line_has(const struct line_fields *f, enum event_key key)
{
	return f->seen[key >> 6] >> (key & 63) & 1;
}

/* "..." with JSON escapes, checking UTF-8 on the way. False when it is not valid; b then holds a part. */
[[nodiscard]] bool line_quote(struct buf *b, struct str s);

/* ---- reading ---- */

struct line_value {
	struct str key;
	char kind;       /* '"' string, '0' number, 't' boolean, '[' array */
	struct str text; /* inside of the quotes, still escaped; else the whole value */
};

struct line_scan {
	struct str rest;
	bool first;
};

/* A line without its newline. line_next: 1: a member is in *out; 0: the end; -EBADMSG: not a line of ours. */
[[nodiscard]] int line_open(struct line_scan *s, struct str line);
[[nodiscard]] int line_next(struct line_scan *s, struct line_value *out);

/* Every line begins with these. */
struct line_head {
	uint64_t seq;
	struct str time; /* LINE_TIME characters */
	enum event type; /* EVENT_NONE: a type of a later version */
};

/* Reads the head and leaves the scan behind it. 0 or -EBADMSG. */
[[nodiscard]] int line_read_head(struct line_scan *s, struct str line, struct line_head *out);

/* The member of that name. False when the line has none. */
[[nodiscard]] bool line_find(struct str line, struct str key, struct line_value *out);

[[nodiscard]] bool line_get_u64(const struct line_value *v, uint64_t *out);
[[nodiscard]] bool line_get_base64(const struct line_value *v, void *out, size_t len);
[[nodiscard]] bool line_unescape(struct str text, struct buf *out); /* appends */

/* Microseconds since 1970 of a "t". 0 when it is not one. */
uint64_t line_time_us(struct str time);

/* Elements of an array of strings or of [number, string] pairs: moves *at (start with 0). 1, 0 at the end,
 * -EBADMSG. */
[[nodiscard]] int line_next_string(struct str array, size_t *at, struct str *out_escaped);
[[nodiscard]] int line_next_pair(struct str array, size_t *at, uint64_t *out_number, struct str *out_escaped);
