#include "inspect/check.h"

#include <errno.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "inspect/inspect_private.h"
#include "rule/client_set.h"
#include "rule/namespace.h"
#include "rule/wall.h"

/* ---- check ---- */

struct check {
	const struct policy_set *set;
	struct inspect_scratch *scratch;
	struct arena *arena;
	struct policy_report *report;
};

static bool sample_hits_text(const struct check *c, const struct rule *rule, const struct rule_sample *sample,
	enum cannot_tell *why)
{
	const struct hits *hits;

	*why = inspect_find(policy_set_engine(c->set), c->scratch, sample->kind, sample->text, true, &hits);
	for (size_t i = 0; i < hits->count; i++)
		if (hits->list[i].rule == rule->index)
			return rule_is_about(rule, sample->from, sample->to);
	return false;
}

static bool sample_hits_wall(const struct rule *rule, const struct rule_sample *sample)
{
	if (!(rule->wall_kinds & UINT32_C(1) << sample->wall_kind))
		return false;
	return rule_is_about(rule, sample->from, sample->to) ||
	       (rule->both_ways && rule_is_about(rule, sample->to, sample->from));
}

static bool sample_hits(
	const struct check *c, const struct rule *rule, const struct rule_sample *sample, enum cannot_tell *why)
{
	switch (rule->type) {
	case RULE_WALL:
		return sample_hits_wall(rule, sample);
	case RULE_NAMESPACE: /* its text is a namespace */
		return namespace_is_named(rule, sample->text) && rule_is_about(rule, sample->from, sample->to);
	case RULE_CONTENT:
	case RULE_TYPE_COUNT:
		break;
	}
	return sample_hits_text(c, rule, sample, why);
}

static void sample_check(const struct check *c, const struct rule *rule, const struct rule_sample *sample)
{
	enum cannot_tell why = CANNOT_TELL_NONE;
	bool hit = sample_hits(c, rule, sample, &why);

	if (hit == sample->hit && !why) {
		c->report->samples_passed++;
		return;
	}
	c->report->samples_failed++;
	problem_add(&c->report->errors, rule->file, sample->line, 0,
		"rule '%.*s': the sample %s says %s, but the rule %s", STR_FMT(rule->id),
		LOG_STR(sample->text), sample->hit ? "hit" : "clean",
		why   ? "could not tell"
		: hit ? "matches"
		      : "does not match");
}

static void rule_check(const struct check *c, const struct rule *rule)
{
	size_t hits = 0, cleans = 0;

	for (size_t i = 0; i < rule->sample_count; i++) {
		sample_check(c, rule, &rule->samples[i]);
		hits += rule->samples[i].hit;
		cleans += !rule->samples[i].hit;
	}
	if (hits == 0)
		problem_add(&c->report->warnings, rule->file, rule->line, 0,
			"rule '%.*s' has no sample that it hits", STR_FMT(rule->id));
	if (cleans == 0)
		problem_add(&c->report->warnings, rule->file, rule->line, 0,
			"rule '%.*s' has no sample that it leaves alone", STR_FMT(rule->id));
}

static void dictionary_unused(struct str name, void *owner)
{
	struct check *c = owner;

	problem_add(&c->report->warnings, arena_printf(c->arena, "dictionaries/%.*s.txt", STR_FMT(name)), 0,
		0, "no rule names this dictionary");
}

static int set_check(struct check *c)
{
	const struct rule_set *rules = policy_set_rules(c->set);

	c->scratch = inspect_scratch_new();
	if (!c->scratch)
		return -ENOMEM;
	c->report->counts = policy_set_counts(c->set);
	memcpy(c->report->version, policy_set_version(c->set), sizeof(c->report->version));
	for (size_t i = 0; i < rule_set_count(rules); i++)
		rule_check(c, rule_set_rule(rules, i));
	client_set_check(rule_set_clients(rules), clock_utc_us(), &c->report->errors, &c->report->warnings,
		&c->report->samples_passed, &c->report->samples_failed);
	rule_set_unused(rules, dictionary_unused, c);
	inspect_scratch_free(c->scratch);
	return c->report->errors.count ? 1 : 0;
}

int policy_check(const char *dir, struct arena *arena, struct policy_report *report)
{
	return policy_check_changed(dir, NULL, arena, report);
}

