/* How much each of many has had lately: buckets that leak with time, and notes that are forgotten after a while. Bounded
 * memory: one table of small sets, in which the entry that matters least makes room, so a flood of new keys pushes out only
 * what shares their set. Keys are seeded hashes; nobody can aim. What is pushed out counts as new.
 *
 * Thread-safe; 64 locks, each held for some 50 ns. Time comes from the caller, in one unit for one table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct meter;

[[nodiscard]] int meter_new(struct meter **out, size_t entries); /* of 16 bytes; 0 or -ENOMEM */
struct meter *meter_free(struct meter *m);                       /* accepts NULL, returns NULL */

uint64_t meter_key(struct str a, struct str b); /* never 0 */
/* The same of their map_hash(). */
static inline uint64_t meter_key_hashed(uint64_t a, uint64_t b)
{
	uint64_t both = a * UINT64_C(0x9e3779b97f4a7c15) + b; /* nobody outside knows either */

	return both | UINT64_C(1) << 63; /* 0 means free */
}

/* Takes `cost` (in time: how long the bucket needs to win it back) out of a bucket that holds `room`. 0: it was there. Else
 * how long until the bucket is not overdrawn: it is charged in any case, up to twice its room. */
uint64_t meter_take(struct meter *m, uint64_t key, uint64_t cost, uint64_t room, uint64_t now);
/* As if nothing was taken. */
uint64_t meter_look(struct meter *m, uint64_t key, uint64_t room, uint64_t now);

/* Notes the key. True: it was noted before, no longer ago than `forget`. */
bool meter_note(struct meter *m, uint64_t key, uint64_t forget, uint64_t now);
/* Only looks. */
bool meter_has(struct meter *m, uint64_t key, uint64_t forget, uint64_t now);
void meter_forget(struct meter *m, uint64_t key);
