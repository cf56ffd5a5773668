/* The exchange. States, in order; any other call gives SCRAM_E_STATE, any failure ends in DONE:
 *
 *   NEW --client_first--> LOOKUP --set_verifier--> READY --server_first--> FINAL --client_final--> DONE
 */
#include "account/scram.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "account/digest.h"
#include "account/identity.h"
#include "account/scram_message.h"
#include "account/verifier.h"
#include "base/mechanism.h"
#include "base/text.h"

enum state {
	STATE_NEW,
	STATE_LOOKUP,
	STATE_READY,
	STATE_FINAL,
	STATE_DONE,
};

enum {
	BINDING_MAX = 64, /* bytes of channel-binding data: a hash at most */
	ARENA_MAX = 64 * 1024,
};

enum binding {
	BINDING_NONE,
	BINDING_EXPORTER,
	BINDING_END_POINT,
	BINDING_UNIQUE,
	BINDINGS,
};

static const char *const binding_names[BINDINGS] = {
	[BINDING_NONE] = "",
	[BINDING_EXPORTER] = "tls-exporter",
	[BINDING_END_POINT] = "tls-server-end-point",
	[BINDING_UNIQUE] = "tls-unique",
};

/* Channel-binding data of one type; len 0: this connection has none. */
struct binding_data {
	uint8_t bytes[BINDING_MAX];
	size_t len;
};

struct scram {
	enum state state;
	enum scram_mechanism mechanism;
	bool plus_offered;
	bool unknown;         /* the verifier is made up */
	enum binding binding; /* what the client chose */
	struct binding_data data[BINDINGS];
	const struct account_secret *secret;
	uint32_t iterations;
	struct arena *arena; /* domain, user, jid, gs2 header */
	struct str domain, user, jid, gs2;
	struct buf auth; /* AuthMessage as it grows */
	size_t nonce_at, nonce_len;
	struct store_verifier verifier;
};

_Static_assert(MECHANISM_SCRAM_SHA_1 + SCRAM_SHA_512_PLUS == (int)MECHANISM_SCRAM_SHA_512_PLUS, "the same order");

bool scram_mechanism_parse(struct str name, enum scram_mechanism *out)
{
	for (unsigned i = 0; i < SCRAM_MECHANISMS; i++) {
		if (str_eq(name, str_from(scram_mechanism_name((enum scram_mechanism)i)))) {
			*out = (enum scram_mechanism)i;
			return true;
		}
	}
	return false;
}

const char *scram_mechanism_name(enum scram_mechanism m)
{
	return mechanism_names[MECHANISM_SCRAM_SHA_1 + m];
}

bool scram_is_plus(enum scram_mechanism m)
{
	return m & 1;
}

enum store_verifier_kind scram_kind_of(enum scram_mechanism m)
{
	return (enum store_verifier_kind)(m / 2);
}

static void binding_keep(struct scram *s, enum binding type, struct str data)
{
	s->data[type].len = data.len;
	if (data.len)
		memcpy(s->data[type].bytes, data.data, data.len);
}

int scram_new(struct scram **out, const struct scram_setup *setup)
{
	struct scram *s;

	if (setup->tls_exporter.len > BINDING_MAX || setup->tls_server_end_point.len > BINDING_MAX ||
		setup->tls_unique.len > BINDING_MAX || !setup->secret || setup->domain.len == 0 || setup->iterations == 0)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->arena = arena_new(ARENA_MAX);
	s->domain = s->arena ? arena_dup(s->arena, setup->domain) : STR_NONE;
	if (!s->domain.data) {
		scram_free(s);
		return -ENOMEM;
	}
	s->mechanism = setup->mechanism;
	s->plus_offered = setup->plus_offered;
	s->secret = setup->secret;
	s->iterations = setup->iterations;
	binding_keep(s, BINDING_EXPORTER, setup->tls_exporter);
	binding_keep(s, BINDING_END_POINT, setup->tls_server_end_point);
	binding_keep(s, BINDING_UNIQUE, setup->tls_unique);
	s->auth = BUF_INIT(4 * SCRAM_MESSAGE_MAX);
	*out = s;
	return 0;
}

struct scram *scram_free(struct scram *s)
{
	if (!s)
		return NULL;
	buf_done(&s->auth);
	arena_free(s->arena);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
	return NULL;
}

struct str scram_jid(const struct scram *s)
{
	return s->jid;
}

struct str scram_user(const struct scram *s)
{
	return s->user;
}

enum store_verifier_kind scram_kind(const struct scram *s)
{
	return scram_kind_of(s->mechanism);
}

