#include "account/digest.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>

#include "account/secret.h"
#include "account/verifier.h"
#include "base/buf.h"

const struct evp_md_st *digest_of(enum store_verifier_kind kind)
{
	return kind == STORE_SHA_1 ? EVP_sha1() : kind == STORE_SHA_256 ? EVP_sha256() : EVP_sha512();
}

size_t verifier_key_len(enum store_verifier_kind kind)
{
	return kind == STORE_SHA_1 ? 20 : kind == STORE_SHA_256 ? 32 : 64;
}

/* Looked up once: finding algorithms by name costs more than using them. Kept until the process ends. */
static EVP_MD *hashes[STORE_VERIFIER_KINDS];
static EVP_MAC_CTX *macs[STORE_VERIFIER_KINDS]; /* without a key; copied for each use, by any thread */
static pthread_once_t made = PTHREAD_ONCE_INIT;

static EVP_MAC_CTX *mac_make(char *digest)
{
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

	if (mac && !EVP_MAC_CTX_set_params(mac, params)) {
		EVP_MAC_CTX_free(mac);
		mac = NULL;
	}
	EVP_MAC_free(hmac);
	return mac;
}

static void make_all(void)
{
	char names[STORE_VERIFIER_KINDS][8] = {"SHA1", "SHA256", "SHA512"}; /* parameters take no const */

	for (size_t i = 0; i < STORE_VERIFIER_KINDS; i++) {
		hashes[i] = EVP_MD_fetch(NULL, names[i], NULL);
		macs[i] = mac_make(names[i]);
	}
}

static int hmac(
	enum store_verifier_kind kind, const uint8_t *key, size_t key_len, struct str text, uint8_t *out)
{
	EVP_MAC_CTX *mac;
	size_t len = 0;
	bool good;

	pthread_once(&made, make_all);
	mac = macs[kind] ? EVP_MAC_CTX_dup(macs[kind]) : NULL;
	good = mac && EVP_MAC_init(mac, key, key_len, NULL) &&
	       EVP_MAC_update(mac, (const unsigned char *)text.data, text.len) &&
	       EVP_MAC_final(mac, out, &len, verifier_key_len(kind));
	EVP_MAC_CTX_free(mac); /* wipes what it knew of the key */
	return good ? 0 : -EIO;
}

int digest_hmac_with(struct str key, struct str text, uint8_t *out)
{
	return hmac(STORE_SHA_256, (const uint8_t *)key.data, key.len, text, out);
}

int digest_hmac(enum store_verifier_kind kind, const uint8_t *key, struct str text, uint8_t *out)
{
	return hmac(kind, key, verifier_key_len(kind), text, out);
}

int digest_hash(enum store_verifier_kind kind, const uint8_t *data, size_t len, uint8_t *out)
{
	pthread_once(&made, make_all);
	return hashes[kind] && EVP_Digest(data, len, out, NULL, hashes[kind], NULL) ? 0 : -EIO;
}

/* One HMAC-SHA-512 gives salt and keys. The keys are as random as true ones, so the work that follows is the
 * same; that the last 16 bytes of a SHA-512 key stay zero does no harm, the exchange of an unknown user is
 * refused whatever the proof. */
int digest_fake(struct store_verifier *out, enum store_verifier_kind kind,
	const struct account_secret *secret, struct str user, uint32_t iterations)
{
	static const char *const labels[] = {"unknown 1", "unknown 256", "unknown 512"};
	struct buf input = BUF_INIT(0);
	uint8_t bytes[64];
	int r = -EIO;

	buf_put(&input, labels[kind], strlen(labels[kind]) + 1);
	buf_str(&input, user);
	if (!buf_failed(&input))
		r = hmac(STORE_SHA_512, secret->bytes, sizeof(secret->bytes), buf_view(&input), bytes);
	buf_done(&input);
	if (r)
		return r;
	*out = (struct store_verifier){.iterations = iterations,
		.salt_len = VERIFIER_SALT,
		.key_len = (uint8_t)verifier_key_len(kind)};
	memcpy(out->salt, bytes, VERIFIER_SALT);
	memcpy(out->stored_key, bytes + VERIFIER_SALT, sizeof(bytes) - VERIFIER_SALT);
	memcpy(out->server_key, out->stored_key, sizeof(out->server_key));
	return 0;
}
