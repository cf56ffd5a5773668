/* The engines in their order, and the decision: which of the rules that matched are about these two people.
 */
#include "inspect/inspect.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "inspect/card.h"
#include "inspect/expressions.h"
#include "inspect/extract.h"
#include "inspect/inspect_private.h"
#include "inspect/loose.h"
#include "inspect/words.h"

struct inspect_set {
	uint64_t number; /* unlike any other set's in this process: a scratch knows by it what it was made for
			  */
	const struct rule_set *rules;
	struct arena *arena;
	struct lexicon *lexicon;
	struct words words;
	struct expressions expressions;
	struct loose *loose;
	uint32_t *card_rules;
	size_t card_count;
	bool lifts; /* some rule that allows is enforced */
};

struct inspect_scratch {
	hs_scratch_t *hs;
	uint64_t fits; /* number of the set hs has room for; 0: none */
	struct texts texts;
	struct hits hits;
};

/* ---- the set ---- */

static int rules_sort(struct inspect_set *set)
{
	size_t count = rule_set_count(set->rules);

	set->card_rules = arena_alloc(set->arena, (count + 1) * sizeof(*set->card_rules));
	if (!set->card_rules)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = rule_set_rule(set->rules, i);

		if (rule->detectors & 1u << DETECTOR_PAYMENT_CARD)
			set->card_rules[set->card_count++] = (uint32_t)i;
		set->lifts |= rule->type == RULE_CONTENT && rule->action == ACTION_ALLOW &&
			      rule->mode == MODE_ENFORCE;
	}
	return 0;
}

static int set_compile(struct inspect_set *set, struct problems *problems)
{
	int ret;

	if (hs_valid_platform()) {
		problem_add(problems, STR("rules"), 0, 0,
			"this processor lacks what the matching engine needs (SSSE3)");
		return -ENOTSUP;
	}
	set->arena = arena_new(0);
	if (!set->arena)
		return -ENOMEM;
	ret = rules_sort(set);
	if (ret == 0)
		ret = lexicon_new(&set->lexicon, set->rules, set->arena, problems);
	if (ret == 0)
		ret = expressions_init(&set->expressions, set->rules, set->arena, problems);
	if (ret == 0)
		ret = words_init(&set->words, set->lexicon, &set->expressions, problems);
	return ret ? ret : loose_new(&set->loose, set->lexicon, set->arena);
}

int inspect_set_new(struct inspect_set **out, const struct rule_set *rules, struct problems *problems)
{
	static _Atomic uint64_t numbers;
	struct inspect_set *set = calloc(1, sizeof(*set));
	int ret;

	if (!set)
		return -ENOMEM;
	set->rules = rules;
	set->number = atomic_fetch_add_explicit(&numbers, 1, memory_order_relaxed) + 1;
	ret = set_compile(set, problems);
	if (ret) {
		inspect_set_free(set);
		return ret;
	}
	*out = set;
	return 0;
}

struct inspect_set *inspect_set_free(struct inspect_set *set)
{
	if (!set)
		return NULL;
	words_done(&set->words);
	expressions_done(&set->expressions);
	arena_free(set->arena);
	free(set);
	return NULL;
}

const struct policy_engine inspect_engine = {
	.compile = inspect_set_new,
	.free = inspect_set_free,
};

/* ---- the scratch ---- */

struct inspect_scratch *inspect_scratch_new(void)
{
	struct inspect_scratch *s = calloc(1, sizeof(*s));

	if (s && hits_init(&s->hits))
		return inspect_scratch_free(s);
	return s;
}

struct inspect_scratch *inspect_scratch_free(struct inspect_scratch *s)
{
	if (!s)
		return NULL;
	hs_free_scratch(s->hs);
	texts_done(&s->texts);
	hits_done(&s->hits);
	free(s);
	return NULL;
}

static enum cannot_tell scratch_fit(struct inspect_scratch *s, const struct inspect_set *set)
{
	if (s->fits == set->number)
		return CANNOT_TELL_NONE;
	s->fits = 0;
	if ((set->words.db && hs_alloc_scratch(set->words.db, &s->hs)) ||
		expressions_scratch(&set->expressions, &s->hs))
		return CANNOT_TELL_MEMORY;
	s->fits = set->number;
	return CANNOT_TELL_NONE;
}

