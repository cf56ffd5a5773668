/* Salted keys, computed once; an open-addressed table; see scram_keys.h. */
#include "scram_keys.h"

#include <openssl/hmac.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fatal.h"

#define SALT_MAX 100 /* characters of base64 */

struct entry {
	struct scram_key key;
	int iterations; /* 0: free */
	int width;      /* bytes of the hash: tells SHA-1 from SHA-256 */
	char salt[SALT_MAX + 1];
};

struct scram_keys {
	char *password;
	struct entry *entries;
	size_t capacity; /* a power of two */
	size_t count;
};

struct scram_keys *scram_keys_new(const char *password)
{
	struct scram_keys *keys = must_alloc(1, sizeof(*keys));

	keys->password = strdup(password);
	keys->capacity = 1024;
	keys->entries = must_alloc(keys->capacity, sizeof(*keys->entries));
	return keys;
}

struct scram_keys *scram_keys_free(struct scram_keys *keys)
{
	if (keys) {
		free(keys->password);
		free(keys->entries);
		free(keys);
	}
	return NULL;
}

static size_t salt_hash(const char *salt)
{
	uint64_t hash = 1469598103934665603ULL;

	for (; *salt; salt++)
		hash = (hash ^ (unsigned char)*salt) * 1099511628211ULL;
	return hash;
}

/* The entry for these three, or the free one where it belongs. */
static struct entry *entry_find(const struct scram_keys *keys, const char *salt, int width, int iterations)
{
	size_t at = salt_hash(salt) & (keys->capacity - 1);

	for (;; at = (at + 1) & (keys->capacity - 1)) {
		struct entry *e = &keys->entries[at];

		if (!e->iterations)
			return e;
		if (e->iterations == iterations && e->width == width && !strcmp(e->salt, salt))
			return e;
	}
}

static void keys_grow(struct scram_keys *keys)
{
	struct entry *old = keys->entries;
	size_t old_capacity = keys->capacity;

	keys->capacity *= 2;
	keys->entries = must_alloc(keys->capacity, sizeof(*keys->entries));
	for (size_t i = 0; i < old_capacity; i++) {
		if (old[i].iterations)
			*entry_find(keys, old[i].salt, old[i].width, old[i].iterations) = old[i];
	}
	free(old);
}

/* RFC 5802 section 3: SaltedPassword, ClientKey, StoredKey, ServerKey. */
static void key_compute(
	struct scram_key *key, const char *password, const EVP_MD *hash, struct str salt, int rounds)
{
	unsigned char salted[SCRAM_HASH_MAX];
	int width = EVP_MD_get_size(hash);
	struct buf raw = {};

	if (!base64_read(salt, &raw))
		fatal("salt '%.*s' is not base64", (int)salt.len, salt.data);
	if (!PKCS5_PBKDF2_HMAC(
		    password, -1, (unsigned char *)raw.data, (int)raw.len, rounds, hash, width, salted) ||
		!HMAC(hash, salted, width, (const unsigned char *)"Client Key", 10, key->client, NULL) ||
		!HMAC(hash, salted, width, (const unsigned char *)"Server Key", 10, key->server, NULL) ||
		!EVP_Digest(key->client, (size_t)width, key->stored, NULL, hash, NULL))
		fatal("cannot compute the keys");
	buf_done(&raw);
}

static struct entry *entry_add(struct scram_keys *keys, const char *salt, int width, int iterations)
{
	struct entry *e;

	if (2 * ++keys->count > keys->capacity)
		keys_grow(keys);
	e = entry_find(keys, salt, width, iterations);
	e->iterations = iterations;
	e->width = width;
	snprintf(e->salt, sizeof(e->salt), "%s", salt);
	return e;
}

const struct scram_key *scram_keys_get(
	struct scram_keys *keys, const EVP_MD *hash, struct str salt, int iterations)
{
	int width = EVP_MD_get_size(hash);
	char text[SALT_MAX + 1];
	struct entry *e;

	if (salt.len > SALT_MAX)
		fatal("a salt of %zu characters", salt.len);
	memcpy(text, salt.data, salt.len);
	text[salt.len] = 0;
	e = entry_find(keys, text, width, iterations);
	if (!e->iterations) {
		e = entry_add(keys, text, width, iterations);
		key_compute(&e->key, keys->password, hash, salt, iterations);
	}
	return &e->key;
}

static bool hex_read(const char *text, unsigned char *out, int width)
{
	for (int i = 0; i < width; i++) {
		if (sscanf(text + 2 * (ptrdiff_t)i, "%2hhx", &out[i]) != 1)
			return false;
	}
	return true;
}

void scram_keys_load(struct scram_keys *keys, const char *path)
{
	FILE *file = fopen(path, "re");
	char salt[SALT_MAX + 1], client[65], server[65];
	int width, iterations;

	if (!file)
		return;
	while (fscanf(file, "%d %d %100s %64s %64s", &width, &iterations, salt, client, server) == 5) {
		const EVP_MD *hash = width == 32 ? EVP_sha256() : EVP_sha1();
		struct entry *e;

		if (iterations < 1 || width != EVP_MD_get_size(hash) || strlen(client) != 2 * (size_t)width ||
			strlen(server) != 2 * (size_t)width)
			fatal("%s: not a file of keys", path);
		e = entry_find(keys, salt, width, iterations);
		if (!e->iterations)
			e = entry_add(keys, salt, width, iterations);
		if (!hex_read(client, e->key.client, width) || !hex_read(server, e->key.server, width) ||
			!EVP_Digest(e->key.client, (size_t)width, e->key.stored, NULL, hash, NULL))
			fatal("%s: not a file of keys", path);
	}
	fclose(file);
}

static void hex_write(FILE *file, const unsigned char *bytes, int width)
{
	fputc(' ', file);
	for (int i = 0; i < width; i++)
		fprintf(file, "%02x", bytes[i]);
}

void scram_keys_save(const struct scram_keys *keys, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		fatal_errno("%s", path);
	for (size_t i = 0; i < keys->capacity; i++) {
		const struct entry *e = &keys->entries[i];

		if (!e->iterations)
			continue;
		fprintf(file, "%d %d %s", e->width, e->iterations, e->salt);
		hex_write(file, e->key.client, e->width);
		hex_write(file, e->key.server, e->width);
		fputc('\n', file);
	}
	if (fclose(file))
		fatal_errno("%s", path);
}
