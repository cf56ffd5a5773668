#include "check.h"

#include <errno.h>

#include "account/scram.h"
#include "account/scram_message.h"
#include "account/verifier.h"
#include "base/text.h"
#include "client.h"

static const struct account_secret secret = {.bytes = {1, 2, 3}};
static const char exporter[32] = "0123456789abcdef0123456789ABCDEF";
static const char unique[] = "finished mac"; /* tls-unique: 12 bytes */
static const char end_point[32] = "certificate hash certificate has";
static const char *nonce; /* NULL: a random one */

void __real_scram_nonce_put(struct buf *out);
void __wrap_scram_nonce_put(struct buf *out);

void __wrap_scram_nonce_put(struct buf *out)
{
	if (nonce)
		buf_str(out, str_from(nonce));
	else
		__real_scram_nonce_put(out);
}

static struct scram *start(enum scram_mechanism m, bool bound)
{
	struct scram_setup setup = {.mechanism = m,
		.plus_offered = bound,
		.domain = STR("example.org"),
		.secret = &secret,
		.iterations = 4096};
	struct scram *s;

	if (bound) {
		setup.tls_exporter = str_of(exporter, sizeof(exporter));
		setup.tls_server_end_point = str_of(end_point, sizeof(end_point));
	}
	assert_int_equal(scram_new(&s, &setup), 0);
	return s;
}

static struct store_verifier verifier(enum store_verifier_kind kind, const char *salt64)
{
	struct buf salt = BUF_INIT(0);
	struct store_verifier v;

	assert_true(base64_parse(str_from(salt64), &salt));
	assert_int_equal(verifier_derive(&v, kind, STR("pencil"), buf_view(&salt), 4096), 0);
	buf_done(&salt);
	return v;
}

struct vector {
	enum scram_mechanism mechanism;
	const char *nonce, *salt, *first, *server_first, *final, *server_final;
};

