/* The word somebody meant: for error texts that end in "did you mean ...?". */
#pragma once

#include <stddef.h>

#include "base/str.h"

/* Optimal string alignment distance (insert, delete, replace, swap of neighbours), ASCII case ignored.
 * Words longer than 63 bytes are compared by their first 63. */
unsigned nearest_distance(struct str a, struct str b);

/* The word of words[0..n) nearest to `found`, or NULL when none is near enough to be what was meant. */
const char *nearest_word(struct str found, const char *const *words, size_t n);
