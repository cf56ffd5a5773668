/* Finds words and phrases: one pass over the word view for all of them, then a look at both ends, because a
 * word inside another is not that word. The same pass looks for the literals that expressions need. The scan
 * is Hyperscan's, of literals; word boundaries are ours (fold.h), so that they hold in every script. */
#pragma once

#include <hs/hs.h>

#include "inspect/expressions.h"
#include "inspect/hits.h"
#include "inspect/lexicon.h"

struct words {
	const struct lexicon *lexicon;
	const struct expressions *expressions;
	hs_database_t *db; /* NULL without words and literals */
};

/* 0, -EINVAL (a problem says why) or -ENOMEM. */
[[nodiscard]] int words_init(struct words *w, const struct lexicon *lexicon,
	const struct expressions *expressions, struct problems *problems);
void words_done(struct words *w);

/* The view must be folded. CANNOT_TELL_ENGINE when the scan failed. */
[[nodiscard]] enum cannot_tell words_find(
	const struct words *w, hs_scratch_t *scratch, const struct texts *texts, struct hits *hits);

/* Adds a hit of each owner of the word that wants it at [at, end) of the part's word view; `evasive`: spelled
 * so that only owners with evasions look for it. */
void word_hit(const struct lexicon_word *word, const struct texts *texts, size_t part, size_t at, size_t end,
	bool evasive, struct hits *hits);
