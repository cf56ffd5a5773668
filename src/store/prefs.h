/* What an account wants kept in its archive (XEP-0441). */
#pragma once

#include "base/arena.h"
#include "jid/jid.h"
#include "store/rows.h"

enum {
	PREFS_ADDRESSES_MAX = 1000, /* on both lists together */
};

/* May a message to or from `peer` stand in the archive? Section 2.4: an entry with a resource is compared
 * with the whole address, one without with the bare one. Who stands on both lists is not kept: the narrower
 * wish counts. `in_roster`: peer's bare address is in the owner's roster. NULL: the account has said nothing.
 * Any thread. */
[[nodiscard]] bool store_prefs_allow(const struct store_prefs *prefs, const struct jid *peer, bool in_roster);

/* A copy of all of it in the arena; NULL: the arena is full. */
[[nodiscard]] struct store_prefs *store_prefs_dup(struct arena *arena, const struct store_prefs *prefs);