/* ---- finding ---- */

static bool wants_card(const struct hits *hits, const struct rule *rule, enum text_kind kind)
{
	if (kind == KIND_IDENTIFIER && !rule->names_identifiers)
		return false;
	return hits_wants(hits, (uint32_t)rule->index, kind);
}

static void part_cards(
	const struct inspect_set *set, const struct texts *texts, size_t part, struct hits *hits)
{
	struct str text = texts_part(texts, VIEW_NARROW, part);
	struct card card = {};

	while (card_find(text, card.end, &card))
		for (size_t i = 0; i < set->card_count; i++)
			if (wants_card(hits, rule_set_rule(set->rules, set->card_rules[i]),
				    texts->parts[part].kind))
				hits_add(hits, &(struct hit){.rule = set->card_rules[i],
						       .part = (uint32_t)part,
						       .at = (uint32_t)card.at,
						       .end = (uint32_t)card.end,
						       .view = VIEW_NARROW,
						       .detail = str_from(card.issuer)});
}

static enum cannot_tell cards_find(const struct inspect_set *set, struct texts *texts, struct hits *hits)
{
	if (set->card_count == 0 || texts->digits_max < CARD_DIGITS_MIN)
		return CANNOT_TELL_NONE;
	if (!texts_fold(texts, VIEW_NARROW))
		return texts->failed;
	for (size_t i = 0; i < texts->count; i++)
		if (texts->parts[i].digits >= CARD_DIGITS_MIN)
			part_cards(set, texts, i, hits);
	return CANNOT_TELL_NONE;
}

/* What the texts collected in the scratch contain. */
static enum cannot_tell find(const struct inspect_set *set, struct inspect_scratch *s, bool gated)
{
	enum cannot_tell why = scratch_fit(s, set);

	if (why)
		return why;
	if (hits_reset(&s->hits, set->rules, set->expressions.count, set->lifts))
		return CANNOT_TELL_MEMORY;
	if (!texts_fold(&s->texts, VIEW_WORD))
		return s->texts.failed;
	why = words_find(&set->words, s->hs, &s->texts, &s->hits);
	if (!why)
		why = expressions_find(&set->expressions, s->hs, &s->texts, gated, &s->hits);
	if (!why)
		why = cards_find(set, &s->texts, &s->hits);
	if (!why) {
		loose_find(set->loose, &s->texts, gated, &s->hits);
		why = s->texts.failed;
	}
	return !why && s->hits.overflow ? CANNOT_TELL_HITS : why;
}

/* ---- deciding ---- */

struct span {
	size_t at, end; /* in the text as sent */
};

static struct span span_of(const struct inspect_scratch *s, const struct hit *hit)
{
	const struct text_part *part = &s->texts.parts[hit->part];
	size_t end = text_part_origin(part, hit->view, hit->end);

	return (struct span){
		.at = hit->at == hit->end ? end : text_part_origin(part, hit->view, hit->at),
		.end = end,
	};
}

struct decision {
	const struct inspect_set *set;
	struct inspect_scratch *scratch;
	const struct subject *from, *to;
	struct arena *arena;
	struct verdict *verdict;
};

static bool is_lifting(const struct decision *d, const struct hit *hit)
{
	const struct rule *rule = rule_set_rule(d->set->rules, hit->rule);

	return rule->action == ACTION_ALLOW && rule->mode == MODE_ENFORCE &&
	       rule_is_about(rule, d->from, d->to);
}

/* Whether an allowing rule matched text that holds all of this one. */
static bool is_lifted(const struct decision *d, const struct hit *hit)
{
	const struct hits *hits = &d->scratch->hits;
	struct span span = span_of(d->scratch, hit), wider;

	for (size_t i = 0; i < hits->count; i++) {
		if (hits->list[i].part != hit->part || !is_lifting(d, &hits->list[i]))
			continue;
		wider = span_of(d->scratch, &hits->list[i]);
		if (wider.at <= span.at && span.end <= wider.end)
			return true;
	}
	return false;
}