const char *scram_binding_type(const struct scram *s)
{
	return binding_names[s->binding];
}

/* RFC 5802 section 6. `y` says "you offer no -PLUS": when we did, somebody took it out of the list. */
static int binding_choose(struct scram *s, const struct scram_first *first)
{
	bool plus = scram_is_plus(s->mechanism);

	if (first->flag != 'p')
		return plus || (first->flag == 'y' && s->plus_offered) ? SCRAM_E_DOWNGRADE : 0;
	if (!plus)
		return SCRAM_E_DOWNGRADE;
	for (int i = BINDING_EXPORTER; i < BINDINGS; i++)
		if (s->data[i].len && str_eq(first->cb_name, str_from(binding_names[i]))) {
			s->binding = (enum binding)i;
			return 0;
		}
	return SCRAM_E_BINDING_TYPE;
}

static int identity_take(struct scram *s, const struct scram_first *first)
{
	struct str name, authzid = STR_NONE;
	int r = scram_unescape(&name, first->user, s->arena);

	if (r == 0 && first->authzid.len)
		r = scram_unescape(&authzid, first->authzid, s->arena);
	if (r)
		return r;
	return identity_make(&s->user, &s->jid, name, authzid, s->domain, s->arena);
}

static int fail(struct scram *s, int outcome)
{
	s->state = STATE_DONE;
	return outcome;
}

int scram_client_first(struct scram *s, struct str message)
{
	struct scram_first first;
	int r;

	if (s->state != STATE_NEW)
		return fail(s, SCRAM_E_STATE);
	r = scram_first_parse(&first, message);
	if (r == 0)
		r = binding_choose(s, &first);
	if (r == 0)
		r = identity_take(s, &first);
	if (r)
		return fail(s, r);
	s->gs2 = arena_dup(s->arena, first.gs2);
	buf_str(&s->auth, first.bare);
	buf_putc(&s->auth, ',');
	s->nonce_at = s->auth.len;
	s->nonce_len = first.nonce.len;
	buf_str(&s->auth, first.nonce);
	if (arena_is_full(s->arena) || buf_failed(&s->auth))
		return fail(s, -ENOMEM);
	s->state = STATE_LOOKUP;
	return 0;
}

void scram_set_verifier(struct scram *s, const struct store_verifier *v)
{
	if (s->state != STATE_LOOKUP)
		return;
	s->unknown = !v || s->jid.len == 0 || v->key_len != verifier_key_len(scram_kind(s));
	if (!s->unknown)
		s->verifier = *v;
	s->state = STATE_READY;
}

/* Behind the client's nonce, which scram_client_first has put into `auth` already, comes ours. */
static void put_server_first(struct scram *s)
{
	char client[SCRAM_NONCE_MAX];

	memcpy(client, s->auth.data + s->nonce_at, s->nonce_len);
	s->auth.len = s->nonce_at;
	buf_lit(&s->auth, "r=");
	s->nonce_at = s->auth.len;
	buf_put(&s->auth, client, s->nonce_len);
	scram_nonce_put(&s->auth);
	s->nonce_len = s->auth.len - s->nonce_at;
	buf_lit(&s->auth, ",s=");
	base64_put(&s->auth, s->verifier.salt, s->verifier.salt_len);
	buf_lit(&s->auth, ",i=");
	buf_u64(&s->auth, s->verifier.iterations);
}

int scram_server_first(struct scram *s, struct buf *out)
{
	struct store_verifier fake;
	size_t start = s->nonce_at;

	if (s->state != STATE_READY)
		return fail(s, -EPROTO);
	/* Made for everybody, so that a look-up that found something takes no other time. */
	if (digest_fake(&fake, scram_kind(s), s->secret, s->jid.len ? s->jid : s->user, s->iterations))
		return fail(s, -EIO);
	if (s->unknown)
		s->verifier = fake;
	put_server_first(s);
	buf_str(out, str_cut(buf_view(&s->auth), start, s->auth.len));
	buf_putc(&s->auth, ',');
	if (buf_failed(&s->auth) || buf_failed(out))
		return fail(s, -ENOMEM);
	s->state = STATE_FINAL;
	return 0;
}

/* c= must be the gs2 header as it came, followed by this connection's data. */
static bool binding_is_ours(const struct scram *s, struct str base64)
{
	struct buf got = BUF_INIT(SCRAM_MESSAGE_MAX), expected = BUF_INIT(0);
	bool good = base64_parse(base64, &got);

	buf_str(&expected, s->gs2);
	buf_put(&expected, s->data[s->binding].bytes, s->data[s->binding].len);
	good = good && !buf_failed(&expected) && got.len == expected.len &&
	       CRYPTO_memcmp(got.data, expected.data, got.len) == 0;
	buf_done(&got);
	buf_done(&expected);
	return good;
}

