/* Bytes that are written once and shared: a serialised stanza on its way to several sessions and their queues.
 * Reference counted, immutable once made; references may be dropped on any thread. */
#pragma once

#include <stdint.h>

#include "base/str.h"

struct blob {
	_Atomic unsigned refs;
	_Atomic unsigned matter; /* what kind of thing it is (route/sluice.c), once somebody has looked; 0 before */
	uint32_t len;
	char data[];
};

[[nodiscard]] struct blob *blob_new(struct str bytes); /* one reference; NULL when memory is out */
struct blob *blob_ref(struct blob *b);
struct blob *blob_unref(struct blob *b); /* accepts NULL, returns NULL */

static inline struct str blob_view(const struct blob *b)
{
	return str_of(b->data, b->len);
}
