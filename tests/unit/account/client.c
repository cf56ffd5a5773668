#include "client.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "account/verifier.h"
#include "base/text.h"

struct str client_attribute(struct str message, char name)
{
	for (size_t at = 0; at < message.len; at = str_find(message, ',', at) + 1)
		if (at + 1 < message.len && message.data[at] == name && message.data[at + 1] == '=')
			return str_cut(message, at + 2, str_find(message, ',', at));
	return STR_NONE;
}

static const EVP_MD *md_of(enum store_verifier_kind kind)
{
	return kind == STORE_SHA_1 ? EVP_sha1() : kind == STORE_SHA_256 ? EVP_sha256() : EVP_sha512();
}

static void prove(enum store_verifier_kind kind, const char *password, struct str server_first,
	struct str auth, uint8_t *out)
{
	struct str salt64 = client_attribute(server_first, 's'), count = client_attribute(server_first, 'i');
	uint8_t salted[64], client_key[64], stored[64], signature[64];
	size_t len = verifier_key_len(kind);
	struct buf salt = BUF_INIT(0);
	unsigned long long iterations = 0;

	if (!base64_parse(salt64, &salt) || !str_to_u64(count, 10000000, &iterations))
		abort();
	PKCS5_PBKDF2_HMAC(password, -1, (unsigned char *)salt.data, (int)salt.len, (int)iterations,
		md_of(kind), (int)len, salted);
	HMAC(md_of(kind), salted, (int)len, (const unsigned char *)"Client Key", 10, client_key, NULL);
	EVP_Digest(client_key, len, stored, NULL, md_of(kind), NULL);
	HMAC(md_of(kind), stored, (int)len, (const unsigned char *)auth.data, auth.len, signature, NULL);
	for (size_t i = 0; i < len; i++)
		out[i] = client_key[i] ^ signature[i];
	buf_done(&salt);
}

void client_final(struct buf *out, enum store_verifier_kind kind, const char *password, struct str first_bare,
	struct str server_first, struct str binding)
{
	struct buf without = BUF_INIT(0), auth = BUF_INIT(0);
	uint8_t proof[64];

	buf_lit(&without, "c=");
	base64_put(&without, binding.data, binding.len);
	buf_lit(&without, ",r=");
	buf_str(&without, client_attribute(server_first, 'r'));
	buf_printf(&auth, "%.*s,%.*s,%.*s", STR_FMT(first_bare), STR_FMT(server_first),
		STR_FMT(buf_view(&without)));
	prove(kind, password, server_first, buf_view(&auth), proof);
	buf_str(out, buf_view(&without));
	buf_lit(out, ",p=");
	base64_put(out, proof, verifier_key_len(kind));
	buf_done(&without);
	buf_done(&auth);
}
