#include "base/rand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void rand_bytes(void *out, size_t len)
{
	char *at = out;

	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

enum { POOL_SIZE = 4096 };
static _Thread_local unsigned char pool[POOL_SIZE];
static _Thread_local size_t pool_left;

void rand_pooled(void *out, size_t len)
{
	if (len > POOL_SIZE) {
		rand_bytes(out, len);
		return;
	}
	if (pool_left < len) {
		rand_bytes(pool, POOL_SIZE);
		pool_left = POOL_SIZE;
	}
	pool_left -= len;
	memcpy(out, pool + pool_left, len);
	explicit_bzero(pool + pool_left, len); /* a draw is never given twice nor left behind */
}
