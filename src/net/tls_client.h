/* Certificates of clients (XEP-0178): asked for in the handshake when the settings say so, judged there, looked at when the
 * client wants to log in with one (SASL EXTERNAL). Without the setting a handshake is the same as ever. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "net/tls.h"

enum {
	TLS_CLIENT_NAMES_MAX = 16, /* of one certificate; further ones are passed over */
};

/* Has the context ask clients for a certificate that the authorities in `ca` (PEM) stand behind. `crl` (PEM, may be empty):
 * what is on the lists is refused, and so is what they say nothing about or when they have run out. With `required` a client
 * without a good certificate cannot connect; else it can, and is only not offered EXTERNAL. */
[[nodiscard]] int tls_ask_clients(SSL_CTX *ctx, struct str ca, struct str crl, bool required, struct err *err);

/* After the handshake: the client has shown a certificate, proven that it has the key, and it was found good. */
bool tls_client_is_verified(SSL *ssl);

/* The addresses in a verified certificate as they stand there: subjectAltName of type id-on-xmppAddr (RFC 6120 section
 * 13.7.1.4) or, where there is none and `mail` allows it, rfc822Name. Returns how many there are in `out`; views into the
 * arena. */
size_t tls_client_names(SSL *ssl, bool mail, struct arena *arena, struct str out[TLS_CLIENT_NAMES_MAX]);

/* Which certificate: issuer (RFC 4514), serial number and SHA-256 fingerprint, both in hexadecimal digits. Nothing is put
 * where there is none. */
void tls_client_put(SSL *ssl, struct buf *issuer, struct buf *serial, struct buf *fingerprint);
