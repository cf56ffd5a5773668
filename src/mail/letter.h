/* A mail as text (RFC 5322): one part, UTF-8, quoted-printable (RFC 2045), headers beyond ASCII as encoded words (RFC 2047),
 * marked as made by a program (RFC 3834), so that no holiday notice comes back. What is given is data: nothing in it can begin a
 * header, and what would is refused. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct letter {
	struct str id;        /* of the job: letters, digits, - and _; the same mail always has the same Message-ID */
	struct str from_name; /* may be empty */
	struct str from;      /* as of mail_address_put(), as is the next */
	struct str to;
	struct str subject;   /* one line */
	struct str body;      /* lines end in \n */
	struct str language;  /* BCP 47; empty or none: not said */
	uint64_t utc_us;      /* when it was written */
};

/* Appends headers and body, lines ending in CRLF. 0, -EINVAL with the reason in *err (a line break or control character in a
 * header, no UTF-8, an address that is none), or -ENOMEM. */
[[nodiscard]] int letter_put(struct buf *out, const struct letter *letter, struct err *err);
