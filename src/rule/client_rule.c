/* Decides about one client, by the order that the header gives. */
#include "rule/client_rule.h"

#include "rule/client_reader.h"
#include "rule/client_set.h"

const char *const client_effect_names[CLIENT_EFFECTS] = {"allow", "advise", "warn", "restrict", "deny"};

enum client_effect client_rule_stage(const struct client_rule *r, uint64_t now_us)
{
	const struct client_campaign *c = &r->campaign;

	if (r->expires_us && now_us >= r->expires_us)
		return CLIENT_ALLOW;
	if (!r->dated || now_us >= c->deny_us)
		return r->effect;
	if (c->warn_us && now_us >= c->warn_us)
		return CLIENT_WARN;
	return c->notice_us && now_us >= c->notice_us ? CLIENT_ADVISE : CLIENT_ALLOW;
}

static bool is_excepted(const struct client_rule *r, const struct subject *person, uint64_t now_us)
{
	for (size_t i = 0; i < r->exception_count; i++)
		if (now_us < r->exceptions[i].until_us && who_has(&r->exceptions[i].who, person))
			return true;
	return false;
}

static bool is_about(const struct who *from, const struct who *not_from, const struct subject *person)
{
	return !person || (who_has(from, person) && !who_has(not_from, person));
}

static bool fits(const struct client_rule *r, const struct client_view *v)
{
	return v->c->early && r->effect == CLIENT_ALLOW ? client_match_may_hold(&r->match, v) : client_match_holds(&r->match, v);
}

static bool applies(const struct client_rule *r, const struct client_view *v)
{
	const struct client_case *c = v->c;

	if (r->expires_us && c->now_us >= r->expires_us)
		return false;
	if (!is_about(&r->from, &r->not_from, c->person) || !fits(r, v))
		return false;
	if (c->person && !c->unexcepted && is_excepted(r, c->person, c->now_us))
		return false;
	return r->effect == CLIENT_ALLOW || client_rule_stage(r, c->now_us) != CLIENT_ALLOW;
}

bool client_rule_applies(const struct client_set *set, const struct client_rule *r, const struct client_case *c)
{
	struct client_view v;

	client_view_make(set, c, &v);
	return applies(r, &v);
}

/* What stands strongest among the rules of one rank and mode. */
struct heap {
	const struct client_rule *best;
	enum client_effect effect;
	unsigned limits;
};

struct tally {
	const struct client_view *view;
	struct heap heaps[MODE_COUNT][CLIENT_RANKS];
	const struct client_rule *opens[CLIENT_RANKS]; /* an enforced rule that allows, the one of the smallest id */
};

static void tally_rule(struct tally *t, const struct client_rule *r)
{
	struct heap *h = &t->heaps[r->mode][r->rank];
	enum client_effect effect;

	if (!applies(r, t->view))
		return;
	if (r->effect == CLIENT_ALLOW) {
		if (r->mode == MODE_ENFORCE && (!t->opens[r->rank] || str_cmp(r->id, t->opens[r->rank]->id) < 0))
			t->opens[r->rank] = r;
		return;
	}
	effect = client_rule_stage(r, t->view->c->now_us);
	if (effect == CLIENT_RESTRICT)
		h->limits |= r->limits;
	if (!h->best || effect > h->effect || (effect == h->effect && str_cmp(r->id, h->best->id) < 0)) {
		h->best = r;
		h->effect = effect;
	}
}

static void tally_bucket(struct tally *t, const struct client_bucket *b)
{
	for (size_t i = 0; b && i < b->count; i++)
		tally_rule(t, b->rules[i]);
}

/* Early, one that allows counts though the product is not known. */
static void tally_all(struct tally *t, const struct client_set *set)
{
	const struct client_rule *rules;
	size_t n = client_set_rules(set, &rules);

	for (size_t i = 0; i < n; i++)
		tally_rule(t, &rules[i]);
}

/* The heaps of one mode together, above the ranks that are lifted. */
static struct heap tally_sum(const struct tally *t, enum mode mode)
{
	struct heap sum = {};

	for (int rank = CLIENT_RANKS - 1; rank >= 0 && !t->opens[rank]; rank--) {
		const struct heap *h = &t->heaps[mode][rank];

		sum.limits |= h->limits;
		if (h->best && (!sum.best || h->effect > sum.effect)) {
			sum.best = h->best;
			sum.effect = h->effect;
		}
	}
	return sum;
}

