/* A server without network: route/ over the real store and directory, a faked record, loops that one thread
 * runs in turn, and clients whose connections write into a buffer. */
#pragma once

#include "account/directory.h"
#include "parcel/errand.h"
#include "parcel/parcel.h"
#include "route/route.h"
#include "store/store.h"

enum {
	TOWN_LOOPS = 3,
};

struct town {
	char dir[64];
	struct loops loops;
	struct loop *loop[TOWN_LOOPS];
	struct store *store;
	struct directory *directory;
	struct settings *settings;
	struct record *record[TOWN_LOOPS];
	struct route *route;
};

struct client {
	struct port port; /* must be first */
	struct town *town;
	struct buf got;        /* what the server wrote */
	struct origin *origin; /* once bound */
	const char *closed;    /* stream error; "" for none */
	enum errand_error error;
	char sm_id[80];
	uint32_t handled, number;
	bool has_handled, answered;
};

struct town *town_new(void);
void town_free(struct town *t);
/* Stops and starts the server on the same store. */
void town_restart(struct town *t);
void town_add(struct town *t, const char *jid);

/* Runs fn on loop 0, then settles. */
void town_do(struct town *t, void (*fn)(struct town *t, void *arg), void *arg);
/* route_replay_end(), and waits for it. */
void town_replay_end(struct town *t);

/* Runs all loops until nothing happens any more. */
void town_settle(struct town *t);
/* The same for so many milliseconds of real time. */
void town_wait(struct town *t, unsigned ms);

/* A connection, on the n-th loop. The caller frees it (after the town has settled). */
struct client *client_new(struct town *t, unsigned loop);
void client_free(struct client *c);
/* Binds; false: see c->error. */
bool client_bind(struct client *c, const char *bare, const char *resource);
/* The same in one step (SASL2), from that device. `outdated`: while it is under way the person's password changes. */
bool client_log_in(struct client *c, const char *bare, const char *device, bool outdated);
/* A new client, bound, roster asked for, available. */
struct client *client_online(struct town *t, unsigned loop, const char *bare, const char *resource);

/* Sends one stanza and settles. Content gets its receipt at once. */
void client_send(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void client_post(struct client *c, const char *xml); /* the same without settling */
void client_block(struct client *c, const char *xml); /* the same with a verdict that blocks */
/* A message to the other, whose connection breaks while it is on its way: when so many loops have had a turn. */
void client_send_while_gone(struct client *c, struct client *gone, unsigned turns);
void client_sm_enable(struct client *c);
void client_ack(struct client *c, uint32_t h);
/* On a fresh connection: it is answered when the old one has gone. */
void client_ask_resume(struct client *c, const struct client *old, const char *bare, uint32_t h);
/* The same, of one that goes at once; false: see error, handled. */
bool client_resume(struct client *c, const struct client *old, const char *bare, uint32_t h);
void client_gone(struct client *c, enum gone_reason reason);

/* How often the text has come; forgets nothing. */
unsigned client_count(const struct client *c, const char *text);
void client_forget(struct client *c);
#define assert_got(c, text)                                                                                  \
	do {                                                                                                 \
		if (client_count(c, text) != 1)                                                              \
			fail_msg("%u times '%s' in: %s", client_count(c, text), text, buf_cstr(&(c)->got));  \
	} while (0)
#define assert_silent(c)                                                                                     \
	do {                                                                                                 \
		if ((c)->got.len)                                                                            \
			fail_msg("unexpected: %s", buf_cstr(&(c)->got));                                     \
	} while (0)
