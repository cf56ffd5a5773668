/* The cache behind scram.h: keys by (hash, salt, iterations). */
#ifndef BENCH_SCRAM_KEYS_H
#define BENCH_SCRAM_KEYS_H

#include "scram.h"

struct scram_key {
	unsigned char client[SCRAM_HASH_MAX];
	unsigned char stored[SCRAM_HASH_MAX]; /* H(client) */
	unsigned char server[SCRAM_HASH_MAX];
};

/* The keys for a salt (base64 as the server sent it), computed when they are not there. Valid until the next
 * call. */
const struct scram_key *scram_keys_get(
	struct scram_keys *keys, const EVP_MD *hash, struct str salt, int iterations);

/* Appends the bytes that `text` encodes; false when it is not base64. */
bool base64_read(struct str text, struct buf *out);

#endif
