#include "account/verifier.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "account/digest.h"
#include "base/cleanup.h"
#include "base/rand.h"
#include "base/text.h"
#include "jid/jid.h"
#include "jid/precis.h"

/* A prepared password; the bytes never move, so wiping them here wipes the only copy. */
struct secret_text {
	struct buf text;
};

static void secret_text_done(struct secret_text *s)
{
	if (s->text.data)
		OPENSSL_cleanse(s->text.data, s->text.cap);
	buf_done(&s->text);
}

static int secret_text_prepare(struct secret_text *s, struct str password)
{
	int r;

	s->text = BUF_INIT(PASSWORD_MAX);
	if (password.len > 4 * PASSWORD_MAX)
		return VERIFIER_E_LONG;
	if (!buf_room(&s->text, PASSWORD_MAX))
		return -ENOMEM;
	r = precis_opaque(password, &s->text);
	return r == PRECIS_E_REFUSED ? VERIFIER_E_CHARS : r == PRECIS_E_LONG ? VERIFIER_E_LONG : r;
}

const char *verifier_text(int outcome)
{
	switch (outcome) {
	case 0:
		return "the password is good";
	case VERIFIER_E_WRONG:
		return "the password is wrong";
	case VERIFIER_E_CHARS:
		return "the password is empty or holds control or other characters that are not allowed";
	case VERIFIER_E_SHORT:
		return "the password has too few characters (the setting sasl.password_min says how many it must have)";
	case VERIFIER_E_LONG:
		return "the password must have at most 1023 bytes";
	case VERIFIER_E_WEAK:
		return "the password must not be the user's name or one character repeated";
	default:
		return "the password could not be checked";
	}
}

static int policy(struct str password, struct str local, size_t min)
{
	size_t characters = 0, at = 0;
	uint32_t first = 0;
	bool varied = false;

	while (at < password.len) {
		uint32_t c = utf8_next(password, &at);

		if (characters++ == 0)
			first = c;
		varied |= c != first;
	}
	if (characters < PASSWORD_MIN || characters < min)
		return VERIFIER_E_SHORT;
	return varied && !str_eq_nocase(password, local) ? 0 : VERIFIER_E_WEAK;
}

int verifier_policy(struct str password, struct str jid, size_t min)
{
	AUTO(secret_text_done) struct secret_text prepared = {};
	int r = secret_text_prepare(&prepared, password);
	struct jid parts = jid_split(jid);

	if (r == 0)
		r = policy(buf_view(&prepared.text), parts.local, min);
	if (r == 0 && str_eq_nocase(buf_view(&prepared.text), jid))
		r = VERIFIER_E_WEAK;
	return r;
}

/* RFC 5802 section 3: SaltedPassword, StoredKey, ServerKey. */
static int derive_keys(struct store_verifier *v, enum store_verifier_kind kind, struct str prepared)
{
	uint8_t salted[STORE_KEY_MAX], client_key[STORE_KEY_MAX];
	int r = -EIO;

	if (PKCS5_PBKDF2_HMAC(prepared.data, (int)prepared.len, v->salt, v->salt_len, (int)v->iterations,
		    digest_of(kind), v->key_len, salted))
		r = digest_hmac(kind, salted, STR("Client Key"), client_key);
	if (r == 0)
		r = digest_hash(kind, client_key, v->key_len, v->stored_key);
	if (r == 0)
		r = digest_hmac(kind, salted, STR("Server Key"), v->server_key);
	OPENSSL_cleanse(salted, sizeof(salted));
	OPENSSL_cleanse(client_key, sizeof(client_key));
	return r;
}

static int derive_prepared(struct store_verifier *out, enum store_verifier_kind kind, struct str prepared,
	struct str salt, uint32_t iterations)
{
	struct store_verifier v = {.iterations = iterations,
		.salt_len = (uint8_t)salt.len,
		.key_len = (uint8_t)verifier_key_len(kind)};
	int r;

	if (salt.len == 0 || salt.len > STORE_SALT_MAX || iterations == 0 || iterations > INT32_MAX)
		return -EINVAL;
	memcpy(v.salt, salt.data, salt.len);
	r = derive_keys(&v, kind, prepared);
	if (r == 0)
		*out = v;
	verifier_wipe(&v, 1);
	return r;
}

int verifier_derive(struct store_verifier *out, enum store_verifier_kind kind, struct str password,
	struct str salt, uint32_t iterations)
{
	AUTO(secret_text_done) struct secret_text prepared = {};
	int r = secret_text_prepare(&prepared, password);

	return r ? r : derive_prepared(out, kind, buf_view(&prepared.text), salt, iterations);
}

int verifier_make(struct store_verifier out[STORE_VERIFIER_KINDS], struct str password, uint32_t iterations,
	unsigned kinds)
{
	AUTO(secret_text_done) struct secret_text prepared = {};
	char salt[VERIFIER_SALT];
	int r = secret_text_prepare(&prepared, password);

	memset(out, 0, STORE_VERIFIER_KINDS * sizeof(*out));
	for (unsigned kind = 0; r == 0 && kind < STORE_VERIFIER_KINDS; kind++) {
		if (!(kinds & 1u << kind))
			continue;
		rand_bytes(salt, sizeof(salt));
		r = derive_prepared(&out[kind], (enum store_verifier_kind)kind, buf_view(&prepared.text),
			str_of(salt, sizeof(salt)), iterations);
	}
	if (r)
		verifier_wipe(out, STORE_VERIFIER_KINDS);
	return r;
}

int verifier_check(const struct store_verifier *v, enum store_verifier_kind kind, struct str password)
{
	AUTO(secret_text_done) struct secret_text prepared = {};
	struct store_verifier made = {};
	int refused = secret_text_prepare(&prepared, password), r;
	struct str text = refused ? STR("as long as a wrong one") : buf_view(&prepared.text);

	if (refused < 0)
		return refused;
	r = derive_prepared(&made, kind, text, str_of((const char *)v->salt, v->salt_len), v->iterations);
	if (r)
		return r;
	r = v->key_len == made.key_len && CRYPTO_memcmp(made.stored_key, v->stored_key, made.key_len) == 0;
	verifier_wipe(&made, 1);
	return r && !refused ? 0 : VERIFIER_E_WRONG;
}

void verifier_wipe(struct store_verifier *v, size_t count)
{
	OPENSSL_cleanse(v, count * sizeof(*v));
}

void person_id_new(char out[PERSON_ID_LEN + 1])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t bytes[17] = {};

	rand_pooled(bytes, 16);
	for (unsigned i = 0; i < PERSON_ID_LEN; i++) {
		unsigned bit = i * 5, pair = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];

		out[i] = digits[pair >> (11 - bit % 8) & 31];
	}
	out[PERSON_ID_LEN] = '\0';
}