static void hit_report(const struct decision *d, const struct hit *hit)
{
	struct finding f = inspect_finding(d->set, d->scratch, hit);

	verdict_add(d->verdict, d->arena, &f, rule_set_rule(d->set->rules, hit->rule)->notice);
}

/* One finding a rule: the first that is not lifted. */
static void hits_report(const struct decision *d)
{
	struct hits *hits = &d->scratch->hits;

	hits->stamp++; /* from here on a stamp means: reported, or not about these two */
	for (size_t i = 0; i < hits->count; i++) {
		const struct hit *hit = &hits->list[i];
		const struct rule *rule = rule_set_rule(d->set->rules, hit->rule);

		if (hits->seen[hit->rule] == hits->stamp)
			continue;
		if (!rule_is_about(rule, d->from, d->to)) {
			hits->seen[hit->rule] = hits->stamp;
			continue;
		}
		if (d->set->lifts && rule->action != ACTION_ALLOW && is_lifted(d, hit))
			continue;
		hits->seen[hit->rule] = hits->stamp;
		hit_report(d, hit);
	}
}

static void decide(const struct policy_set *policy, struct inspect_scratch *s, const struct subject *from,
	const struct subject *to, struct arena *arena, struct verdict *v)
{
	const struct inspect_set *set = policy_set_engine(policy);
	struct decision d = {.set = set, .scratch = s, .from = from, .to = to, .arena = arena, .verdict = v};
	enum cannot_tell why = s->texts.failed;

	if (!why && s->texts.count)
		why = find(set, s, true);
	else
		s->hits.count = 0;
	/* what was found before the engine gave up counts all the same, but nothing is lifted by half a look
	 */
	if (why && set->lifts)
		s->hits.count = 0;
	if (s->hits.count)
		hits_report(&d);
	if (!why && v->cannot_tell == CANNOT_TELL_MEMORY)
		why = CANNOT_TELL_MEMORY;
	if (why)
		policy_set_cannot_tell(policy, why, v, arena);
}

static bool begin(
	const struct policy_set *policy, struct inspect_scratch *s, struct arena *arena, struct verdict *v)
{
	if (!policy || !policy_set_engine(policy)) {
		policy_set_cannot_tell(policy, CANNOT_TELL_NO_POLICY, v, arena);
		return false;
	}
	memcpy(v->policy_version, policy_set_version(policy), POLICY_VERSION_LEN + 1);
	texts_reset(&s->texts, rule_set_inspect_bytes(policy_set_rules(policy)));
	return true;
}

void inspect_stanza(const struct policy_set *set, struct inspect_scratch *scratch, const struct node *stanza,
	const struct subject *from, const struct subject *to, struct arena *arena, struct verdict *v)
{
	if (!begin(set, scratch, arena, v))
		return;
	extract_stanza(&scratch->texts, stanza);
	decide(set, scratch, from, to, arena, v);
}

void inspect_text(const struct policy_set *set, struct inspect_scratch *scratch, enum text_kind kind,
	struct str text, const struct subject *from, const struct subject *to, struct arena *arena,
	struct verdict *v)
{
	if (!begin(set, scratch, arena, v))
		return;
	texts_add(&scratch->texts, kind, text);
	decide(set, scratch, from, to, arena, v);
}

enum cannot_tell inspect_find(const struct inspect_set *set, struct inspect_scratch *scratch,
	enum text_kind kind, struct str text, bool gated, const struct hits **out)
{
	enum cannot_tell why;

	texts_reset(&scratch->texts, rule_set_inspect_bytes(set->rules));
	texts_add(&scratch->texts, kind, text);
	scratch->hits.count = 0;
	why = scratch->texts.failed;
	if (!why && scratch->texts.count)
		why = find(set, scratch, gated);
	*out = &scratch->hits;
	return why;
}

struct finding inspect_finding(
	const struct inspect_set *set, const struct inspect_scratch *scratch, const struct hit *hit)
{
	const struct rule *rule = rule_set_rule(set->rules, hit->rule);
	struct span span = span_of(scratch, hit);

	return (struct finding){
		.rule = rule->id,
		.action = rule->action,
		.mode = rule->mode,
		.kind = scratch->texts.parts[hit->part].kind,
		.offset = span.at,
		.length = span.end - span.at,
		.detail = hit->detail,
	};
}
