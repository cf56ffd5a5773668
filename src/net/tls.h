/* TLS for the listeners: one context per certificate load, shared by all loops, reference counted, so that a reload
 * changes what new handshakes use while live sessions keep theirs (RFC 7590: 1.2 and 1.3, forward secrecy and AEAD
 * only; no renegotiation, compression, tickets or early data). */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct tls {
	_Atomic unsigned refs;
	SSL_CTX *ctx;
};

/* Texts in PEM, which the supervisor read. */
struct tls_files {
	struct str certificate; /* with its chain */
	struct str key;
	struct str client_ca;   /* empty: clients are not asked for a certificate (net/tls_client.h) */
	struct str client_crl;  /* may be empty */
	bool client_required;
	bool min_1_3; /* refuses TLS 1.2 */
};

/* Errors say which of the files and the remedy. */
[[nodiscard]] int tls_load(struct tls **out, const struct tls_files *files, struct err *err);
struct tls *tls_ref(struct tls *t);
struct tls *tls_unref(struct tls *t); /* accepts NULL; any thread */

/* A server side session on a connected, non-blocking socket. `direct`: TLS comes first and ALPN must offer
 * xmpp-client when it offers anything (XEP-0368). `ja4` (JA4_LEN bytes) is written once the ClientHello has come, as it was
 * sent, and left alone where it cannot be read; it must live as long as the session. NULL when memory is out. */
SSL *tls_session(struct tls *t, int fd, bool direct, char *ja4);

/* After the handshake: may the connection be bound to? Not where it would be unsafe: TLS 1.2 without the extended
 * master secret (RFC 7627), where two connections can share what binding is made from. */
bool tls_may_bind(SSL *ssl);

/* Keying material for channel binding "tls-exporter" (RFC 9266), 32 bytes. False where binding would be unsafe. */
[[nodiscard]] bool tls_exporter(SSL *ssl, unsigned char out[32]);

enum { TLS_FINISHED_MAX = 64 };

/* The client's Finished message of this (always full) handshake, channel binding "tls-unique" (RFC 5929 section 3): its
 * length, or 0 where binding would be unsafe. */
size_t tls_client_finished(SSL *ssl, unsigned char out[TLS_FINISHED_MAX]);

/* The hash of the certificate this connection was made with, channel binding "tls-server-end-point" (RFC 5929 section 4,
 * which XEP-0440 wants every server to offer): its length. 0 where it is not defined: a signature without a hash of its
 * own, such as Ed25519's. */
size_t tls_end_point(SSL *ssl, unsigned char out[EVP_MAX_MD_SIZE]);
bool tls_has_end_point(SSL *ssl);
