/* The exporter: figures for Prometheus over HTTP on a loopback address. A process of its own, so that nobody's bytes are
 * read by one with rights: it has its listening socket (0), a line to the supervisor that answers `status` and nothing
 * else (3), and no files. One connection at a time, each for a few seconds at most.
 *
 *   accept -> request, up to its empty line -> status from the supervisor -> text -> close */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "proc/confine.h"
#include "proc/metrics.h"

enum {
	LISTENER = 0,
	DESK = 3,
	REQUEST_MAX = 4096,
	REQUEST_MS = 2000, /* for the whole request, and for the whole answer */
	STATUS_MS = 5000,
	STATUS_MAX = 4 << 20,
};

/* False: not in time, or the end. */
static bool wait_for(int fd, short events, uint64_t until_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t now = clock_mono_ms();

	return now < until_ms && poll(&p, 1, (int)(until_ms - now)) == 1;
}

static bool send_all(int fd, struct str text, uint64_t until_ms)
{
	while (text.len) {
		ssize_t n;

		if (!wait_for(fd, POLLOUT, until_ms))
			return false;
		n = send(fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (n > 0)
			text = str_cut(text, (size_t)n, text.len);
	}
	return true;
}

/* Reads until `end` is there. */
static bool receive_until(int fd, struct buf *in, const char *end, uint64_t until_ms)
{
	while (!memmem(in->data ? in->data : "", in->len, end, strlen(end))) {
		char part[4096];
		ssize_t n;

		if (!wait_for(fd, POLLIN, until_ms))
			return false;
		n = recv(fd, part, sizeof(part), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n > 0)
			buf_put(in, part, (size_t)n);
		if (buf_failed(in))
			return false;
	}
	return true;
}

/* ---- the supervisor ---- */

/* NULL: it did not answer. The line to it is useless then: an answer may still come. */
static json_t *status_get(void)
{
	static const char ask[] = "{\"cmd\":\"status\"}\n";
	struct buf line = BUF_INIT(STATUS_MAX);
	uint64_t until = clock_mono_ms() + STATUS_MS;
	json_t *status = NULL;

	if (send_all(DESK, str_of(ask, sizeof(ask) - 1), until) && receive_until(DESK, &line, "\n", until))
		status = json_loadb(line.data, line.len, 0, NULL);
	buf_done(&line);
	return status;
}

/* ---- HTTP ---- */

static void respond(int fd, const char *status, struct str text, bool body)
{
	struct buf out = BUF_INIT(0);

	buf_printf(&out, "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n", status);
	buf_printf(&out, "Content-Length: %zu\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\n\r\n", text.len);
	if (body)
		buf_str(&out, text);
	if (!buf_failed(&out))
		(void)send_all(fd, buf_view(&out), clock_mono_ms() + REQUEST_MS);
	buf_done(&out);
}

/* False: the supervisor is lost. */
static bool respond_metrics(int fd, bool body)
{
	struct buf out = BUF_INIT(0);
	json_t *status = status_get();
	bool ok = status != NULL;

	if (ok)
		metrics_put(&out, status);
	json_decref(status);
	if (ok && !buf_failed(&out))
		respond(fd, "200 OK", buf_view(&out), body);
	else
		respond(fd, "503 Service Unavailable", STR("The server does not answer.\n"), true);
	buf_done(&out);
	return ok;
}

static bool is_http(struct str line)
{
	return str_ends(line, STR(" HTTP/1.1")) || str_ends(line, STR(" HTTP/1.0"));
}

static bool serve(int fd)
{
	struct buf in = BUF_INIT(REQUEST_MAX);
	struct str line, target;
	bool ok = true, head;

	if (!receive_until(fd, &in, "\r\n\r\n", clock_mono_ms() + REQUEST_MS)) {
		if (buf_failed(&in))
			respond(fd, "431 Request Header Fields Too Large", STR("Too long.\n"), true);
		buf_done(&in);
		return true;
	}
	line = str_cut(buf_view(&in), 0, str_find(buf_view(&in), '\r', 0));
	head = str_starts(line, STR("HEAD "));
	target = str_cut(line, str_find(line, ' ', 0) + 1, line.len);
	target = str_cut(target, 0, str_find(target, ' ', 0));
	if (!is_http(line))
		respond(fd, "400 Bad Request", STR("Not HTTP/1.\n"), true);
	else if (!head && !str_starts(line, STR("GET ")))
		respond(fd, "405 Method Not Allowed", STR("GET only.\n"), true);
	else if (!str_is(target, "/metrics"))
		respond(fd, "404 Not Found", STR("There is /metrics, nothing else.\n"), !head);
	else
		ok = respond_metrics(fd, !head);
	buf_done(&in);
	return ok;
}

/* ---- running ---- */

/* The next connection; -1: none was there after all. */
static int next_client(bool *out_end)
{
	struct pollfd p[2] = {{.fd = LISTENER, .events = POLLIN}, {.fd = DESK, .events = POLLIN}};

	if (poll(p, 2, -1) < 0)
		return -1;
	*out_end = p[1].revents != 0; /* nothing is said there unasked */
	return p[0].revents && !*out_end ? accept4(LISTENER, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC) : -1;
}

int main(void)
{
	struct confine_rules rules = {.net = true};
	struct err err = {.text = ""};
	bool end = false;

	log_init("exporter", LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	if (confine(&rules, NULL, &err)) {
		log_error("%s", err.text);
		return 1;
	}
	while (!end) {
		int fd = next_client(&end);

		if (fd < 0)
			continue;
		end = !serve(fd);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return 0;
}
