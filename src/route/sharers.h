/* Who shows his presence to an account that does not show him its own: directed presence, and who is subscribed to in one
 * direction only (XEP-0060 9.1.3). As long as he does, he hears of the account's open nodes, if he wants to. Known while
 * the account is in memory. All on its home loop. */
#pragma once

#include "route/user.h"

enum {
	SHARERS_MAX = 200, /* of one account; who comes beyond that hears nothing */
};

/* His presence has arrived: a full address. */
void sharers_come(struct user *u, const struct jid *who);
/* That he is gone has arrived. */
void sharers_go(struct user *u, const struct jid *who);
void sharers_free(struct user *u);

/* for (size_t i = 0; sharers_next(u, &i, &full);) ...: those whom the account does not show its presence. */
bool sharers_next(const struct user *u, size_t *at, struct str *out);
