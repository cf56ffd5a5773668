/* A message as the room's archive holds it (XEP-0313 7.1.2): as it was said, without stanza-id, and at its end the
 * author's id (XEP-0421) and the real address, for those who may see it. A retracted one (XEP-0424, XEP-0425) keeps its
 * ends and loses all between: a tombstone. Text in, text out; knows no room's state. */
#pragma once

#include "base/buf.h"
#include "room/room.h"

struct archived {
	struct str start;  /* <message ...> */
	struct str inside; /* what was said */
	struct str id;     /* <occupant-id/>; empty: the room itself spoke */
	struct str x;      /* <x><item jid=''/></x>; empty: none */
	struct str bare;   /* the real address in it, without its resource */
};

/* `xml` was written by this program. False: it was not. */
[[nodiscard]] bool archived_read(struct str xml, struct archived *out);

/* The end of such a message, behind what was said. */
void archived_put_end(struct buf *out, const struct occupant *o, struct str real);

/* As it was when it went to all: without the real address, with the room's id. */
void archived_put_live(struct buf *out, const struct room *r, const struct archived *a, const struct room_stamp *stamp);

/* What is left of it. False: it is not the author's to take back, or is a tombstone already. */
[[nodiscard]] bool archived_put_tombstone(struct buf *out, struct str xml, const struct room_retraction *t);

/* <moderated/> and the reason. */
void retraction_put_moderated(struct buf *out, const struct room_retraction *t);

/* Is it shown to who enters? What has a body, and what takes something back. */
bool archived_is_shown(const struct archived *a);
