/* What is stopped for the kind of thing it is: by the switches in force (rule/lockdown.h), and because it would go over a
 * channel that is less protected than what is written (settings `channels`). Writes findings into the verdict. */
#pragma once

#include "rule/matter.h"
#include "rule/policy_set.h"

/* Bits of enum matter. What is in neither passes without a word. */
struct channel_rules {
	unsigned refused;
	unsigned reported; /* delivered; the finding is in the record */
};

/* The bits that anything here depends on: with none of them a stanza need not be looked at. `set` may be NULL. */
[[nodiscard]] unsigned stop_wanted(const struct policy_set *set, const struct channel_rules *channels);

/* `to` NULL: as for lockdown_stops(). */
void stop_decide(const struct policy_set *set, const struct channel_rules *channels, const struct node *stanza, unsigned matter,
	const struct lockdown_party *from, const struct lockdown_party *to, struct arena *arena, struct verdict *v);
