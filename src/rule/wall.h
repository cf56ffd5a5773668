/* Walls: may these two talk? Decided by the administrators' lists (rule/barrier.h) and the rules of type `wall` alone,
 * without looking at content. A wall whose action is `allow` is a door: where it applies (and is enforced), walls that block do not. Also for
 * route/, which asks for each recipient when one presence goes to many. Any thread. */
#pragma once

#include "rule/policy_set.h"
#include "rule/subject.h"

/* Writes findings and action into v; with no wall between the two, v keeps its action. Both subjects are
 * required. */
void wall_decide(const struct policy_set *set, const struct subject *from, const struct subject *to,
	enum wall_kind kind, struct arena *arena, struct verdict *v);

/* Only whether an enforced wall stands between the two: nothing is recorded, nothing allocated. */
[[nodiscard]] bool wall_stands(const struct policy_set *set, const struct subject *from,
	const struct subject *to, enum wall_kind kind);

/* Bits of enum wall_kind that an enforced wall of the set may stop: with none of them nobody need be asked
 * about. `set` NULL: none. */
[[nodiscard]] uint32_t wall_kinds_stopped(const struct policy_set *set);

/* Whether wall_stands() answers alike with both sets, whoever is asked about; judged by how the walls are
 * written. NULL: a set without walls. */
[[nodiscard]] bool walls_are_same(const struct policy_set *a, const struct policy_set *b);
