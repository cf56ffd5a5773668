/* What could become of a session, whatever its client turns out to be? */
#include "rule/client_reader.h"
#include "rule/client_set.h"

static bool is_about(const struct who *from, const struct who *not_from, const struct subject *person)
{
	return !person || (who_has(from, person) && !who_has(not_from, person));
}

static bool is_over(uint64_t expires_us, uint64_t now_us)
{
	return expires_us && now_us >= expires_us;
}

static bool rule_may_hold(const struct client_rule *r, const struct client_view *v)
{
	return r->mode == MODE_ENFORCE && !is_over(r->expires_us, v->c->now_us) &&
	       is_about(&r->from, &r->not_from, v->c->person) && client_surroundings_fit(&r->match, v);
}

static enum client_effect rule_worst(const struct client_rule *r, const struct client_view *v)
{
	return r->effect > CLIENT_ALLOW && rule_may_hold(r, v) ? client_rule_stage(r, v->c->now_us) : CLIENT_ALLOW;
}

static bool patch_may_hold(const struct client_patch *p, const struct client_view *v)
{
	return p->mode == MODE_ENFORCE && !is_over(p->expires_us, v->c->now_us) &&
	       is_about(&p->from, &p->not_from, v->c->person) && client_surroundings_fit(&p->match, v);
}

/* Of the person and the connection alone; `v` keeps `c`. */
static void view_without_client(const struct client_set *set, const struct client_case *c, struct client_view *v)
{
	client_view_make(set, &(struct client_case){.person = c->person, .address = c->address,
					.mechanism = c->mechanism, .tls = c->tls, .now_us = c->now_us}, v);
	v->c = c;
}

enum client_effect client_worst(const struct policy_set *policy, const struct client_case *c)
{
	const struct client_set *set = client_set_of(policy);
	const struct client_rule *rules;
	const struct client_patch *patches;
	enum client_effect worst = CLIENT_ALLOW;
	struct client_view v;
	size_t n;

	if (!set)
		return CLIENT_ALLOW;
	view_without_client(set, c, &v);
	n = client_set_rules(set, &rules);
	for (size_t i = 0; i < n && worst < CLIENT_DENY; i++)
		if (rule_worst(&rules[i], &v) > worst)
			worst = rule_worst(&rules[i], &v);
	n = client_set_patches(set, &patches);
	for (size_t i = 0; i < n && worst < CLIENT_RESTRICT; i++)
		if (patch_may_hold(&patches[i], &v))
			worst = CLIENT_RESTRICT;
	return worst;
}

bool client_system_matters(const struct policy_set *policy, const struct client_case *c)
{
	const struct client_set *set = client_set_of(policy);
	const struct client_rule *rules;
	const struct client_patch *patches;
	struct client_view v;
	bool matters = false;
	size_t n;

	if (!set)
		return false;
	view_without_client(set, c, &v);
	n = client_set_rules(set, &rules);
	for (size_t i = 0; i < n && !matters; i++)
		matters = rules[i].match.systems.count && rule_may_hold(&rules[i], &v);
	n = client_set_patches(set, &patches);
	for (size_t i = 0; i < n && !matters; i++)
		matters = patches[i].match.systems.count && patch_may_hold(&patches[i], &v);
	return matters;
}
