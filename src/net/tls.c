#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "client/ja4.h"
#include "net/tls_client.h"

static int tls_error(struct err *err, const char *setting, const char *remedy)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	return err_set(err, -EINVAL, "%s: %s; %s", setting, reason ? reason : "cannot be used", remedy);
}

/* ALPN: take xmpp-client when offered; on a direct TLS port an offer without it is another protocol's client. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
		unsigned in_len, void *arg)
{
	static const unsigned char mine[] = "\x0bxmpp-client";
	unsigned char *chosen;

	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, mine, sizeof(mine) - 1, in, in_len) == OPENSSL_NPN_NEGOTIATED) {
		*out = chosen;
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_get_app_data(ssl) ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
}

static void tls_harden(SSL_CTX *ctx, bool min_1_3)
{
	char groups[] = "X25519:P-256:P-384"; /* the macro takes no const */

	SSL_CTX_set_min_proto_version(ctx, min_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
					SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!SHA1");
	SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384");
	SSL_CTX_set1_groups_list(ctx, groups);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
}

/* The first certificate is the server's, the others its chain. */
static int tls_read_chain(SSL_CTX *ctx, BIO *in)
{
	X509 *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
	int ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

	X509_free(cert);
	while (ok && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)))
		ok = SSL_CTX_add0_chain_cert(ctx, cert) == 1;
	if (ok)
		ERR_clear_error(); /* the end of the file is reported as an error */
	return ok ? 0 : -EINVAL;
}

static int tls_read_key(SSL_CTX *ctx, BIO *in)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	int ok = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;

	EVP_PKEY_free(key);
	return ok ? 0 : -EINVAL;
}

static int tls_read(SSL_CTX *ctx, struct str pem, int (*read)(SSL_CTX *, BIO *))
{
	BIO *in = BIO_new_mem_buf(pem.data ? pem.data : "", (int)pem.len);
	int r = in ? read(ctx, in) : -ENOMEM;

	BIO_free(in);
	return r;
}

static int tls_read_both(SSL_CTX *ctx, struct str certificate, struct str key, struct err *err)
{
	if (tls_read(ctx, certificate, tls_read_chain))
		return tls_error(err, "tls.certificate", "it must name a PEM file with the server's certificate and its chain");
	if (tls_read(ctx, key, tls_read_key))
		return tls_error(err, "tls.key", "it must name the PEM key of the certificate, without a passphrase");
	if (SSL_CTX_check_private_key(ctx) != 1)
		return tls_error(err, "tls.key", "it does not belong to the certificate");
	return 0;
}

int tls_load(struct tls **out, const struct tls_files *files, struct err *err)
{
	struct tls *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->refs = 1;
	t->ctx = SSL_CTX_new(TLS_server_method());
	if (!t->ctx) {
		free(t);
		return -ENOMEM;
	}
	tls_harden(t->ctx, files->min_1_3);
	r = tls_read_both(t->ctx, files->certificate, files->key, err);
	if (r == 0 && files->client_ca.len)
		r = tls_ask_clients(t->ctx, files->client_ca, files->client_crl, files->client_required, err);
	if (r) {
		tls_unref(t);
		return r;
	}
	*out = t;
	return 0;
}

struct tls *tls_ref(struct tls *t)
{
	t->refs++;
	return t;
}

struct tls *tls_unref(struct tls *t)
{
	if (t && --t->refs == 0) {
		SSL_CTX_free(t->ctx);
		free(t);
	}
	return NULL;
}

/* The first handshake message that comes in is the ClientHello; what follows (also a second one after a HelloRetryRequest)
 * is of no interest. */
static void on_message(int out, int version, int type, const void *bytes, size_t len, SSL *ssl, void *ja4)
{
	(void)version;
	if (out || type != SSL3_RT_HANDSHAKE)
		return;
	SSL_set_msg_callback(ssl, NULL);
	(void)!ja4_of_hello(str_of(bytes, len), ja4);
}

SSL *tls_session(struct tls *t, int fd, bool direct, char *ja4)
{
	SSL *ssl = SSL_new(t->ctx);

	if (!ssl)
		return NULL;
	SSL_set_app_data(ssl, direct ? (char *)t : NULL);
	SSL_set_msg_callback(ssl, on_message);
	SSL_set_msg_callback_arg(ssl, ja4);
	if (SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	return ssl;
}

bool tls_may_bind(SSL *ssl)
{
	return SSL_version(ssl) >= TLS1_3_VERSION || SSL_get_extms_support(ssl) == 1;
}

size_t tls_client_finished(SSL *ssl, unsigned char out[TLS_FINISHED_MAX])
{
	size_t len = tls_may_bind(ssl) ? SSL_get_peer_finished(ssl, out, TLS_FINISHED_MAX) : 0;

	return len <= TLS_FINISHED_MAX ? len : 0;
}

bool tls_exporter(SSL *ssl, unsigned char out[32])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (!tls_may_bind(ssl))
		return false;
	return SSL_export_keying_material(ssl, out, 32, label, sizeof(label) - 1, NULL, 0, 1) == 1;
}

/* The hash of the certificate's own signature, but never a weak one (RFC 5929 section 4.1). */
static const EVP_MD *end_point_hash(SSL *ssl)
{
	X509 *certificate = SSL_get_certificate(ssl);
	int hash;

	if (!certificate || !X509_get_signature_info(certificate, &hash, NULL, NULL, NULL))
		return NULL;
	if (hash == NID_md5 || hash == NID_sha1)
		return EVP_sha256();
	return EVP_get_digestbynid(hash);
}

bool tls_has_end_point(SSL *ssl)
{
	return end_point_hash(ssl) != NULL;
}

size_t tls_end_point(SSL *ssl, unsigned char out[EVP_MAX_MD_SIZE])
{
	const EVP_MD *hash = end_point_hash(ssl);
	unsigned len;

	return hash && X509_digest(SSL_get_certificate(ssl), hash, out, &len) == 1 ? len : 0;
}
