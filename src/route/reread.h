/* A stanza from bytes our own serialiser wrote: out of the record, or made here and sent on like one that
 * came in. */
#pragma once

#include "base/arena.h"
#include "stanza/node.h"

/* In a fresh arena, which is the caller's. NULL: it is none. */
struct node *reread_stanza(struct str xml, struct arena **arena);
