/* A quick look at folded text for anything loose.h should see: signs or digits between letters, three of a
 * letter in a row or two doubled ones close together, letters standing alone. May say yes too often, never no
 * too often. */
#pragma once

#include <stddef.h>

#include "base/str.h"

/* The first odd place at or behind `from`, which is the start of the text or white space; folded.len when
 * there is none. Of several letters it is the first. */
[[nodiscard]] size_t odd_next(struct str folded, size_t from);
