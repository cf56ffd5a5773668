/* The sides of a rule: which people it is about. In the file a list (or one word) of
 *   anyone | inside | outside | person:JID | group:NAME | domain:NAME
 * Immutable once loaded; shared between threads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "rule/subject.h"

enum who_kind {
	WHO_ANYONE,
	WHO_INSIDE,
	WHO_OUTSIDE,
	WHO_PERSON,
	WHO_GROUP,
	WHO_DOMAIN,
};

struct who_term {
	enum who_kind kind;
	struct str name; /* empty for the first three */
};

struct who {
	const struct who_term *terms;
	size_t count;
};

/* Whether the person is in the list. An empty list holds nobody. */
[[nodiscard]] bool who_has(const struct who *who, const struct subject *person);

/* Parses one term; `name` borrows from `text`. False when it is none of the forms above. */
[[nodiscard]] bool who_term_parse(struct str text, struct who_term *out);