/* RFC 5802 section 5 and RFC 7677 section 3. */
static const struct vector vectors[] = {
	{SCRAM_SHA_1, "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
		"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
		"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
	{SCRAM_SHA_256, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
		"W22ZaJ0SNY7soEsUEjb6gQ==", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
	/* The exchange of RFC 7677 with SHA-512, as Python's hashlib and hmac compute it. */
	{SCRAM_SHA_512, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
		"W22ZaJ0SNY7soEsUEjb6gQ==", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
		"v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw=="},
	{SCRAM_SHA_512_PLUS, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
		"W22ZaJ0SNY7soEsUEjb6gQ==", "p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=cD10bHMtZXhwb3J0ZXIsLDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5QUJDREVG,"
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=zHp6teDGLt5baHzrA4VLLfXch8D8BAEsVm/K/o0rXX+lLPlxcLBEeGunLE6lFzO8/sy7d5gEisKC/wyQAFn2Hw==",
		"v=UFYkLO+FgCDbYYF8cG8+mSyf/9DOUDlQ/EtW9GkeLIIWYaqJYr4UddxrfyRNyvLu+C6lru2qn6bCJe75SxqJjw=="},
	{SCRAM_SHA_512_PLUS, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
		"W22ZaJ0SNY7soEsUEjb6gQ==", "p=tls-server-end-point,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsY2VydGlmaWNhdGUgaGFzaCBjZXJ0aWZpY2F0ZSBoYXM=,"
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=OdUadgIn4vb2hahab2n0HU2NvoAfhjcDXrgFGT9vXzpq6Er++lnvI+fxbhAFo+wUw+t2mJy/OBhebDGSMgqkxQ==",
		"v=vALRVGbS5jenisCk+mSNqkIqs8uHFlFeFwocrfBPIxkrlrO1X1U5AeZiKWjladQeM1bl9SyHKeFBmpy4kVVVhg=="},
};

static void run_vector(const struct vector *v)
{
	struct scram *s = start(v->mechanism, scram_is_plus(v->mechanism));
	struct store_verifier stored = verifier(scram_kind_of(v->mechanism), v->salt);
	struct buf out = BUF_INIT(0);

	nonce = v->nonce;
	assert_int_equal(scram_client_first(s, str_from(v->first)), 0);
	assert_str(scram_jid(s), "user@example.org");
	assert_str(scram_user(s), "user");
	scram_set_verifier(s, &stored);
	assert_int_equal(scram_server_first(s, &out), 0);
	assert_str(buf_view(&out), v->server_first);
	buf_clear(&out);
	assert_int_equal(scram_client_final(s, str_from(v->final), &out), 0);
	assert_str(buf_view(&out), v->server_final);
	assert_int_equal(scram_client_final(s, str_from(v->final), &out), SCRAM_E_STATE);
	nonce = NULL;
	buf_done(&out);
	scram_free(s);
}

static void vectors_of_the_rfcs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		run_vector(&vectors[i]);
}

struct login {
	enum scram_mechanism mechanism;
	const char *gs2;
	const char *binding; /* data the client sends behind the header */
	const char *password;
	bool known;
	int outcome;
};

static const struct login logins[] = {
	{SCRAM_SHA_1, "n,,", "", "pencil", true, 0},
	{SCRAM_SHA_256, "n,,", "", "pencil", true, 0},
	{SCRAM_SHA_512, "n,,", "", "pencil", true, 0},
	{SCRAM_SHA_256, "n,a=user@example.org,", "", "pencil", true, 0},
	{SCRAM_SHA_256, "n,a=User@EXAMPLE.org,", "", "pencil", true, 0},
	{SCRAM_SHA_1_PLUS, "p=tls-exporter,,", exporter, "pencil", true, 0},
	{SCRAM_SHA_256_PLUS, "p=tls-exporter,,", exporter, "pencil", true, 0},
	{SCRAM_SHA_512_PLUS, "p=tls-exporter,a=user@example.org,", exporter, "pencil", true, 0},
	{SCRAM_SHA_256_PLUS, "p=tls-server-end-point,,", end_point, "pencil", true, 0},
	{SCRAM_SHA_256_PLUS, "p=tls-exporter,,", end_point, "pencil", true, SCRAM_E_BINDING},
	{SCRAM_SHA_256_PLUS, "p=tls-exporter,,", "", "pencil", true, SCRAM_E_BINDING},
	{SCRAM_SHA_256, "n,,", exporter, "pencil", true, SCRAM_E_BINDING},
	{SCRAM_SHA_256, "n,,", "", "crayon", true, SCRAM_E_WRONG_PASSWORD},
	{SCRAM_SHA_256_PLUS, "p=tls-exporter,,", exporter, "crayon", true, SCRAM_E_WRONG_PASSWORD},
	{SCRAM_SHA_256, "n,,", "", "pencil", false, SCRAM_E_UNKNOWN_USER},
};

static int run_login(const struct login *l, const char *first_bare)
{
	struct scram *s = start(l->mechanism, true);
	struct store_verifier stored = verifier(scram_kind_of(l->mechanism), "W22ZaJ0SNY7soEsUEjb6gQ==");
	struct buf first = BUF_INIT(0), server = BUF_INIT(0), binding = BUF_INIT(0), final = BUF_INIT(0);
	int r;

	buf_printf(&first, "%s%s", l->gs2, first_bare);
	buf_str(&binding, str_from(l->gs2));
	buf_put(&binding, l->binding, l->binding[0] ? 32 : 0);
	assert_int_equal(scram_client_first(s, buf_view(&first)), 0);
	scram_set_verifier(s, l->known ? &stored : NULL);
	assert_int_equal(scram_server_first(s, &server), 0);
	client_final(&final, scram_kind(s), l->password, str_from(first_bare), buf_view(&server),
		buf_view(&binding));
	buf_clear(&server);
	r = scram_client_final(s, buf_view(&final), &server);
	assert_int_equal(r == 0, server.len > 0);
	buf_done(&first);
	buf_done(&server);
	buf_done(&binding);
	buf_done(&final);
	scram_free(s);
	return r;
}

static void logins_with_and_without_binding(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++)
		assert_int_equal(run_login(&logins[i], "n=user,r=abc"), logins[i].outcome);
	assert_int_equal(run_login(&logins[1], "n=USER,r=abc,x=optional,y=ignored"), 0);
}

struct bad {
	enum scram_mechanism mechanism;
	const char *message;
	int outcome;
};

