/* One connection: socket, TLS, output that waits, input that is not complete. What it says is login.c's and
 * the mode's. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "frame.h"
#include "scram.h"

struct crowd;

enum client_state {
	CLIENT_CLOSED,
	CLIENT_CONNECTING,
	CLIENT_PLAIN,     /* XMPP before STARTTLS */
	CLIENT_HANDSHAKE, /* TLS */
	CLIENT_SECURE,
};

struct client {
	struct crowd *crowd;
	uint32_t index;   /* place among the clients */
	uint32_t account; /* its number */
	uint32_t life;    /* counts openings, so that an event of an earlier one is known */
	enum client_state state;
	int fd;
	SSL *ssl;
	struct buf in;  /* the beginning of a piece that is not complete */
	struct buf out; /* what is not written yet */
	bool listed;    /* in crowd->unsent */
	bool blocked;   /* waiting for the socket to take more */
	struct client *next_unsent;

	uint64_t began_ns;   /* when it started to connect */
	int step;            /* of the login (login.h) */
	int awaited;         /* answers to come before the login is complete */
	uint32_t heard;      /* stanzas since stream management was switched on (XEP-0198) */
	const char *product; /* what it answers when it is asked for its version (XEP-0092); NULL: nothing */
	unsigned contacts;   /* entries with subscription "both" in the last roster seen */
	struct scram scram;
};

/* Connects; the login follows by itself. The client must be closed. */
void client_open(struct client *c);

/* Closes at once, without a word to the mode. */
void client_close(struct client *c);

/* Closes and tells the mode why. */
__attribute__((format(printf, 2, 3))) void client_fail(struct client *c, const char *format, ...);

/* Output: to c->out directly or by client_print(), then either at once or at the end of the pass. */
__attribute__((format(printf, 2, 3))) void client_print(struct client *c, const char *format, ...);
void client_flush(struct client *c);
void client_flush_later(struct client *c);

/* Starts TLS on a connected socket. */
void client_secure(struct client *c);

/* Called by the loop. */
void client_event(struct client *c, uint32_t events);

#endif
