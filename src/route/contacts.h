/* A roster as it stays in memory: the contacts packed one behind the other in one block, and a small table that says where
 * each is. With fifty contacts that is one and a half kilobytes, and no block of memory for each.
 *
 * A contact is looked at through a struct contact, whose strings are views of the block: until the next change. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum {
	GROUPS_BETWEEN = '\x1f', /* no XML can hold it */
};

/* One item, or (hidden) a mere request of somebody. */
struct contact {
	struct str jid, name;
	struct str groups;     /* names, each once, GROUPS_BETWEEN between them: list_next() */
	struct str pending_in; /* "seq time id\n" and the request's XML without `to`; empty: none waits */
	uint8_t state;         /* SUB_ bits (user.h) */
	bool approved;         /* pre-approved, RFC 6121 3.4 */
	bool hidden;           /* not part of the roster that clients see */
};

struct contacts_slot;

/* Zeroed: no contact. */
struct contacts {
	char *bytes;
	struct contacts_slot *slots;
	uint32_t len, cap;  /* of bytes */
	uint32_t dead;      /* of len: what has been replaced or dropped */
	uint32_t count;     /* contacts */
	uint32_t hidden;    /* of them */
	uint32_t slots_cap; /* power of two, or 0 */
};

void contacts_done(struct contacts *c);

/* Bytes that the contact needs; of its strings only the lengths are looked at. */
size_t contact_size(const struct contact *like);
/* Makes room for so many more at once. 0 or -ENOMEM. */
[[nodiscard]] int contacts_reserve(struct contacts *c, size_t count, size_t bytes);

/* False: there is none; *out is as it was. `out` may be NULL. */
bool contacts_find(const struct contacts *c, struct str jid, struct contact *out);
/* Adds or replaces. The strings of `like` are copied and may be views of this block; *out (may be NULL) is the contact as it
 * is then. 0 or -ENOMEM. */
[[nodiscard]] int contacts_set(struct contacts *c, const struct contact *like, struct contact *out);
void contacts_drop(struct contacts *c, struct str jid);

/* for (uint32_t at = 0; contacts_next(&c, &at, &one);) ... ; no change meanwhile. In the order in which they were put. */
bool contacts_next(const struct contacts *c, uint32_t *at, struct contact *out);
