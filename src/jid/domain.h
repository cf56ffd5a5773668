/* Domainparts (RFC 7622 section 3.2): lower-case U-labels, or an IP literal. Private to src/jid. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* Cuts one trailing dot. Whether *name then is plain LDH labels (RFC 5890 section 2.3.1) without A-labels, so
 * that ASCII lower case is all it needs. Everything else, also what is wrong, is domain_prepare's. */
bool domain_is_simple(struct str *name);

/* Appends the canonical form. 0, 1 when it is no domain, -ENOMEM. */
[[nodiscard]] int domain_prepare(struct str name, struct buf *out);
