/* What program is at the other end of a session, and may it be there? Judged on the session's home loop: what is asked, and how
 * long is waited for it, is probation.h; what is made of the answers, and what follows, is ruling.h. Here is what a home has for
 * all its sessions: the table of programs, the one timer of those on probation, and deciding about all of them again. */
#pragma once

#include "route/session.h"

/* The session is being freed: what was known of its client, and how it stood. */
void judge_free(struct session *s);

/* It goes on over a connection from elsewhere, or of another class (channel.h): rules look at that. */
void judge_moved(struct session *s);

/* Another policy is in force, or a date has come: all sessions of the home are decided about again. */
void judge_all(struct home *h);
/* Once a second: has a date come? */
void judge_tick(struct home *h);

/* One home's share. */
[[nodiscard]] int judge_init(struct home *h); /* 0 or -ENOMEM; before the loop runs */
void judge_done(struct home *h);
