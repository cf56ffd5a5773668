/* What kind of thing a stanza is: a file, a link, a call, something for a room, something for outside. For what switches
 * (rule/lockdown.h) and limits (rule/client_rule.h) stop, and for counting what people use. Known by namespaces: whoever invents
 * one of his own for a file is stopped by a rule of type namespace, not here. */
#pragma once

#include "stanza/node.h"

/* Bits. */
enum matter {
	MATTER_SPEECH = 1,   /* people are to read something: content, but for the server and oneself, and but for IQs
	                        that set up files and calls */
	MATTER_FILE = 2,     /* XEP-0047, 0065, 0066, 0095, 0096, 0231, 0234, 0260, 0261, 0264, 0329, 0363, 0370, 0385, 0391,
	                        0446, 0447, 0448 */
	MATTER_PICTURE = 4,  /* of a person: XEP-0084, 0153 and who asks for one */
	MATTER_LINK = 8,     /* rule/link.h, in texts and in attributes that hold addresses */
	MATTER_CALL = 16,    /* XEP-0167, 0272, 0298, 0353, 0482, and Jingle for what is not known; not the end of one */
	MATTER_ROOM = 32,    /* to or from a room, and invitations into one (XEP-0045, 0249); not leaving it */
	MATTER_OUTSIDE = 64, /* to or from another domain */
	MATTER_IN_BAND = 128, /* a file that goes through the server itself, or is offered so: XEP-0047, 0095, 0261 */
	MATTER_HISTORY = 256, /* asks for what was said before (XEP-0313) */
	/* Less protected than what is written. */
	MATTER_WEAK_CALL = 512,  /* media is offered or taken without DTLS-SRTP (XEP-0320) */
	MATTER_WEAK_FILE = 1024, /* a file over plain HTTP or FTP, or straight between two addresses (XEP-0065, 0260) */
};

/* What is known of it beside the tree. */
struct matter_case {
	const struct node *stanza;
	bool content; /* waits for its receipt (parcel/class.h) */
	bool own;     /* goes to the server or to one's own account */
	bool room;    /* sender or recipient is a room of ours */
	bool outside; /* sender or recipient is of another domain (settings_is_inside) */
};

/* The bits of `wanted` that apply. One walk over the tree, nothing is allocated. */
[[nodiscard]] unsigned matter_of(const struct matter_case *c, unsigned wanted);