static const struct bad firsts[] = {
	{SCRAM_SHA_256, "", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "x,,n=user,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "nn,,n=user,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,n=user,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,a=,n=user,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=user,r=", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=user", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,r=abc,n=user", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=us=er,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=us=2cer,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=user=,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=user,r=a\x7F", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=user,r=a b", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=user,r=\u00E4", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=us\xFF,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=user,r=abc,", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=user,r=abc,x", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=user,r=abc,x=", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,n=user,r=abc,1=x", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256, "n,,m=ext,n=user,r=abc", SCRAM_E_EXTENSION},
	{SCRAM_SHA_256, "n,,n=user,r=abc,m=ext", SCRAM_E_EXTENSION},
	{SCRAM_SHA_256, "n,a=other@example.org,n=user,r=abc", SCRAM_E_AUTHZID},
	{SCRAM_SHA_256, "n,a=user@other.org,n=user,r=abc", SCRAM_E_AUTHZID},
	{SCRAM_SHA_256, "n,a=user@example.org/res,n=user,r=abc", SCRAM_E_AUTHZID},
	{SCRAM_SHA_256, "n,a=user,n=user,r=abc", SCRAM_E_AUTHZID},
	{SCRAM_SHA_256, "n,a=@,n=user,r=abc", SCRAM_E_AUTHZID},
	{SCRAM_SHA_256, "y,,n=user,r=abc", SCRAM_E_DOWNGRADE}, /* -PLUS was in the list */
	{SCRAM_SHA_256, "p=tls-exporter,,n=user,r=abc", SCRAM_E_DOWNGRADE},
	{SCRAM_SHA_256_PLUS, "n,,n=user,r=abc", SCRAM_E_DOWNGRADE},
	{SCRAM_SHA_256_PLUS, "y,,n=user,r=abc", SCRAM_E_DOWNGRADE},
	{SCRAM_SHA_256_PLUS, "p=tls-unique,,n=user,r=abc", SCRAM_E_BINDING_TYPE},
	{SCRAM_SHA_256_PLUS, "p=,,n=user,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256_PLUS, "p=tls exporter,,n=user,r=abc", SCRAM_E_MALFORMED},
	{SCRAM_SHA_256_PLUS, "p,,n=user,r=abc", SCRAM_E_MALFORMED},
};

static void first_messages_that_are_refused(void **state)
{
	struct str with_nul = STR("n,,n=us\0er,r=abc");

	(void)state;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		struct scram *s = start(firsts[i].mechanism, true);
		int r = scram_client_first(s, str_from(firsts[i].message));

		if (r != firsts[i].outcome)
			fail_msg("'%s' gives %d (%s)", firsts[i].message, r, scram_reason(r));
		assert_int_equal(scram_client_first(s, STR("n,,n=user,r=abc")), SCRAM_E_STATE);
		scram_free(s);
	}
	struct scram *s = start(SCRAM_SHA_1, true);

	assert_int_equal(scram_client_first(s, with_nul), SCRAM_E_MALFORMED);
	scram_free(s);
}

static int first_of(size_t user, size_t nonce_len)
{
	struct scram *s = start(SCRAM_SHA_256, false);
	struct buf message = BUF_INIT(0);
	int r;

	buf_lit(&message, "n,,n=");
	for (size_t i = 0; i < user; i++)
		buf_putc(&message, 'u');
	buf_lit(&message, ",r=");
	for (size_t i = 0; i < nonce_len; i++)
		buf_putc(&message, 'r');
	r = scram_client_first(s, buf_view(&message));
	buf_done(&message);
	scram_free(s);
	return r;
}

static void lengths_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(first_of(1023, 512), 0);
	assert_int_equal(first_of(1024, 10), SCRAM_E_MALFORMED);
	assert_int_equal(first_of(10, 513), SCRAM_E_MALFORMED);
	assert_int_equal(first_of(5000, 10), SCRAM_E_MALFORMED);
}

static void y_is_fine_when_plus_was_not_offered(void **state)
{
	struct scram *s = start(SCRAM_SHA_256, false);

	(void)state;
	assert_int_equal(scram_client_first(s, STR("y,,n=user,r=abc")), 0);
	scram_free(s);
	s = start(SCRAM_SHA_256_PLUS, false);
	assert_int_equal(scram_client_first(s, STR("p=tls-exporter,,n=user,r=abc")), SCRAM_E_BINDING_TYPE);
	scram_free(s);
}

