/* Who may know of whom: the one question that everything asks which reaches another person without a verdict
 * of its own: broadcasts, probes and their answers, subscriptions the server ends or grants, listings. The
 * answer is that of the enforced walls (rule/wall.h) of the policy this home has.
 *
 * The home of the one who would become known decides. So what is said before and after a change of policy
 * leaves in that order, whatever the policy of the recipient's home is meanwhile. */
#pragma once

#include "route/home.h"
#include "rule/kind.h"

/* May what `from` does become known to `to`, in a stanza of that kind? Addresses full or bare, canonical;
 * one's own account: always. With no wall in force for the kind this is one comparison. On the home's loop. */
[[nodiscard]] bool sight_is_open(const struct home *h, struct str from, struct str to, enum wall_kind kind);

/* The same under a policy that is perhaps not that of this home; not NULL. */
[[nodiscard]] bool sight_is_open_in(const struct policy_set *policy, const struct home *h, struct str from,
	struct str to, enum wall_kind kind);

/* May the account `viewer` see that the account `shown` is there? */
[[nodiscard]] static inline bool may_see(const struct home *h, struct str viewer, struct str shown)
{
	return sight_is_open(h, shown, viewer, WALL_PRESENCE);
}

/* The policy from now on; takes the reference. Where a wall has gone up, those who saw somebody of this home
 * are told that he is unavailable; where one has come down, they are shown his presence. Walks over all who
 * are here only if the walls have changed. */
void sight_set_policy(struct home *h, struct policy_set *policy);
