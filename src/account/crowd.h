/* Many senders, one victim: who gets more from people he does not know than anybody can read, and whom he is not made to
 * listen to for the time being. What comes from people one does not know is counted for each recipient, as senders and as
 * stanzas; over the limit the server holds such senders off, until there has been peace for a while or somebody says so.
 * Who knows whom, the caller says.
 *
 * One for the process; thread-safe. Bounded: counts in tables of a fixed size (meter.h), victims CROWD_MAX. As long as nobody
 * is a victim crowd_ignores() is one load. Who is a victim the caller keeps over a restart (crowd_changes, crowd_restore); which
 * senders have been refused, and who has written to whom, is forgotten with the process. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct crowd;

enum {
	CROWD_MAX = 1024,     /* victims at the same time */
	CROWD_ENTRIES = 65536, /* of each table */
	CROWD_STEP_MS = 15000,
};

struct crowd_limits {
	unsigned senders;        /* whom one does not know, at once; 0: floods are not looked for */
	unsigned sender_seconds; /* until one more may come */
	unsigned per_second;     /* stanzas of all of them */
	unsigned burst;
	unsigned seconds;        /* of peace, and it is over: without so many senders, and so much of all, in a minute */
};

enum crowd_cause {
	CROWD_SENDERS, /* too many people */
	CROWD_STANZAS, /* too much */
	CROWD_DESK,    /* somebody said so */
	CROWD_CAUSES,
};

extern const char *const crowd_cause_names[CROWD_CAUSES]; /* "senders", "stanzas", "asked" */

struct crowd_victim {
	struct str jid;
	enum crowd_cause cause;
	uint64_t since_ms, until_ms;
	uint64_t refused; /* stanzas, since then */
	uint64_t peace_ms; /* without more, and it is over; 0: at its time */
	unsigned many;     /* senders refused in a minute: it goes on */
	bool told;
};

struct crowd *crowd_new(void); /* NULL: memory is out */
struct crowd *crowd_free(struct crowd *c); /* accepts NULL, returns NULL */

enum crowd_answer {
	CROWD_PASS,
	CROWD_BEGINS, /* not this one, and no more from now on: the victim should be told */
	CROWD_REFUSE,
};

/* A stanza of `sender`, whom `victim` does not know; bare addresses. */
enum crowd_answer crowd_count(struct crowd *c, const struct crowd_limits *limits, struct str victim, struct str sender,
	uint64_t now_ms);

/* Would it be refused if they do not know each other? Nothing is counted. */
bool crowd_holds(struct crowd *c, struct str victim, uint64_t now_ms);

/* Has the sender been refused in this flood, so that nobody need ask again? Counts it. For whoever sees stanzas first. */
bool crowd_ignores(struct crowd *c, struct str victim, struct str sender, uint64_t now_ms);

/* They know each other from now on, as far as this goes. `pair` is meter_key() of victim and sender. True: they had not met. */
bool crowd_meet(struct crowd *c, uint64_t pair, uint64_t now_ms);
bool crowd_have_met(struct crowd *c, uint64_t pair, uint64_t now_ms);

/* Was something said to the account in so much time? */
bool crowd_was_told(struct crowd *c, struct str account, uint64_t forget_ms, uint64_t now_ms);
void crowd_note_told(struct crowd *c, struct str account, uint64_t now_ms);
/* May one more of the sender's be held for the account: `count` in so many seconds? If so it is counted. */
bool crowd_may_hold(struct crowd *c, struct str account, struct str sender, unsigned count, uint64_t seconds, uint64_t now_ms);

/* Somebody says so. False: there are too many victims. */
[[nodiscard]] bool crowd_silence(struct crowd *c, struct str victim, uint64_t until_ms, uint64_t now_ms);
/* It is over, at once. False: there was none. crowd_changes() tells of it, too. */
bool crowd_release(struct crowd *c, struct str victim);

/* The victim has been told, or is about to be: true once a flood. */
bool crowd_tell(struct crowd *c, struct str victim, struct crowd_victim *out, uint64_t now_ms);

/* What has changed since it was asked last, for whoever keeps it: victims that are new, have been told, or last longer by
 * CROWD_STEP_MS (over: false), and those for whom it has ended, once (over: true). What has been refused is told CROWD_STEP_MS
 * late; `last`: at once, for nobody asks again. `each` asks nothing of `c`. One caller. */
void crowd_changes(struct crowd *c, bool last, void (*each)(const struct crowd_victim *v, bool over, void *owner), void *owner,
	uint64_t now_ms);
/* As it was kept, in this process's time. False: there are too many. */
[[nodiscard]] bool crowd_restore(struct crowd *c, const struct crowd_victim *v);

/* Is he one now? Then *out is a copy; out->jid is the argument. */
bool crowd_find(struct crowd *c, struct str victim, struct crowd_victim *out, uint64_t now_ms);

/* All who are victims now; `each` asks nothing of `c`. */
void crowd_each(struct crowd *c, void (*each)(const struct crowd_victim *v, void *owner), void *owner, uint64_t now_ms);

/* What senders are told, with resource-constraint (wait). */
#define CROWD_TEXT "This person gets too much at the moment. Try again later."
