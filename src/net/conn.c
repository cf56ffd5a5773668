/*        conn_open
 *            |
 *   [handshaking] --secured--> [open] --conn_close--> [closing: output drains] --> closed
 *            \____________________\___________ peer, TLS error, slow, abort ________/
 *
 * Level-triggered polling: one uv_poll per socket, whose event set changes only when something arrives that is not
 * to be read now, or when the socket refuses output. OpenSSL owns the socket and reads ahead, so one read(2) usually
 * takes one TLS record. OpenSSL's error queue belongs to the thread: whoever meets a failure empties it, so that it is
 * empty before each call. */
#include "net/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/acknowledged.h"
#include "net/handshakes.h"

enum {
	READ_SIZE = 16384 + 512,
	SLOW_MS = 30000,           /* output may stand still for this long */
	SLOW_CHECK_S = 5,
	OUT_USUAL = 1024,          /* most passes write less to one connection */
	SPARE_MAX = 256,
	READS_PER_EVENT = 16,      /* fairness: then the others have their turn */
	DEAD_PEER_MS = 50000,      /* TCP_USER_TIMEOUT */
};

struct net_loop {
	struct loop *loop;
	struct budget *budget;
	struct tls *tls;
	struct hook hook;
	struct list dirty;
	struct timer slow_check;
	size_t output_max;
	struct list stuck;
	struct net_traffic traffic[NET_PEERS]; /* written by this loop, read by any */
	char buffer[READ_SIZE];
	char *spare[SPARE_MAX];    /* output buffers of OUT_USUAL bytes for who writes next */
	unsigned spare_len;
};

static void conn_read(struct conn *c);

/* ---- counting ---- */

static struct net_traffic *conn_traffic(const struct conn *c)
{
	return &c->net->traffic[c->kind == CONN_COMPONENT ? NET_COMPONENTS : NET_CLIENTS];
}

