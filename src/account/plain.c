#include "account/plain.h"

#include <errno.h>
#include <openssl/crypto.h>

#include "account/digest.h"
#include "account/identity.h"
#include "account/scram.h"
#include "account/verifier.h"
#include "base/text.h"

/* [authzid] NUL authcid NUL passwd */
static bool split(struct str message, struct str *authzid, struct str *authcid, struct str *password)
{
	size_t first = str_find(message, '\0', 0),
	       second = first < message.len ? str_find(message, '\0', first + 1) : 0;

	if (first == message.len || second == message.len)
		return false;
	*authzid = str_cut(message, 0, first);
	*authcid = str_cut(message, first + 1, second);
	*password = str_cut(message, second + 1, message.len);
	return authcid->len > 0 && password->len > 0 && !memchr(password->data, '\0', password->len);
}

int plain_parse(struct plain *out, struct str message, struct str domain, struct arena *arena)
{
	struct str authzid, authcid, password;
	struct plain p = {};
	int r;

	if (message.len == 0 || message.len > PLAIN_MESSAGE_MAX || !utf8_is_valid(message) ||
		!split(message, &authzid, &authcid, &password))
		return SCRAM_E_MALFORMED;
	if (password.len > PASSWORD_MAX)
		return SCRAM_E_MALFORMED;
	r = identity_make(&p.user, &p.jid, authcid, authzid, domain, arena);
	if (r)
		return r;
	p.password = arena_bytes(arena, password.len);
	if (!p.password)
		return -ENOMEM;
	memcpy(p.password, password.data, password.len);
	p.password_len = password.len;
	*out = p;
	return 0;
}

int plain_check(const struct plain *p, const struct store_verifier *v, enum store_verifier_kind kind,
	const struct account_secret *secret, uint32_t iterations)
{
	struct store_verifier fake = {};
	bool known = v && p->jid.len && v->key_len == verifier_key_len(kind);
	int r = digest_fake(&fake, kind, secret, p->jid.len ? p->jid : p->user, iterations);

	if (r)
		return r;
	r = verifier_check(known ? v : &fake, kind, str_of(p->password, p->password_len));
	verifier_wipe(&fake, 1);
	if (r < 0)
		return r;
	if (!known)
		return SCRAM_E_UNKNOWN_USER;
	return r == 0 ? 0 : SCRAM_E_WRONG_PASSWORD;
}

void plain_wipe(struct plain *p)
{
	if (p->password)
		OPENSSL_cleanse(p->password, p->password_len);
	p->password = NULL;
	p->password_len = 0;
}
