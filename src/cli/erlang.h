/* Terms of Erlang as text, as `ejabberdctl dump` writes tables: `{record,<<"key">>,...}.` after each other. Values only:
 * nothing is run. All lives in the arena; texts without escapes are views into the text. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

enum erlang_kind {
	ERLANG_ATOM,
	ERLANG_INTEGER,
	ERLANG_FLOAT, /* also an integer beyond 64 bits */
	ERLANG_BINARY,
	ERLANG_STRING, /* a list of characters, written as text */
	ERLANG_TUPLE,
	ERLANG_LIST,
	ERLANG_MAP,   /* items: key, value, key, value ... */
	ERLANG_OTHER, /* a process, a reference, a function, a binary that ends within a byte */
};

struct erlang {
	enum erlang_kind kind;
	int64_t integer;
	double number;
	struct str text;      /* of atoms, binaries and strings */
	struct erlang *items; /* the first */
	struct erlang *next;  /* among the items it stands with */
	size_t len;           /* items */
};

enum {
	ERLANG_DEPTH = 250,
};

/* The next term behind *at, up to the dot that ends it. 1: *out is one; 0: nothing is left; -EBADMSG: this is no such text
 * (*at is where); -ENOMEM. */
[[nodiscard]] int erlang_next(struct str text, size_t *at, struct arena *arena, struct erlang *out);

/* Item `i` of a tuple or list; NULL: it has none, or is neither. `v` may be NULL in all of these. */
const struct erlang *erlang_item(const struct erlang *v, size_t i);
bool erlang_is(const struct erlang *v, const char *atom);
/* Of a binary or string, else STR_NONE. */
struct str erlang_text(const struct erlang *v);
/* The value of {name, value} in a list; NULL: none. */
const struct erlang *erlang_property(const struct erlang *list, const char *name);
