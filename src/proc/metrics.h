/* The figures of `status` under the names that Prometheus reads: one table of what each is called, where it stands in the
 * status and what it means. docs/metrics.md is its list; a test holds the two together. */
#pragma once

#include <jansson.h>

#include "base/buf.h"

/* The whole text of one scrape (text format 0.0.4). What the status lacks is left out; without a status `up` is 0. */
void metrics_put(struct buf *out, const json_t *status);
