/* Names that could be taken for somebody else's, as far as a stanza says them (settings names.*): requests and first messages,
 * <nick/> (XEP-0172), published nicknames and vCards. Nicknames of rooms are asked about where one enters; here they are only
 * noted. For the files of this folder only. */
#pragma once

#include "way/stages.h"

/* How many pairs of people are known to have written to each other; 16 bytes each. */
enum { NAMES_MET = 65536 };

/* Part of stage policy: writes findings of the rule `names`, and what is to be put into the stanza. */
void names_decide(struct parcel *p, struct way_loop *wl);

/* Puts the warning in, takes a nickname out that is another's, gives a card the account's name. True: the stanza is another one now. After it has been
 * serialised as accepted. */
[[nodiscard]] bool names_mark(struct parcel *p);
