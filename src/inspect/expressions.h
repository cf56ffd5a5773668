/* Finds regular expressions in the narrow view, those that name characters beyond ASCII in the light view.
 * Each expression says what a text must have for it (need.h): literals, which the scan for words looks for as
 * well, digits, an @, a run of bytes. Each is compiled alone and looked for only in the texts that have what
 * it needs, so that an ordinary text is scanned for few or none; those that need nothing are compiled and
 * looked for together. What such a scan reports is looked at again in its part alone, for its start, and
 * because an expression must not match across two texts.
 *
 * Syntax is Hyperscan's (no back-references, no look-around), case ignored unless the rule says `case:
 * exact`; `^` and `$` are line ends; `.` does not match a line feed. */
#pragma once

#include <hs/hs.h>

#include "inspect/hits.h"
#include "inspect/need.h"

enum expression_group {
	GROUP_LITERAL, /* one of each of its sets of literals */
	GROUP_DIGITS,  /* at least so many digits */
	GROUP_AT,      /* an @ */
	GROUP_RUN,     /* at least so many bytes without white space */
	GROUP_TEXT,    /* always scanned */
	GROUP_COUNT,
};

struct expression {
	const struct rule_regex *regex;
	const struct rule *rule;
	struct need need;
	unsigned min_width; /* bytes */
	enum expression_group group;
	bool wide;     /* matches UTF-8, in the light view; else bytes, in the narrow view */
	uint8_t marks; /* a bit for each of its sets of literals */
	uint32_t bundle;
};

/* What one scan looks for: expressions beside each other in the list. */
struct bundle {
	hs_database_t *db;
	uint32_t first, count;
	enum view view;
};

/* A literal and an expression that needs it. Sorted by text: keys with the same text follow each other. */
struct key {
	struct str text;
	uint32_t expression;
	uint8_t mark; /* the bit of its set */
};

struct expressions {
	struct expression *list; /* by group, then by how much they need */
	size_t count;
	struct bundle *bundles; /* in the order of the list */
	size_t bundle_count;
	size_t groups[GROUP_COUNT + 1]; /* the first bundle of each group */
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

/* After the scan for words. Makes the views that are needed. `gated` false scans every bundle (for
 * tests). */
[[nodiscard]] enum cannot_tell expressions_find(const struct expressions *e, hs_scratch_t *scratch,
	struct texts *texts, bool gated, struct hits *hits);
