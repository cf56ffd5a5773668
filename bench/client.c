/* Sockets and TLS of one connection; see client.h. */
#include "client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "crowd.h"
#include "fatal.h"
#include "login.h"

static void client_listen(struct client *c, int operation)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)c->life << 32 | c->index};

	if (c->state == CLIENT_CONNECTING || c->blocked)
		event.events |= EPOLLOUT;
	if (epoll_ctl(c->crowd->epoll_fd, operation, c->fd, &event))
		fatal_errno("epoll_ctl");
}

/* Spreads the connections over source addresses, as a real crowd is spread: servers limit what one address
 * may have, and one address has no more than 28,000 ports. */
static void client_bind(struct client *c)
{
	uint32_t group = c->index / c->crowd->opt->per_source;
	uint32_t address = 127U << 24 | (1 + group / 250) << 8 | (1 + group % 250);
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	int yes = 1;

	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
	if (bind(c->fd, (struct sockaddr *)&from, sizeof(from)))
		fatal_errno("bind to 127.%u.%u.%u", address >> 16 & 255, address >> 8 & 255, address & 255);
}

static void client_connected(struct client *c)
{
	int code = 0;
	socklen_t length = sizeof(code);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &code, &length) || code) {
		client_fail(c, "connect: %s", strerror(code));
		return;
	}
	c->state = CLIENT_PLAIN;
	client_listen(c, EPOLL_CTL_MOD);
	login_connected(c);
}

void client_open(struct client *c)
{
	const struct sockaddr_in *server = &c->crowd->opt->server;
	int yes = 1;

	c->life++;
	c->began_ns = clock_now();
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		fatal_errno("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	client_bind(c);
	c->state = CLIENT_CONNECTING;
	if (connect(c->fd, (const struct sockaddr *)server, sizeof(*server)) && errno != EINPROGRESS)
		fatal_errno("connect");
	client_listen(c, EPOLL_CTL_ADD);
}

static void client_unlist(struct client *c)
{
	struct client **at = &c->crowd->unsent;

	if (!c->listed)
		return;
	while (*at != c)
		at = &(*at)->next_unsent;
	*at = c->next_unsent;
	c->listed = false;
}

void client_close(struct client *c)
{
	if (c->state == CLIENT_CLOSED)
		return;
	if (c->ssl && c->state == CLIENT_SECURE) {
		if (c->step == LOGIN_READY || c->step == LOGIN_LEAVING)
			SSL_shutdown(c->ssl);
		ERR_clear_error();
	}
	if (c->step == LOGIN_READY)
		c->crowd->ready--;
	client_unlist(c);
	SSL_free(c->ssl);
	close(c->fd);
	buf_done(&c->in);
	buf_done(&c->out);
	scram_done(&c->scram);
	c->ssl = NULL;
	c->fd = -1;
	c->step = LOGIN_NONE;
	c->state = CLIENT_CLOSED;
	c->blocked = false;
	c->life++;
}

void client_fail(struct client *c, const char *format, ...)
{
	struct crowd *crowd = c->crowd;
	bool expected = c->step == LOGIN_LEAVING;
	char why[160];
	va_list list;

	va_start(list, format);
	vsnprintf(why, sizeof(why), format, list);
	va_end(list);
	if (!expected && !crowd->failures++)
		snprintf(crowd->why, sizeof(crowd->why), "account %u, step %d: %.120s", c->account, c->step,
			why);
	client_close(c);
	crowd->duty->gone(c, expected, why);
}

void client_print(struct client *c, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	buf_print_list(&c->out, format, list);
	va_end(list);
}

/* Bytes taken by the connection; 0: none at the moment; -1: it is lost. */
static ssize_t client_write(struct client *c)
{
	ssize_t sent;

	if (!c->ssl) {
		sent = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);
		return sent < 0 && errno == EAGAIN ? 0 : sent;
	}
	sent = SSL_write(c->ssl, c->out.data, (int)c->out.len);
	if (sent > 0)
		return sent;
	return SSL_get_error(c->ssl, (int)sent) == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

void client_flush(struct client *c)
{
	bool was_blocked = c->blocked;

	if (c->state == CLIENT_HANDSHAKE || c->state == CLIENT_CONNECTING)
		return;
	while (c->out.len) {
		ssize_t sent = client_write(c);

		if (sent < 0) {
			client_fail(c, "cannot write");
			return;
		}
		if (!sent)
			break;
		buf_consume(&c->out, (size_t)sent);
	}
	c->blocked = c->out.len > 0;
	if (c->blocked != was_blocked)
		client_listen(c, EPOLL_CTL_MOD);
}

void client_flush_later(struct client *c)
{
	if (c->listed || c->blocked)
		return;
	c->listed = true;
	c->next_unsent = c->crowd->unsent;
	c->crowd->unsent = c;
}

void client_secure(struct client *c)
{
	static const unsigned char alpn[] = "\x0bxmpp-client";
	const struct option_set *opt = c->crowd->opt;

	c->state = CLIENT_HANDSHAKE;
	c->ssl = SSL_new(c->crowd->tls);
	if (!c->ssl || !SSL_set_fd(c->ssl, c->fd))
		fatal("cannot make a TLS connection");
	SSL_set_connect_state(c->ssl);
	SSL_set_tlsext_host_name(c->ssl, c->crowd->domain);
	if (!opt->starttls && !opt->floor)
		SSL_set_alpn_protos(c->ssl, alpn, sizeof(alpn) - 1);
	client_event(c, EPOLLIN);
}

static void client_shake(struct client *c)
{
	int done = SSL_do_handshake(c->ssl);
	int error = SSL_get_error(c->ssl, done);

	if (done == 1) {
		c->state = CLIENT_SECURE;
		login_secured(c);
	} else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
		unsigned long code = ERR_get_error();

		ERR_clear_error();
		client_fail(c, "TLS: %s", code ? ERR_reason_error_string(code) : "the connection was closed");
	}
}

