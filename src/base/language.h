/* The languages in which the server itself speaks to people. What it says stands in one table (phrase.h); who asks for another
 * language reads English. */
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

/* By the primary subtag of a BCP 47 tag, which may be empty. */
enum language language_of(struct str tag);
