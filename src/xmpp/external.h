/* SASL EXTERNAL (RFC 6120 section 6.3.4, XEP-0178 section 2): the client has proven in the TLS handshake that it has the key
 * of a certificate; which account is that? Private to src/xmpp. */
#pragma once

#include "xmpp/stream.h"

/* The certificate is good and names an account of the stream's domain. */
bool external_is_offered(const struct stream *s);

/* Decides for the authorisation identity as sent (empty: none). 0: *out is the account's address, in the arena.
 * SCRAM_E_AUTHZID: it is none of those the certificate names, or there are several and none was chosen;
 * SCRAM_E_UNKNOWN_USER: the certificate names no account of ours; -ENOMEM. */
[[nodiscard]] int external_decide(const struct stream *s, struct str authzid, struct arena *arena, struct str *out);
