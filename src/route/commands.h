/* The server's ad-hoc commands (XEP-0050): those of service administration (XEP-0133), for the members of admin.group
 * alone, of whom nobody else learns that they are there; and those for everybody about himself (privacy.h). */
#pragma once

#include "command/command.h"
#include "parcel/parcel.h"
#include "route/session.h"

/* Handler of iq.c; takes over the parcel's reference. */
void commands_iq(struct session *s, struct parcel *p);

/* The answer that ends a command, from any loop; the parcel stays the caller's. */
void commands_complete(struct parcel *p, const struct command *c, const char *dialog, const char *note);

/* May the account run any of them? */
bool commands_are_there(const struct home *h, struct str bare);

/* Service discovery: the items of the node of commands, what one of them is. False: the node is none of theirs. */
bool commands_put_items(struct buf *out, const struct home *h, const struct parcel *p, struct str node);
/* STANZA_CONDITIONS: written; else the error to give. */
enum stanza_condition commands_put_info(
	struct buf *out, const struct home *h, const struct parcel *p, struct str node);
