/* Finds regular expressions in the light view. Each expression says what a text must have for it (need.h):
 * literals, which the scan for words looks for as well, digits, an @, a run of bytes. Expressions with alike
 * needs are compiled together, in bundles; a bundle is looked for only in the texts that have what one of its
 * expressions needs, so that an ordinary text is scanned for few or none. What a scan reports is looked at
 * again in that part alone, for its start, and because an expression must not match across two texts.
 *
 * Syntax is Hyperscan's (no back-references, no look-around), case ignored unless the rule says `case:
 * exact`; `^` and `$` are line ends; `.` does not match a line feed. */
#pragma once

#include <hs/hs.h>

#include "inspect/hits.h"
#include "inspect/need.h"

enum {
	BUNDLE_MAX = 8, /* expressions in a bundle that has a need: as many as hits.marks has bits */
};

enum expression_group {
	GROUP_LITERAL, /* one of its literals */
	GROUP_DIGITS,  /* at least so many digits */
	GROUP_AT,      /* an @ */
	GROUP_RUN,     /* at least so many bytes without white space */
	GROUP_TEXT,    /* always scanned */
};

struct expression {
	const struct rule_regex *regex;
	const struct rule *rule;
	struct need need;
	unsigned min_width; /* bytes */
	enum expression_group group;
	uint32_t bundle;
};

/* Expressions beside each other in the list. */
struct bundle {
	hs_database_t *db;
	uint32_t first, count;
	enum expression_group group;
	unsigned digits; /* least that one of them needs */
};

/* A literal and an expression that needs it. Sorted by text: keys with the same text follow each other. */
struct key {
	struct str text;
	uint32_t expression;
};

struct expressions {
	struct expression *list; /* by group, then by how much they need */
	size_t count;
	struct bundle *bundles;
	size_t bundle_count;
	struct key *keys;
	size_t key_count;
};

/* Adds a problem for each expression that the engine cannot do, with what it says. Literals live in the
 * arena. 0, -EINVAL or -ENOMEM. */
[[nodiscard]] int expressions_init(
	struct expressions *e, const struct rule_set *rules, struct arena *arena, struct problems *problems);
void expressions_done(struct expressions *e);

/* Room in the scratch for every database. 0 or -ENOMEM. */
[[nodiscard]] int expressions_scratch(const struct expressions *e, hs_scratch_t **scratch);

/* The literal of this key, and so of those behind it with the same text, is in the word view. */
void expressions_mark(const struct expressions *e, size_t key, struct hits *hits);

/* After the scan for words. Makes the light view if it is needed. `gated` false scans every bundle (for
 * tests). */
[[nodiscard]] enum cannot_tell expressions_find(const struct expressions *e, hs_scratch_t *scratch,
	struct texts *texts, bool gated, struct hits *hits);
