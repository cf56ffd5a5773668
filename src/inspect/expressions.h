/* Finds regular expressions in the light view. Expressions are put into groups by what a text must have for
 * them (need.h); a group is scanned only when some part of the stanza has it. What a scan reports is looked
 * at again in that part alone, for its start, and because an expression must not match across two texts.
 *
 * Syntax is Hyperscan's (no back-references, no look-around), case ignored unless the rule says `case:
 * exact`; `^` and
 * `$` are line ends; `.` does not match a line feed. */
#pragma once

#include <hs/hs.h>

#include "inspect/hits.h"
#include "inspect/need.h"

enum expression_group {
	GROUP_DIGITS, /* at least so many digits */
	GROUP_AT,     /* an @ */
	GROUP_RUN,    /* at least so many bytes without white space */
	GROUP_TEXT,   /* always scanned */
	GROUP_COUNT,
};

struct expression {
	const struct rule_regex *regex;
	const struct rule *rule;
	struct need need;
	unsigned min_width; /* bytes */
	enum expression_group group;
};

struct expressions {
	struct expression *list;
	size_t count;
	struct {
		hs_database_t *db; /* NULL: no expression in it */
		unsigned least;    /* digits or run */
	} group[GROUP_COUNT];
};

/* Adds a problem for each expression that the engine cannot do, with what it says. 0, -EINVAL or -ENOMEM. */
[[nodiscard]] int expressions_init(
	struct expressions *e, const struct rule_set *rules, struct problems *problems);
void expressions_done(struct expressions *e);

/* Room in the scratch for every database. 0 or -ENOMEM. */
[[nodiscard]] int expressions_scratch(const struct expressions *e, hs_scratch_t **scratch);

/* Makes the light view if it is needed. `gated` false scans every group (for tests). */
[[nodiscard]] enum cannot_tell expressions_find(const struct expressions *e, hs_scratch_t *scratch,
	struct texts *texts, bool gated, struct hits *hits);
