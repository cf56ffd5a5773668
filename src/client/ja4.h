/* JA4, the fingerprint of a TLS client by what its ClientHello offers (FoxIO, "JA4: TLS Client Fingerprinting"): it tells the
 * library and how it is set up, in spite of GREASE and shuffled extensions. "t13d1516h2_8daaf6152771_e5627efa2ab1" is, in
 * order: t (TCP), version, d (a server name was sent) or i, number of cipher suites, of extensions, first and last character of
 * the first ALPN; 12 digits of the SHA-256 of the sorted suites; 12 of the sorted extensions and the signature algorithms. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

enum {
	JA4_LEN = 36,
	JA4_HELLO_MAX = 16384, /* bytes of a ClientHello that are looked at */
};

/* `hello` is the handshake message with its header of 4 bytes, any bytes. False, and `out` as it was: it is no ClientHello, is
 * cut off, or too long. */
[[nodiscard]] bool ja4_of_hello(struct str hello, char out[JA4_LEN]);

/* Whether it has the form of one. */
[[nodiscard]] bool ja4_is_valid(struct str text);
