/* Holds off clients that the rules deny and that come back at once, again and again. After a denial an account may log in from
 * that address with that installation (XEP-0388; SASL1 names none), TLS library and mechanism as if nothing had been, FREE
 * times: these tell a program that its owner comes with instead from the one that goes on trying. Then it is refused at SASL,
 * with the text of the denial, for a while that doubles with each further one, and one login is let through after it: perhaps it
 * is another program. Whoever is let in is forgotten, and all are when the rules change.
 *
 * A fixed table of small sets, in which the oldest makes room. Thread-safe: one lock, held for a look at a set. Time comes from
 * the caller, so tests have their own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

enum {
	TURNSTILE_FREE = 3,           /* denials before anybody is held off */
	TURNSTILE_FIRST_MS = 5000,
	TURNSTILE_MOST_MS = 60000,
	TURNSTILE_FORGET_MS = 600000, /* without a denial */
	TURNSTILE_TEXT_MAX = 1024,
};

struct turnstile;

/* Who comes. `address` without the port; the others may be empty. */
struct comer {
	struct str account, address, agent, ja4, mechanism;
};

[[nodiscard]] struct turnstile *turnstile_new(void); /* NULL: memory is out */
struct turnstile *turnstile_free(struct turnstile *t); /* accepts NULL, returns NULL */

/* He was denied by this rule with this text. */
void turnstile_denied(struct turnstile *t, const struct comer *c, struct str rule, struct str text, uint64_t now_ms);
/* He was let in. */
void turnstile_passed(struct turnstile *t, const struct comer *c);
/* Is he held off now? Then *rule and *text are copies in the arena. */
[[nodiscard]] bool turnstile_holds(
	struct turnstile *t, const struct comer *c, uint64_t now_ms, struct arena *arena, struct str *rule, struct str *text);
/* Other rules are in force. */
void turnstile_clear(struct turnstile *t);
