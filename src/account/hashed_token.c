#include "account/hashed_token.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "account/digest.h"
#include "account/identity.h"
#include "account/scram.h"
#include "base/mechanism.h"
#include "base/rand.h"
#include "base/text.h"

#define TOKEN_BEGIN "fast" /* so that somebody who finds one knows what it is */

_Static_assert(MECHANISM_HT_NONE + HT_EXPORTER == (int)MECHANISM_HT_EXPORTER, "the same order");

bool ht_mechanism_parse(struct str name, enum ht_mechanism *out)
{
	for (unsigned i = 0; i < HT_MECHANISMS; i++) {
		if (str_eq(name, str_from(ht_mechanism_name((enum ht_mechanism)i)))) {
			*out = (enum ht_mechanism)i;
			return true;
		}
	}
	return false;
}

const char *ht_mechanism_name(enum ht_mechanism m)
{
	return mechanism_names[MECHANISM_HT_NONE + m];
}

int ht_parse(struct ht_message *out, struct str message, struct str domain, struct arena *arena)
{
	size_t nul = str_find(message, '\0', 0);
	struct str user, name = str_cut(message, 0, nul);
	int r;

	if (message.len > HT_MESSAGE_MAX || name.len == 0 || message.len != nul + 1 + HT_HASH || !utf8_is_valid(name))
		return SCRAM_E_MALFORMED;
	r = identity_make(&user, &out->jid, name, STR_NONE, domain, arena);
	if (r == 0)
		memcpy(out->proof, message.data + nul + 1, HT_HASH);
	return r;
}

void ht_seed_new(char out[HT_SEED + 1])
{
	struct buf text = BUF_INIT(0);
	unsigned char random[16];

	rand_bytes(random, sizeof(random));
	base64url_put(&text, random, sizeof(random));
	memcpy(out, text.data, HT_SEED);
	out[HT_SEED] = '\0';
	buf_done(&text);
}

int ht_token(char out[HT_TOKEN + 1], const struct account_secret *secret, const struct ht_name *name)
{
	const struct str parts[] = {name->owner, name->key, name->mechanism, name->seed};
	struct buf text = BUF_INIT(0);
	uint8_t bytes[32];
	int r;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		buf_str(&text, parts[i]);
		buf_putc(&text, '\0');
	}
	r = buf_failed(&text) ? -ENOMEM : account_secret_derive(secret, "token", buf_view(&text), bytes);
	buf_clear(&text);
	if (r == 0) {
		buf_lit(&text, TOKEN_BEGIN);
		base64url_put(&text, bytes, sizeof(bytes));
		memcpy(out, text.data, HT_TOKEN);
		out[HT_TOKEN] = '\0';
		OPENSSL_cleanse(text.data, text.cap);
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	buf_done(&text);
	return r;
}

/* HMAC(token, who || binding data): the token is shorter than a block, so it is the key itself. */
static int hash(const char *token, struct str who, struct str binding, uint8_t out[HT_HASH])
{
	struct buf text = BUF_INIT(0);
	int r;

	buf_str(&text, who);
	buf_str(&text, binding);
	r = buf_failed(&text) ? -ENOMEM : digest_hmac_with(str_from(token), buf_view(&text), out);
	buf_done(&text);
	return r;
}

int ht_check(const char *token, struct str binding, const uint8_t proof[HT_HASH], uint8_t answer[HT_HASH])
{
	uint8_t expected[HT_HASH];
	int r = hash(token, STR("Initiator"), binding, expected);
	bool right = r == 0 && CRYPTO_memcmp(expected, proof, HT_HASH) == 0;

	OPENSSL_cleanse(expected, sizeof(expected));
	if (r)
		return r;
	return right ? hash(token, STR("Responder"), binding, answer) : SCRAM_E_WRONG_PASSWORD;
}
