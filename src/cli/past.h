/* A message of an archive, in the one form in which it is brought from elsewhere, exported and written into the record:
 *
 *   <result xmlns='urn:xmpp:mam:2' id='..'><forwarded xmlns='urn:xmpp:forward:0'>
 *     <delay xmlns='urn:xmpp:delay' stamp='..'/><message xmlns='jabber:client' from='..' to='..' ../></forwarded></result> */
#pragma once

#include "base/buf.h"
#include "stanza/node.h"
#include "store/rows.h"

#define PAST_COMMAND "import.history" /* of the line in the record that holds one */

struct past {
	struct str id;
	uint64_t time_us; /* 0: it does not say */
	struct node *message; /* in the node that was read */
};

/* False: it is none. */
[[nodiscard]] bool past_read(const struct node *result, struct past *out);

/* The row for the archive of `owner` (a bare address): whom it is from and to, the ids, on which side the owner stands.
 * row->xml, seq, id and time are the caller's. Of type groupchat: for the archive of that room. False: the owner is on neither side. */
[[nodiscard]] bool past_row(
	const struct past *p, struct str owner, struct arena *arena, struct store_archived *row);

/* `xml` is the message as our serialiser writes it inside of jabber:client. */
void past_put(struct buf *out, struct str id, uint64_t time_us, struct str xml);
