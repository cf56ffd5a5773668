/* What a restricted client may not do (rule/client_rule.h, enum client_limit), as a part of stage policy. Any thread. */
#pragma once

#include "rule/client_rule.h"
#include "rule/matter.h"
#include "rule/verdict.h"

/* The rule that restricts, and what it tells the person; borrowed. */
struct limit_rule {
	unsigned limits;
	struct str rule, text, lang;
};

/* The bits of enum matter that these limits depend on. */
[[nodiscard]] unsigned limit_wanted(unsigned limits);

/* Blocks what the limits forbid, with the rule as a finding; `matter`: what applies of limit_wanted(), perhaps more. A read-only
 * client still shows that it is there, to those who see it and to rooms: who could not enter could not read. */
void policy_limit(const struct limit_rule *r, const struct matter_case *c, unsigned matter, struct arena *arena,
	struct verdict *v);
