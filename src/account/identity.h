/* Who somebody claims to be, in SCRAM and PLAIN alike. Private to src/account. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

/* From the user name and the authorisation identity as sent (empty: none) to the prepared localpart and the
 * bare JID. A name that is no localpart leaves *out_jid empty and *out_user as sent: it goes the way of an
 * unknown user. 0, SCRAM_E_MALFORMED, SCRAM_E_AUTHZID (only one's own bare JID is accepted, RFC 6120
 * section 6.3.8) or -ENOMEM. */
[[nodiscard]] int identity_make(struct str *out_user, struct str *out_jid, struct str name,
	struct str authzid, struct str domain, struct arena *arena);