/* Bytes read into the crowd's chunk; 0: none at the moment; -1: the end. */
static ssize_t client_receive(struct client *c)
{
	char *chunk = c->crowd->chunk;
	ssize_t got;
	int error;

	if (!c->ssl) {
		got = recv(c->fd, chunk, CROWD_CHUNK, 0);
		if (got < 0 && errno == EAGAIN)
			return 0;
		return got > 0 ? got : -1;
	}
	got = SSL_read(c->ssl, chunk, CROWD_CHUNK);
	if (got > 0)
		return got;
	error = SSL_get_error(c->ssl, (int)got);
	ERR_clear_error();
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* Hands on all complete pieces of `data`; returns the bytes used, or -1 when the client was closed meanwhile.
 */
static ssize_t client_take(struct client *c, struct str data)
{
	uint32_t life = c->life;
	size_t used = 0;

	for (;;) {
		struct str piece;
		enum frame_kind kind = frame_next((struct str){data.data + used, data.len - used}, &piece);

		if (kind == FRAME_PARTIAL)
			return (ssize_t)used;
		if (kind == FRAME_BAD) {
			client_fail(c, "not a stream: '%.40s'", data.data + used);
			return -1;
		}
		login_frame(c, kind, piece);
		if (c->life != life)
			return -1;
		used = (size_t)(piece.data + piece.len - data.data);
	}
}

/* Takes what has been read, together with what an earlier read left. */
static void client_feed(struct client *c, struct str data)
{
	struct buf whole = c->in; /* taken out: closing the client must not free what is being read */
	ssize_t used;
	uint32_t life = c->life;

	c->in = (struct buf){};
	if (whole.len) {
		buf_add(&whole, data);
		data = buf_str(&whole);
	}
	used = client_take(c, data);
	if (used >= 0 && c->life == life && (size_t)used < data.len)
		buf_add(&c->in, (struct str){data.data + used, data.len - (size_t)used});
	buf_done(&whole);
}

static void client_read(struct client *c)
{
	uint32_t life = c->life;
	ssize_t got;

	do {
		got = client_receive(c);
		if (got > 0)
			client_feed(c, (struct str){c->crowd->chunk, (size_t)got});
		else if (got < 0)
			client_fail(c, "the server closed the connection");
	} while (
		c->life == life && got > 0 && c->ssl && c->state == CLIENT_SECURE && SSL_has_pending(c->ssl));
}

void client_event(struct client *c, uint32_t events)
{
	uint32_t life = c->life;

	if (c->state == CLIENT_CONNECTING) {
		client_connected(c);
		return;
	}
	if (c->state == CLIENT_HANDSHAKE) {
		client_shake(c);
		if (c->life != life || c->state != CLIENT_SECURE || !SSL_has_pending(c->ssl))
			return;
	}
	if (events & EPOLLOUT)
		client_flush(c);
	if (c->life == life && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		client_read(c);
}