static void traffic_add(uint64_t *counter, size_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

void net_loop_traffic(const struct net_loop *n, struct net_traffic to[NET_PEERS])
{
	for (size_t i = 0; i < NET_PEERS; i++) {
		to[i].in += __atomic_load_n(&n->traffic[i].in, __ATOMIC_RELAXED);
		to[i].out += __atomic_load_n(&n->traffic[i].out, __ATOMIC_RELAXED);
	}
}

/* ---- closing ---- */

static void on_poll_closed(uv_handle_t *handle)
{
	struct conn *c = handle->data;

	c->ops->closed(c, c->end);
}

int conn_take_socket(struct conn *c)
{
	int fd = c->fd;

	c->fd = -1;
	return fd;
}

void conn_keep_socket(struct conn *c)
{
	c->keeps = true;
}

uint64_t conn_acknowledged(const struct conn *c)
{
	return c->fd >= 0 ? socket_acknowledged(c->fd) : 0;
}

/* The last words and close_notify leave in one packet. Before close(2): it throws away what is corked when the peer has
 * sent something that was not read. */
static void conn_cork(struct conn *c, bool on)
{
	int value = on;

	if (on != c->corked)
		setsockopt(c->fd, IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
	c->corked = on;
}

static void conn_finish(struct conn *c, enum conn_end how)
{
	if (c->closed)
		return;
	c->closed = true;
	c->end = how;
	list_remove(&c->dirty);
	list_remove(&c->stuck);
	buf_done(&c->out);
	if (c->ssl && !c->handshaking && how != CONN_END_TLS)
		SSL_shutdown(c->ssl); /* close_notify, without waiting for the peer's */
	conn_cork(c, false);
	ERR_clear_error();
	SSL_free(c->ssl);
	c->ssl = NULL;
	budget_leave(c->net->budget, c->place, c->logged_in);
	uv_close((uv_handle_t *)&c->poll, on_poll_closed); /* before the socket: it leaves the poll set */
	if (c->keeps && how == CONN_END_OURS) {
		shutdown(c->fd, SHUT_WR);
		return;
	}
	close(c->fd);
	c->fd = -1;
}

void conn_abort(struct conn *c, enum conn_end how)
{
	conn_finish(c, how);
}

void conn_close(struct conn *c)
{
	if (c->closed || c->closing)
		return;
	c->closing = true;
	list_remove(&c->dirty);
	list_append(&c->net->dirty, &c->dirty); /* the end of the pass writes and closes */
}

/* ---- polling ---- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void conn_watch(struct conn *c)
{
	int events = 0;

	if (c->closed)
		return;
	if (!c->paused && !c->stuck_since_ms && !c->closing)
		events |= UV_READABLE;
	if (c->stuck_since_ms || c->wants_write)
		events |= UV_WRITABLE;
	if (!events)
		events = UV_DISCONNECT;
	if (events == c->events)
		return;
	c->events = events;
	uv_poll_start(&c->poll, events, on_poll);
}

/* ---- TLS ---- */

static int conn_begin_tls(struct conn *c)
{
	c->ssl = tls_session(c->net->tls, c->fd, c->kind == CONN_DIRECT, c->ja4);
	if (!c->ssl)
		return -ENOMEM;
	c->handshaking = true;
	return 0;
}

int conn_start_tls(struct conn *c)
{
	/* the <proceed/> must leave in clear before OpenSSL owns the socket; it is small and the socket was idle */
	while (c->out.len) {
		ssize_t n = write(c->fd, c->out.data, c->out.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf_shift(&c->out, (size_t)n);
	}
	buf_done(&c->out);
	return conn_begin_tls(c);
}

static void conn_handshake(struct conn *c)
{
	int r = SSL_do_handshake(c->ssl), why;
	struct sockaddr_storage from;

	if (r == 1) {
		c->handshaking = false;
		c->wants_write = false;
		conn_watch(c);
		c->ops->secured(c);
		if (!c->closed && !c->closing)
			conn_read(c);
		return;
	}
	why = SSL_get_error(c->ssl, r);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
		ERR_clear_error();
		c->wants_write = why == SSL_ERROR_WANT_WRITE;
		conn_watch(c);
		return;
	}
	handshake_failed(conn_peer(c, &from) ? (struct sockaddr *)&from : NULL);
	ERR_clear_error();
	conn_finish(c, CONN_END_TLS);
}

/* ---- reading ---- */

static ssize_t conn_read_plain(struct conn *c)
{
	ssize_t n = read(c->fd, c->net->buffer, READ_SIZE);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		conn_finish(c, CONN_END_PEER);
		return -1;
	}
	return n < 0 ? 0 : n;
}

static ssize_t conn_read_tls(struct conn *c)
{
	int n, why;

	n = SSL_read(c->ssl, c->net->buffer, READ_SIZE);
	if (n > 0)
		return n;
	why = SSL_get_error(c->ssl, n);
	ERR_clear_error();
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return 0;
	conn_finish(c, why == SSL_ERROR_SSL ? CONN_END_TLS : CONN_END_PEER);
	return -1;
}

static bool conn_may_read(const struct conn *c)
{
	return !c->closed && !c->closing && !c->paused && !c->stuck_since_ms && !c->handshaking;
}

/* Reads once per event, and again only for what is already inside OpenSSL: polling cannot see that. */
static void conn_read(struct conn *c)
{
	for (int i = 0; i < READS_PER_EVENT && conn_may_read(c); i++) {
		ssize_t n = c->ssl ? conn_read_tls(c) : conn_read_plain(c);

		if (n <= 0)
			return;
		traffic_add(&conn_traffic(c)->in, (size_t)n);
		c->ops->bytes(c, c->net->buffer, (size_t)n);
		if (!c->logged_in) /* a password may have been in it */
			OPENSSL_cleanse(c->net->buffer, (size_t)n);
		if (c->closed || !c->ssl || c->handshaking || !SSL_has_pending(c->ssl))
			return;
	}
	if (conn_may_read(c)) { /* its turn is over; the rest waits inside OpenSSL for the next pass */
		list_remove(&c->dirty);
		list_append(&c->net->dirty, &c->dirty);
	}
}

/* ---- writing ---- */

static void conn_stuck(struct conn *c)
{
	if (!c->stuck_since_ms) {
		c->stuck_since_ms = loop_ms(c->net->loop) | 1;
		list_append(&c->net->stuck, &c->stuck);
	}
	conn_watch(c);
}

static void conn_unstuck(struct conn *c)
{
	c->stuck_since_ms = 0;
	list_remove(&c->stuck);
}

/* A socket that took nothing for SLOW_MS is given up: its owner's queue is bounded, the peer's patience is not. */
static void on_slow_check(struct timer *timer)
{
	struct net_loop *n = container_of(timer, struct net_loop, slow_check);
	uint64_t now = loop_ms(n->loop);

	list_each_safe(it, &n->stuck) {
		struct conn *c = container_of(it, struct conn, stuck);

		if (now - c->stuck_since_ms > SLOW_MS)
			conn_finish(c, CONN_END_SLOW);
	}
	timer_start(n->loop, timer, SLOW_CHECK_S);
}

static ssize_t conn_send(struct conn *c)
{
	ssize_t n;
	int why;

	if (!c->ssl) {
		n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);
		if (n >= 0)
			return n;
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	}
	n = SSL_write(c->ssl, c->out.data, c->out.len > INT32_MAX ? INT32_MAX : (int)c->out.len);
	if (n > 0)
		return n;
	why = SSL_get_error(c->ssl, (int)n);
	ERR_clear_error();
	return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* A connection has an output buffer only while something waits in it. */
static void out_take(struct conn *c)
{
	struct net_loop *n = c->net;

	c->out.data = n->spare_len ? n->spare[--n->spare_len] : malloc(OUT_USUAL);
	c->out.cap = c->out.data ? OUT_USUAL : 0;
}

static void out_give(struct conn *c)
{
	struct net_loop *n = c->net;

	if (c->out.cap == OUT_USUAL && n->spare_len < SPARE_MAX) {
		n->spare[n->spare_len++] = c->out.data;
		buf_init(&c->out, c->out.max);
	} else {
		buf_done(&c->out);
	}
}

static void conn_flush(struct conn *c)
{
	size_t sent = 0;

	while (sent < c->out.len) {
		struct buf rest = {.data = c->out.data + sent, .len = c->out.len - sent};
		struct buf whole = c->out;
		ssize_t n;

		c->out = rest;
		n = conn_send(c);
		c->out = whole;
		if (n < 0) {
			conn_finish(c, CONN_END_PEER);
			return;
		}
		if (n == 0) {
			buf_shift(&c->out, sent);
			conn_stuck(c);
			return;
		}
		sent += (size_t)n;
		traffic_add(&conn_traffic(c)->out, (size_t)n);
	}
	out_give(c);
	if (c->stuck_since_ms) {
		conn_unstuck(c);
		conn_watch(c);
	}
}

void conn_write(struct conn *c, struct str bytes)
{
	if (c->closed || c->closing)
		return;
	c->out.max = c->net->output_max;
	if (!c->out.data)
		out_take(c);
	buf_str(&c->out, bytes);
	if (buf_failed(&c->out)) {
		conn_finish(c, CONN_END_SLOW);
		return;
	}
	if (list_is_empty(&c->dirty))
		list_append(&c->net->dirty, &c->dirty);
}

static void conn_settle(struct conn *c)
{
	if (c->handshaking && c->closing)
		conn_finish(c, CONN_END_OURS);
	if (c->handshaking || c->closed)
		return;
	if (c->closing && c->ssl && c->out.len && !c->stuck_since_ms)
		conn_cork(c, true);
	if (c->out.len && !c->stuck_since_ms)
		conn_flush(c);
	if (c->closed)
		return;
	if (c->closing && !c->out.len)
		conn_finish(c, CONN_END_OURS);
	else if (c->ssl && conn_may_read(c) && SSL_has_pending(c->ssl))
		conn_read(c);
}

/* End of pass: what was written leaves; what waited inside OpenSSL is read. */
static void on_pass(struct hook *hook)
{
	struct net_loop *n = container_of(hook, struct net_loop, hook);
	struct list now;

	list_init(&now);
	list_splice(&now, &n->dirty);
	while (!list_is_empty(&now)) {
		struct conn *c = container_of(now.next, struct conn, dirty);

		list_remove(&c->dirty);
		conn_settle(c);
	}
	if (!list_is_empty(&n->dirty)) /* do not block: there is more to do */
		loop_nudge(n->loop);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct conn *c = poll->data;

	if (status < 0 || (events & UV_DISCONNECT && c->events == UV_DISCONNECT)) {
		conn_finish(c, CONN_END_PEER);
		return;
	}
	if (c->handshaking) {
		conn_handshake(c);
		return;
	}
	if (events & UV_WRITABLE && c->stuck_since_ms) {
		conn_unstuck(c);
		conn_flush(c);
		if (c->closed)
			return;
		if (c->closing && !c->out.len) {
			conn_finish(c, CONN_END_OURS);
			return;
		}
		conn_watch(c);
	}
	if (events & UV_READABLE && conn_may_read(c))
		conn_read(c);
	else if (events & UV_READABLE)
		conn_watch(c);
}

/* Most pauses are over before the peer says anything: what is polled for changes only when it does (on_poll). */
void conn_pause(struct conn *c)
{
	c->paused = true;
}

void conn_resume(struct conn *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	conn_watch(c);
	if (!c->closed && !c->closing && c->ssl && SSL_has_pending(c->ssl) && list_is_empty(&c->dirty))
		list_append(&c->net->dirty, &c->dirty);
}

/* ---- opening ---- */

static void socket_options(int fd)
{
	int on = 1, dead_ms = DEAD_PEER_MS;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

int conn_open(struct conn *c, struct net_loop *net, int fd, enum conn_kind kind, struct budget_entry *place,
		const struct conn_ops *ops)
{
	int r;

	c->net = net;
	c->ops = ops;
	c->fd = fd;
	c->kind = kind;
	c->place = place;
	buf_init(&c->out, net->output_max);
	list_init(&c->dirty);
	list_init(&c->stuck);
	socket_options(fd);
	r = kind == CONN_DIRECT ? conn_begin_tls(c) : 0;
	if (r == 0)
		r = uv_poll_init(loop_uv(net->loop), &c->poll, fd);
	if (r) {
		SSL_free(c->ssl);
		close(fd);
		budget_leave(net->budget, place, false);
		return r;
	}
	c->poll.data = c;
	conn_watch(c);
	return 0;
}

void conn_set_logged_in(struct conn *c)
{
	if (!c->logged_in && !c->closed)
		budget_login(c->net->budget, c->place);
	c->logged_in = true;
	if (c->ssl) /* no password comes any more, and wiping costs as much as decrypting */
		SSL_clear_options(c->ssl, SSL_OP_CLEANSE_PLAINTEXT);
}

struct str conn_ja4(const struct conn *c)
{
	return str_of(c->ja4, c->ja4[0] ? JA4_LEN : 0);
}

bool conn_is_secure(const struct conn *c)
{
	return c->ssl && !c->handshaking;
}

bool conn_peer(const struct conn *c, struct sockaddr_storage *out)
{
	socklen_t len = sizeof(*out);

	return c->fd >= 0 && getpeername(c->fd, (struct sockaddr *)out, &len) == 0;
}

void conn_put_address(const struct conn *c, struct buf *b)
{
	struct sockaddr_storage from;
	char text[INET6_ADDRSTRLEN] = "";

	if (!conn_peer(c, &from))
		return;
	if (from.ss_family == AF_INET) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)&from;

		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		buf_printf(b, "%s:%u", text, ntohs(v4->sin_port));
	} else if (from.ss_family == AF_INET6) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&from;

		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		buf_printf(b, "[%s]:%u", text, ntohs(v6->sin6_port));
	}
}

