/* The escaping of section 2 of docs/record-format.md: what stands between the quotes of a string. */
#pragma once

#include "base/str.h"

enum {
	QUOTE_GROWTH = 6, /* bytes that one byte of a text becomes at most */
	QUOTE_SLACK = 16, /* bytes behind the text's end that may be written over */
};

/* Writes s escaped to `to`, which has room for s.len * QUOTE_GROWTH + QUOTE_SLACK bytes, and returns the end.
 * NULL: not UTF-8; a part is written then. */
[[nodiscard]] char *quote_into(char *to, struct str s);
