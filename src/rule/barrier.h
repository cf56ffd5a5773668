/* Who may exchange anything with people here at all: the two lists that administrators keep with their clients (XEP-0133
 * 4.11, 4.12), beside the policy's walls. Entries are addresses of any form: a domain, a domain with a resource, an
 * account, one of its resources.
 *
 *   black: whoever is on it, inside or outside, exchanges nothing with anybody;
 *   white: while it has entries, only those of them exchange with people here who come from outside. Who is inside needs
 *          none.
 *
 * The black list goes before the white one. No door (rule/wall.h) opens what a list shuts. Immutable, counted with atomics,
 * shared by all loops; part of a policy_set. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "rule/subject.h"

enum {
	BARRIER_ENTRIES_MAX = 1000, /* of each list */
};

enum barrier_list { BARRIER_BLACK, BARRIER_WHITE, BARRIER_LISTS };

extern const char *const barrier_names[BARRIER_LISTS]; /* "blacklist", "whitelist" */

struct barrier;

/* From lists of canonical addresses, one a line; empty: no entries. Copies. 0, -ENOMEM, or -E2BIG. */
[[nodiscard]] int barrier_new(struct barrier **out, const struct str lists[BARRIER_LISTS]);

struct barrier *barrier_ref(struct barrier *b);   /* returns b; NULL is accepted: both lists are empty */
struct barrier *barrier_unref(struct barrier *b); /* returns NULL */

/* The list as it was given. */
struct str barrier_text(const struct barrier *b, enum barrier_list list);

/* The list that keeps the two apart; BARRIER_LISTS: none. */
[[nodiscard]] enum barrier_list barrier_between(
	const struct barrier *b, const struct subject *from, const struct subject *to);

[[nodiscard]] bool barrier_is_empty(const struct barrier *b);
[[nodiscard]] bool barrier_is_same(const struct barrier *a, const struct barrier *b);
