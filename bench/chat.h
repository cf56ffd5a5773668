/* Pairs that talk: of clients [0, count) each talks to the one whose index differs in the last bit. What is
 * said carries its number and the time at which it was to be said; what was lost, came twice or out of order
 * shows. */
#ifndef BENCH_CHAT_H
#define BENCH_CHAT_H

#include "crowd.h"
#include "histogram.h"
#include "report.h"
#include "speech.h"
#include "tally.h"

struct chat_stream { /* from one client to its partner */
	uint32_t sent;
	struct tally tally;
};

struct chat {
	const struct option_set *opt;
	struct crowd *crowd;
	unsigned count;
	struct chat_stream *streams;
	struct speech speech;
	struct tally_sum sum;
	/* Where the latency of a message belongs that was due then; NULL: nowhere. */
	struct histogram *(*latency_of)(void *owner, uint64_t due_ns);
	void *owner;
	uint64_t errors;  /* error stanzas */
	uint64_t foreign; /* of another run */
	uint64_t late_ns; /* the most that the generator was behind its own schedule, while latency belonged
			     somewhere */
	uint64_t offset;  /* shifts the order of senders in the open loop */
	uint64_t zero_ns; /* message k of the open loop is due at zero_ns + k / rate */
	uint64_t next;    /* k */
	bool sending;
	char error[200]; /* the first one */
};

/* `count`: even, as many accounts at least. The crowd's clients are to be logged in before chat_begin(). */
void chat_init(struct chat *chat, const struct option_set *opt, struct crowd *crowd, unsigned count);
void chat_done(struct chat *chat);

/* From now on they talk: in the closed loop (opt->rate 0) by themselves, in the open loop while chat_serve()
 * runs. */
void chat_begin(struct chat *chat);

/* Serves the crowd until then; in the open loop says what falls due. */
void chat_serve(struct chat *chat, uint64_t end_ns);

/* One of them has got a stanza. */
void chat_hear(struct chat *chat, struct client *c, struct str stanza);

/* Says no more, and waits for what is under way, opt->drain seconds at most. */
void chat_drain(struct chat *chat);

/* Everything said has arrived, once and in order? */
bool chat_is_whole(const struct chat *chat);

/* What was lost, and the errors. */
void chat_report_losses(const struct chat *chat, struct report *r);

#endif
