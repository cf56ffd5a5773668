/* Way 2: a stream becomes parcels (RFC 6120). Streams of clients: STARTTLS, SASL, binding, stream management's inbound
 * half, liveness. What concerns a user's state is asked of the home loop by errands; what a client says after binding
 * becomes a parcel and is submitted to the way. */
#pragma once

#include "base/buf.h"
#include "client/signals.h"
#include "net/budget.h"
#include "net/conn.h"
#include "parcel/errand.h"
#include "parcel/loops.h"
#include "parcel/parcel.h"
#include "rule/subject.h"

struct xmpp;
struct settings;
struct store;
struct directory;
struct throttle;
struct account_secret;
struct component_secrets;
struct crowd;
struct meter;
struct record;
struct person;

/* Somebody who has proven who he is and has no session yet. */
struct xmpp_visitor {
	const struct person *person;
	struct client_signals signals; /* what shows itself so early */
	struct str address;            /* with its port */
	struct str mechanism, tls;
};

/* Everything is borrowed and outlives the streams. */
struct xmpp_env {
	const struct loops *loops;
	struct store *store;
	struct directory *directory;
	struct throttle *throttle;
	const struct account_secret *secret;
	struct budget *budget;
	struct crowd *crowd;     /* who is not heard by whom now; NULL: nobody */
	struct meter *paid;      /* what accounts and network addresses have sent lately; NULL: only streams are counted */
	struct record **record; /* record[i] belongs to loop i */
	void *owner;
	void (*submit)(void *owner, struct parcel *p); /* on the connection's loop; takes the reference */
	void (*errand)(void *owner, struct errand *e); /* takes the errand */
	/* NULL, or what else belongs to the features after login, under these settings. On any loop's thread. */
	void (*features)(struct buf *out, const struct settings *settings);
	/* NULL, or: does policy forbid a new account of that bare address? `address`: where it is asked for. What is forbidden
	 * has been recorded. On the connection's loop. */
	bool (*forbids)(void *owner, struct str bare, struct str address);
	/* NULL, or: do the rules about clients deny this login? Then *text is what the person is told and *rule which it is,
	 * both in the arena. On the connection's loop. */
	bool (*denies)(void *owner, const struct xmpp_visitor *v, struct arena *arena, struct str *text, struct str *rule);
	/* NULL, or: does a switch (rule/lockdown.h) leave this one no session now? Then *text says what is off, until when and
	 * why, in that language, and *id which switch it is, both in the arena. `agent`: id of the installation, or empty. On the
	 * connection's loop. */
	bool (*bars)(void *owner, const struct subject *who, struct str agent, struct str lang, struct arena *arena, struct str *text,
		struct str *id);
};

struct xmpp_stats {
	uint64_t connections, logged_in; /* now */
	uint64_t unjudged; /* stanzas that wait for their client to be judged, now */
	uint64_t stanzas, logins, login_failures, slowed; /* since start */
};

[[nodiscard]] int xmpp_new(struct xmpp **out, const struct xmpp_env *env, const struct settings *settings);
struct xmpp *xmpp_free(struct xmpp *x); /* after the loops have stopped */

/* Takes over an accepted socket (see net/listener.h). On the loop it is for. */
void xmpp_accept(void *xmpp, unsigned loop, int fd, enum conn_kind kind, struct budget_entry *place);

/* For new handshakes from each loop's next pass on. Loop 0 or before the loops run. */
void xmpp_set_tls(struct xmpp *x, struct tls *tls);
/* For handshakes of components from each loop's next pass on; takes references of its own. Loop 0 or before the loops
 * run. */
void xmpp_set_secrets(struct xmpp *x, struct component_secrets *secrets);
/* The old settings must stay valid until every loop has turned once. Loop 0. */
void xmpp_set_settings(struct xmpp *x, const struct settings *settings);

/* Verifiers that some account does not have, 1 << enum store_verifier_kind: mechanisms that need them are offered only
 * where the settings say `always`. Any thread. */
void xmpp_set_lacking(struct xmpp *x, unsigned kinds);

/* Until when some invitation is open: so long clients are told of it. Any thread. */
void xmpp_set_inviting(struct xmpp *x, uint64_t until_us);

/* Ends every stream with system-shutdown; on_done runs on loop 0 when all are gone or the seconds are over. Loop 0. */
void xmpp_shutdown(struct xmpp *x, unsigned seconds, void (*on_done)(void *owner), void *owner);

void xmpp_stats(const struct xmpp *x, struct xmpp_stats *out); /* any thread, approximate */
void xmpp_traffic(const struct xmpp *x, struct net_traffic out[NET_PEERS]); /* the same */

/* ---- the stages of the way that belong to streams (way/way.h) ---- */

/* Addresses, types and ids as RFC 6120 section 8 wants them; `from` stamped by us; children that only a server may write
 * are taken out; the class is decided. May refuse. */
enum stage_result xmpp_check(struct parcel *p, void *xmpp);
/* Hands the parcel how its session stands with the rules about clients; where that is not known yet, it waits for it, but for
 * what a client needs in order to log in. Never refuses. */
enum stage_result xmpp_admit(struct parcel *p, void *xmpp);
/* Debits the stream's allowance. A client beyond it is read more slowly, never refused. */
enum stage_result xmpp_charge(struct parcel *p, void *xmpp);