int policy_check_changed(
	const char *dir, const struct policy_change *change, struct arena *arena, struct policy_report *report)
{
	struct policy_set *set = NULL;
	struct check c = {.arena = arena, .report = report};
	int ret;

	*report = (struct policy_report){.errors.arena = arena, .warnings.arena = arena};
	ret = policy_set_load_changed(&set, dir, change, &inspect_engine, &report->errors);
	if (ret)
		return report->errors.count ? 1 : ret;
	c.set = set;
	ret = set_check(&c);
	policy_set_unref(set);
	return ret;
}

/* ---- test ---- */

struct test {
	const struct policy_set *set;
	const struct policy_question *question;
	struct arena *arena;
	struct policy_answer *answer;
	struct policy_hit **end;
};

static struct str why_not(const struct test *t, const struct rule *rule)
{
	const struct policy_question *q = t->question;

	if (q->from && !who_has(&rule->from, q->from))
		return STR("the sender is not in 'from'");
	if (q->from && who_has(&rule->not_from, q->from))
		return STR("the sender is in 'not_from'");
	if (q->to && !who_has(&rule->to, q->to))
		return STR("the recipient is not in 'to'");
	if (q->to && who_has(&rule->not_to, q->to))
		return STR("the recipient is in 'not_to'");
	return STR_NONE;
}

static int hit_add(struct test *t, const struct rule *rule, const struct finding *from)
{
	struct policy_hit *hit = arena_zalloc(t->arena, sizeof(*hit));
	struct finding *f = arena_alloc(t->arena, sizeof(*f));

	if (!hit || !f)
		return -ENOMEM;
	*f = *from;
	f->next = NULL;
	f->rule = arena_dup(t->arena, from->rule);
	f->detail = arena_dup(t->arena, from->detail);
	hit->finding = f;
	hit->purpose = arena_dup(t->arena, rule->purpose);
	hit->file = arena_dup(t->arena, rule->file);
	hit->line = rule->line;
	hit->why_not = rule->type != RULE_CONTENT ? STR_NONE : why_not(t, rule);
	hit->applies = hit->why_not.len == 0;
	*t->end = hit;
	t->end = &hit->next;
	return 0;
}

static int walls_list(struct test *t)
{
	const struct policy_question *q = t->question;
	struct verdict walls = {};

	if (!q->from || !q->to)
		return 0;
	wall_decide(t->set, q->from, q->to, WALL_MESSAGE, t->arena, &walls);
	for (const struct finding *f = walls.findings; f; f = f->next) {
		const struct rule *rule = rule_set_find(policy_set_rules(t->set), f->rule);
		int ret = rule ? hit_add(t, rule, f) : 0;

		if (ret)
			return ret;
	}
	t->answer->verdict = walls;
	return 0;
}

static int contents_list(struct test *t, struct inspect_scratch *scratch, enum text_kind kind)
{
	const struct inspect_set *engine = policy_set_engine(t->set);
	const struct hits *hits;

	/* an engine that could not tell shows in the verdict */
	(void)!inspect_find(engine, scratch, kind, t->question->text, true, &hits);
	for (size_t i = 0; i < hits->count; i++) {
		struct finding f = inspect_finding(engine, scratch, &hits->list[i]);
		int ret = hit_add(t, rule_set_rule(policy_set_rules(t->set), hits->list[i].rule), &f);

		if (ret)
			return ret;
	}
	return 0;
}

int policy_test(const struct policy_set *set, const struct policy_question *question, struct arena *arena,
	struct policy_answer *out, struct err *err)
{
	struct test t = {.set = set, .question = question, .arena = arena, .answer = out, .end = &out->hits};
	enum text_kind kind = question->kind == KIND_NONE ? KIND_MESSAGE : question->kind;
	struct inspect_scratch *scratch = inspect_scratch_new();
	const struct notice *notice;
	int ret = scratch ? 0 : -ENOMEM;

	*out = (struct policy_answer){};
	if (ret == 0)
		ret = walls_list(&t);
	if (ret == 0)
		ret = contents_list(&t, scratch, kind);
	if (ret == 0)
		inspect_text(set, scratch, kind, question->text, question->from, question->to, arena,
			&out->verdict);
	inspect_scratch_free(scratch);
	if (ret || arena_is_full(arena))
		return err_set(err, -ENOMEM, "out of memory");
	notice = notice_choose(out->verdict.notice, question->lang);
	out->notice = notice ? notice->text : STR_NONE;
	return 0;
}
