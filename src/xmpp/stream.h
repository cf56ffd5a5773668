/* A client's stream, or a component's; shared by the files of this folder only. It lives on the loop that accepted the connection and is
 * freed when its port has no more references.
 *
 *   OPENING --header--> NEGOTIATING --<starttls/>--> (TLS) --> OPENING
 *   NEGOTIATING --<auth/>--> LOGIN --success--> OPENING (person known) --header--> UNBOUND
 *   NEGOTIATING --<authenticate/>--> LOGIN --success--> UNBOUND, or with what it asked for: BINDING --answer--> BOUND
 *   UNBOUND --bind / resume--> BINDING --origin--> BOUND --close, error, loss--> ENDED
 *
 * A component's (XEP-0114, component.c):
 *   OPENING --header--> NEGOTIATING --<handshake/>--> BINDING --origin--> BOUND --> ENDED
 *
 * `busy` holds back input while somebody is asked: what has been read already waits in `held`. */
#pragma once

#include "account/scram.h"
#include "net/conn.h"
#include "parcel/errand.h"
#include "parcel/parcel.h"
#include "stanza/tokenizer.h"
#include "xmpp/xmpp.h"

enum stream_state {
	STREAM_OPENING,
	STREAM_NEGOTIATING,
	STREAM_LOGIN,
	STREAM_UNBOUND,
	STREAM_BINDING,
	STREAM_BOUND,
	STREAM_ENDED,
};

struct registration; /* registration.c: an account in the making */
struct login; /* login.h: what only a login in progress needs */
struct agent; /* agent.h */
struct opening;
struct parting;

/* component.c: what only a component's stream has. */
struct component_stream {
	struct str id;  /* of the stream, as sent: a view of text */
	char text[24];
};

enum { STREAM_HELD_MAX = 1 << 20 };

struct xmpp {
	struct xmpp_env env;
	_Atomic uint64_t inviting_until_us; /* there is an open invitation until then */
	_Atomic unsigned lacking; /* 1 << kind: some account has no verifier of this kind */
	struct xmpp_loop *loops;
};

/* One per loop. */
struct xmpp_loop {
	struct xmpp *xmpp;
	struct loop *loop;
	struct net_loop *net;
	const struct settings *settings;
	struct xml_limits before, after; /* login */
	struct component_secrets *secrets; /* counted; NULL: there are no components */
	struct list streams;
	struct list slowed; /* streams whose allowance is used up */
	struct list partings; /* parting.c */
	unsigned partings_len;
	bool stopping; /* the streams have been told to end */
	uv_timer_t *slow_timer; /* the loop's once it is closed */
	struct buf scratch; /* for output that is put together */
	struct buf features; /* what env.features has said of the settings */
	struct xmpp_stats stats;
};

struct allowance {
	uint64_t at_ms;
	int64_t stanzas_milli; /* thousandths */
	int64_t bytes;
	int64_t prepaid_milli; /* what has been taken from what account, address and domain have in common */
	uint64_t owing_ms;     /* until then that is overdrawn */
	uint64_t account, peer, domain; /* their keys there; 0: none yet */
};

