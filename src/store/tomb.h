/* Tombstones (XEP-0424): what an archive shows of a message that its author has taken back. Works on the text that
 * xml_put() wrote of a message: its start tag ends at the first '>', values stand in '...'. Pure. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/* Is this message from `author` (bare), and did he give it this id, as the stanza's or as its origin-id (XEP-0359)?
 * `known`: the id is right in another way. */
[[nodiscard]] bool tomb_fits(struct str xml, struct str author, struct str id, bool known);

/* Is it a tombstone? */
[[nodiscard]] bool tomb_is(struct str xml);

/* Puts the message with its addresses, type, id and language, and with `inside` in the place of all that it said. */
void tomb_put(struct buf *out, struct str xml, struct str inside);
