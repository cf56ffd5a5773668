/* Which stanzas wait for the receipt: one table over (stanza kind, payload namespace and name). */
#pragma once

#include "parcel/parcel.h"

/* The class of a stanza. Unknown payloads are content, so IQs between users are; a ping and an empty result
 * are signals there, too. A stanza is as high as its highest child. `between_users`: addressed to somebody
 * else's account, not to the server or the sender's own account. */
enum parcel_class parcel_classify(enum parcel_kind kind, const struct node *stanza, bool between_users);
