/* Mail addresses as SMTP takes them (RFC 5321 section 4.1.2): local@domain in ASCII, the domain as A-labels (RFC 5890). A local
 * part is letters, digits and marks with dots between; one in quotes, or beyond ASCII (RFC 6531), is refused: not every
 * server on the way takes it. Nothing that comes out of here can end a line or a command. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
	MAIL_LOCAL_MAX = 64,
	MAIL_ADDRESS_MAX = 254, /* RFC 5321 section 4.5.3.1.3, without the brackets */
};

/* Appends the address as it goes into a command. 0, -EINVAL with the reason in *err, or -ENOMEM. */
[[nodiscard]] int mail_address_put(struct buf *out, struct str text, struct err *err);

/* Is it one that mail_address_put() makes? For what a peer sends. */
[[nodiscard]] bool mail_address_is_plain(struct str text);

/* Its parts: how long the one before the last @ is (all of it when there is none); is it letters, digits and marks with single
 * dots between; is the other one a host's name in ASCII? */
size_t mail_local_len(struct str text);
[[nodiscard]] bool mail_local_is_plain(struct str local);
[[nodiscard]] bool mail_host_is_plain(struct str host);

/* "Name <address>" or an address alone; both are views into `text`, the name without quotes around it and white space. */
void mail_mailbox_split(struct str text, struct str *name, struct str *address);
