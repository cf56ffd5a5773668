/* What was read, put in order for deciding, and handed out for lists. */
#include "rule/client_set.h"

#include <errno.h>
#include <stdlib.h>

#include "rule/client_reader.h"
#include "rule/rule_set.h"

const char *const client_rank_names[CLIENT_RANKS] = {"default", "ordinary", "emergency"};
const char *const client_limit_names[6] = {"speak", "files", "outside", "history", "hear", "account"};
const char *const patch_action_names[2] = {"strip", "refuse"};

const struct client_set *client_set_of(const struct policy_set *policy)
{
	return policy ? rule_set_clients(policy_set_rules(policy)) : NULL;
}

struct client_set *client_set_new(struct arena *arena)
{
	struct client_set *set = arena_zalloc(arena, sizeof(*set));

	if (!set)
		return NULL;
	map_init(&set->ids);
	map_init(&set->by_product);
	map_init(&set->approved);
	map_init(&set->hashes);
	return set;
}

void client_set_free(struct client_set *set)
{
	if (!set)
		return;
	map_done(&set->ids);
	map_done(&set->by_product);
	map_done(&set->approved);
	map_done(&set->hashes);
}

/* ---- indexes ---- */

static int bucket_add(struct client_bucket *b, const struct client_rule *r, struct arena *arena)
{
	if (b->count && b->rules[b->count - 1] == r)
		return 0; /* the same product twice in one list */
	if (b->count == b->room) {
		size_t room = b->room ? b->room * 2 : 4;
		const struct client_rule **rules = arena_alloc(arena, room * sizeof(*rules));

		if (!rules)
			return -ENOMEM;
		if (b->count)
			memcpy(rules, b->rules, b->count * sizeof(*rules));
		b->rules = rules;
		b->room = room;
	}
	b->rules[b->count++] = r;
	return 0;
}

static int product_index(struct client_set *set, struct str product, const struct client_rule *r, struct arena *arena)
{
	struct client_bucket *b = client_map_get(&set->by_product, product);
	struct str key;
	int ret;

	if (b)
		return bucket_add(b, r, arena);
	b = arena_zalloc(arena, sizeof(*b));
	key = client_small(arena, product);
	if (!b || !key.data)
		return -ENOMEM;
	ret = map_put(&set->by_product, key, b);
	return ret ? ret : bucket_add(b, r, arena);
}

static bool is_plain(const struct client_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (str_find(names->list[i], '*', 0) < names->list[i].len)
			return false;
	return names->count > 0;
}

static int rule_index(struct client_set *set, const struct client_rule *r, struct arena *arena)
{
	int ret = 0;

	if (!is_plain(&r->match.products))
		return bucket_add(&set->general, r, arena);
	for (size_t i = 0; i < r->match.products.count && ret == 0; i++)
		ret = product_index(set, r->match.products.list[i], r, arena);
	return ret;
}

static int product_enter(struct client_set *set, const struct client_product *p, struct arena *arena)
{
	struct str key = client_small(arena, p->product);
	int ret = key.data ? 0 : -ENOMEM;

	if (ret == 0 && !map_get(&set->approved, key))
		ret = map_put(&set->approved, key, (void *)(uintptr_t)p);
	for (size_t i = 0; i < p->hash_count && ret == 0; i++) {
		struct client_hash *h = &p->hashes[i];

		h->product = p; /* entries have moved while they were read */
		ret = map_put(&set->hashes, h->hash, h);
	}
	return ret;
}

static void date_add(struct client_set *set, uint64_t date)
{
	if (date)
		set->dates[set->date_count++] = date;
}

static int dates_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int dates_gather(struct client_set *set, struct arena *arena)
{
	size_t most = set->count * 4 + set->patch_count;

	for (size_t i = 0; i < set->count; i++)
		most += set->rules[i].exception_count;
	set->dates = arena_alloc(arena, (most + 1) * sizeof(*set->dates));
	if (!set->dates)
		return -ENOMEM;
	for (size_t i = 0; i < set->count; i++) {
		const struct client_rule *r = &set->rules[i];

		date_add(set, r->campaign.notice_us);
		date_add(set, r->campaign.warn_us);
		date_add(set, r->campaign.deny_us);
		date_add(set, r->expires_us);
		for (size_t e = 0; e < r->exception_count; e++)
			date_add(set, r->exceptions[e].until_us);
	}
	for (size_t i = 0; i < set->patch_count; i++)
		date_add(set, set->patches[i].expires_us);
	qsort(set->dates, set->date_count, sizeof(*set->dates), dates_compare);
	return 0;
}

int client_set_settle(struct client_set *set, struct arena *arena)
{
	int ret = 0;

	for (size_t i = 0; i < set->product_count && ret == 0; i++)
		ret = product_enter(set, &set->products[i], arena);
	for (size_t i = 0; i < set->count && ret == 0; i++) {
		ret = rule_index(set, &set->rules[i], arena);
		set->sample_count += set->rules[i].sample_count;
	}
	return ret ? ret : dates_gather(set, arena);
}

struct str client_minimum(const struct client_set *set, struct str product, struct str os)
{
	const struct client_product *p;

	for (size_t i = 0; i < set->baseline_count && product.len; i++)
		if (str_eq_nocase(set->baselines[i].product, product))
			return set->baselines[i].minimum;
	p = client_product_find(set, product, os);
	return p ? p->minimum : STR_NONE;
}

/* ---- lists ---- */

size_t client_set_rules(const struct client_set *set, const struct client_rule **out)
{
	*out = set ? set->rules : NULL;
	return set ? set->count : 0;
}

const struct client_rule *client_set_rule(const struct client_set *set, struct str id)
{
	for (size_t i = 0; set && i < set->count; i++)
		if (str_eq(set->rules[i].id, id))
			return &set->rules[i];
	return NULL;
}

size_t client_set_patches(const struct client_set *set, const struct client_patch **out)
{
	*out = set ? set->patches : NULL;
	return set ? set->patch_count : 0;
}

size_t client_set_products(const struct client_set *set, const struct client_product **out)
{
	*out = set ? set->products : NULL;
	return set ? set->product_count : 0;
}

struct str client_set_help(const struct client_set *set)
{
	return set ? set->help : STR_NONE;
}

size_t client_set_advisories(const struct client_set *set, const struct client_advisory **out)
{
	*out = set ? set->advisories : NULL;
	return set ? set->advisory_count : 0;
}
