/* The languages in which the server itself speaks to people. What it says stands in one table (phrase.h); who asks for another
 * language reads English. */
#pragma once

#include <stdbool.h>

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

/* Is it well-formed (RFC 5646 section 2.1)? Languages have two or three letters: longer ones are reserved, and none has been
 * registered; so a language's name ("german") is none. */
[[nodiscard]] bool language_is_tag(struct str tag);
/* Does the server speak it? */
[[nodiscard]] bool language_is_spoken(struct str tag);