static struct str link_of(const struct client_set *set, const struct client_rule *r, const struct client_view *v)
{
	const struct client_product *p;

	if (r->link.len || !v->judged)
		return r->link;
	p = client_product_find(set, v->product, v->c->client->os);
	return p ? p->link : STR_NONE;
}

/* What is retired: not the program, but how it logs in. */
static struct str way_of(const struct client_match *m, const struct client_case *c)
{
	if (m->products.count || m->versions)
		return STR_NONE;
	if (m->mechanisms.count)
		return c->mechanism;
	return m->tls.count ? str_cut(c->tls, 0, str_find(c->tls, ' ', 0)) : STR_NONE;
}

static void put_decided(const struct client_set *set, const struct heap *sum, const struct client_view *v,
	struct client_decision *out)
{
	const struct client_rule *r = sum->best;

	out->effect = sum->effect;
	out->limits = sum->effect == CLIENT_RESTRICT ? sum->limits : 0;
	out->rule = r->id;
	out->notice = r->notice;
	out->reason = r->reason;
	out->reference = r->reference;
	out->link = link_of(set, r, v);
	out->way = way_of(&r->match, v->c);
	out->help = r->help.len ? r->help : set->help.len ? set->help : v->c->help;
	out->deny_from_us = r->dated ? r->campaign.deny_us : 0;
	out->deny_from = r->dated ? r->campaign.deny_from : STR_NONE;
	out->coming = r->dated ? r->effect : sum->effect;
	out->coming_limits = r->dated ? r->limits : out->limits;
}

/* The strongest rule that opens, for the record. */
static void put_opened(const struct tally *t, struct client_decision *out)
{
	for (int rank = CLIENT_RANKS - 1; rank >= 0; rank--)
		if (t->opens[rank]) {
			out->rule = t->opens[rank]->id;
			return;
		}
}

bool client_has_rules(const struct policy_set *policy)
{
	const struct client_set *set = client_set_of(policy);

	return set && set->count;
}

void client_decide(const struct policy_set *policy, const struct client_case *c, struct client_decision *out)
{
	const struct client_set *set = client_set_of(policy);
	struct client_view view;
	struct tally t = {.view = &view};
	struct heap sum;

	*out = (struct client_decision){.effect = CLIENT_ALLOW, .client = c->client};
	if (!client_has_rules(policy))
		return;
	client_view_make(set, c, &view);
	if (c->early) {
		tally_all(&t, set);
	} else {
		tally_bucket(&t, &set->general);
		if (view.judged)
			tally_bucket(&t, client_map_get(&set->by_product, view.product));
	}
	sum = tally_sum(&t, MODE_ENFORCE);
	if (sum.best)
		put_decided(set, &sum, &view, out);
	else
		put_opened(&t, out);
	sum = tally_sum(&t, MODE_OBSERVE);
	if (sum.best) {
		out->observed = sum.best->id;
		out->observed_effect = sum.effect;
	}
}

uint64_t client_next_change_us(const struct policy_set *policy, uint64_t now_us)
{
	const struct client_set *set = client_set_of(policy);
	size_t low = 0, high = set ? set->date_count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->dates[middle] > now_us)
			high = middle;
		else
			low = middle + 1;
	}
	return set && low < set->date_count ? set->dates[low] : 0;
}

enum client_posture client_posture(const struct policy_set *policy, const struct judgement *j, struct str *out_minimum)
{
	const struct client_set *set = client_set_of(policy);
	struct client_case c = {.client = j};
	struct client_view v;
	struct str minimum;
	struct version least;

	if (out_minimum)
		*out_minimum = STR_NONE;
	if (!set)
		return POSTURE_NO_BASELINE;
	client_view_make(set, &c, &v);
	minimum = client_minimum(set, v.product, j->os);
	if (!minimum.len)
		return POSTURE_NO_BASELINE;
	if (out_minimum)
		*out_minimum = minimum;
	if (v.version.kind != VERSION_NUMBERED)
		return POSTURE_UNKNOWN;
	least = version_read(minimum);
	return version_compare(&v.version, &least) < 0 ? POSTURE_BELOW : POSTURE_ABOVE;
}

bool client_hash_known(const struct policy_set *policy, struct str hash, struct str *out_product, struct str *out_version)
{
	const struct client_set *set = client_set_of(policy);
	const struct client_hash *known = set && hash.len ? map_get(&set->hashes, hash) : NULL;

	if (!known)
		return false;
	*out_product = known->product->product;
	*out_version = known->version;
	return true;
}
