#include "rule/namespace.h"

#include "base/clock.h"
#include "stanza/ns.h"

bool namespace_is_core(struct str ns)
{
	const struct str core[] = {STR_NONE, NS_CLIENT, NS_BIND, NS_SESSION, NS_ROSTER, NS_STANZA_ERRORS};

	for (size_t i = 0; i < sizeof(core) / sizeof(core[0]); i++)
		if (str_eq(ns, core[i]))
			return true;
	return false;
}

/* A name that ends in '*' stands for all that begin like it. */
static bool name_fits(struct str name, struct str ns)
{
	if (str_ends(name, STR("*")))
		return str_starts(ns, str_cut(name, 0, name.len - 1));
	return str_eq(name, ns);
}

bool namespace_is_named(const struct rule *r, struct str ns)
{
	if (namespace_is_core(ns))
		return false;
	for (size_t i = 0; i < r->namespace_count; i++)
		if (name_fits(r->namespaces[i], ns))
			return !r->all_but;
	return r->all_but;
}

struct judge {
	const struct policy_set *set;
	const struct rule *const *rules;
	size_t count;
	const struct subject *from, *to;
	struct arena *arena;
	struct verdict *v;
	bool question; /* an IQ that must not lose its payload */
	uint64_t now_us; /* 0: not looked at yet */
};

static bool applies(const struct judge *j, const struct rule *r, struct str ns)
{
	return namespace_is_named(r, ns) && rule_is_about(r, j->from, j->to);
}

/* Only rules with dates need the time. */
static bool has_begun(struct judge *j, const struct rule *r, enum mode *out_mode)
{
	*out_mode = r->mode;
	if (!r->begin_us)
		return true;
	if (!j->now_us)
		j->now_us = clock_utc_us();
	return rule_mode_at(r, j->now_us, out_mode);
}

static bool is_exempt(const struct judge *j, struct str ns)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->rules[i]->action == ACTION_ALLOW && j->rules[i]->mode == MODE_ENFORCE && applies(j, j->rules[i], ns))
			return true;
	return false;
}

static bool is_known(const struct verdict *v, const struct rule *r, struct str ns)
{
	for (const struct finding *f = v->findings; f; f = f->next)
		if (str_eq(f->rule, r->id) && str_eq(f->detail, ns))
			return true;
	return false;
}

static void judge_element(struct judge *j, const struct node *element, bool payload)
{
	if (namespace_is_core(element->ns) || is_exempt(j, element->ns))
		return;
	for (size_t i = 0; i < j->count; i++) {
		const struct rule *r = j->rules[i];
		struct finding f = {.rule = r->id, .action = r->action, .mode = r->mode, .detail = element->ns};

		if (!applies(j, r, element->ns) || !has_begun(j, r, &f.mode))
			continue;
		if (f.action == ACTION_STRIP && j->question && payload)
			f.action = ACTION_BLOCK;
		if (is_known(j->v, r, element->ns))
			continue;
		verdict_add(j->v, j->arena, &f, r->notice);
		if (rule_warns_at(r, j->now_us))
			verdict_warn(j->v, j->arena,
				&(struct warning){.rule = r->id, .date = r->begin, .notice = r->notice});
	}
}

/* What stands in its parent's namespace has been judged with it. The tokenizer bounds the depth. */
static void judge_children(struct judge *j, const struct node *parent, unsigned depth)
{
	node_each (c, parent) {
		if (c->kind != NODE_ELEMENT)
			continue;
		if (depth == 0 || !str_eq(c->ns, parent->ns))
			judge_element(j, c, depth == 0);
		judge_children(j, c, depth + 1);
	}
}

void namespace_decide(const struct policy_set *set, const struct node *stanza, const struct subject *from,
	const struct subject *to, struct arena *arena, struct verdict *v)
{
	struct str type = node_attr(stanza, STR("type"));
	struct judge j = {.set = set, .from = from, .to = to, .arena = arena, .v = v};

	j.rules = rule_set_namespaces(policy_set_rules(set), &j.count);
	if (j.count == 0)
		return;
	j.question = str_is(stanza->name, "iq") && (str_is(type, "get") || str_is(type, "set"));
	judge_children(&j, stanza, 0);
	if (v->cannot_tell == CANNOT_TELL_MEMORY)
		policy_set_cannot_tell(set, CANNOT_TELL_MEMORY, v, arena);
	else if (v->dropped)
		policy_set_cannot_tell(set, CANNOT_TELL_HITS, v, arena);
}

static bool must_go(const struct verdict *v, struct str ns)
{
	for (const struct finding *f = v->findings; f; f = f->next)
		if (f->action == ACTION_STRIP && f->mode == MODE_ENFORCE && str_eq(f->detail, ns))
			return true;
	return false;
}

static bool strip_children(const struct verdict *v, struct node *parent)
{
	bool stripped = false;

	for (struct node *c = parent->first, *next; c; c = next) {
		next = c->next;
		if (c->kind != NODE_ELEMENT)
			continue;
		if (must_go(v, c->ns)) {
			node_remove(c);
			stripped = true;
		} else {
			stripped |= strip_children(v, c);
		}
	}
	return stripped;
}

bool namespace_strip(const struct verdict *v, struct node *stanza)
{
	return v->strips && !verdict_blocks(v) && strip_children(v, stanza);
}
