#include "account/invitation.h"

#include <openssl/evp.h>

#include "base/text.h"

bool invite_hash(struct str token, struct buf *out)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len;

	if (!token.len || EVP_Digest(token.data, token.len, hash, &len, EVP_sha256(), NULL) != 1)
		return false;
	hex_put(out, hash, len);
	return !buf_failed(out);
}
