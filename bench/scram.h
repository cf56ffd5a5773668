/* SCRAM as a client (RFC 5802, RFC 7677), without channel binding. The salted keys are what costs time
 * (thousands of hash rounds), so they are kept in a cache by (hash, salt, iterations) that can be saved in a
 * file: a run that is measured then finds them there. The file holds keys for one password; use one file for
 * each. */
#ifndef BENCH_SCRAM_H
#define BENCH_SCRAM_H

#include <openssl/evp.h>

#include "buf.h"

#define SCRAM_HASH_MAX 32 /* SHA-256 is the widest one spoken */

struct scram_keys; /* the cache */

struct scram_keys *scram_keys_new(const char *password);
struct scram_keys *scram_keys_free(struct scram_keys *keys);

/* Adds what the file holds; a file that is not there holds nothing. */
void scram_keys_load(struct scram_keys *keys, const char *path);

/* Writes all keys to the file, over what it had. */
void scram_keys_save(const struct scram_keys *keys, const char *path);

/* One login. Zeroed before scram_begin(); scram_done() gives back its memory and may be called at any time.
 */
struct scram {
	struct scram_keys *keys;
	const EVP_MD *hash;
	struct buf first; /* client-first-message-bare */
	unsigned char server_signature[SCRAM_HASH_MAX];
};

/* Takes "SCRAM-SHA-256" or "SCRAM-SHA-1" and appends the client's first message, in base64, to *out. */
void scram_begin(
	struct scram *s, struct scram_keys *keys, struct str mechanism, const char *user, struct buf *out);

/* Answers the challenge (base64) by appending the final message (base64) to *out; false when it makes no
 * sense. */
bool scram_answer(struct scram *s, struct str challenge, struct buf *out);

/* Whether the server proved (base64 of its final message) that it knows the account too. */
bool scram_verify(const struct scram *s, struct str final);

void scram_done(struct scram *s);

/* Appends base64 of `bytes` to *out. */
void base64_add(struct buf *out, struct str bytes);

#endif
