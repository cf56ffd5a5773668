#include "rule/barrier.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "jid/jid.h"

const char *const barrier_names[BARRIER_LISTS] = {"blacklist", "whitelist"};

/* "name/resource"; without a resource: all of them. */
struct place {
	struct str name, resource;
};

struct barrier {
	_Atomic unsigned refs;
	struct str text[BARRIER_LISTS];
	struct place *places[BARRIER_LISTS]; /* by name */
	size_t count[BARRIER_LISTS];
	char bytes[];
};

struct barrier *barrier_ref(struct barrier *b)
{
	if (b)
		atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

struct barrier *barrier_unref(struct barrier *b)
{
	if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	for (int i = 0; i < BARRIER_LISTS; i++)
		free(b->places[i]);
	free(b);
	return NULL;
}

/* ---- making ---- */

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct place *)a)->name, ((const struct place *)b)->name);
}

static size_t lines_of(struct str text)
{
	size_t n = 0;

	for (size_t from = 0; from < text.len; from = str_find(text, '\n', from) + 1)
		n++;
	return n;
}

static int take_list(struct barrier *b, enum barrier_list list)
{
	struct str text = b->text[list];
	size_t n = lines_of(text), to;

	if (n > BARRIER_ENTRIES_MAX)
		return -E2BIG;
	b->places[list] = n ? malloc(n * sizeof(struct place)) : NULL;
	if (n && !b->places[list])
		return -ENOMEM;
	for (size_t from = 0; from < text.len; from = to + 1) {
		struct jid jid;

		to = str_find(text, '\n', from);
		jid = jid_split(str_cut(text, from, to));
		if (jid.bare.len)
			b->places[list][b->count[list]++] = (struct place){jid.bare, jid.resource};
	}
	if (n)
		qsort(b->places[list], b->count[list], sizeof(struct place), by_name);
	return 0;
}

int barrier_new(struct barrier **out, const struct str lists[BARRIER_LISTS])
{
	struct barrier *b = calloc(1, sizeof(*b) + lists[BARRIER_BLACK].len + lists[BARRIER_WHITE].len);
	size_t at = 0;
	int r = 0;

	if (!b)
		return -ENOMEM;
	atomic_init(&b->refs, 1);
	for (int i = 0; i < BARRIER_LISTS && r == 0; i++) {
		if (lists[i].len)
			memcpy(b->bytes + at, lists[i].data, lists[i].len);
		b->text[i] = str_of(b->bytes + at, lists[i].len);
		at += lists[i].len;
		r = take_list(b, (enum barrier_list)i);
	}
	if (r)
		barrier_unref(b);
	else
		*out = b;
	return r;
}

/* ---- asking ---- */

struct str barrier_text(const struct barrier *b, enum barrier_list list)
{
	return b ? b->text[list] : STR("");
}

static bool has_name(const struct barrier *b, enum barrier_list list, struct str name, struct str resource)
{
	size_t low = 0, high = b->count[list];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (str_cmp(b->places[list][middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < b->count[list] && str_eq(b->places[list][low].name, name); low++) {
		const struct place *p = &b->places[list][low];

		if (!p->resource.len || str_eq(p->resource, resource))
			return true;
	}
	return false;
}

/* The four forms of XEP-0016 2.1: "domain/resource" is that address alone, "domain" everybody at it. */
static bool names(const struct barrier *b, enum barrier_list list, const struct subject *s)
{
	return b->count[list] && (has_name(b, list, s->jid, s->resource) || has_name(b, list, s->domain, STR("")));
}

static bool is_kept_out(const struct barrier *b, const struct subject *s)
{
	return !s->inside && b->count[BARRIER_WHITE] && !names(b, BARRIER_WHITE, s);
}

enum barrier_list barrier_between(const struct barrier *b, const struct subject *from, const struct subject *to)
{
	if (!b)
		return BARRIER_LISTS;
	if (names(b, BARRIER_BLACK, from) || names(b, BARRIER_BLACK, to))
		return BARRIER_BLACK;
	return is_kept_out(b, from) || is_kept_out(b, to) ? BARRIER_WHITE : BARRIER_LISTS;
}

bool barrier_is_empty(const struct barrier *b)
{
	return !b || b->count[BARRIER_BLACK] + b->count[BARRIER_WHITE] == 0;
}

bool barrier_is_same(const struct barrier *a, const struct barrier *b)
{
	for (int i = 0; i < BARRIER_LISTS; i++)
		if (!str_eq(barrier_text(a, (enum barrier_list)i), barrier_text(b, (enum barrier_list)i)))
			return false;
	return true;
}
