/* Memory that is freed at once: one arena a parcel, a configuration load, a request. It has a ceiling; beyond it
 * arena_alloc returns NULL and arena_is_full() stays true, so the stanza is refused, never the server killed.
 * Not thread-safe; an arena may move between threads with its owner. Released chunks are kept in a small
 * per-thread pool. Under ASan, freed memory is poisoned. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct arena;

/* `max` bytes is the ceiling (0: none). NULL when memory is out. */
[[nodiscard]] struct arena *arena_new(size_t max);
struct arena *arena_free(struct arena *a); /* accepts NULL, returns NULL */

/* Aligned for any type, not zeroed. NULL beyond the ceiling. */
[[nodiscard]] void *arena_alloc(struct arena *a, size_t size);
[[nodiscard]] void *arena_zalloc(struct arena *a, size_t size);
[[nodiscard]] void *arena_bytes(struct arena *a, size_t size); /* no alignment */

/* Copies; data is NULL and len 0 when the arena is full (check arena_is_full once at the end). */
struct str arena_dup(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

bool arena_is_full(const struct arena *a);
size_t arena_used(const struct arena *a);

/* Frees the chunks the calling thread keeps for re-use; called when a thread ends. */
void arena_pool_drain(void);

/* Debug builds: make the n-th allocation from now fail (0 switches it off). Per thread. */
void arena_fail_nth(unsigned long n);
