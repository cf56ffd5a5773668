#include "rule/client_rule.h"

const char *const client_effect_names[CLIENT_EFFECTS] = {"allow", "advise", "warn", "restrict", "deny"};

void client_decide(const struct policy_set *set, const struct client_case *c, struct client_decision *out)
{
	(void)set;
	(void)c;
	*out = (struct client_decision){.effect = CLIENT_ALLOW};
}

uint64_t client_next_change_us(const struct policy_set *set, uint64_t now_us)
{
	(void)set;
	(void)now_us;
	return 0;
}

struct str client_decision_text(const struct client_decision *d, struct str lang, struct arena *arena)
{
	const struct notice *n = d->notice ? notice_choose(d->notice, lang) : NULL;

	return n ? arena_dup(arena, n->text) : STR_NONE;
}
