/* Virtual patches on the way to one session (rule/client_patch.h): what its client is known to stumble over is taken out of the
 * stanzas it gets, or they are kept from it. So is what a restricted client may not have (rule/client_rule.h: files; with `outside`
 * history of talks with people outside). What is kept for the person and what others get is not touched. */
#pragma once

#include "route/session.h"

/* Which patches hold for the session from now on: its client has been judged, or the policy is another one. False: memory is
 * out, those of before stay. */
[[nodiscard]] bool patch_choose(struct session *s, const struct client_case *about);

/* Is there anything to look at? As for most sessions: no. */
[[nodiscard]] bool patch_concerns(const struct session *s);

/* What goes to the session in the place of the stanza; counted. NULL: nothing does, it is kept from it. A session without patches
 * gets the stanza itself. `seq`: of its line in the record, 0: it has none. What is changed or kept back is recorded. */
struct blob *patch_stanza(const struct session *s, struct blob *stanza, uint64_t seq);

/* The same for one that has been counted (XEP-0198) before there was the patch: never NULL but where memory is out; what would be
 * kept back goes without all that stands in it. */
struct blob *patch_counted(const struct session *s, struct blob *stanza, uint64_t seq);
