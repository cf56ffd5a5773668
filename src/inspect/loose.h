/* Words spelled so as to slip past a dictionary, for the words whose rule says `evasions: true`: digits and
 * signs for letters (b1u3b1rd), letters apart (b l u e, b.l.u.e), letters repeated (bluuuue), letters hidden
 * (bl*e). Works on the word view, so look-alikes and accents are gone already. Only pieces of text that have
 * something of the kind are looked at; each is one word as a whole, or nothing: parts of words are not
 * guessed at. Immutable. */
#pragma once

#include "base/arena.h"
#include "inspect/hits.h"
#include "inspect/lexicon.h"

struct loose;

/* NULL in *out when no word wants it. Everything lives in the arena. 0 or -ENOMEM. */
[[nodiscard]] int loose_new(struct loose **out, const struct lexicon *lexicon, struct arena *arena);

/* The word view must be folded. `l` may be NULL. `gated` false reads around
 * every odd place, also where no word can begin (for tests). Memory for
 * marks may be out: texts->failed says so. */
void loose_find(const struct loose *l, struct texts *texts, bool gated, struct hits *hits);
