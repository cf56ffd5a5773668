/* Bookmarks of rooms in their two forms: items of a node, one each (XEP-0402), and one list (XEP-0048, in private XML or in a
 * node). The items are what there is; the list is a view of them, with what is no room beside it. Pure: nodes in, text out;
 * strings are views of the nodes. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "stanza/node.h"

#define BOOKMARKS_NODE STR("urn:xmpp:bookmarks:1")
#define BOOKMARKS_LIST STR("storage:bookmarks") /* the namespace of the list, and the node it stands in */
#define BOOKMARKS_LIST_ITEM STR("current")

struct bookmark {
	struct str id;  /* the room, as the item is called */
	struct str key; /* the same as an address is compared; empty: no address */
	struct str name, nick, password;
	bool autojoin;
	const struct node *more; /* its children of other namespaces belong to it; NULL: none */
};

struct bookmarks {
	struct bookmark *rows; /* on the arena */
	size_t len;
};

/* All three: false when the arena is full. */

/* Children <item id=''> of `items`; what holds no bookmark is passed over. */
[[nodiscard]] bool bookmarks_of_items(struct bookmarks *out, const struct node *items, struct arena *arena);
/* Children <conference jid=''> of `storage` (NULL: none); the first of a room counts. */
[[nodiscard]] bool bookmarks_of_list(struct bookmarks *out, const struct node *storage, struct arena *arena);

/* Those of the first, and of the second those that are not among them. */
[[nodiscard]] bool bookmarks_join(struct bookmarks *out, const struct bookmarks *first, const struct bookmarks *second,
	struct arena *arena);

/* What makes `now` into `wanted`. Bookmarks that stay as they are are in neither. */
struct bookmarks_change {
	struct str *ids, *payloads; /* set or changed: an item's id and XML (default namespace: XEP-0060's) */
	size_t len;
	struct str *gone;
	size_t gone_len;
	size_t total; /* how many there are afterwards */
};

/* `all`: what is not wanted goes. What a bookmark has of other namespaces stays, unless it is named again. */
[[nodiscard]] bool bookmarks_diff(struct bookmarks_change *out, const struct bookmarks *now,
	const struct bookmarks *wanted, bool all, struct arena *arena);

/* The payload of an item: `b`, and of `was` (may be NULL) what has no place in the list. */
void bookmark_put(struct buf *out, const struct bookmark *b, const struct bookmark *was);
/* <storage>: the bookmarks, and of `rest` (may be NULL) what is no room. `ns`: in force where it is put. */
void bookmarks_put_list(struct buf *out, const struct bookmarks *all, const struct node *rest, struct str ns);
