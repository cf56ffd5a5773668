#include "net/tls_memory.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	RECORD_MIN = 16 << 10, /* a record buffer: 16 KiB and the room for head, tag and alignment */
	RECORD_MAX = 18 << 10,
	KEPT_MAX = 4,
};

static _Thread_local void *kept[KEPT_MAX];
static _Thread_local unsigned kept_len;
static pthread_key_t ending; /* its destructor gives back what a thread kept */

static void drain(void *unused)
{
	(void)unused;
	while (kept_len)
		free(kept[--kept_len]);
}

/* A record buffer is allocated with the largest size of all, so what is kept holds any. */
static void *pool_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size == 0)
		return NULL;
	if (size < RECORD_MIN || size > RECORD_MAX)
		return malloc(size);
	return kept_len ? kept[--kept_len] : malloc(RECORD_MAX);
}

static bool is_record_buffer(void *p)
{
	size_t size = malloc_usable_size(p);

	return size >= RECORD_MAX && size < 2 * RECORD_MAX;
}

static void pool_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p && kept_len < KEPT_MAX && is_record_buffer(p) && pthread_setspecific(ending, kept) == 0)
		kept[kept_len++] = p;
	else
		free(p);
}

static void *pool_realloc(void *p, size_t size, const char *file, int line)
{
	if (!p)
		return pool_malloc(size, file, line);
	if (size)
		return realloc(p, size);
	pool_free(p, file, line);
	return NULL;
}

int tls_memory_pool(void)
{
	int r = pthread_key_create(&ending, drain);

	if (r)
		return -r;
	return CRYPTO_set_mem_functions(pool_malloc, pool_realloc, pool_free) == 1 ? 0 : -EBUSY;
}
