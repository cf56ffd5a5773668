/* Everything a client sends to log in, through the whole exchange. The first byte chooses: its low three bits
 * the mechanism (6, 7: PLAIN), 0x20 a hashed token instead, 0x08 channel binding is there, 0x10 the user exists. The rest is the client's
 * messages, separated by 0xFF. In the final message 0x01 stands for the server's nonce and 0x02 for the proof
 * of the right password, which an input cannot guess. Holds: nobody is let in without that proof, as an
 * unknown user, or under another name. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdlib.h>

#include "account/hashed_token.h"
#include "account/plain.h"
#include "account/scram.h"
#include "account/verifier.h"
#include "base/arena.h"
#include "base/text.h"
#include "jid/jid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct account_secret secret = {.bytes = {7}};
static struct store_verifier verifiers[STORE_VERIFIER_KINDS];

static void need(bool holds)
{
	if (!holds)
		abort();
}

static void prepare(void)
{
	for (unsigned kind = 0; kind < STORE_VERIFIER_KINDS && verifiers[kind].iterations == 0; kind++)
		need(verifier_derive(&verifiers[kind], (enum store_verifier_kind)kind, STR("pencil"),
			     STR("salt"), 1) == 0);
}

/* The client's side of RFC 5802 section 3 for one iteration. */
static void put_proof(struct buf *out, enum store_verifier_kind kind, struct str auth)
{
	const EVP_MD *md = kind == STORE_SHA_1     ? EVP_sha1()
			   : kind == STORE_SHA_256 ? EVP_sha256()
						   : EVP_sha512();
	uint8_t salted[64], key[64], signature[64];
	size_t len = verifier_key_len(kind);

	need(PKCS5_PBKDF2_HMAC("pencil", 6, (const unsigned char *)"salt", 4, 1, md, (int)len, salted));
	need(HMAC(md, salted, (int)len, (const unsigned char *)"Client Key", 10, key, NULL));
	need(HMAC(md, verifiers[kind].stored_key, (int)len, (const unsigned char *)auth.data, auth.len,
		signature, NULL));
	for (size_t i = 0; i < len; i++)
		key[i] ^= signature[i];
	base64_put(out, key, len);
}

static struct str nonce_of(struct str server_first)
{
	return str_cut(server_first, 2, str_find(server_first, ',', 0));
}

/* Puts nonce and proof where the input asks for them. True when the proof is in. */
static bool fill(
	struct buf *out, enum store_verifier_kind kind, struct str input, struct str first, struct str server)
{
	size_t bare = str_find(first, ',', str_find(first, ',', 0) + 1) + 1;
	bool proven = false;

	for (size_t i = 0; i < input.len; i++) {
		if (input.data[i] == 1) {
			buf_str(out, nonce_of(server));
		} else if (input.data[i] == 2) {
			struct buf auth = BUF_INIT(0);

			buf_printf(&auth, "%.*s,%.*s,", STR_FMT(str_cut(first, bare, first.len)),
				STR_FMT(server));
			buf_put(&auth, out->data, out->len > 3 ? out->len - 3 : 0); /* without ",p=" */
			put_proof(out, kind, buf_view(&auth));
			buf_done(&auth);
			proven = true;
		} else {
			buf_putc(out, input.data[i]);
		}
	}
	return proven;
}

static void finish(struct scram *s, struct str first, struct str input, bool known, struct buf *server)
{
	struct buf final = BUF_INIT(0), out = BUF_INIT(0);
	bool proven = fill(&final, scram_kind(s), input, first, buf_view(server));
	int r = scram_client_final(s, buf_view(&final), &out);

	need(scram_condition(r)[0] && scram_reason(r)[0]);
	if (r == 0)
		need(proven && known && out.len > 2 && scram_jid(s).len > 0 &&
			jid_split(scram_jid(s)).local.len > 0);
	else
		need(out.len == 0);
	need(scram_client_final(s, buf_view(&final), &out) == SCRAM_E_STATE); /* one try only */
	buf_done(&final);
	buf_done(&out);
}

static void run_scram(uint8_t choice, struct str first, struct str final)
{
	struct scram_setup setup = {.mechanism = (enum scram_mechanism)(choice & 7),
		.domain = STR("example.org"),
		.secret = &secret,
		.iterations = 1,
		.plus_offered = choice & 8};
	struct buf server = BUF_INIT(0);
	bool known = choice & 0x10;
	enum scram_mechanism parsed;
	struct scram *s;

	if (setup.plus_offered) {
		setup.tls_exporter = STR("0123456789abcdef0123456789abcdef");
		setup.tls_server_end_point = STR("end point");
	}
	need(scram_mechanism_parse(str_from(scram_mechanism_name(setup.mechanism)), &parsed) &&
		parsed == setup.mechanism);
	need(scram_new(&s, &setup) == 0);
	if (scram_client_first(s, first) == 0) {
		need((scram_binding_type(s)[0] != '\0') == scram_is_plus(setup.mechanism) &&
			scram_user(s).len > 0);
		scram_set_verifier(s, known ? &verifiers[scram_kind(s)] : NULL);
		need(scram_server_first(s, &server) == 0);
		finish(s, first, final, known, &server);
	}
	buf_done(&server);
	scram_free(s);
}

static void run_plain(uint8_t choice, struct str message)
{
	struct arena *arena = arena_new(1 << 18);
	const struct store_verifier *v = choice & 0x10 ? &verifiers[STORE_SHA_256] : NULL;
	struct plain p;
	int r;

	if (plain_parse(&p, message, STR("example.org"), arena) == 0) {
		r = plain_check(&p, v, STORE_SHA_256, &secret, 1);
		need(r >= 0);
		if (r == 0)
			need(v && p.jid.len && str_is(str_of(p.password, p.password_len), "pencil"));
		plain_wipe(&p);
	}
	arena_free(arena);
}

/* 0x20: a hashed token. Holds: only the right hash is a proof. */
static void run_hashed(struct str message)
{
	static const char token[] = "fastAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct arena *arena = arena_new(1 << 18);
	uint8_t right[HT_HASH], answer[HT_HASH];
	struct ht_message m;
	int r;

	need(HMAC(EVP_sha256(), token, HT_TOKEN, (const unsigned char *)"Initiator", 9, right, NULL) != NULL);
	r = ht_parse(&m, message, STR("example.org"), arena);
	if (r == 0)
		need((ht_check(token, STR_NONE, m.proof, answer) == 0) == (memcmp(m.proof, right, HT_HASH) == 0));
	else
		need(r > 0 || arena_is_full(arena));
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = str_of((const char *)data + 1, size - 1);
	size_t cut;

	if (size == 0)
		return 0;
	prepare();
	cut = str_find(input, '\xFF', 0);
	if (data[0] & 0x20) {
		run_hashed(input);
		return 0;
	}
	if ((data[0] & 7) >= SCRAM_MECHANISMS)
		run_plain(data[0], input);
	else
		run_scram(data[0], str_cut(input, 0, cut), str_cut(input, cut + 1, input.len));
	return 0;
}
