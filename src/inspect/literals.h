/* Sets of literals, for need.c: what every match of an expression contains at least one of. Literals are
 * ASCII as fold_word() leaves it: small letters, one space for several. Immutable; each lives in the arena
 * given. NULL is the set about which nothing is known, which functions take and return. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum {
	LITERALS_MAX = 96,  /* in a set */
	LITERAL_BYTES = 32, /* of the longest */
	LITERAL_LEAST = 3,  /* shorter ones are in too many texts to be of use */
};

struct literals {
	size_t count, least; /* least: bytes of the shortest */
	struct str list[];
};

extern const struct literals literals_empty; /* the empty text alone */

/* One of these characters, folded and each once; NULL when one of them is not among what a literal holds. */
const struct literals *literals_of_chars(struct arena *arena, struct str chars);

/* Each of a with each of b behind it, or NULL when that is too much. */
const struct literals *literals_then(struct arena *arena, const struct literals *a, const struct literals *b);

/* All of both, or NULL. */
const struct literals *literals_or(struct arena *arena, const struct literals *a, const struct literals *b);

/* Without those that contain another one: whoever contains them contains that. */
const struct literals *literals_reduce(struct arena *arena, const struct literals *a);

/* Whichever is likely to be in fewer texts. */
const struct literals *literals_rarer(const struct literals *a, const struct literals *b);

/* Whether few ordinary texts have one of them: long, or not many. */
bool literals_are_rare(const struct literals *a);

/* A copy with its texts. */
const struct literals *literals_dup(struct arena *arena, const struct literals *a);
