/* One rule as written in DIR/policy/rules/NAME.yaml. docs of the file format: rules/README.md.
 * Everything lives in the rule set's arena and is immutable once loaded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "rule/kind.h"
#include "rule/verdict.h"
#include "rule/who.h"

enum rule_type {
	RULE_CONTENT, /* decides on what a text contains (stage inspect) */
	RULE_WALL,    /* decides on who talks to whom (stage policy) */
	RULE_NAMESPACE, /* decides on which extensions they use (stage policy) */
	RULE_TYPE_COUNT,
};

enum detector {
	DETECTOR_PAYMENT_CARD, /* "payment-card": 13 to 19 digits, Luhn, issuer ranges */
	DETECTOR_COUNT,
};

/* One word or phrase. `open_*`: written with a `*` at that end, so that letters may go on there. */
struct rule_word {
	struct str text;   /* without the asterisks, as written */
	struct str source; /* "profanity", "profanity/mild"; empty for words in the rule itself */
	unsigned line;     /* in its file */
	bool open_left, open_right;
};

struct rule_regex {
	struct str text;
	unsigned line, column; /* where it begins in the rule file */
	bool keep_case;        /* `case: exact` */
};

struct rule_sample {
	struct str text;
	enum text_kind kind;             /* content rules */
	enum wall_kind wall_kind;        /* walls */
	const struct subject *from, *to; /* NULL: anybody, for whom every side of a rule matches */
	bool hit;                        /* what is expected of this rule */
	unsigned line;
};

struct rule {
	struct str id;      /* [a-z0-9][a-z0-9-]*, unique in the set */
	struct str purpose; /* for people */
	struct str file;    /* relative to the policy directory */
	unsigned line;
	size_t index; /* place in rule_set_rule() */
	enum rule_type type;
	struct who from, to, not_from, not_to;
	bool both_ways;         /* walls: also from `to` to `from` */
	uint32_t kinds;         /* bits of enum text_kind */
	uint32_t wall_kinds;    /* bits of enum wall_kind */
	bool names_identifiers; /* `identifier` was named, not implied by `any` */
	enum action action;
	enum mode mode;
	const struct notice *notice;
	/* Of a campaign (type namespace): before `watch_us` there is no such rule, before `begin_us` it observes, and from `warn_us`
	 * on it tells whom it would stop. 0: no campaign; no such date. */
	uint64_t watch_us, warn_us, begin_us;
	struct str begin; /* as written */

	const struct rule_word *words; /* of `words` and `dictionary` together */
	size_t word_count;
	const struct rule_regex *regexes;
	size_t regex_count;
	uint32_t detectors; /* bits of enum detector */
	const struct str *namespaces; /* as written: the last character may be a '*' */
	size_t namespace_count;
	bool all_but;       /* `not_namespaces`: all others are meant */
	bool evasions;      /* words: also leet, spaced, repeated and masked spellings */

	const struct rule_sample *samples;
	size_t sample_count;
};

/* The rule's mode at this time. False: it has not begun. */
[[nodiscard]] bool rule_mode_at(const struct rule *r, uint64_t now_us, enum mode *out);

/* It will be enforced, is not yet, and people are to be told. */
[[nodiscard]] bool rule_warns_at(const struct rule *r, uint64_t now_us);

/* Whether the rule is about this pair. `to` NULL: the recipient is not one person (presence to all
 * subscribers, a roster name): every `to` matches and `not_to` does not exempt. `from` NULL alike, for
 * samples and tests. */
[[nodiscard]] bool rule_is_about(const struct rule *r, const struct subject *from, const struct subject *to);

extern const char *const detector_names[DETECTOR_COUNT];
