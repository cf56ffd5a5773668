/* A quick look at folded text for anything loose.h should see: signs or digits between letters, three of a
 * letter in a row or two doubled ones close together, letters standing alone. May say yes too often, never no
 * too often. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

[[nodiscard]] bool odd_text(struct str folded);
