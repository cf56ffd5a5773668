#include "account/component_secrets.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/text.h"

enum {
	SHA1_BYTES = 20,
};

struct one {
	struct list link;
	struct str domain, secret;
	size_t len;
	char text[]; /* both */
};

struct component_secrets {
	_Atomic unsigned refs;
	struct list all;
	size_t count;
};

struct component_secrets *component_secrets_new(void)
{
	struct component_secrets *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	list_init(&s->all);
	return s;
}

struct component_secrets *component_secrets_ref(struct component_secrets *s)
{
	if (s)
		s->refs++;
	return s;
}

static void one_free(struct one *o)
{
	list_remove(&o->link);
	OPENSSL_cleanse(o->text, o->len);
	free(o);
}

struct component_secrets *component_secrets_unref(struct component_secrets *s)
{
	if (!s || --s->refs)
		return NULL;
	list_each_safe(it, &s->all)
		one_free(container_of(it, struct one, link));
	free(s);
	return NULL;
}

struct str component_secret_of(struct str file)
{
	struct str s = str_trim(file);

	if (s.len < COMPONENT_SECRET_MIN || s.len > COMPONENT_SECRET_MAX || !utf8_is_valid(s))
		return STR_NONE;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
			return STR_NONE;
	return s;
}

static struct one *find(const struct component_secrets *s, struct str domain)
{
	for (struct list *it = s->all.next; it != &s->all; it = it->next) {
		struct one *o = container_of(it, struct one, link);

		if (str_eq(o->domain, domain))
			return o;
	}
	return NULL;
}

int component_secrets_put(struct component_secrets *s, struct str domain, struct str secret)
{
	size_t len = domain.len + secret.len;
	struct one *o = malloc(sizeof(*o) + len), *old = find(s, domain);

	if (!o)
		return -ENOMEM;
	o->len = len;
	memcpy(o->text, domain.data, domain.len);
	memcpy(o->text + domain.len, secret.data, secret.len);
	o->domain = str_of(o->text, domain.len);
	o->secret = str_of(o->text + domain.len, secret.len);
	list_append(&s->all, &o->link);
	if (old)
		one_free(old);
	else
		s->count++;
	return 0;
}

size_t component_secrets_count(const struct component_secrets *s)
{
	return s ? s->count : 0;
}

/* XEP-0114: hex of SHA1(concat(stream id, secret)). */
static bool proof_of(struct str stream_id, struct str secret, char out[2 * SHA1_BYTES])
{
	unsigned char digest[SHA1_BYTES];
	struct buf text = BUF_INIT(0);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) &&
		  EVP_DigestUpdate(ctx, stream_id.data, stream_id.len) &&
		  EVP_DigestUpdate(ctx, secret.data, secret.len) && EVP_DigestFinal_ex(ctx, digest, NULL);

	EVP_MD_CTX_free(ctx);
	if (ok)
		hex_put(&text, digest, sizeof(digest));
	ok = ok && text.len == 2 * SHA1_BYTES;
	if (ok)
		memcpy(out, text.data, 2 * SHA1_BYTES);
	buf_done(&text);
	return ok;
}

bool component_secrets_prove(
	const struct component_secrets *s, struct str domain, struct str stream_id, struct str proof)
{
	const struct one *o = s ? find(s, domain) : NULL;
	char wanted[2 * SHA1_BYTES];

	return o && proof_of(stream_id, o->secret, wanted) && proof.len == sizeof(wanted) &&
	       CRYPTO_memcmp(proof.data, wanted, sizeof(wanted)) == 0;
}
