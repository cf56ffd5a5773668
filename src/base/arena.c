/* Chunks in a list, newest first; the first chunk holds the arena itself. Chunks of the usual size go back to a
 * per-thread pool, so a stanza costs no malloc in the steady state. Under AddressSanitizer there is no pool: its reports
 * are to name who made the arena, not who first made the chunk. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum {
	CHUNK_SIZE = 4096,
#ifdef ARENA_ASAN
	POOL_MAX = 0,
#else
	POOL_MAX = 256, /* chunks a thread keeps */
#endif
};

struct chunk {
	struct chunk *next;
	size_t size; /* with this header */
};

struct arena {
	struct chunk *chunks;
	char *at, *end;
	size_t used, max;
	bool full;
};

static _Thread_local struct chunk *pool;
static _Thread_local size_t pool_len;
static _Thread_local unsigned long fail_in;

static struct chunk *chunk_get(size_t size)
{
	struct chunk *c;

	if (size <= CHUNK_SIZE && pool) {
		c = pool;
		UNPOISON(c, CHUNK_SIZE);
		pool = c->next;
		pool_len--;
		return c;
	}
	if (size < CHUNK_SIZE)
		size = CHUNK_SIZE;
	c = malloc(size);
	if (c)
		c->size = size;
	return c;
}

static void chunk_put(struct chunk *c)
{
	UNPOISON(c, c->size);
	if (c->size != CHUNK_SIZE || pool_len + 1 > POOL_MAX) {
		free(c);
		return;
	}
	c->next = pool;
	pool = c;
	pool_len++;
	POISON((char *)c + sizeof(*c), CHUNK_SIZE - sizeof(*c));
}

struct arena *arena_new(size_t max)
{
	struct chunk *c = chunk_get(CHUNK_SIZE);
	struct arena *a;

	if (!c)
		return NULL;
	c->next = NULL;
	a = (struct arena *)(c + 1);
	*a = (struct arena){.chunks = c, .max = max};
	a->at = (char *)(a + 1);
	a->end = (char *)c + c->size;
	POISON(a->at, (size_t)(a->end - a->at));
	return a;
}

struct arena *arena_free(struct arena *a)
{
	struct chunk *c, *next;

	for (c = a ? a->chunks : NULL; c; c = next) {
		UNPOISON(c, sizeof(*c));
		next = c->next;
		chunk_put(c);
	}
	return NULL;
}

static bool arena_grow(struct arena *a, size_t size)
{
	struct chunk *c;
	size_t need;

	if (__builtin_add_overflow(size, sizeof(*c) + 16, &need))
		return false;
	c = chunk_get(need);
	if (!c)
		return false;
	c->next = a->chunks;
	a->chunks = c;
	a->at = (char *)(c + 1);
	a->end = (char *)c + c->size;
	POISON(a->at, (size_t)(a->end - a->at));
	return true;
}

static void *arena_take(struct arena *a, size_t size, size_t align)
{
	uintptr_t at = ((uintptr_t)a->at + align - 1) & ~(uintptr_t)(align - 1);

	if (fail_in && --fail_in == 0)
		goto full;
	if (a->max && size > a->max - a->used)
		goto full;
	if (at > (uintptr_t)a->end || size > (uintptr_t)a->end - at) {
		if (!arena_grow(a, size))
			goto full;
		at = ((uintptr_t)a->at + align - 1) & ~(uintptr_t)(align - 1);
	}
	a->used += size;
	a->at = (char *)at + size;
	UNPOISON((void *)at, size);
	return (void *)at;
full:
	a->full = true;
	return NULL;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return arena_take(a, size, _Alignof(max_align_t));
}

void *arena_zalloc(struct arena *a, size_t size)
{
	void *p = arena_alloc(a, size);

	return p ? memset(p, 0, size) : NULL;
}

void *arena_bytes(struct arena *a, size_t size)
{
	return arena_take(a, size, 1);
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *copy = s.len ? arena_bytes(a, s.len) : NULL;

	if (!copy)
		return STR_NONE;
	memcpy(copy, s.data, s.len);
	return str_of(copy, s.len);
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args, again;
	char *text;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	text = n < 0 ? NULL : arena_bytes(a, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(args);
	return text ? str_of(text, (size_t)n) : STR_NONE;
}

bool arena_is_full(const struct arena *a)
{
	return a->full;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

void arena_pool_drain(void)
{
	while (pool) {
		struct chunk *c = pool;

		UNPOISON(c, CHUNK_SIZE);
		pool = c->next;
		free(c);
	}
	pool_len = 0;
}

void arena_fail_nth(unsigned long n)
{
	fail_in = n;
}
