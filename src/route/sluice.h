/* What is switched off (rule/lockdown.h) does not reach those it is for, nor what a client may not hear (rule/client_rule.h) it,
 * whatever way it comes: from others and from one's own devices, out of a room and its history, from the store, after a look at
 * somebody's picture. Policy refuses what it can tell when something is sent; here, on the home of the session that is to get it,
 * also the client and the device are known, and what was sent before. */
#pragma once

#include "route/session.h"
#include "rule/lockdown.h"

struct goods;

/* The switch that keeps the goods from this session; NULL: none, as nearly always. What would be kept for the person is remembered:
 * it is read again when something is switched on. */
[[nodiscard]] const struct lockdown_switch *sluice_stops(
	struct session *s, const struct goods *goods, const struct receipt *receipt);

/* What the session gets in the place of what the switch keeps from it: of presence that somebody is there or not, of an answer an
 * error that says why. Counted. NULL: nothing. */
struct blob *sluice_instead(const struct session *s, const struct lockdown_switch *off, struct blob *stanza);

/* The switch that stops a parcel on its way to an external component: it may have waited for its receipt since before there was one.
 * NULL: none. */
[[nodiscard]] const struct lockdown_switch *sluice_stops_parcel(const struct home *h, const struct parcel *p);

/* Does the session's queue (XEP-0198), behind what the client says it has handled, hold what is to be kept from it? It is not
 * to be sent again then. */
[[nodiscard]] bool sluice_stops_queue(const struct session *s, uint32_t handled);

/* Is this message, waiting for the account, not to be handed to the session now, because of whom it is for or from? It stays where
 * it is then, and is read again when something is switched on. */
[[nodiscard]] bool sluice_withholds(struct session *s, const struct store_message *row);
/* Something has been switched on again: what was withheld is handed over, unless it still is. */
void sluice_release(struct user *u);
