/* One payload, many recipients: a link or file that spreads over contact lists as worms do. Of each payload (rule/payload.h) the
 * people it was sent to are counted, and who passes it on after he got it himself: that is what a worm does, and hardly
 * anybody else does it at that pace. What is done about it the caller decides.
 *
 * One for the process; thread-safe. Bounded: OUTBREAK_PAYLOADS, with OUTBREAK_PEOPLE each. Of those that were seen longest ago
 * the one goes first that is over, or has spread least, so that whoever sends many others makes none forgotten. Nothing is
 * kept over a restart: an outbreak goes on, and is seen again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct outbreak;

enum {
	OUTBREAK_PAYLOADS = 4096,
	OUTBREAK_PEOPLE = 128, /* recipients and senders of one payload */
	OUTBREAK_RELAYS = 2,   /* people who pass on what they got: from so many on limits->relayed holds */
	OUTBREAK_WAITING = 32, /* that nobody has asked for yet */
};

struct outbreak_limits {
	unsigned recipients; /* that is an outbreak, whoever sends it; 0: outbreaks are not looked for */
	unsigned relayed;    /* recipients that are one when it is passed on */
	unsigned seconds;    /* in which they get it */
};

struct outbreak_sight {
	unsigned recipients, senders, relays;
};

struct outbreak *outbreak_new(void); /* NULL: memory is out */
struct outbreak *outbreak_free(struct outbreak *o); /* accepts NULL, returns NULL */

/* The payload goes from one person to another; bare addresses. True once for each payload as long as it spreads, and again when
 * it was silent for limits->seconds: it is an outbreak now, and waits for outbreak_take(). `out` (may be NULL): how it stands. */
bool outbreak_count(struct outbreak *o, const struct outbreak_limits *limits, struct str payload, struct str sender,
	struct str recipient, uint64_t now_ms, struct outbreak_sight *out);

/* The outbreaks that have begun since it was asked last, each once; those beyond OUTBREAK_WAITING begin again with the next
 * stanza. `each` asks nothing of `o`. */
void outbreak_take(struct outbreak *o, void (*each)(struct str payload, const struct outbreak_sight *sight, void *owner),
	void *owner);

/* Somebody has looked: it does no harm, and is no outbreak until then. */
void outbreak_excuse(struct outbreak *o, struct str payload, uint64_t until_ms);
