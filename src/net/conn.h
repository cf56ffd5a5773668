/* A client's connection: a socket, TLS on it sooner or later, and plain bytes for the stream above. Embedded in the
 * stream. All on the loop it was opened on. Writes gather in one buffer and leave in one piece at the end of the pass;
 * while they cannot leave, nothing is read either. */
#pragma once

#include <sys/socket.h>

#include "base/buf.h"
#include "base/list.h"
#include "client/ja4.h"
#include "loop/loop.h"
#include "net/budget.h"
#include "net/tls.h"

enum conn_kind {
	CONN_STARTTLS,  /* plain bytes first, then conn_start_tls() */
	CONN_DIRECT,    /* TLS first (XEP-0368) */
	CONN_PLAINTEXT, /* test listener on loopback: never TLS */
	CONN_COMPONENT, /* of an external component (XEP-0114): never TLS */
};

enum conn_end {
	CONN_END_PEER,     /* the other side closed, cleanly or not */
	CONN_END_TLS,      /* handshake or record failure */
	CONN_END_SLOW,     /* output stood for too long or beyond its ceiling */
	CONN_END_OURS,     /* conn_close() was called */
};

struct conn;

struct conn_ops {
	/* Plain bytes; the callee may write to, pause and close the connection. */
	void (*bytes)(struct conn *c, const char *data, size_t len);
	void (*secured)(struct conn *c); /* the TLS handshake is complete */
	/* Once, never inside another callback or call; the socket is gone, the memory is the owner's to free. */
	void (*closed)(struct conn *c, enum conn_end how);
};

/* Whose connections. */
enum net_peer {
	NET_CLIENTS,
	NET_COMPONENTS,
	NET_PEERS,
};

/* Bytes since the start, as the stream above reads and writes them: without TLS. */
struct net_traffic {
	uint64_t in, out;
};

/* Per loop: shared read buffer, connections with output, the current TLS context. */
struct net_loop;

/* `output_max`: bytes that may wait for one connection; beyond, it ends as CONN_END_SLOW. */
[[nodiscard]] int net_loop_new(struct net_loop **out, struct loop *loop, struct budget *budget, size_t output_max);
void net_loop_set_output_max(struct net_loop *n, size_t bytes); /* also of connections that are there; loop thread */
struct net_loop *net_loop_free(struct net_loop *n);
void net_loop_set_tls(struct net_loop *n, struct tls *tls); /* takes a reference of its own; loop thread */
/* Adds what this loop has counted. Any thread, approximate. */
void net_loop_traffic(const struct net_loop *n, struct net_traffic to[NET_PEERS]);

struct conn {
	uv_poll_t poll;
	struct net_loop *net;
	const struct conn_ops *ops;
	SSL *ssl;
	struct buf out;
	struct list dirty; /* in net_loop's list while output waits for the end of the pass */
	struct list stuck; /* in net_loop's list while the socket takes no output */
	struct budget_entry *place;
	uint64_t stuck_since_ms; /* loop_ms() when the socket last refused output, 0: it does not */
	int fd;
	enum conn_kind kind;
	enum conn_end end;
	bool handshaking, paused, closing, closed, wants_write, logged_in, corked, keeps;
	int events; /* what poll is asked for */
	char ja4[JA4_LEN]; /* of the ClientHello; begins with NUL: none */
};

/* Starts on an accepted, non-blocking socket; c is zeroed memory of the owner. On failure the socket is closed and
 * ops->closed is not called. */
[[nodiscard]] int conn_open(struct conn *c, struct net_loop *net, int fd, enum conn_kind kind,
		struct budget_entry *place, const struct conn_ops *ops);

void conn_write(struct conn *c, struct str bytes);

/* Begins the server handshake after what was written has left. The caller makes sure that no plain byte received
 * before this is ever used (RFC 6120 5.4.3.3). */
[[nodiscard]] int conn_start_tls(struct conn *c);

void conn_pause(struct conn *c);  /* stop reading; bytes inside TLS wait too */
void conn_resume(struct conn *c); /* reads what waits at the end of this pass */

/* Sends what is written, then closes. ops->closed comes later, always. */
void conn_close(struct conn *c);
/* When conn_close() has ended it, its socket is still open, with its output shut: closed() has to take it. */
void conn_keep_socket(struct conn *c);
/* In closed(): the socket, which is the caller's now; -1: there is none. */
[[nodiscard]] int conn_take_socket(struct conn *c);
/* Bytes the peer has acknowledged until now, below TLS; 0 when that cannot be known. */
uint64_t conn_acknowledged(const struct conn *c);
/* The same without waiting for output to leave. */
void conn_abort(struct conn *c, enum conn_end how);

void conn_set_logged_in(struct conn *c); /* leaves the unauthenticated budget */
bool conn_is_secure(const struct conn *c);

/* The peer's address; false when the socket has gone. */
[[nodiscard]] bool conn_peer(const struct conn *c, struct sockaddr_storage *out);
/* "192.0.2.1:5222" / "[2001:db8::1]:5222" appended to b. */
void conn_put_address(const struct conn *c, struct buf *b);
/* The fingerprint of its ClientHello (client/ja4.h); empty without TLS. Lives as long as the connection's memory. */
struct str conn_ja4(const struct conn *c);
/* "TLSv1.3 TLS_AES_128_GCM_SHA256"; nothing without TLS. */
void conn_put_tls(const struct conn *c, struct buf *b);
