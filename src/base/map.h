/* Hash map from bytes to pointers. Keys are borrowed: they usually live in the value. Seeded SipHash, so a client
 * cannot choose colliding keys. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct map_slot {
	struct str key; /* data == NULL: empty */
	void *value;
	uint32_t hash;
};

struct map {
	struct map_slot *slots;
	size_t len, cap; /* cap is a power of two or 0 */
};

void map_init(struct map *m);
void map_done(struct map *m);

void *map_get(const struct map *m, struct str key); /* NULL when absent */

void *map_get_hashed(const struct map *m, struct str key, uint64_t hash); /* hash: map_hash(key) */

/* Adds or replaces. `key` (not NULL, may be empty) must stay valid while it is in the map. 0 or -ENOMEM. */
[[nodiscard]] int map_put(struct map *m, struct str key, void *value);

/* Removes and returns the value, or NULL. */
void *map_del(struct map *m, struct str key);

/* for (size_t i = 0; (slot = map_next(&m, &i)); ) ... ; the map must not change meanwhile. */
struct map_slot *map_next(const struct map *m, size_t *at);

/* The seeded hash itself (per process, not stable between runs). */
uint64_t map_hash(struct str key);
