#include "cli/product_hint.h"

#include <stdio.h>

#include "base/log.h"

void product_hint(const struct client_set *set, struct str product)
{
	struct arena *arena = arena_new(0);
	const char *near;

	if (arena && product.len && !str_is(product, "any") &&
		!client_product_is_known(set, product, arena, &near))
		fprintf(stderr,
			"gatehouse: note: no program is known to be called '%s'%s%s%s\n  next: 'gatehouse "
			"clients list' shows what people "
			"use\n",
			LOG_STR(product), near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	arena_free(arena);
}
