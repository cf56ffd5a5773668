/* What a client asks of an archive: the <query/> of XEP-0313 with its form (XEP-0004) and page (XEP-0059).
 * Pure: reads the tree, knows no session. */
#pragma once

#include "stanza/node.h"
#include "stanza/stanza_error.h"
#include "store/store.h"

struct history_asked {
	struct store_archive_query query; /* owner is the caller's to set */
	struct str id;                    /* queryid; data NULL: none */
	bool flip;                        /* the page is sent newest first */
};

/* `page_max`: rows a page may have. STANZA_CONDITIONS: *out is set, its strings are in the tree or the arena.
 * Else the condition to answer with: bad-request; feature-not-implemented for a field that is not known
 * (XEP-0313 4.1.5) or a page by index (XEP-0059 2.6); item-not-found for the archive of a node. */
[[nodiscard]] enum stanza_condition history_form_read(
	struct history_asked *out, const struct node *query, size_t page_max, struct arena *arena);

/* The fields there are, as XML. */
struct str history_form_fields(void);
