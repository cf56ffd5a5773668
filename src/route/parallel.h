/* One account, or one installation of a program, in use from two networks at once. Somebody at his desk with a telephone in his
 * pocket does that all day; somebody who has stolen a password does it, too. So it is looked at without haste: a connection that
 * has died unnoticed has gone by then, and networks of the organisation (clients.networks) do not count. It is one event of the
 * record in a day for the same two networks, and by setting a mail to the administrators (clients.parallel). What is in parallel
 * use now `gatehouse clients show` and `session list` mark. On the home loop. */
#pragma once

#include "route/session.h"

/* It has been bound, or goes on over another connection: looked at when that has lasted for a while. */
void parallel_met(struct session *s);
/* It ends. */
void parallel_drop(struct session *s);
/* Once a second. */
void parallel_tick(struct home *h);

/* Is there a connected session of the account in another network, both of them outside clients.networks; or of the same
 * installation in another one of any kind? */
[[nodiscard]] bool parallel_is(const struct session *s);
