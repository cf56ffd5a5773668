/* How a session stands with the rules about clients: what is held of its client, and what it may do. Immutable, counted
 * with atomics, one block of memory. Made on the home loop when the client has been judged and whenever rules, dates or
 * signals change that; the session has it there, and the stream of its connection has it on its own loop (port_judge). */
#pragma once

#include "client/judgement.h"
#include "rule/client_rule.h"

struct standing {
	_Atomic unsigned refs;
	struct judgement *client;  /* counted; NULL: not looked at (an external component), or not yet */
	enum client_effect effect;
	unsigned limits;           /* bits of enum client_limit */
	struct str rule;           /* id; empty: none */
	struct str text;           /* what the person is told, in his language; empty: nothing */
	struct str lang;           /* of the text; may be empty */
	char bytes[];
};

/* Copies the strings, takes a reference of its own to the judgement. NULL when memory is out. */
[[nodiscard]] struct standing *standing_new(
	struct judgement *client, const struct client_decision *d, struct str text, struct str lang);
struct standing *standing_ref(struct standing *s);   /* returns s; accepts NULL */
struct standing *standing_unref(struct standing *s); /* returns NULL; accepts NULL; any thread */
