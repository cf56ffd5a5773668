/* The one serialiser: what a client receives is always written here, from our tree, never copied from what
 * came in. */
#pragma once

#include "base/buf.h"
#include "stanza/node.h"

/* Writes n and all below it. `ns` is the default namespace in force where it is put (the stream's content
 * namespace, usually "jabber:client"): an element in another namespace gets xmlns. Attributes in a namespace
 * get a generated prefix (xml: keeps its own). Text and attribute values are escaped (< > & ' "). Failure:
 * buf_failed(out). */
void xml_put(struct buf *out, const struct node *n, struct str ns);

/* Like xml_put for a stanza's root, with to/from/id replaced for one delivery: each that has data != NULL
 * replaces or adds the attribute; `extra` (NULL or a list linked by next) is written as further children at
 * the end. */
struct xml_stamp {
	struct str to, from, id, type;
	const struct node *extra;
};
void xml_put_stamped(struct buf *out, const struct node *n, struct str ns, const struct xml_stamp *stamp);

/* The same as xml_put_stamped() with nothing but `extra`, from `whole`: what xml_put() wrote for n before, which has not
 * changed since and whose namespace is not that of the prefix xml. A stanza that is recorded and delivered is serialised once. */
void xml_put_again(struct buf *out, struct str whole, const struct node *n, const struct node *extra);

/* Escapers for hand-written output (stream headers). */
void xml_escape(struct buf *out, struct str text);
