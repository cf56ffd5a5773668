/* One list of bookmarks, three views (XEP-0402 #compat, #compat-pep): the items of the node urn:xmpp:bookmarks:1 are what
 * there is; private XML (XEP-0049) and the node storage:bookmarks show them as one list and change them. What such a list
 * holds besides rooms stays in private XML. A list from the time before (imported, say) becomes items when the node is first
 * asked for or written. */
#pragma once

#include "route/pep_act.h"

/* Of a request in private XML. */
[[nodiscard]] bool bookmarks_are_meant(const struct node *query);
/* Handlers in the place of those of private.h; they take over the parcel's reference. */
void bookmarks_get(struct session *s, struct parcel *p);
void bookmarks_set(struct session *s, struct parcel *p);

/* The verb in the place of the usual one, for requests about the two nodes; NULL: the usual one. */
pep_verb_fn *bookmarks_verb(const struct act *a);

/* The items have changed: whoever looks at the list hears of it. Nothing for other nodes. */
void bookmarks_changed(const struct act *a);
