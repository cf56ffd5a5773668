/* Payment card numbers: 13 to 19 digits, as one run or in groups with one space, dash or dot between them, of
 * a known issuer at one of its lengths (ISO/IEC 7812 ranges), with a right check digit (Luhn), standing apart
 * from other digits and letters. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum {
	CARD_DIGITS_MIN = 13,
	CARD_DIGITS_MAX = 19,
};

struct card {
	size_t at, end;
	const char *issuer; /* "visa", "mastercard", ... */
};

/* The first card at or behind `from` in lightly folded text. */
[[nodiscard]] bool card_find(struct str text, size_t from, struct card *out);
