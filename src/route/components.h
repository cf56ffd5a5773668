/* External components (XEP-0114) on the loops. A component's state lives on one loop, by the hash of its domain:
 * which connection it has, and who sees which of its addresses as available. What people send passes from their
 * home to that loop and on to the connection; what it sends passes from its connection's loop to that loop and on
 * to the homes of its recipients. There is no queue: what cannot be handed over is answered with an error. */
#pragma once

#include "parcel/parcel.h"
#include "route/kept.h"
#include "route/letter.h"

struct components;

/* Of the settings of the start. NULL: memory is out. */
[[nodiscard]] struct components *components_new(struct route *r, const struct settings *settings);
struct components *components_free(struct components *c); /* accepts NULL, returns NULL; after the loops have stopped */

/* Is the domain a component's? Is it connected now? Any loop. */
bool components_has(const struct route *r, struct str domain);
bool components_is_up(const struct route *r, struct str domain);

/* It connects, or its connection has gone: on the component's loop. Consumes the errand. */
void components_run_errand(struct errand *e);

/* On the component's loop: it says something. Takes over the parcel's reference. */
void components_send(struct parcel *p);
/* From any home: to a component; with what it goes into the sender's history. Takes over the parcel's reference. */
void components_pass(struct parcel *p);
/* The answer to a question of a component's that holds what somebody wrote, with its receipt. On any home. */
void components_answer(struct parcel *p, struct blob *stanza, const struct kept *kept);
/* Presence for a component has arrived at its loop. Frees it. */
void components_run_letter(struct task *task);
/* The loop of a component. */
struct home *components_home(struct route *r, struct str domain);

/* The connected components `viewer` may see, as items (XEP-0030). */
void components_put_items(struct buf *out, const struct home *h, struct str viewer);
