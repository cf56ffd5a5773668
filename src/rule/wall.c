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

void wall_decide(const struct policy_set *set, const struct subject *from, const struct subject *to,
	enum wall_kind kind, struct arena *arena, struct verdict *v)
{
	size_t count;
	const struct rule *const *walls = rule_set_walls(policy_set_rules(set), &count);

	if (count == 0 || door_is_open(walls, count, from, to, kind))
		return;
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
	if (v->cannot_tell == CANNOT_TELL_MEMORY)
		policy_set_cannot_tell(set, CANNOT_TELL_MEMORY, v, arena);
}

bool wall_stands(const struct policy_set *set, const struct subject *from, const struct subject *to,
	enum wall_kind kind)
{
	size_t count;
	const struct rule *const *walls = rule_set_walls(policy_set_rules(set), &count);

	for (size_t i = 0; i < count; i++)
		if (walls[i]->action == ACTION_BLOCK && walls[i]->mode == MODE_ENFORCE &&
			wall_applies(walls[i], from, to, kind))
			return !door_is_open(walls, count, from, to, kind);
	return false;
}
