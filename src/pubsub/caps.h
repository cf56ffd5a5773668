/* Entity capabilities (XEP-0115): does what a client says of itself hash to what stands in its presence, and which events
 * does it want? */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "stanza/node.h"

enum {
	CAPS_VER_MAX = 128, /* bytes of a `ver` that is looked at */
	CAPS_LIST_MAX = 8192, /* bytes of all names of nodes a client may be interested in, */
	CAPS_NAMES_MAX = 256, /* and how many: each event is looked for among them */
};

/* <c/> of a presence. False: there is none with a hash we know (sha-1, sha-256). Views of the stanza. */
struct caps {
	struct str hash, ver, node;
};
[[nodiscard]] bool caps_read(struct caps *out, const struct node *presence);

/* 5.4: is this answer well formed, and does it hash to `ver`? */
[[nodiscard]] bool caps_verify(const struct caps *caps, const struct node *info, struct arena *arena);

/* The verification string (5.1) of what is asked about, base64 of its hash. False: ill-formed, or memory is out. */
[[nodiscard]] bool caps_ver(struct buf *out, struct str hash, const struct node *info, struct arena *arena);

/* Who the client says it is: its first identity, and the form of XEP-0232 beside it. Views of the answer; empty: not said.
 * U+001E stands in none of them: XML cannot carry it. */
enum caps_fact {
	CAPS_CATEGORY,
	CAPS_TYPE,
	CAPS_NAME,
	CAPS_SOFTWARE,
	CAPS_VERSION,
	CAPS_OS,
	CAPS_OS_VERSION,
	CAPS_FACTS,
};
enum { CAPS_FACT_MAX = 256 }; /* bytes of one; what is longer is cut */
void caps_facts(struct str out[CAPS_FACTS], const struct node *info, struct arena *arena);

/* The nodes whose features end in "+notify", separated by U+001F; beyond CAPS_LIST_MAX and CAPS_NAMES_MAX none are added.
 */
void caps_put_interests(struct buf *out, const struct node *info);
