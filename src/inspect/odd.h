/* A quick look at folded text for anything loose.h should see: signs or digits between letters, three of a
 * letter in a row or two doubled ones close together, letters standing alone. May say yes too often, never no
 * too often. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
	ODD_SLACK = 64, /* bytes behind the text that may be read; white space up to there */
	ODD_WORD = 64,  /* bytes of text to a word of bits */
};

/* Sets the bit of each byte of folded texts, a line feed between them, where something odd begins: of several
 * letters the first. `bits` has a word for every ODD_WORD bytes and one more. False when no bit is set. */
[[nodiscard]] bool odd_mark(struct str folded, uint64_t *bits);

/* The first byte in [from, to) whose bit is set, or `to`. */
[[nodiscard]] size_t odd_next(const uint64_t *bits, size_t from, size_t to);
