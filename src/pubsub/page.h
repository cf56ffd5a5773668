/* A page of a list (XEP-0059), for lists that are at hand whole: read from <set/>, cut, described in the answer. Pure. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "stanza/node.h"

struct page {
	bool asked; /* else all */
	bool has_index, backwards;
	bool sorted; /* the caller's: the entries are in page_order(), so one that is gone still has a place */
	size_t max, index;
	struct str after, before; /* views of the stanza; empty: none */
};

/* `set` NULL: not asked. False: it cannot be understood. */
[[nodiscard]] bool page_read(struct page *out, const struct node *set);
/* Which of the entries: [*from, *to). False: one that is named is not among them, and they are not sorted
 * (item-not-found). */
[[nodiscard]] bool page_cut(const struct page *p, const struct str *ids, size_t len, size_t *from, size_t *to);
/* For qsort(): ids, or rows that begin with one. */
int page_order(const void *a, const void *b);
/* <set/> of the answer. */
void page_put(struct buf *out, const struct str *ids, size_t len, size_t from, size_t to);
