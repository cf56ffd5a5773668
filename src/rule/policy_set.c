#include "rule/policy_set.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "rule/client_reader.h"

struct policy_set {
	_Atomic unsigned refs;
	struct policy_set *whole; /* counted: whose rules and engine these are; NULL: its own */
	struct barrier *barrier;  /* counted */
	struct lockdown *lockdown; /* counted */
	struct rule_set *rules;
	const struct policy_engine *engine;
	struct inspect_set *inspect;
	struct policy_counts counts;
};

static struct policy_counts counts_of(const struct rule_set *rules)
{
	struct policy_counts c = {
		.rules = rule_set_count(rules),
		.words = rule_set_word_count(rules),
		.regexes = rule_set_regex_count(rules),
	};

	rule_set_walls(rules, &c.walls);
	for (size_t i = 0; i < c.rules; i++)
		c.samples += rule_set_rule(rules, i)->sample_count;
	c.clients = rule_set_clients(rules)->count + rule_set_clients(rules)->patch_count;
	c.samples += rule_set_clients(rules)->sample_count;
	return c;
}

int policy_set_load_all(struct policy_set **out, const char *dir, const struct policy_engine *engine,
	struct problems *problems)
{
	return policy_set_load_changed(out, dir, NULL, engine, problems);
}

int policy_set_load_changed(struct policy_set **out, const char *dir, const struct policy_change *change,
	const struct policy_engine *engine, struct problems *problems)
{
	struct policy_set *set = calloc(1, sizeof(*set));
	int ret;

	if (!set)
		return -ENOMEM;
	set->engine = engine;
	atomic_init(&set->refs, 1);
	ret = rule_set_load(&set->rules, dir, change, problems);
	if (ret == 0 && engine)
		ret = engine->compile(&set->inspect, set->rules, problems);
	if (ret) {
		policy_set_unref(set);
		return ret;
	}
	set->counts = counts_of(set->rules);
	*out = set;
	return 0;
}

int policy_set_load(
	struct policy_set **out, const char *dir, const struct policy_engine *engine, struct err *err)
{
	struct problems problems = {.arena = arena_new(0)};
	int ret;

	if (!problems.arena)
		return err_set(err, -ENOMEM, "out of memory");
	ret = policy_set_load_all(out, dir, engine, &problems);
	if (ret && problems.count)
		problems_to_err(&problems, err);
	else if (ret)
		err_set(err, ret, "%s: %s", dir, strerror(-ret));
	arena_free(problems.arena);
	return ret;
}

struct policy_set *policy_set_ref(struct policy_set *set)
{
	if (set)
		atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
	return set;
}

struct policy_set *policy_set_unref(struct policy_set *set)
{
	if (!set || atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	barrier_unref(set->barrier);
	lockdown_unref(set->lockdown);
	if (set->whole) {
		policy_set_unref(set->whole);
	} else {
		if (set->engine)
			set->engine->free(set->inspect);
		rule_set_free(set->rules);
	}
	free(set);
	return NULL;
}

struct policy_set *policy_set_with(struct policy_set *set, struct barrier *barrier, struct lockdown *lockdown)
{
	struct policy_set *with = malloc(sizeof(*with));

	if (!with)
		return NULL;
	*with = (struct policy_set){.whole = policy_set_ref(set->whole ? set->whole : set),
		.barrier = barrier_ref(barrier),
		.lockdown = lockdown_ref(lockdown),
		.rules = set->rules,
		.engine = set->engine,
		.inspect = set->inspect,
		.counts = set->counts};
	atomic_init(&with->refs, 1);
	return with;
}

const struct barrier *policy_set_barrier(const struct policy_set *set)
{
	return set->barrier;
}

struct lockdown *policy_set_lockdown(const struct policy_set *set)
{
	return set->lockdown;
}

const struct rule_set *policy_set_rules(const struct policy_set *set)
{
	return set->rules;
}

const struct inspect_set *policy_set_engine(const struct policy_set *set)
{
	return set->inspect;
}

const char *policy_set_version(const struct policy_set *set)
{
	return rule_set_version(set->rules);
}

struct policy_counts policy_set_counts(const struct policy_set *set)
{
	return set->counts;
}

void policy_set_cannot_tell(
	const struct policy_set *set, enum cannot_tell why, struct verdict *v, struct arena *arena)
{
	struct finding f = {
		.action = set && rule_set_on_error(set->rules) == ACTION_ALLOW ? ACTION_LOG : ACTION_BLOCK,
		.mode = MODE_ENFORCE,
		.detail = str_from(cannot_tell_names[why]),
	};

	verdict_add(v, arena, &f, set ? rule_set_error_notice(set->rules) : NULL);
	v->cannot_tell = why;
	/* the block must hold even when there was no memory to say so */
	if (v->action < f.action)
		v->action = f.action;
}
