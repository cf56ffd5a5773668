/* Who is in which group: an index over the directory, kept by it. Private to src/account; directory.h has the calls.
 * Thread-safe. Holds no references: the directory takes a person out before it lets go of him. */
#pragma once

#include "account/directory.h"

struct groups;

struct groups *groups_new(void); /* NULL: memory is out */
struct groups *groups_free(struct groups *g); /* accepts NULL, returns NULL */

/* The person is in all of his groups, or in none any more. On -ENOMEM he is missing in some. */
[[nodiscard]] int groups_add(struct groups *g, const struct person *p);
void groups_remove(struct groups *g, const struct person *p);

void groups_each(struct groups *g, struct str group, bool (*each)(const struct person *p, void *owner), void *owner);
uint64_t groups_sum(struct groups *g, struct str group);
