/* Messages (RFC 6121 sections 5 and 8), with carbon copies (XEP-0280) and stanza ids (XEP-0359). */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

enum message_type {
	MESSAGE_NORMAL,
	MESSAGE_CHAT,
	MESSAGE_GROUPCHAT,
	MESSAGE_HEADLINE,
	MESSAGE_ERROR,
};

/* An unknown type is `normal` (RFC 6121 5.2.2). */
enum message_type message_type(struct str type);

/* What the recipient's side finds. */
struct addressee {
	bool exists;  /* the account */
	bool is_full; /* addressed with a resource */
	bool matched; /* which is connected */
	bool taker;   /* some available session has a priority that is not negative */
};

enum fate {
	FATE_DROP,  /* silently */
	FATE_ERROR, /* service-unavailable */
	FATE_ONE,   /* to the session addressed */
	FATE_ALL,   /* to all sessions that take messages */
	FATE_STORE, /* offline, if it may be stored; else as an error */
};

/* RFC 6121 8.5.1 to 8.5.3, for messages. Where the RFC leaves a choice:
 * - a bare address is served by all sessions with non-negative priority, whatever the type: no client misses
 * what was said because another one has a higher number;
 * - what cannot be delivered is answered with an error rather than dropped, but for a headline to a bare address: whether
 * the account is there cannot be told from it. */
enum fate message_fate(enum message_type type, const struct addressee *to);

/* On the sender's home, the sender being loaded. Takes over the parcel's reference. */
void message_send(struct user *sender, struct parcel *p);

/* A message that was made here: to its recipient. From any home; takes over the parcel's reference. */
void message_pass(struct parcel *p);

/* The message as the recipient gets it: with its stanza-id if it is content. NULL: memory is out. */
struct blob *message_blob(struct user *recipient, const struct parcel *p);
