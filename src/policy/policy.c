#include "policy/policy.h"

#include "rule/namespace.h"
#include "rule/wall.h"

static bool is_subscription(struct str type)
{
	return str_is(type, "subscribe") || str_is(type, "subscribed") || str_is(type, "unsubscribe") ||
	       str_is(type, "unsubscribed");
}

enum wall_kind policy_kind(const struct node *stanza)
{
	if (str_is(stanza->name, "iq"))
		return WALL_IQ;
	if (!str_is(stanza->name, "presence"))
		return WALL_MESSAGE;
	return is_subscription(node_attr(stanza, STR("type"))) ? WALL_SUBSCRIPTION : WALL_PRESENCE;
}

void policy_stanza(const struct policy_set *set, const struct node *stanza, const struct subject *from,
	const struct subject *to, struct arena *arena, struct verdict *v)
{
	if (!set) {
		policy_set_cannot_tell(NULL, CANNOT_TELL_NO_POLICY, v, arena);
		return;
	}
	memcpy(v->policy_version, policy_set_version(set), POLICY_VERSION_LEN + 1);
	if (to)
		wall_decide(set, from, to, policy_kind(stanza), arena, v);
	namespace_decide(set, stanza, from, to, arena, v);
}