static const struct bad finals[] = {
	{0, "", SCRAM_E_MALFORMED},
	{0, "c=biws", SCRAM_E_MALFORMED},
	{0, "c=biws,r=abcNONCE", SCRAM_E_MALFORMED},
	{0, "c=biws,r=abcNONCE,p=", SCRAM_E_MALFORMED},
	{0, "c=biws,r=abcNONCE,p=AAAA", SCRAM_E_MALFORMED},
	{0, "c=biws,r=abcNONCE,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", SCRAM_E_MALFORMED},
	{0, "c=biws,r=abcNONCE,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", SCRAM_E_MALFORMED},
	{0, "c=biws,r=abcNONCE,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ", SCRAM_E_MALFORMED},
	{0, "c=biws,r=abcNONCE,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,x=y", SCRAM_E_MALFORMED},
	{0, "c=biws,r=abcNONCE,x,p=AAAA", SCRAM_E_MALFORMED},
	{0, "r=abcNONCE,c=biws,p=AAAA", SCRAM_E_MALFORMED},
	{0, "c=biws,r=abcNONCE,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SCRAM_E_WRONG_PASSWORD},
	{0, "c=biws,r=abcNONCE,x=y,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SCRAM_E_WRONG_PASSWORD},
	{0, "c=biws,r=abcNONCE,m=y,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SCRAM_E_EXTENSION},
	{0, "c=biws,r=abcNONCF,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SCRAM_E_NONCE},
	{0, "c=biws,r=abc,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SCRAM_E_NONCE},
	{0, "c=eSws,r=abcNONCE,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SCRAM_E_BINDING}, /* y,, */
	{0, "c=biwt,r=abcNONCE,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SCRAM_E_BINDING},
	{0, "c=biw,r=abcNONCE,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SCRAM_E_BINDING},
};

static void final_messages_that_are_refused(void **state)
{
	struct store_verifier stored = verifier(STORE_SHA_256, "W22ZaJ0SNY7soEsUEjb6gQ==");
	struct buf out = BUF_INIT(0);

	(void)state;
	nonce = "NONCE";
	for (size_t i = 0; i < sizeof(finals) / sizeof(finals[0]); i++) {
		struct scram *s = start(SCRAM_SHA_256, false);
		int r;

		assert_int_equal(scram_client_first(s, STR("n,,n=user,r=abc")), 0);
		scram_set_verifier(s, &stored);
		assert_int_equal(scram_server_first(s, &out), 0);
		r = scram_client_final(s, str_from(finals[i].message), &out);
		if (r != finals[i].outcome)
			fail_msg("'%s' gives %d (%s)", finals[i].message, r, scram_reason(r));
		scram_free(s);
	}
	nonce = NULL;
	buf_done(&out);
}

static void messages_out_of_order(void **state)
{
	struct scram *s = start(SCRAM_SHA_256, false);
	struct buf out = BUF_INIT(0);

	(void)state;
	scram_set_verifier(s, NULL); /* changes nothing */
	assert_int_equal(scram_server_first(s, &out), -EPROTO);
	assert_int_equal(scram_client_first(s, STR("n,,n=user,r=abc")), SCRAM_E_STATE);
	scram_free(s);
	s = start(SCRAM_SHA_256, false);
	assert_int_equal(scram_client_final(s, STR("c=biws,r=abc,p=AAAA"), &out), SCRAM_E_STATE);
	scram_free(s);
	assert_int_equal(out.len, 0);
	buf_done(&out);
}

static void salt_of(const char *user, const struct store_verifier *v, struct buf *out)
{
	struct scram *s = start(SCRAM_SHA_256, false);
	struct buf first = BUF_INIT(0), server = BUF_INIT(0);

	buf_printf(&first, "n,,n=%s,r=abc", user);
	assert_int_equal(scram_client_first(s, buf_view(&first)), 0);
	scram_set_verifier(s, v);
	assert_int_equal(scram_server_first(s, &server), 0);
	assert_str(client_attribute(buf_view(&server), 'i'), "4096");
	buf_clear(out);
	buf_str(out, client_attribute(buf_view(&server), 's'));
	buf_done(&first);
	buf_done(&server);
	scram_free(s);
}

static void unknown_users_look_like_known_ones(void **state)
{
	struct store_verifier stored = verifier(STORE_SHA_256, "W22ZaJ0SNY7soEsUEjb6gQ==");
	struct buf a = BUF_INIT(0), b = BUF_INIT(0);

	(void)state;
	salt_of("nobody", NULL, &a);
	salt_of("NoBody", NULL, &b);
	assert_true(a.len == 24 && str_eq(buf_view(&a), buf_view(&b))); /* stable */
	salt_of("somebody", NULL, &b);
	assert_true(b.len == 24 && !str_eq(buf_view(&a), buf_view(&b)));
	salt_of("user", &stored, &b);
	assert_int_equal(b.len, 24);
	salt_of("user@example.org", &stored, &b); /* no localpart: unknown, whatever the look-up found */
	assert_false(str_is(buf_view(&b), "W22ZaJ0SNY7soEsUEjb6gQ=="));
	buf_done(&a);
	buf_done(&b);
}

/* Only where the connection has it: see docs/decisions/0005. */
static void tls_unique_binds_when_it_is_there(void **state)
{
	struct store_verifier stored = verifier(STORE_SHA_256, "W22ZaJ0SNY7soEsUEjb6gQ==");
	struct scram_setup setup = {.mechanism = SCRAM_SHA_256_PLUS,
		.tls_unique = str_from(unique),
		.plus_offered = true,
		.domain = STR("example.org"),
		.secret = &secret,
		.iterations = 4096};
	struct buf server = BUF_INIT(0), final = BUF_INIT(0);
	struct scram *s;

	(void)state;
	assert_int_equal(scram_new(&s, &setup), 0);
	assert_int_equal(scram_client_first(s, STR("p=tls-unique,,n=user,r=abc")), 0);
	assert_string_equal(scram_binding_type(s), "tls-unique");
	scram_set_verifier(s, &stored);
	assert_int_equal(scram_server_first(s, &server), 0);
	client_final(&final, STORE_SHA_256, "pencil", STR("n=user,r=abc"), buf_view(&server),
		STR("p=tls-unique,,finished mac"));
	assert_int_equal(scram_client_final(s, buf_view(&final), &server), 0);
	buf_done(&server);
	buf_done(&final);
	scram_free(s);
}

static void names_are_prepared_and_unescaped(void **state)
{
	struct scram *s = start(SCRAM_SHA_256, false);

	(void)state;
	assert_int_equal(scram_client_first(s, STR("n,,n=\u00C4=2Cx=3Dy,r=abc")), 0);
	assert_str(scram_user(s), "\u00E4,x=y");
	assert_str(scram_jid(s), "\u00E4,x=y@example.org");
	scram_free(s);
	s = start(SCRAM_SHA_256, false);
	assert_int_equal(scram_client_first(s, STR("n,,n=a b,r=abc")), 0);
	assert_str(scram_user(s), "a b");
	assert_int_equal(scram_jid(s).len, 0);
	scram_free(s);
}

static void names_and_conditions(void **state)
{
	enum scram_mechanism m;

	(void)state;
	assert_true(scram_mechanism_parse(STR("SCRAM-SHA-256-PLUS"), &m) && m == SCRAM_SHA_256_PLUS);
	assert_string_equal(scram_mechanism_name(m), "SCRAM-SHA-256-PLUS");
	assert_true(scram_is_plus(m) && scram_kind_of(m) == STORE_SHA_256);
	assert_false(scram_mechanism_parse(STR("scram-sha-1"), &m));
	assert_false(scram_mechanism_parse(STR("PLAIN"), &m));
	assert_string_equal(scram_condition(SCRAM_E_AUTHZID), "invalid-authzid");
	assert_string_equal(scram_condition(SCRAM_E_MALFORMED), "malformed-request");
	assert_string_equal(scram_condition(SCRAM_E_UNKNOWN_USER), "not-authorized");
	assert_string_equal(scram_condition(SCRAM_E_WRONG_PASSWORD), "not-authorized");
	assert_string_equal(scram_condition(-ENOMEM), "temporary-auth-failure");
	for (int i = 0; i <= SCRAM_E_STATE; i++)
		assert_true(strlen(scram_reason(i)) > 4);
	assert_string_equal(scram_reason(-1), "the server failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_the_rfcs),
		cmocka_unit_test(logins_with_and_without_binding),
		cmocka_unit_test(first_messages_that_are_refused),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(y_is_fine_when_plus_was_not_offered),
		cmocka_unit_test(final_messages_that_are_refused),
		cmocka_unit_test(messages_out_of_order),
		cmocka_unit_test(unknown_users_look_like_known_ones),
		cmocka_unit_test(tls_unique_binds_when_it_is_there),
		cmocka_unit_test(names_are_prepared_and_unescaped),
		cmocka_unit_test(names_and_conditions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
