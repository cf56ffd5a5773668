/* Who uses what a rule will stop on its date is told before it comes: by a headline, once a session for each rule. On the
 * session's home loop. */
#pragma once

#include "route/session.h"
#include "rule/verdict.h"

enum { FOREWARNED_MAX = 16 }; /* rules that one session is told of */

struct forewarned; /* which those were; owned by the session */

/* What was decided about a stanza of its client, which is delivered. */
void forewarn(struct session *s, const struct verdict *v);
struct forewarned *forewarned_free(struct forewarned *f); /* accepts NULL, returns NULL */
