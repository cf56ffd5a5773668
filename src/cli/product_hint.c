#include "cli/product_hint.h"

#include <stdio.h>

#include "base/log.h"
#include "client/products.h"
#include "conf/nearest.h"

enum {
	NAMES_MAX = 1000,
};

struct names {
	const char *list[NAMES_MAX];
	char copies[CLIENT_PRODUCTS_MAX][64];
	size_t len, copied;
};

static bool is_known(const struct names *n, struct str product)
{
	for (size_t i = 0; i < n->len; i++)
		if (str_eq_nocase(str_from(n->list[i]), product))
			return true;
	return false;
}

static void gather(struct names *n, const struct client_set *set)
{
	const struct client_product *approved = NULL;
	size_t count = set ? client_set_products(set, &approved) : 0;

	for (size_t i = 0; i < client_products_count && n->len < NAMES_MAX; i++)
		n->list[n->len++] = client_products[i].name;
	for (size_t i = 0; i < count && n->len < NAMES_MAX && n->copied < CLIENT_PRODUCTS_MAX; i++) {
		char *copy = n->copies[n->copied++];

		snprintf(copy, sizeof(n->copies[0]), "%.*s", STR_FMT(approved[i].product));
		n->list[n->len++] = copy;
	}
}

void product_hint(const struct client_set *set, struct str product)
{
	static struct names names;
	const char *nearest;

	if (!product.len || str_is(product, "any") || str_find(product, '*', 0) < product.len)
		return;
	names.len = names.copied = 0;
	gather(&names, set);
	if (is_known(&names, product))
		return;
	nearest = nearest_word(product, names.list, names.len);
	fprintf(stderr,
		"gatehouse: note: no program is known to be called '%s'%s%s%s\n  next: 'gatehouse clients "
		"list' shows what people use\n",
		LOG_STR(product), nearest ? "; did you mean '" : "", nearest ? nearest : "",
		nearest ? "'?" : "");
}
