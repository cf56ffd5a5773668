/* Trees that our tokenizer has not read: is all in them what it would have let in? */
#pragma once

#include "stanza/node.h"

bool tree_is_text(struct str s);
/* The element and its attributes, or the text; not what is in it. */
bool tree_is_xml(const struct node *n);
