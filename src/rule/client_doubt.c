/* Names in rules about clients that are not wrong, and yet nothing goes by them: they are one letter away
 * from one that is known. */
#include "base/log.h"
#include "base/mechanism.h"
#include "client/os.h"
#include "client/products.h"
#include "conf/nearest.h"
#include "rule/client_reader.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool is_listed(const char *const *list, size_t len, struct str name)
{
	for (size_t i = 0; i < len; i++)
		if (str_eq_nocase(str_from(list[i]), name))
			return true;
	return false;
}

/* The shipped ones and the catalogue's, on the arena. */
static size_t products_of(const struct client_set *set, struct arena *arena, const char ***out)
{
	size_t approved = set ? set->product_count : 0, n = 0;
	const char **list = arena_alloc(arena, (client_products_count + approved) * sizeof(*list));

	for (size_t i = 0; list && i < client_products_count; i++)
		list[n++] = client_products[i].name;
	for (size_t i = 0; list && i < approved; i++) {
		struct str name = arena_printf(arena, "%.*s%c", STR_FMT(set->products[i].product), 0);

		if (name.data)
			list[n++] = name.data;
	}
	*out = list;
	return n;
}

bool client_product_is_known(
	const struct client_set *set, struct str product, struct arena *arena, const char **out_near)
{
	const char **list;
	size_t n = products_of(set, arena, &list);

	*out_near = NULL;
	if (str_find(product, '*', 0) < product.len || is_listed(list, n, product))
		return true;
	*out_near = nearest_word(product, list, n);
	return false;
}

static void doubt(const struct client_rule *r, const char *what, struct str name, const char *near,
	struct problems *warnings)
{
	if (near)
		problem_add(warnings, r->file, r->line, 0,
			"rule '%.*s': nothing is known by the %s '%s'; did you mean '%s'?", STR_FMT(r->id),
			what, LOG_STR(name), near);
}

static void doubt_listed(const struct client_rule *r, const char *what, const struct client_names *names,
	const char *const *list, size_t len, struct problems *warnings)
{
	for (size_t i = 0; i < names->count; i++) {
		struct str name = names->list[i];

		if (str_find(name, '*', 0) == name.len && !is_listed(list, len, name))
			doubt(r, what, name, nearest_word(name, list, len), warnings);
	}
}

void client_rule_doubt(const struct client_set *set, const struct client_rule *r, struct problems *warnings)
{
	const struct client_names *products = &r->match.products;
	const char *systems[OS_FAMILIES_MAX];

	for (size_t i = 0; i < products->count; i++) {
		const char *near;

		if (!client_product_is_known(set, products->list[i], warnings->arena, &near))
			doubt(r, "product", products->list[i], near, warnings);
	}
	doubt_listed(r, "system", &r->match.systems, systems, os_families(systems), warnings);
	doubt_listed(r, "mechanism", &r->match.mechanisms, mechanism_names, MECHANISMS, warnings);
}
