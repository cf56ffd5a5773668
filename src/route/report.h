/* Reports of spam and abuse (XEP-0377), which come with a block. A report is an event of the record, for whoever reads it
 * there; the person reported is not told, and nothing else follows from it. */
#pragma once

#include "route/session.h"

/* Are the item's reports, if it has any, as they should be? */
[[nodiscard]] bool report_is_valid(const struct node *item);

/* To the record, for each report of an item of the request. */
void report_note(struct session *s, const struct node *block, struct arena *arena);
