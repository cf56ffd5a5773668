/* The streams of one loop without a network: clients are the other ends of socket pairs, on the listener without TLS that
 * tests have, or on that with STARTTLS. A login is taken as done (its own tests are elsewhere); what comes after it, the
 * header, binding and stanzas, goes over the socket. Parcels that are submitted pass charge and check, as in way/,
 * are noted and handled at once. Every call settles the loop. */
#pragma once

#include "account/directory.h"
#include "conf/settings.h"
#include "record/record.h"
#include "xmpp/stream.h"
#include "xmpp/xmpp.h"

struct porch {
	struct loop *loop;
	struct loops loops;
	struct settings *settings;
	struct directory *directory;
	struct budget *budget;
	struct record *record;
	struct xmpp *xmpp;
	/* Of the last parcel: what charge and check said, and the stanza after them. */
	enum stage_result result;
	struct refusal refusal;
	enum parcel_class class;
	struct buf stanza;
	char to[64];
	bool has_to;
	unsigned accepted, refused;
	unsigned gone;    /* errands of that kind */
	enum gone_reason reason;
	uint32_t handled; /* that the last of them told */
	bool holds;       /* what is asked for is answered by porch_answer() */
	struct errand *held;
};

struct guest {
	struct porch *porch;
	struct stream *stream; /* while the connection is open */
	int fd;
	struct buf got;
	bool closed; /* by the server */
};

/* `limits`: lines of YAML below "limits:", may be "". */
struct porch *porch_new(const char *limits);
void porch_free(struct porch *p);
void porch_settle(struct porch *p);
void porch_answer(struct porch *p);

struct guest *guest_new(struct porch *p, enum conn_kind kind);
void guest_free(struct guest *g);
/* Sends the text and settles; `got` holds what has come since the last guest_say(). */
void guest_say(struct guest *g, const char *text);
void guest_hear(struct guest *g);
void guest_shut(struct guest *g); /* the server ends the stream, and the connection is gone */
/* The login is over: a new stream begins, as this account. */
void guest_login(struct guest *g, const char *bare);
/* Connected, logged in, bound as bare/desk. */
struct guest *guest_bound(struct porch *p, const char *bare);
bool guest_got(struct guest *g, const char *text);

#define HEADER_OPEN "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'"
#define HEADER HEADER_OPEN " to='example.org'>"
#define assert_got(g, text)                                                                                            \
	do {                                                                                                           \
		if (!guest_got(g, text))                                                                               \
			fail_msg("no '%s' in: %s", text, buf_cstr(&(g)->got));                                         \
	} while (0)