void conn_put_tls(const struct conn *c, struct buf *b)
{
	if (conn_is_secure(c))
		buf_printf(b, "%s %s", SSL_get_version(c->ssl), SSL_get_cipher_name(c->ssl));
}

/* ---- the loop's part ---- */

int net_loop_new(struct net_loop **out, struct loop *loop, struct budget *budget, size_t output_max)
{
	struct net_loop *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->loop = loop;
	n->budget = budget;
	n->output_max = output_max;
	n->hook.run = on_pass;
	list_init(&n->dirty);
	list_init(&n->stuck);
	timer_init(&n->slow_check, on_slow_check);
	timer_start(loop, &n->slow_check, SLOW_CHECK_S);
	loop_add_hook(loop, &n->hook);
	*out = n;
	return 0;
}

struct net_loop *net_loop_free(struct net_loop *n)
{
	if (!n)
		return NULL;
	timer_stop(&n->slow_check);
	loop_remove_hook(&n->hook);
	tls_unref(n->tls);
	while (n->spare_len)
		free(n->spare[--n->spare_len]);
	free(n);
	return NULL;
}

void net_loop_set_output_max(struct net_loop *n, size_t bytes)
{
	n->output_max = bytes;
}

void net_loop_set_tls(struct net_loop *n, struct tls *tls)
{
	tls_unref(n->tls);
	n->tls = tls_ref(tls);
}
