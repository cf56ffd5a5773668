/* A tree as one line of text for comparing: {ns}name attr="value" (children), text in quotes, adjacent text
 * joined. */
#pragma once

#include "base/buf.h"
#include "stanza/node.h"

void tree_dump(struct buf *to, const struct node *n);
