/* Files with their SHA-256: copied and summed in one go, listed in the form of sha256sum(1), so that a backup can be
 * checked with what every system has. Paths are relative, without line breaks and backslashes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum {
	SUM_BYTES = 32,
};

struct sum {
	char *path;
	uint64_t bytes; /* not in the list's text */
	unsigned char hash[SUM_BYTES];
};

struct sums {
	struct sum *items; /* ordered as added; by path once read from a file */
	size_t len, cap;
};

void sums_done(struct sums *s);
/* 0, -ENOMEM, or -EINVAL for a path that the list cannot carry. */
[[nodiscard]] int sums_add(struct sums *s, const char *path, uint64_t bytes, const unsigned char hash[SUM_BYTES]);
/* In a list read from a file; NULL: it is not there. */
const struct sum *sums_find(const struct sums *s, const char *path);

/* Writes the list and makes it durable (mode 0600). 0 or negative. */
[[nodiscard]] int sums_write(const struct sums *s, const char *file, struct err *err);
/* 0; -ENOENT; -EINVAL with the line that is no such; or negative. Paths that lead out of the folder are refused. */
[[nodiscard]] int sums_read(struct sums *s, const char *file, struct err *err);

/* Called with bytes as they are read; may be NULL. */
typedef void sum_moved_fn(void *owner, uint64_t bytes);

/* Reads `from` (at most `bytes` of it, exactly that many unless UINT64_MAX), writes it to `to` unless that is -1, and
 * sums it. *out_bytes may be NULL. 0 or -errno; -EPIPE: `from` ended early. */
[[nodiscard]] int sum_copy(int from, int to, uint64_t bytes, sum_moved_fn *moved, void *owner,
	unsigned char out_hash[SUM_BYTES], uint64_t *out_bytes);
