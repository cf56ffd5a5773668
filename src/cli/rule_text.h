/* Changes of a file of policy/clients that a person may have written, as text: what is not changed, comments too, stays as it
 * is. Pure functions; whether the result is a good policy is for `policy check` to say. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Empty: leave it out. Dates as the policy writes them. */
struct rule_dates {
	struct str notice_from, warn_from, deny_from;
};

/* The rule or patch `id` gets `mode: enforce`, and with a deny_from also this campaign instead of the one it may have.
 * 0; -ENOENT: there is no such rule in the text; -EINVAL (*err says why and what to do): it is written in a form that is not
 * changed here. */
[[nodiscard]] int rule_text_enforce(
	struct str text, struct str id, const struct rule_dates *dates, struct buf *out, struct err *err);

/* The rule or patch goes. *out_empty: nothing but comments and empty lists is left. The same results. */
[[nodiscard]] int rule_text_drop(struct str text, struct str id, struct buf *out, bool *out_empty, struct err *err);
