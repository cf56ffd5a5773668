#include "account/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

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

/* One HMAC-SHA-512 gives salt and keys. The keys are as random as true ones, so the work that follows is the
 * same; that the last 16 bytes of a SHA-512 key stay zero does no harm, the exchange of an unknown user is
 * refused whatever the proof. */
int digest_fake(struct store_verifier *out, enum store_verifier_kind kind,
	const struct account_secret *secret, struct str user, uint32_t iterations)
{
	static const char *const labels[] = {"unknown 1", "unknown 256", "unknown 512"};
	struct buf input = BUF_INIT(0);
	uint8_t bytes[64];
	const unsigned char *made = NULL;

	buf_put(&input, labels[kind], strlen(labels[kind]) + 1);
	buf_str(&input, user);
	if (!buf_failed(&input))
		made = HMAC(EVP_sha512(), secret->bytes, sizeof(secret->bytes),
			(const unsigned char *)input.data, input.len, bytes, NULL);
	buf_done(&input);
	if (!made)
		return -EIO;
	*out = (struct store_verifier){.iterations = iterations,
		.salt_len = VERIFIER_SALT,
		.key_len = (uint8_t)verifier_key_len(kind)};
	memcpy(out->salt, bytes, VERIFIER_SALT);
	memcpy(out->stored_key, bytes + VERIFIER_SALT, sizeof(bytes) - VERIFIER_SALT);
	memcpy(out->server_key, out->stored_key, sizeof(out->server_key));
	return 0;
}
