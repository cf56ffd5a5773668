/* What a client says of itself while it logs in: <user-agent/> (XEP-0388 section 2.3). A claim, told to nobody but the person
 * and administrators. Private to src/xmpp. */
#pragma once

#include "base/str.h"
#include "stanza/node.h"

enum {
	AGENT_ID = 36,        /* bytes of a UUID's text */
	AGENT_TEXT_MAX = 128, /* bytes of each of the other two; more is cut off */
};

/* One block of memory. Views into `text`; empty: not said. */
struct agent {
	struct str id; /* lower case */
	struct str software, device; /* UTF-8 that can be shown: no control characters, nothing that turns text around */
	char text[];
};

enum {
	AGENT_E_MALFORMED = 1, /* the id is no UUID of version 4, a child stands there twice or has children */
};

/* Of the element; `arena` is for what is needed meanwhile. 0, AGENT_E_MALFORMED or -ENOMEM. */
[[nodiscard]] int agent_parse(struct agent **out, const struct node *n, struct arena *arena);
struct agent *agent_free(struct agent *a); /* accepts NULL, returns NULL */

/* "d4565fa7-4d72-4749-b3d3-740edbf87770", in either case (RFC 4122 section 4.4: version 4, variant 1). */
[[nodiscard]] bool agent_id_is_good(struct str id);
