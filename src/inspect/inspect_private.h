/* For check.c, tests and measurements: what the engines find, before people are asked about. */
#pragma once

#include "inspect/hits.h"
#include "inspect/inspect.h"

/* Runs the engines over one text. `gated` false: every expression is tried on it, needed or not, and
 * every odd place is read around. *out belongs
 * to the scratch and is good until its next use. */
[[nodiscard]] enum cannot_tell inspect_find(const struct inspect_set *set, struct inspect_scratch *scratch,
	enum text_kind kind, struct str text, bool gated, const struct hits **out);

/* A hit of the last search as a finding; strings belong to the set. */
struct finding inspect_finding(
	const struct inspect_set *set, const struct inspect_scratch *scratch, const struct hit *hit);
