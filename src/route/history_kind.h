/* What of all content people's archives hold, and what a row says of it. */
#pragma once

#include "base/buf.h"
#include "stanza/node.h"
#include "store/store.h"

/* Is it of a kind that archives hold? Content of type chat or normal without a hint against it (XEP-0334). */
[[nodiscard]] bool history_takes(struct str type, const struct node *stanza);

/* Reads the author's ids out of the stanza into row->own and row->origin, and what it takes back (XEP-0424), when it
 * has `arrived` at the other side, into row->retracts and row->stone (row->time_us is set); `stone` holds the text until
 * the row is added. */
void history_read(
	struct store_archived *row, struct str type, const struct node *stanza, bool arrived, struct buf *stone);
