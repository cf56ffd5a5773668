/* Who is not known to somebody, by what the administrator says (settings privacy.*): requests and first messages of such
 * people are held, and told of in one quiet message now and then. They reach him when he adds the person to his contacts or
 * writes to him. Nothing of it is said to the sender: he sees what he would see if nobody was there.
 *
 * A held message is in the store (STORE_STRANGERS) as well as in the record; a held request is in the roster as any request
 * that waits, and is not shown. Whether somebody is a stranger is decided each time it is asked: another setting, a new
 * contact, a common group hold at once for what waits. */
#pragma once

#include "route/letter.h"
#include "route/user.h"

/* Is it held? Then it is taken over: kept, or refused where the setting says so, or where too much is held. For a message
 * to a user who is loaded and has not blocked the sender. */
[[nodiscard]] bool strangers_take(struct user *u, struct parcel *p);

enum strangers_fate {
	STRANGERS_NONE,   /* he is none */
	STRANGERS_HOLD,   /* the request is kept as one that waits, and not shown */
	STRANGERS_REFUSE, /* it is answered with a no */
};

/* The same of a request for a subscription. */
enum strangers_fate strangers_request(const struct user *u, const struct jid *from);
/* A request has been held: it is told of when it is time. */
void strangers_held(struct user *u);

/* He writes to that address, or has it among his contacts now: what was held of it reaches him. */
void strangers_meet(struct user *u, struct str bare);

/* What is held is looked through: what need not be held any more reaches him, he is told of the rest when it is time. */
void strangers_look(struct user *u);

/* A session has become available: what need not be held any more reaches it, and it is told of the rest. */
void strangers_greet(struct session *s);
