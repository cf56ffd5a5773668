/* What a text must have for an expression to match it: read off the expression, so that most texts are not
 * scanned for it. Every figure is a lower bound that holds for each possible match; what the reader does not
 * understand needs nothing. Sound for the syntax Hyperscan takes, without its extended-mode flag (then: needs
 * nothing). */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "inspect/literals.h"

enum {
	NEED_MAX = 4096, /* no figure is counted beyond this */
	NEED_SETS = 2,   /* of literals */
};

struct need {
	unsigned digits; /* ASCII digits */
	unsigned number; /* of these, in a row */
	unsigned run;    /* bytes in a row without ASCII white space */
	bool at;         /* an '@' */
	/* One of each set, in the word view; the rarer set first, NULL where none is known. A second one only
	 * where the first is of everyday words. */
	const struct literals *literals[NEED_SETS];
};

/* The literals live in the arena. */
struct need need_of(struct str regex, struct arena *arena);
