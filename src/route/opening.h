/* What comes with a login (XEP-0388 inline features): a session is resumed (XEP-0198 section 9.2), or else bound with all it
 * is to begin with (XEP-0386), in one step: the archive's ends that the client is told are those at the moment of binding. The
 * whole answer is written here (parcel/errand.h). On the home loop. */
#pragma once

#include "route/session.h"

/* ERRAND_OPEN; consumes the errand. */
void opening_run(struct user *u, struct errand *e);
/* What it wanted to resume is not there: it is bound instead, later in this pass. */
void opening_not_resumed(struct user *u, struct errand *e);
/* It goes on with s, whose <resumed/> is `text`: says so. The errand stays the caller's. */
void opening_resumed(struct session *s, struct errand *e, struct str text);
