/* A word about a program's name that the server has never heard: a rule or switch for it would reach nobody,
 * and look as if it were in force. */
#pragma once

#include "base/str.h"
#include "rule/client_set.h"

/* On standard error, with the name that is nearest. Patterns, "any", and what stands in the list that is
 * shipped or in the catalogue of `set` (NULL: none) are passed over. */
void product_hint(const struct client_set *set, struct str product);
