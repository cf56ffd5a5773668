/* Tokens of invitations (XEP-0445): random letters and digits that only their holder has. The store keeps a hash. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

enum { INVITATION_TOKEN_MAX = 128 }; /* bytes of what is worth looking at */

/* Appends the SHA-256 of the token as 64 hexadecimal digits. A token is 128 random bits, so no salt is needed: there is
 * nothing to guess from the hash. False: the hash failed, or memory is out. */
[[nodiscard]] bool invite_hash(struct str token, struct buf *out);
