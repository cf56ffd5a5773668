/* The floor: the least that a server on epoll and OpenSSL can do. It reads one TLS record from a connection
 * and writes it to the partner, parses nothing and knows nobody. What Gatehouse costs is stated as a multiple
 * of this.
 *
 *     floor PORT CERTIFICATE KEY [--durable FILE] [--fault drop|repeat|swap] [--fan N]
 *
 * A connection says <hello n='NUMBER'/> first and is answered <ok/>; its partner is the one whose number
 * differs in the last bit. --fan: instead it goes to all N whose number divided by N is the same, its own line
 * among them, one SSL_write each. --durable: each record first passes through a second process that appends it to
 * FILE and flushes it; what has gathered meanwhile is flushed together. --fault damages every 1000th record,
 * to show that the generator sees it. It listens on 127.0.0.1 and prints a line "ready PID [PID]" (the second
 * is the recorder). */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "buf.h"
#include "durable.h"
#include "fatal.h"

#define RECORD_MAX 16384
#define EVENTS_PER_PASS 256
#define NUMBERS_MAX 20000
#define FAULT_EVERY 1000

struct line { /* one connection */
	int fd;
	int number; /* -1 before the hello */
	SSL *ssl;
	struct buf *unsent; /* only while the socket takes no more */
};

enum fault { FAULT_NONE, FAULT_DROP, FAULT_REPEAT, FAULT_SWAP };

struct relay {
	int epoll_fd;
	int listener_fd;
	SSL_CTX *tls;
	struct line **numbers;   /* by number */
	struct durable *durable; /* NULL: not durable */
	enum fault fault;
	int fan; /* 0: pairs */
	unsigned passed;
	char record[RECORD_MAX];
	struct buf swapped; /* FAULT_SWAP: the record held back */
};

static void line_close(struct relay *relay, struct line *line)
{
	if (line->number >= 0 && relay->numbers[line->number] == line)
		relay->numbers[line->number] = NULL;
	ERR_clear_error();
	SSL_shutdown(line->ssl);
	ERR_clear_error();
	SSL_free(line->ssl);
	close(line->fd);
	if (line->unsent)
		buf_done(line->unsent);
	free(line->unsent);
	free(line);
}

static void line_watch(const struct relay *relay, struct line *line, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = line};

	if (epoll_ctl(relay->epoll_fd, EPOLL_CTL_MOD, line->fd, &event))
		fatal_errno("epoll_ctl");
}

/* Writes, or keeps what the socket does not take. A broken line is noticed when it is read. */
static void line_write(struct relay *relay, struct line *line, struct str bytes)
{
	while (bytes.len && !line->unsent) {
		int sent = SSL_write(line->ssl, bytes.data, (int)bytes.len);

		if (sent > 0) {
			bytes.data += sent;
			bytes.len -= (size_t)sent;
			continue;
		}
		if (SSL_get_error(line->ssl, sent) != SSL_ERROR_WANT_WRITE) {
			ERR_clear_error();
			return;
		}
		line->unsent = must_alloc(1, sizeof(*line->unsent));
		line_watch(relay, line, EPOLLIN | EPOLLOUT);
	}
	if (bytes.len)
		buf_add(line->unsent, bytes);
}

static void line_write_rest(struct relay *relay, struct line *line)
{
	struct buf *rest = line->unsent;

	if (!rest)
		return;
	line->unsent = NULL;
	line_watch(relay, line, EPOLLIN);
	line_write(relay, line, buf_str(rest));
	buf_done(rest);
	free(rest);
}

/* A record may go to the line with this number: now, or its receipt has come. */
static void relay_deliver(void *owner, int number, struct str record)
{
	struct relay *relay = owner;
	struct line *line = relay->numbers[number];

	if (line)
		line_write(relay, line, record);
}

static void relay_pass_on(struct relay *relay, int number, struct str record)
{
	if (relay->durable)
		durable_add(relay->durable, number, record);
	else
		relay_deliver(relay, number, record);
}

/* Loses, doubles or holds back every 1000th record. */
static void relay_damage(struct relay *relay, int number, struct str record)
{
	if (relay->fault == FAULT_REPEAT)
		relay_pass_on(relay, number, record);
	if (relay->fault == FAULT_REPEAT || relay->fault == FAULT_NONE)
		relay_pass_on(relay, number, record);
	if (relay->fault == FAULT_SWAP) {
		buf_print(&relay->swapped, "%08d", number);
		buf_add(&relay->swapped, record);
	}
}

static void relay_swap_back(struct relay *relay, int number)
{
	if (!relay->swapped.len || atoi(relay->swapped.data) != number)
		return;
	relay_pass_on(relay, number, (struct str){relay->swapped.data + 8, relay->swapped.len - 8});
	relay->swapped.len = 0;
}

static void line_hello(struct relay *relay, struct line *line, struct str record)
{
	int number = -1;

	relay->record[record.len < RECORD_MAX ? record.len : RECORD_MAX - 1] = 0;
	if (sscanf(record.data, "<hello n='%d'/>", &number) != 1 || number < 0 || number >= NUMBERS_MAX)
		return;
	line->number = number;
	relay->numbers[number] = line;
	line_write(relay, line, STR("<ok/>"));
}

