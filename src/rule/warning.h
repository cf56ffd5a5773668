/* What somebody is told whose client uses what a rule will stop on its date (struct warning of rule/verdict.h). */
#pragma once

#include "base/buf.h"
#include "rule/verdict.h"

/* The date, in words of the server's own, then the rule's notice; both in the language of the notice that is nearest to `lang`,
 * which is returned: a view of the warning, or of `lang`. */
struct str warning_put_text(struct buf *out, const struct warning *w, struct str lang);
