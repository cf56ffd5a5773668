/* The client's side of SCRAM for tests: from the server's first message to the client's final one. */
#pragma once

#include "account/scram.h"
#include "base/buf.h"

/* Appends "c=...,r=...,p=...": `binding` is the gs2 header and the data behind it, raw. */
void client_final(struct buf *out, enum store_verifier_kind kind, const char *password, struct str first_bare,
	struct str server_first, struct str binding);

/* The value of one attribute of a message ("r"). */
struct str client_attribute(struct str message, char name);
