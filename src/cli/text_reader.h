/* What the readers of other servers' files (Lua tables, Erlang terms) have in common: a place in a text, an arena for what is
 * read, and the first failure. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

struct reader {
	struct str text;
	size_t at;
	struct arena *arena;
	unsigned depth;
	int failed; /* 0, -EBADMSG or -ENOMEM */
};

/* What cannot be read. The first failure counts. Always false. */
static inline bool fail(struct reader *r)
{
	if (!r->failed)
		r->failed = -EBADMSG;
	return false;
}

static inline bool out_of_memory(struct reader *r)
{
	r->failed = -ENOMEM;
	return false;
}

/* The byte at the place; NUL behind the last. */
static inline char peek(const struct reader *r)
{
	return r->at < r->text.len ? r->text.data[r->at] : '\0';
}

/* A text in quotes, from the quote on; the place is then behind the other one. `escape` takes what stands behind a backslash and
 * writes what it means. `lines`: the text may go on in the next line. Views the file where nothing is escaped, else in the
 * arena. */
bool text_quoted(struct reader *r, bool (*escape)(struct reader *r, struct buf *out), bool lines, struct str *out);