struct stream {
	struct conn conn;
	struct port port;
	struct xmpp_loop *xl;
	struct list link;   /* xl->streams */
	struct list slowed; /* xl->slowed */
	struct timer timer; /* login deadline, then signs of life */
	struct tokenizer *tokenizer;
	struct login *login;
	struct component_stream *component; /* owned; NULL: a client's stream */
	struct registration *registration;
	const struct person *person; /* proven by SASL */
	struct agent *agent;         /* owned; what the client says it is (XEP-0388); NULL: nothing */
	char *claimed;               /* owned; the bare address its header is from, before the login; NULL: none */
	struct origin *origin;       /* once bound */
	struct parting *parting;     /* parting.c: whoever closes it asks whether somebody is there */
	uint64_t acknowledged;       /*   what had been acknowledged by then */
	struct str domain;           /* the virtual host: pinned by the first header (a string of the settings) */
	struct standing *standing;   /* how the session stands (counted); NULL: its client has not been judged yet */
	struct list pending;         /* parcels not handled yet, in order */
	struct list unjudged;        /* those of them that wait to be judged (admit.c) */
	struct buf held;             /* read but not yet tokenized */
	struct allowance allowance;
	uint32_t received;           /* stanzas of this stream */
	uint32_t sm_base;            /* h = received - sm_base, less what is pending (XEP-0198, modulo 2^32) */
	uint32_t waiting;            /* length of pending */
	uint32_t acks_paid;          /* `received` when an <r/> or <a/> was free last (charge_element) */
	uint32_t ack_first, ack_last; /* `received` at the first and the last <r/> that is not answered yet */
	uint32_t heard_s;            /* loop_seconds() when bytes last came */
	uint8_t state;
	uint8_t gone;                /* enum gone_reason, once ENDED */
	uint8_t failures;            /* of SASL */
	const char *mechanism;       /* SASL mechanism used; static */
	bool header_sent, secure, authenticated, has_domain;
	bool busy;                   /* an answer from elsewhere is awaited */
	bool sm_enabled, ack_owed;   /* XEP-0198 */
	bool full;                   /* too much pending: not reading */
	bool asked;                  /* a sign of life was asked for */
	bool shown, caps_shown;      /* the home loop knows that something waits to be judged; what the presence shows */
	bool closed;                 /* the connection has gone */
	bool said_gone;              /* the home loop knows */
};

#define stream_of_conn(c) container_of(c, struct stream, conn)
#define stream_of_port(p) container_of(p, struct stream, port)

/* Counters are written by their loop and read by anybody. */
static inline void stat_add(uint64_t *counter, int64_t n)
{
	__atomic_fetch_add(counter, (uint64_t)n, __ATOMIC_RELAXED);
}

/* ---- stream.c ---- */
void stream_accept(struct xmpp_loop *xl, int fd, enum conn_kind kind, struct budget_entry *place);
void stream_write(struct stream *s, struct str bytes);
void stream_write_lit(struct stream *s, const char *text);
void stream_write_node(struct stream *s, const struct node *n);
/* Input goes on; what is held is tokenized at the end of the pass. */
void stream_unbusy(struct stream *s);
/* Its allowance has been filled: reading goes on. */
void stream_unslow(struct stream *s);
/* After STARTTLS and SASL a new stream begins (RFC 6120 4.3.3). */
void stream_restart(struct stream *s);
/* Ends the stream with an error (4.9): the name of the condition and a text for people, both static, text may be NULL. */
void stream_error(struct stream *s, const char *condition, const char *text);
/* The same with a text in that language (empty: English); it may be empty. */
void stream_error_told(struct stream *s, const char *condition, struct str text, struct str lang);
/* Ends it properly. */
void stream_close(struct stream *s, enum gone_reason why);
void stream_handled(struct parcel *p); /* parcel->handled */
uint32_t stream_h(const struct stream *s);
/* A stanza or nonza of a bound stream has arrived; takes the arena. */
void stream_stanza(struct stream *s, struct node *n, struct arena *arena);
/* A message, presence or iq of a client's namespace? */
bool stream_is_stanza(const struct node *n);
struct record *stream_record(const struct stream *s);

/* ---- header.c ---- */
void header_open(struct stream *s, const struct node *header);
void header_send(struct stream *s, struct str to);
void header_features(struct stream *s);
/* What a login has brought with it, and which is therefore not offered any more. */
enum header_brought {
	HEADER_LOGIN,
	HEADER_SESSION, /* it is bound: nothing is left of RFC 6120's binding */
	HEADER_MANAGED, /* with stream management, which is enabled only once (XEP-0198 section 3) */
};
/* The <stream:features/> of who has logged in. */
void header_put_features(struct stream *s, struct buf *out, enum header_brought brought);

/* ---- component.c ---- */
void component_open(struct stream *s, const struct node *header);
void component_header(struct stream *s); /* the answer to the header, once */
void component_handshake(struct stream *s, const struct node *n);
/* Its elements as those of a client's stream: from here on a stanza is a stanza. False: the stream has ended. */
[[nodiscard]] bool component_adopt(struct stream *s, struct node *n);
/* The sender of this parcel as the origin, if the address is one of the component's. STAGE_NEXT, or REFUSE with
 * the reason. */