static void relay_fan(struct relay *relay, int number, struct str record)
{
	int first = number - number % relay->fan;

	for (int i = first; i < first + relay->fan && i < NUMBERS_MAX; i++)
		relay_deliver(relay, i, record);
}

static void line_record(struct relay *relay, struct line *line, struct str record)
{
	int partner = line->number ^ 1;

	if (line->number < 0) {
		line_hello(relay, line, record);
	} else if (relay->fan) {
		relay_fan(relay, line->number, record);
	} else if (!relay->fault) {
		relay_pass_on(relay, partner, record);
	} else if (!(++relay->passed % FAULT_EVERY) && !relay->swapped.len) {
		relay_damage(relay, partner, record);
	} else {
		relay_pass_on(relay, partner, record);
		relay_swap_back(relay, partner);
	}
}

/* Reads all records that are there. The handshake runs inside SSL_read. */
static void line_read(struct relay *relay, struct line *line)
{
	do {
		int got = SSL_read(line->ssl, relay->record, RECORD_MAX);
		int error;

		if (got > 0) {
			line_record(relay, line, (struct str){relay->record, (size_t)got});
			continue;
		}
		error = SSL_get_error(line->ssl, got);
		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
			line_close(relay, line);
		return;
	} while (SSL_has_pending(line->ssl));
}

static void relay_accept(struct relay *relay)
{
	for (;;) {
		int fd = accept4(relay->listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct epoll_event event = {.events = EPOLLIN};
		struct line *line;
		int yes = 1;

		if (fd < 0)
			return;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		line = must_alloc(1, sizeof(*line));
		line->fd = fd;
		line->number = -1;
		line->ssl = SSL_new(relay->tls);
		if (!line->ssl || !SSL_set_fd(line->ssl, fd))
			fatal("cannot make a TLS connection");
		SSL_set_accept_state(line->ssl);
		event.data.ptr = line;
		if (epoll_ctl(relay->epoll_fd, EPOLL_CTL_ADD, fd, &event))
			fatal_errno("epoll_ctl");
	}
}

static void relay_event(struct relay *relay, const struct epoll_event *event)
{
	if (event->data.ptr == relay) {
		relay_accept(relay);
	} else if (relay->durable && event->data.ptr == relay->durable) {
		durable_receive(relay->durable);
	} else {
		if (event->events & EPOLLOUT)
			line_write_rest(relay, event->data.ptr);
		if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			line_read(relay, event->data.ptr);
	}
}

_Noreturn static void relay_loop(struct relay *relay)
{
	struct epoll_event events[EVENTS_PER_PASS];

	for (;;) {
		int count = epoll_wait(relay->epoll_fd, events, EVENTS_PER_PASS, -1);

		for (int i = 0; i < count; i++)
			relay_event(relay, &events[i]);
		if (relay->durable)
			durable_send(relay->durable);
	}
}

static SSL_CTX *relay_tls(const char *certificate, const char *key)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (!tls || !SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) ||
		SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
		SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
		fatal("cannot use the certificate '%s' with the key '%s'", certificate, key);
	SSL_CTX_set_num_tickets(tls, 0);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(tls, 1);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return tls;
}

static int relay_listen(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 4096))
		fatal_errno("port %d", port);
	return fd;
}

static void relay_watch(const struct relay *relay, int fd, void *what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

	if (epoll_ctl(relay->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		fatal_errno("epoll_ctl");
}

static void relay_options(struct relay *relay, int argc, char **argv)
{
	static const char *const faults[] = {"none", "drop", "repeat", "swap"};

	for (int i = 4; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--durable")) {
			relay->durable = durable_new(argv[i + 1], relay_deliver, relay);
			relay_watch(relay, durable_fd(relay->durable), relay->durable);
		}
		if (!strcmp(argv[i], "--fan"))
			relay->fan = atoi(argv[i + 1]);
		for (unsigned f = FAULT_DROP; !strcmp(argv[i], "--fault") && f <= FAULT_SWAP; f++) {
			if (!strcmp(argv[i + 1], faults[f]))
				relay->fault = (enum fault)f;
		}
	}
}

int main(int argc, char **argv)
{
	struct relay *relay = must_alloc(1, sizeof(*relay));
	struct rlimit files;

	if (argc < 4)
		fatal("usage: floor PORT CERTIFICATE KEY [--durable FILE] [--fault drop|repeat|swap] [--fan N]");
	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	relay->numbers = must_alloc(NUMBERS_MAX, sizeof(struct line *));
	relay->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	relay->listener_fd = relay_listen((int)strtol(argv[1], NULL, 10));
	relay_watch(relay, relay->listener_fd, relay);
	relay_options(relay, argc, argv); /* starts the recorder: before TLS, so that it holds no key */
	relay->tls = relay_tls(argv[2], argv[3]);
	if (relay->durable)
		printf("ready %d %d\n", (int)getpid(), (int)durable_pid(relay->durable));
	else
		printf("ready %d\n", (int)getpid());
	fflush(stdout);
	relay_loop(relay);
}
