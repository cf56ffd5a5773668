/* All words of all rules, folded, each once: what words.h scans for and loose.h guesses at. Immutable. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "rule/rule_set.h"

/* A rule that wants the word, and how. */
struct lexicon_owner {
	struct lexicon_owner *next;
	uint32_t rule;
	bool open_left, open_right; /* letters may go on at that end */
	bool evasions;
	bool swapped; /* the text is the word with two neighbouring letters exchanged, for a rule with
			 evasions */
	bool native; /* of an alphabet whose letters fold to Latin look-alikes: found only where it is spelled
			so */
	struct str source; /* dictionary and category; empty for a rule's own words */
};

struct lexicon_word {
	struct str text; /* folded, not empty */
	struct lexicon_owner *owners;
};

struct lexicon {
	struct lexicon_word *words;
	size_t count;
	size_t evasive; /* how many have an owner with evasions */
};

/* Everything lives in the arena. A word that folds to nothing (only ignorable characters) is a problem. 0,
 * -EINVAL or -ENOMEM. */
[[nodiscard]] int lexicon_new(
	struct lexicon **out, const struct rule_set *rules, struct arena *arena, struct problems *problems);

/* Whether the byte begins a character of Greek, Cyrillic or Armenian (U+0340 to U+05BF). */
static inline bool lexicon_is_native(char byte)
{
	return (uint8_t)byte >= 0xcd && (uint8_t)byte <= 0xd6;
}
