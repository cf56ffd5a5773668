#include "rule/wall.h"

static bool wall_applies(
	const struct rule *wall, const struct subject *from, const struct subject *to, enum wall_kind kind)
{
	if (!(wall->wall_kinds & UINT32_C(1) << kind))
		return false;
	return rule_is_about(wall, from, to) || (wall->both_ways && rule_is_about(wall, to, from));
}

/* Whether an enforced door is open between the two. */
static bool door_is_open(const struct rule *const *walls, size_t count, const struct subject *from,
	const struct subject *to, enum wall_kind kind)
{
	for (size_t i = 0; i < count; i++)
		if (walls[i]->action == ACTION_ALLOW && walls[i]->mode == MODE_ENFORCE &&
			wall_applies(walls[i], from, to, kind))
			return true;
	return false;
}

static void barrier_decide(const struct policy_set *set, const struct subject *from, const struct subject *to,
	enum wall_kind kind, struct arena *arena, struct verdict *v)
{
	enum barrier_list list = barrier_between(policy_set_barrier(set), from, to);
	struct finding f = {.action = ACTION_BLOCK, .mode = MODE_ENFORCE, .detail = str_from(wall_kind_names[kind])};

	if (list == BARRIER_LISTS)
		return;
	f.rule = str_from(barrier_names[list]);
	verdict_add(v, arena, &f, NULL);
}

static void walls_decide(const struct rule *const *walls, size_t count, const struct subject *from,
	const struct subject *to, enum wall_kind kind, struct arena *arena, struct verdict *v)
{
	for (size_t i = 0; i < count; i++) {
		struct finding f;

		if (!wall_applies(walls[i], from, to, kind))
			continue;
		f = (struct finding){
			.rule = walls[i]->id,
			.action = walls[i]->action,
			.mode = walls[i]->mode,
			.detail = str_from(wall_kind_names[kind]),
		};
		verdict_add(v, arena, &f, walls[i]->notice);
	}
}

void wall_decide(const struct policy_set *set, const struct subject *from, const struct subject *to,
	enum wall_kind kind, struct arena *arena, struct verdict *v)
{
	size_t count;
	const struct rule *const *walls = rule_set_walls(policy_set_rules(set), &count);

	barrier_decide(set, from, to, kind, arena, v);
	if (count && !door_is_open(walls, count, from, to, kind))
		walls_decide(walls, count, from, to, kind, arena, v);
	if (v->cannot_tell == CANNOT_TELL_MEMORY)
		policy_set_cannot_tell(set, CANNOT_TELL_MEMORY, v, arena);
}

bool wall_stands(const struct policy_set *set, const struct subject *from, const struct subject *to,
	enum wall_kind kind)
{
	size_t count;
	const struct rule *const *walls = rule_set_walls(policy_set_rules(set), &count);

	if (barrier_between(policy_set_barrier(set), from, to) != BARRIER_LISTS)
		return true;
	for (size_t i = 0; i < count; i++)
		if (walls[i]->action == ACTION_BLOCK && walls[i]->mode == MODE_ENFORCE &&
			wall_applies(walls[i], from, to, kind))
			return !door_is_open(walls, count, from, to, kind);
	return false;
}

uint32_t wall_kinds_stopped(const struct policy_set *set)
{
	size_t count = 0;
	const struct rule *const *walls = set ? rule_set_walls(policy_set_rules(set), &count) : NULL;
	uint32_t kinds = set && !barrier_is_empty(policy_set_barrier(set)) ? WALL_ANY : 0;

	for (size_t i = 0; i < count; i++)
		if (walls[i]->action == ACTION_BLOCK && walls[i]->mode == MODE_ENFORCE)
			kinds |= walls[i]->wall_kinds;
	return kinds;
}

/* ---- comparing ---- */

static bool who_is_same(const struct who *a, const struct who *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->terms[i].kind != b->terms[i].kind || !str_eq(a->terms[i].name, b->terms[i].name))
			return false;
	return true;
}

static bool wall_is_same(const struct rule *a, const struct rule *b)
{
	return a->action == b->action && a->mode == b->mode && a->both_ways == b->both_ways &&
	       a->wall_kinds == b->wall_kinds && who_is_same(&a->from, &b->from) &&
	       who_is_same(&a->to, &b->to) && who_is_same(&a->not_from, &b->not_from) &&
	       who_is_same(&a->not_to, &b->not_to);
}

bool walls_are_same(const struct policy_set *a, const struct policy_set *b)
{
	size_t count_a = 0, count_b = 0;
	const struct rule *const *walls_a = a ? rule_set_walls(policy_set_rules(a), &count_a) : NULL;
	const struct rule *const *walls_b = b ? rule_set_walls(policy_set_rules(b), &count_b) : NULL;

	if (count_a != count_b || !barrier_is_same(a ? policy_set_barrier(a) : NULL, b ? policy_set_barrier(b) : NULL))
		return false;
	for (size_t i = 0; i < count_a; i++)
		if (!wall_is_same(walls_a[i], walls_b[i]))
			return false;
	return true;
}