enum stage_result component_stamp(struct stream *s, struct parcel *p);

/* ---- login.c, sasl.c, sasl2.c ---- */
struct login *login_free(struct login *l); /* accepts NULL, returns NULL */
void sasl_element(struct stream *s, const struct node *n); /* RFC 6120: <auth/>, <response/>, <abort/> */
void sasl2_element(struct stream *s, const struct node *n); /* XEP-0388: <authenticate/>, <response/>, <abort/> */
/* A login of XEP-0388 is under way: nothing but what belongs to it may come (section 2.4). */
bool sasl2_is_under_way(const struct stream *s);
void sasl2_put_feature(const struct stream *s, struct buf *out);

/* ---- registration.c ---- */
struct registration *registration_free(struct registration *g); /* accepts NULL, returns NULL */

/* ---- mechanisms.c: what this client is offered now ---- */
bool mechanisms_have(const struct stream *s, enum scram_mechanism m);
bool mechanisms_have_plus(const struct stream *s); /* channel binding is possible on this connection */
bool mechanisms_have_plain(const struct stream *s);
void mechanisms_put(const struct stream *s, struct buf *out); /* the feature */
bool mechanisms_put_list(const struct stream *s, struct buf *out); /* <mechanism/>..; does one of them bind? */

/* ---- binding.c ---- */
bool binding_is_request(const struct node *n);
void binding_start(struct stream *s, const struct node *iq);
void binding_resume(struct stream *s, const struct node *resume);
/* What came with a login (XEP-0386, XEP-0198): `e` has the opening, with its wishes and head and tail. */
struct errand *binding_opening(struct stream *s); /* NULL: the stream has ended */
void binding_open(struct stream *s, struct errand *e);
/* The resource of a client that has said a tag (may be empty) and who it is: always the same for the same. In the arena. */
struct str binding_resource(const struct stream *s, struct str tag, struct arena *arena);
void binding_session(struct stream *s, const struct node *iq); /* the no-op of RFC 3921 */

/* ---- sm.c ---- */
bool sm_is_nonza(const struct node *n);
void sm_nonza(struct stream *s, const struct node *n);
void sm_settle(struct stream *s); /* sends an owed <a/> once nothing older than the <r/> is pending */
void sm_failed(struct stream *s, const char *condition, bool has_h, uint32_t h);

/* ---- admit.c ---- */
/* From now on the session stands like that: what waited goes on, in order. */
void admit_judged(struct stream *s, struct standing *standing);
/* The stream has ended: what waits will not be judged. */
void admit_drop(struct stream *s);

/* ---- parting.c ---- */
/* The stream is about to be ended, before its last words; and the connection has gone. */
void parting_begin(struct stream *s, struct parting *p);
void parting_closed(struct stream *s);
/* The server stops: nobody waits any more. */
void partings_stop(struct xmpp_loop *xl);

/* ---- csi.c ---- */
bool csi_is_nonza(const struct node *n);
void csi_nonza(struct stream *s, const struct node *n);

/* ---- charge.c ----
 *
 * A stanza that becomes a parcel is paid for by the stage charge of the way (xmpp_charge); all else that a client sends, out
 * of the same allowance, by these. Who is beyond it is read more slowly, never refused. */
[[nodiscard]] int charge_init(struct xmpp_loop *xl); /* 0 or -ENOMEM */
void charge_done(struct xmpp_loop *xl);
/* An element that becomes no parcel: nonzas, the session request, what a login consists of. It costs as much as a stanza; an
 * <r/> or <a/> (XEP-0198) a tenth, and nothing where it is the first since the last stanza. So who asks for an
 * acknowledgement after each stanza can send as many as who never asks, and who does nothing but ask ten times as many. In
 * clear, before STARTTLS, nothing is charged: limits.tls_seconds ends that. */
void charge_element(struct stream *s, const struct node *n);
/* Bytes have been taken off the allowance, of no element perhaps: white space, parts of a stanza. */
void charge_bytes(struct stream *s);

/* ---- liveness.c ---- */
void liveness_login_deadline(struct stream *s);
void liveness_bound(struct stream *s);
void liveness_heard(struct stream *s);