/* RFC 5802 section 3: ClientKey = ClientProof XOR HMAC(StoredKey, AuthMessage), and H(ClientKey) must be
 * StoredKey. */
static int proof_check(const struct scram *s, const uint8_t *proof)
{
	uint8_t key[STORE_KEY_MAX], hashed[STORE_KEY_MAX];
	const struct store_verifier *v = &s->verifier;
	int r = digest_hmac(scram_kind(s), v->stored_key, buf_view(&s->auth), key);

	for (size_t i = 0; i < v->key_len; i++)
		key[i] ^= proof[i];
	if (r == 0)
		r = digest_hash(scram_kind(s), key, v->key_len, hashed);
	OPENSSL_cleanse(key, sizeof(key));
	if (r)
		return r;
	if (CRYPTO_memcmp(hashed, v->stored_key, v->key_len) != 0 || s->unknown)
		return s->unknown ? SCRAM_E_UNKNOWN_USER : SCRAM_E_WRONG_PASSWORD;
	return 0;
}

static int proof_take(const struct scram *s, const struct scram_final *final)
{
	struct buf proof = BUF_INIT(SCRAM_MESSAGE_MAX);
	int r = SCRAM_E_MALFORMED;

	if (base64_parse(final->proof, &proof) && proof.len == s->verifier.key_len)
		r = proof_check(s, (const uint8_t *)proof.data);
	buf_done(&proof);
	return r;
}

static int put_server_final(const struct scram *s, struct buf *out)
{
	uint8_t signature[STORE_KEY_MAX];
	int r = digest_hmac(scram_kind(s), s->verifier.server_key, buf_view(&s->auth), signature);

	if (r)
		return r;
	buf_lit(out, "v=");
	base64_put(out, signature, s->verifier.key_len);
	return buf_failed(out) ? -ENOMEM : 0;
}

int scram_client_final(struct scram *s, struct str message, struct buf *out)
{
	struct scram_final final;
	struct str nonce;
	int r;

	if (s->state != STATE_FINAL)
		return fail(s, SCRAM_E_STATE);
	s->state = STATE_DONE;
	r = scram_final_parse(&final, message);
	if (r)
		return r;
	nonce = str_of(s->auth.data + s->nonce_at, s->nonce_len);
	if (final.nonce.len != nonce.len || CRYPTO_memcmp(final.nonce.data, nonce.data, nonce.len) != 0)
		return SCRAM_E_NONCE;
	if (!binding_is_ours(s, final.binding))
		return SCRAM_E_BINDING;
	buf_str(&s->auth, final.without_proof);
	if (buf_failed(&s->auth))
		return -ENOMEM;
	r = proof_take(s, &final);
	return r ? r : put_server_final(s, out);
}

const char *scram_condition(int outcome)
{
	if (outcome < 0)
		return "temporary-auth-failure";
	switch (outcome) {
	case SCRAM_E_MALFORMED:
	case SCRAM_E_EXTENSION:
	case SCRAM_E_STATE:
		return "malformed-request";
	case SCRAM_E_AUTHZID:
		return "invalid-authzid";
	default:
		return "not-authorized";
	}
}

const char *scram_reason(int outcome)
{
	static const char *const reasons[] = {
		[0] = "proven",
		[SCRAM_E_MALFORMED] = "the message does not follow the grammar",
		[SCRAM_E_AUTHZID] = "asks to act for another identity",
		[SCRAM_E_EXTENSION] = "demands an extension",
		[SCRAM_E_DOWNGRADE] =
			"channel binding was offered, but the client's flag says otherwise (downgrade)",
		[SCRAM_E_BINDING_TYPE] = "a channel-binding type that this connection does not have",
		[SCRAM_E_BINDING] = "the channel binding is not this connection's",
		[SCRAM_E_NONCE] = "the nonce is not this exchange's",
		[SCRAM_E_UNKNOWN_USER] = "no such account, or no verifier for this mechanism",
		[SCRAM_E_WRONG_PASSWORD] = "wrong password",
		[SCRAM_E_STATE] = "a message out of order",
	};

	if (outcome < 0 || outcome >= (int)(sizeof(reasons) / sizeof(reasons[0])))
		return "the server failed";
	return reasons[outcome];
}
