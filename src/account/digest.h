/* The three hashes of SCRAM. Private to src/account. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "store/rows.h"

/* OpenSSL's object for a kind. */
const struct evp_md_st *digest_of(enum store_verifier_kind kind);

/* HMAC(key, text) and H(text); `out` holds verifier_key_len(kind) bytes. 0 or -EIO. */
[[nodiscard]] int digest_hmac(
	enum store_verifier_kind kind, const uint8_t *key, struct str text, uint8_t *out);
/* HMAC-SHA-256 with a key of any length: 32 bytes. 0 or -EIO. */
[[nodiscard]] int digest_hmac_with(struct str key, struct str text, uint8_t *out);
[[nodiscard]] int digest_hash(enum store_verifier_kind kind, const uint8_t *data, size_t len, uint8_t *out);

/* Made-up credentials for a user that has none: the same for the same user and kind as long as the secret
 * stays. No password fits them. 0 or -EIO. */
struct account_secret;
[[nodiscard]] int digest_fake(struct store_verifier *out, enum store_verifier_kind kind,
	const struct account_secret *secret, struct str user, uint32_t iterations);
