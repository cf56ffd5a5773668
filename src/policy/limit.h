/* What a restricted client may not do (rule/client_rule.h, enum client_limit), as a part of stage policy. Any thread. */
#pragma once

#include "policy/matter.h"
#include "rule/client_rule.h"
#include "rule/verdict.h"

/* The rule that restricts, and what it tells the person; borrowed. */
struct limit_rule {
	unsigned limits;
	struct str rule, text, lang;
};

/* Blocks what the limits forbid, with the rule as a finding. A read-only client still shows that it is there, also to rooms:
 * who could not enter could not read. */
void policy_limit(const struct limit_rule *r, const struct matter_case *c, struct arena *arena, struct verdict *v);
