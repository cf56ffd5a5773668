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

/* The picture that XEP-0084's metadata names for its own server: the first <info/> without a URL; `id` and `type` alone. An empty
 * `id`: it says that none is shown. False: there are pictures elsewhere only, or none that has a hash. */
[[nodiscard]] bool avatar_of_metadata(struct avatar *out, const struct node *metadata);
/* XEP-0084's data element. False: no base64. */
[[nodiscard]] bool avatar_of_data(struct avatar *out, const struct node *data, struct arena *arena);

/* Payloads of the two nodes; metadata of none for NULL. */
void avatar_put_data(struct buf *out, const struct avatar *a);
void avatar_put_metadata(struct buf *out, const struct avatar *a);

/* ---- a card whose picture is an item of the data node: it has <PHOTO><TYPE/></PHOTO> as its end ---- */

/* The vCard (NULL: there was none) with the picture (NULL: none) in that form, for the content namespace. False: the arena is
 * full. */
[[nodiscard]] bool avatar_put_card(struct buf *out, const struct node *vcard, const struct avatar *a, struct arena *arena);
[[nodiscard]] bool avatar_is_apart(struct str card);
/* Such a card as it is shown: with what the item's payload holds, or, when that is empty, without a picture. */
void avatar_join_card(struct buf *out, struct str card, struct str payload);

/* Says in available presence which picture is shown: `hash`, empty: none. Whoever says by an empty <photo/> that he has none
 * keeps that. What the client wrote goes; false: nothing has changed. */
bool avatar_stamp(struct node *presence, struct str hash, struct arena *arena);
/* The same for presence that was stamped before. */
void avatar_stamp_again(struct node *presence, struct str hash, struct arena *arena);
