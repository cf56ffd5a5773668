/* Clears history away that is too old (history.days) or whose account has been removed: small steps, one a
 * second while there is something to do, so that the store's writer is never busy with it for long. Loop 0.
 */
#pragma once

struct route;
struct sweep;

[[nodiscard]] struct sweep *sweep_new(struct route *r);
struct sweep *sweep_free(struct sweep *s); /* accepts NULL */
void sweep_tick(struct sweep *s);          /* once a second */
