/* The gate's side of the record: entries go to the recorder process, receipts come back. One handle per loop;
 * every call and every callback is on that loop. Nothing of people's content may be handed to another session
 * without a `struct receipt`, and only this folder makes those:
 *
 *   record_append      -> done(receipt)            content, once it is durable
 *   record_receipt_stored                          content that came back from the store or from replay
 *   record_signal                                  counted, not recorded: no content of people
 *
 * An entry survives a restart of the recorder: it stays queued here until its receipt has come, and
 * record_relink() sends again what is not in the record yet, each entry once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "loop/loop.h"
#include "record/event.h"

enum {
	RECORD_E_FULL = 1, /* the record has no space: tell the sender to wait (resource-constraint) */
	RECORD_E_BUSY,     /* too much is queued, or the recorder is down for long: the same answer */
	RECORD_E_LARGE,    /* more than RECORD_ENTRY_MAX bytes */
};

enum {
	RECORD_ID = 22,             /* characters of an id: 128 random bits, base64url */
	RECORD_BOOT = 8,            /* hex digits that name one start of the gate */
	RECORD_ENTRY_MAX = 1 << 20, /* bytes of all fields of one entry */
};

/* ---- receipts ---- */

struct receipt;

uint64_t receipt_seq(const struct receipt *r);     /* line of the record, > 0; 0 for a signal */
uint64_t receipt_time_us(const struct receipt *r); /* UTC, as in the line; 0 for a signal */
struct str receipt_id(const struct receipt *r);    /* lives as long as the receipt; empty for a signal */
bool receipt_is_signal(const struct receipt *r);

/* A copy in the arena, for what outlives the callback. NULL when the arena is full. */
[[nodiscard]] const struct receipt *receipt_keep(struct arena *a, const struct receipt *r);

/* The receipt of an entry that is in the record already and came back from the store or from replay. NULL
 * when seq is 0, the id has not RECORD_ID characters, or the arena is full. */
[[nodiscard]] const struct receipt *record_receipt_stored(
	struct arena *a, uint64_t seq, uint64_t time_us, struct str id);

/* ---- entries ---- */

/* Waits for one entry; embedded in what waits, which must live until done() has run. */
struct waiter {
	/* The receipt lives until done() returns. NULL: the handle is being freed, the entry may or may not
	 * become durable, so nothing may be delivered or acknowledged. */
	void (*done)(struct waiter *w, const struct receipt *receipt);
};

/* One more member of the line, by its key (record/event.h). Numbers are below 2^53. */
struct extra {
	enum event_key key;
	struct str text;
	uint64_t number;
};

/* What is recorded. Empty strings are left out of the line. All text must be valid UTF-8. Only read during
 * the call. */
struct entry {
	enum event type;
	struct str id;   /* from record_id(); empty: the line has none (only content must have one) */
	struct str conv; /* whose conversation: gives the line its per-conversation number */
	struct str from, from_id; /* JID as used, immutable person id */
	struct str to, to_id;
	struct str kind;         /* message, presence, iq, roster ... */
	struct str stanza;       /* as accepted */
	struct str deliver;      /* as to be delivered, where that differs */
	struct str action;       /* allow, log, block ... */
	const struct str *rules; /* names of the rules that decided */
	size_t rules_len;
	struct str policy;    /* version in force */
	struct str retention; /* class */
	struct str session;   /* identity of the sender's session */
	struct str resource;
	struct str address; /* client's, "ip:port" */
	struct str sm;      /* stream-management id; empty: none */
	uint64_t sm_h;      /* inbound count including this stanza */
	struct str reason, text;
	struct str nick; /* the sender's in the room it is sent to */
	const struct extra *extra;
	size_t extra_len;
};

/* A fresh id. `out` is not NUL-terminated. */
void record_id(char out[RECORD_ID]);

/* ---- the handle ---- */

struct record;

struct record_config {
	char boot[RECORD_BOOT + 1];    /* the same for all loops of one gate, new at each start of it */
	uint16_t link;                 /* index of this loop's link */
	uint64_t applied_seq;          /* the store holds everything up to here */
	bool want_replay;              /* exactly one loop asks */
	size_t queue_bytes;            /* 0: 16 MiB. Entries without a receipt beyond it: RECORD_E_BUSY */
	void *owner;                   /* handed to the callbacks; each may be NULL */
	void (*on_ready)(void *owner); /* appends are accepted (first time: the link is up) */
	void (*on_full)(void *owner);  /* no space; RECORD_E_FULL until on_ready */
	void (*on_down)(void *owner);  /* the recorder went away; entries queue */
	/* Replay, only with want_replay: every content line above applied_seq in order, then the last inbound
	 * count of each stream-management id, then the end with the sequence number of the last line seen.
	 * What is passed lives until the callback returns. After each entry the owner calls
	 * record_replay_more() once it is ready for more. */
	void (*on_replay)(
		void *owner, uint64_t seq, uint64_t time_us, struct str src, const struct entry *entry);
	void (*on_sm_count)(void *owner, struct str sm, uint64_t h);
	void (*on_replay_end)(void *owner, uint64_t last_seq);
};

/* `fd` is this loop's end of the link (owned from now on); -1: none yet, entries queue until record_relink.
 */
[[nodiscard]] int record_open(
	struct record **out, struct loop *loop, int fd, const struct record_config *config);

/* A new link after the recorder was restarted. 0 or -errno. */
[[nodiscard]] int record_relink(struct record *r, int fd);

/* Calls done(NULL) of all who wait. Accepts NULL, returns NULL. */
struct record *record_free(struct record *r);

/* Queues one entry; it is written at the end of the pass. `w` may be NULL (nobody waits). 0: queued, w->done
 * runs on this loop, in order of the calls. RECORD_E_FULL is returned only to entries with a waiter or of
 * type EVENT_CONTENT; others queue. -EINVAL: a field cannot be recorded (not UTF-8, number too large, content
 * without id or stanza). */
[[nodiscard]] int record_append(struct record *r, const struct entry *entry, struct waiter *w);

/* One more entry may be replayed. */
void record_replay_more(struct record *r);

/* What became of a recorded entry; gathered and written as one line per second or 500 items. `who` is the
 * full JID or the person id it concerns. */
void record_delivered(struct record *r, uint64_t seq, struct str who);
void record_offline(struct record *r, uint64_t seq, struct str who);
void record_fetched(struct record *r, uint64_t seq, struct str who);

/* ---- signals ---- */

enum record_signal {
	SIGNAL_CHAT_STATE,
	SIGNAL_RECEIPT,
	SIGNAL_MARKER,
	SIGNAL_PING,
	SIGNAL_PRESENCE, /* without text */
	SIGNAL_SERVER,   /* made by the server itself: errors, results, roster pushes to their owner */
	SIGNAL_KINDS,
};

/* Counts one and gives its receipt, which lives as long as the handle. The caller has made sure, by the class
 * table, that there is no content of people in it. */
[[nodiscard]] const struct receipt *record_signal(struct record *r, enum record_signal kind);

struct record_stats {
	uint64_t queued, queued_bytes; /* entries without a receipt */
	uint64_t appended, receipted;
	uint64_t last_seq;
	uint64_t signals[SIGNAL_KINDS];
	bool up, full;
};

void record_stats(const struct record *r, struct record_stats *out);
