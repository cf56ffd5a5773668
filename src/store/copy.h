/* A copy of the store's file while a server uses it. The copy is what the last transaction before store_copy_open()
 * left; a server writes on meanwhile and waits for nothing. What it writes then stays in the -wal file until the copy is
 * done. Blocking; for a thread or process without a loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct store_copy;

struct store_copied {
	uint64_t applied_seq; /* as in the copy */
	unsigned schema;      /* its version */
};

/* Takes hold of the state to be copied. The file is opened with the rights of the moment: who is root goes through it
 * as its owner. 0 or negative; err names the file and the reason. */
[[nodiscard]] int store_copy_open(struct store_copy **out, const char *path, struct err *err);

/* Writes the copy to `path`, which must not be there, and makes it durable; `moved` (or NULL) is told pages done and
 * pages in all, now and then. 0 or negative. */
[[nodiscard]] int store_copy_write(struct store_copy *c, const char *path,
	void (*moved)(void *owner, uint64_t done, uint64_t all), void *owner, struct store_copied *out, struct err *err);

struct store_copy *store_copy_free(struct store_copy *c); /* accepts NULL, returns NULL */
