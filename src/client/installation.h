/* Which rows of the inventory a session belongs to. A program that says which installation it is (XEP-0388) is told apart by
 * that; others by product, system and the word their resource begins with, so that a client which binds another random
 * resource each time is one row. Two installations that differ in nothing of that are one row. */
#pragma once

#include "base/buf.h"
#include "client/judgement.h"

enum {
	INSTALLATION_MAX = 200, /* bytes of a key */
};

/* Appends the key: "agent:UUID", "gajim|linux|gajim", "unknown:NODE|linux|phone". `resource` as bound. Never empty. */
void installation_put(struct buf *out, const struct judgement *j, struct str resource);

/* Appends what names a row to its owner and to administrators: INSTALLATION_ID hexadecimal digits, always the same for the same. */
enum { INSTALLATION_ID = 16 };
void installation_id_put(struct buf *out, struct str owner, struct str key);

/* The word that a resource begins with, as the person or the program chose it ("gajim" of "gajim.K2J3", "phone" of "phone");
 * empty: it looks like chance. A view. */
struct str installation_word(struct str resource);
