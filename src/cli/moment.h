/* Times as people write them on the command line. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/* Appends it as the control socket wants it (2026-11-22T15:00:00Z): such a time itself, a day (its beginning, UTC), or so
 * long before now ("30d"). False: it is none of these. */
[[nodiscard]] bool moment_put(struct buf *out, const char *text);

/* "3d", "12h", "90min", "10s" in seconds. False: it is none of these. */
[[nodiscard]] bool moment_span(const char *text, unsigned long long *out);
