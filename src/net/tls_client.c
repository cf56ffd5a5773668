#include "net/tls_client.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#include "base/text.h"

enum {
	DEPTH_MAX = 5,
	CHAIN_BYTES_MAX = 32 << 10, /* of what a client may show before anybody knows it */
	ISSUER_MAX = 512,
};

static int bad_index = -1; /* of what a session remembers about its client's certificate */

static void make_index(void)
{
	bad_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* Each fault is remembered: a later step that succeeds does not take it back. With `optional` the connection goes on. */
static int judge(int ok, X509_STORE_CTX *ctx, bool optional)
{
	static char bad;
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());

	if (!ok)
		SSL_set_ex_data(ssl, bad_index, &bad);
	return ok || optional;
}

static int on_optional(int ok, X509_STORE_CTX *ctx)
{
	return judge(ok, ctx, true);
}

static int on_required(int ok, X509_STORE_CTX *ctx)
{
	return judge(ok, ctx, false);
}

static int refuse(struct err *err, const char *setting, const char *remedy)
{
	ERR_clear_error();
	return err_set(err, -EINVAL, "%s: %s", setting, remedy);
}

/* The names also go to the client, which chooses its certificate by them. */
static int read_authorities(SSL_CTX *ctx, X509_STORE *store, struct str pem)
{
	BIO *in = BIO_new_mem_buf(pem.data ? pem.data : "", (int)pem.len);
	X509 *cert;
	int n = 0;

	while (in && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		if (X509_STORE_add_cert(store, cert) == 1 && SSL_CTX_add_client_CA(ctx, cert) == 1)
			n++;
		X509_free(cert);
	}
	BIO_free(in);
	ERR_clear_error();
	return n;
}

static int read_lists(X509_STORE *store, struct str pem)
{
	BIO *in = BIO_new_mem_buf(pem.data ? pem.data : "", (int)pem.len);
	X509_CRL *crl;
	int n = 0;

	while (in && (crl = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL))) {
		n += X509_STORE_add_crl(store, crl) == 1;
		X509_CRL_free(crl);
	}
	BIO_free(in);
	ERR_clear_error();
	if (n)
		X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return n;
}

int tls_ask_clients(SSL_CTX *ctx, struct str ca, struct str crl, bool required, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	X509_STORE *store = X509_STORE_new();

	pthread_once(&once, make_index);
	if (!store || bad_index < 0 || SSL_CTX_set0_verify_cert_store(ctx, store) != 1) {
		X509_STORE_free(store);
		return err_set(err, -ENOMEM, "memory is out");
	}
	if (!read_authorities(ctx, store, ca))
		return refuse(err, "tls.client_ca", "it must name a PEM file with the certificates of the authorities "
				"whose client certificates are good for logging in");
	if (crl.len && !read_lists(store, crl))
		return refuse(err, "tls.client_crl", "it must name a PEM file with certificate revocation lists");
	SSL_CTX_set_verify_depth(ctx, DEPTH_MAX);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_BYTES_MAX);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
			required ? on_required : on_optional);
	return 0;
}

bool tls_client_is_verified(SSL *ssl)
{
	return bad_index >= 0 && SSL_get0_peer_certificate(ssl) && SSL_get_verify_result(ssl) == X509_V_OK &&
			!SSL_get_ex_data(ssl, bad_index);
}

/* The text of an alternative name of the kind wanted, or nothing. */
static struct str name_text(const GENERAL_NAME *name, bool mail)
{
	const ASN1_STRING *text = NULL;

	if (mail && name->type == GEN_EMAIL)
		text = name->d.rfc822Name;
	else if (!mail && name->type == GEN_OTHERNAME && OBJ_obj2nid(name->d.otherName->type_id) == NID_XmppAddr &&
			name->d.otherName->value->type == V_ASN1_UTF8STRING)
		text = name->d.otherName->value->value.utf8string;
	return text ? str_of((const char *)ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)) : STR_NONE;
}

static size_t take_names(const GENERAL_NAMES *all, bool mail, struct arena *arena, struct str *out)
{
	size_t n = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(all) && n < TLS_CLIENT_NAMES_MAX; i++) {
		struct str text = name_text(sk_GENERAL_NAME_value(all, i), mail);

		if (text.len && !memchr(text.data, '\0', text.len) && utf8_is_valid(text))
			out[n++] = arena_dup(arena, text);
	}
	return n;
}

size_t tls_client_names(SSL *ssl, bool mail, struct arena *arena, struct str out[TLS_CLIENT_NAMES_MAX])
{
	X509 *cert = tls_client_is_verified(ssl) ? SSL_get0_peer_certificate(ssl) : NULL;
	GENERAL_NAMES *all = cert ? X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL) : NULL;
	size_t n = all ? take_names(all, false, arena, out) : 0;

	if (all && n == 0 && mail)
		n = take_names(all, true, arena, out);
	GENERAL_NAMES_free(all);
	ERR_clear_error();
	return arena_is_full(arena) ? 0 : n;
}

static void put_issuer(const X509 *cert, struct buf *out)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *data;
	long len;

	if (text && X509_NAME_print_ex(text, X509_get_issuer_name(cert), 0, XN_FLAG_RFC2253) >= 0) {
		len = BIO_get_mem_data(text, &data);
		buf_put(out, data, len < ISSUER_MAX ? (size_t)len : ISSUER_MAX);
	}
	BIO_free(text);
}

void tls_client_put(SSL *ssl, struct buf *issuer, struct buf *serial, struct buf *fingerprint)
{
	X509 *cert = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
	unsigned char hash[EVP_MAX_MD_SIZE];
	const ASN1_INTEGER *number;
	unsigned len;

	if (!cert)
		return;
	put_issuer(cert, issuer);
	number = X509_get0_serialNumber(cert);
	hex_put(serial, ASN1_STRING_get0_data(number), (size_t)ASN1_STRING_length(number));
	if (X509_digest(cert, EVP_sha256(), hash, &len) == 1)
		hex_put(fingerprint, hash, len);
	ERR_clear_error();
}
