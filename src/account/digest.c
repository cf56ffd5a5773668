#include "account/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "account/secret.h"
#include "account/verifier.h"

const struct evp_md_st *digest_of(enum store_verifier_kind kind)
{
	return kind == STORE_SHA_1 ? EVP_sha1() : kind == STORE_SHA_256 ? EVP_sha256() : EVP_sha512();
}

size_t verifier_key_len(enum store_verifier_kind kind)
{
	return kind == STORE_SHA_1 ? 20 : kind == STORE_SHA_256 ? 32 : 64;
}

int digest_hmac(enum store_verifier_kind kind, const uint8_t *key, struct str text, uint8_t *out)
{
	unsigned len = 0;

	return HMAC(digest_of(kind), key, (int)verifier_key_len(kind), (const unsigned char *)text.data,
		       text.len, out, &len)
		       ? 0
		       : -EIO;
}

int digest_hash(enum store_verifier_kind kind, const uint8_t *data, size_t len, uint8_t *out)
{
	return EVP_Digest(data, len, out, NULL, digest_of(kind), NULL) ? 0 : -EIO;
}

/* The keys are as random as true ones, so the work that follows is the same. */
int digest_fake(struct store_verifier *out, enum store_verifier_kind kind,
	const struct account_secret *secret, struct str user, uint32_t iterations)
{
	static const char *const salts[] = {"salt 1", "salt 256", "salt 512"};
	uint8_t salt[32];
	int r = account_secret_derive(secret, salts[kind], user, salt);

	if (r == 0)
		r = account_secret_derive(secret, "stored key", user, out->stored_key);
	if (r == 0)
		r = account_secret_derive(secret, "stored key 2", user, out->stored_key + 32);
	if (r)
		return r;
	out->iterations = iterations;
	out->salt_len = VERIFIER_SALT;
	out->key_len = (uint8_t)verifier_key_len(kind);
	memcpy(out->salt, salt, VERIFIER_SALT);
	memcpy(out->server_key, out->stored_key, sizeof(out->server_key));
	return 0;
}
