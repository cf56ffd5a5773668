/* The languages in which the server itself speaks to people. What it says stands in a table, a row a language in this order and
 * perhaps not down to the last; who asks for one that is not in it reads English. */
#pragma once

#include "base/str.h"

enum language {
	LANGUAGE_EN,
	LANGUAGE_DE,
	LANGUAGE_FR,
	LANGUAGE_ES,
	LANGUAGE_FI,
	LANGUAGES,
};

extern const struct str language_tags[LANGUAGES]; /* "en", .. */

/* By the primary subtag of a BCP 47 tag, which may be empty; one of the first `spoken`. */
enum language language_of(struct str tag, size_t spoken);
