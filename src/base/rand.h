/* Random bytes from the kernel. rand_bytes never fails: without randomness the process ends. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *out, size_t len);

/* The same from a per-thread pool of kernel randomness: for many small draws (ids, salts). */
void rand_pooled(void *out, size_t len);
