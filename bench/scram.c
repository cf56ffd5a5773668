/* The client's side of one SCRAM login; see scram.h. */
#include "scram.h"

#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "fatal.h"
#include "scram_keys.h"

void base64_add(struct buf *out, struct str bytes)
{
	unsigned char *to = (unsigned char *)buf_reserve(out, 4 * (bytes.len / 3 + 1) + 1);

	out->len += (size_t)EVP_EncodeBlock(to, (const unsigned char *)bytes.data, (int)bytes.len);
}

bool base64_read(struct str text, struct buf *out)
{
	int got = EVP_DecodeBlock((unsigned char *)buf_reserve(out, text.len + 4),
		(const unsigned char *)text.data, (int)text.len);

	if (got < 0)
		return false;
	for (size_t i = text.len; i && text.data[i - 1] == '='; i--)
		got--;
	out->len += (size_t)got;
	return true;
}

void scram_begin(
	struct scram *s, struct scram_keys *keys, struct str mechanism, const char *user, struct buf *out)
{
	unsigned char noise[18];
	struct buf message = {};

	if (RAND_bytes(noise, sizeof(noise)) != 1)
		fatal("no random bytes");
	s->keys = keys;
	s->hash = str_equal(mechanism, STR("SCRAM-SHA-256")) ? EVP_sha256() : EVP_sha1();
	buf_print(&s->first, "n=%s,r=", user);
	base64_add(&s->first, (struct str){(const char *)noise, sizeof(noise)});

	buf_add(&message, STR("n,,"));
	buf_add(&message, buf_str(&s->first));
	base64_add(out, buf_str(&message));
	buf_done(&message);
}

struct challenge {
	struct str nonce;
	struct str salt; /* base64 */
	int iterations;
};

/* Reads r=...,s=...,i=... (RFC 5802 section 7, server-first-message). */
static bool challenge_read(struct str text, struct challenge *out)
{
	struct str i;

	if (!str_between(text, STR("r="), STR(",s="), &out->nonce))
		return false;
	if (!str_between(text, STR(",s="), STR(",i="), &out->salt))
		return false;
	i.data = out->salt.data + out->salt.len + 3;
	i.len = (size_t)(text.data + text.len - i.data);
	out->iterations = 0;
	for (size_t at = 0; at < i.len && i.data[at] >= '0' && i.data[at] <= '9'; at++)
		out->iterations = out->iterations * 10 + (i.data[at] - '0');
	return out->iterations > 0;
}

static void sign(const EVP_MD *hash, const unsigned char *key, struct str text, unsigned char *out)
{
	unsigned int length;

	if (!HMAC(hash, key, EVP_MD_get_size(hash), (const unsigned char *)text.data, text.len, out, &length))
		fatal("HMAC failed");
}

/* Appends ",p=" and the proof for the authentication message, and keeps the signature that the server must
 * show. */
static void proof_add(struct scram *s, const struct scram_key *key, struct str text, struct buf *out)
{
	unsigned char proof[SCRAM_HASH_MAX];
	int width = EVP_MD_get_size(s->hash);

	sign(s->hash, key->stored, text, proof);
	for (int i = 0; i < width; i++)
		proof[i] ^= key->client[i];
	sign(s->hash, key->server, text, s->server_signature);
	buf_add(out, STR(",p="));
	base64_add(out, (struct str){(const char *)proof, (size_t)width});
}

bool scram_answer(struct scram *s, struct str challenge, struct buf *out)
{
	struct buf server_first = {};
	struct buf last = {};
	struct buf all = {};
	struct challenge asked;
	bool ok = base64_read(challenge, &server_first) && challenge_read(buf_str(&server_first), &asked);

	if (ok) {
		const struct scram_key *key = scram_keys_get(s->keys, s->hash, asked.salt, asked.iterations);

		buf_print(&last, "c=biws,r=%.*s", (int)asked.nonce.len, asked.nonce.data);
		buf_print(&all, "%.*s,%.*s,%.*s", (int)s->first.len, s->first.data, (int)server_first.len,
			server_first.data, (int)last.len, last.data);
		proof_add(s, key, buf_str(&all), &last);
		base64_add(out, buf_str(&last));
	}
	buf_done(&server_first);
	buf_done(&last);
	buf_done(&all);
	return ok;
}

bool scram_verify(const struct scram *s, struct str final)
{
	struct buf expected = {};
	struct buf text = {};
	bool ok;

	buf_add(&expected, STR("v="));
	base64_add(
		&expected, (struct str){(const char *)s->server_signature, (size_t)EVP_MD_get_size(s->hash)});
	ok = base64_read(final, &text) && str_equal(buf_str(&text), buf_str(&expected));
	buf_done(&expected);
	buf_done(&text);
	return ok;
}

void scram_done(struct scram *s)
{
	buf_done(&s->first);
	*s = (struct scram){};
}
