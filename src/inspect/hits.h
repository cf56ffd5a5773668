/* What the engines found in the texts of one stanza, before anybody asked whose texts they are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/texts.h"
#include "rule/rule_set.h"

enum {
	HITS_MAX = 4096,
	REPORTS_MAX = 256,
};

struct hit {
	uint32_t rule; /* index in the rule set */
	uint32_t part;
	uint32_t at, end; /* in the folded part; at == end: only the end is known */
	enum view view;
	struct str detail; /* lives as long as the set */
};

/* An expression seen somewhere in a part, still to be looked at in that part alone (expressions.c). */
struct report {
	uint32_t expression, part;
};

struct hits {
	struct hit *list; /* room for HITS_MAX */
	size_t count;
	bool overflow;  /* a hit was lost: nothing may be lifted any more */
	bool keep_all;  /* some rule allows: every hit counts, not only the first of a rule */
	uint32_t *seen; /* a rule's stamp equals `stamp` once it has a hit */
	uint32_t stamp;
	size_t seen_room;
	const struct rule_set *rules;
	uint8_t *marks; /* of each expression: its sets of literals that the texts have (expressions.h) */
	size_t marks_room;
	bool marked; /* an expression has all of its sets */
	struct report reports[REPORTS_MAX];
	size_t report_count;
};

[[nodiscard]] int hits_init(struct hits *h); /* 0 or -ENOMEM */
void hits_done(struct hits *h);

/* Starts a stanza. 0 or -ENOMEM (a set with more rules or expressions than before). */
[[nodiscard]] int hits_reset(
	struct hits *h, const struct rule_set *rules, size_t expression_count, bool keep_all);

/* Whether a hit of this rule in a text of this kind would change anything. */
[[nodiscard]] bool hits_wants(const struct hits *h, uint32_t rule, enum text_kind kind);
void hits_add(struct hits *h, const struct hit *hit);
