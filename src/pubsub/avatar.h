/* The picture somebody shows, in the forms of XEP-0153 (vCard, presence) and XEP-0084 (two nodes), and from one to the
 * other (XEP-0398). Pure: nodes in, nodes or text out. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "stanza/node.h"

enum {
	AVATAR_ID = 40, /* hex digits of a SHA-1 */
};

/* A picture. Strings live in the arena it was read with. */
struct avatar {
	struct str id;   /* SHA-1 of its bytes, AVATAR_ID hex digits */
	struct str type; /* media type as said by its owner; may be empty */
	struct str text; /* the bytes as base64, without white space */
	size_t bytes;
};

/* The photo of a vCard. False: there is none, or what stands there is no base64. */
[[nodiscard]] bool avatar_of_vcard(struct avatar *out, const struct node *vcard, struct arena *arena);

/* Says in available presence which picture is shown: `hash`, empty: none. Whoever says by an empty <photo/> that he has none
 * keeps that. What the client wrote goes; false: nothing has changed. */
bool avatar_stamp(struct node *presence, struct str hash, struct arena *arena);
/* The same for presence that was stamped before. */
void avatar_stamp_again(struct node *presence, struct str hash, struct arena *arena);
