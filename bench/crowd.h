/* All connections of a run and the loop that serves them: one thread, epoll, level-triggered. */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <openssl/ssl.h>

#include "client.h"
#include "option.h"
#include "scram.h"

#define CROWD_CHUNK 65536

/* What a mode does with its connections. All run inside crowd_pass(); each may open and close any client. */
struct duty {
	/* Logged in. */
	void (*ready)(struct client *c);
	/* A stanza after that, other than an IQ that login.c answers. */
	void (*stanza)(struct client *c, struct str s);
	/* Closed by the server, or failed; not by client_close(). leaving: after login_leave(), as it should
	 * be. */
	void (*gone)(struct client *c, bool leaving, const char *why);
};

struct crowd {
	const struct option_set *opt;
	const struct duty *duty;
	void *owner; /* of the mode */
	int epoll_fd;
	SSL_CTX *tls;
	char *domain; /* a copy: OpenSSL wants it writable */
	struct scram_keys *keys;
	struct client *clients;
	unsigned count;
	struct client *unsent; /* list of those with output that waits for the end of the pass */
	unsigned ready;        /* logged in at this moment */
	uint64_t failures;     /* connections lost or refused */
	char why[160];         /* the first of them */
	char chunk[CROWD_CHUNK];
};

/* Makes `count` clients, none of them connected. */
struct crowd *crowd_new(const struct option_set *opt, const struct duty *duty, void *owner, unsigned count);
struct crowd *crowd_free(struct crowd *crowd);

/* Waits for events, until `until_ns` at most, and serves them once. */
void crowd_pass(struct crowd *crowd, uint64_t until_ns);

/* Logs in clients [from, to), opt->concurrency at a time; dies when one fails. */
void crowd_ramp(struct crowd *crowd, unsigned from, unsigned to);

/* Serves what comes for some seconds. */
void crowd_rest(struct crowd *crowd, double seconds);

/* Logs everybody out and closes. */
void crowd_leave(struct crowd *crowd);

#endif
