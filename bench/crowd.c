/* The loop of all connections; see crowd.h. */
#include "crowd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "fatal.h"
#include "login.h"

#define EVENTS_PER_PASS 256

/* TLS 1.3 with one cipher for every server, full handshakes only. The certificate is not checked: it is the
 * benchmark's own, on loopback, and the server's work is the same. */
static SSL_CTX *crowd_tls(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (!tls || !SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) ||
		!SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256"))
		fatal("cannot set up TLS");
	SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(tls, 1);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return tls;
}

struct crowd *crowd_new(const struct option_set *opt, const struct duty *duty, void *owner, unsigned count)
{
	struct crowd *crowd = must_alloc(1, sizeof(*crowd));

	crowd->opt = opt;
	crowd->duty = duty;
	crowd->owner = owner;
	crowd->count = count;
	crowd->tls = crowd_tls();
	crowd->domain = strdup(opt->domain);
	crowd->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (crowd->epoll_fd < 0)
		fatal_errno("epoll_create1");
	crowd->keys = scram_keys_new(opt->password);
	if (opt->keys)
		scram_keys_load(crowd->keys, opt->keys);
	crowd->clients = must_alloc(count, sizeof(*crowd->clients));
	for (unsigned i = 0; i < count; i++)
		crowd->clients[i] = (struct client){
			.crowd = crowd, .index = i, .account = opt->first + i % opt->accounts, .fd = -1};
	return crowd;
}

struct crowd *crowd_free(struct crowd *crowd)
{
	if (!crowd)
		return NULL;
	for (unsigned i = 0; i < crowd->count; i++)
		client_close(&crowd->clients[i]);
	if (crowd->opt->keys)
		scram_keys_save(crowd->keys, crowd->opt->keys);
	scram_keys_free(crowd->keys);
	SSL_CTX_free(crowd->tls);
	close(crowd->epoll_fd);
	free(crowd->clients);
	free(crowd->domain);
	free(crowd);
	return NULL;
}

static void crowd_flush(struct crowd *crowd)
{
	while (crowd->unsent) {
		struct client *c = crowd->unsent;

		crowd->unsent = c->next_unsent;
		c->listed = false;
		client_flush(c);
	}
}

void crowd_pass(struct crowd *crowd, uint64_t until_ns)
{
	struct epoll_event events[EVENTS_PER_PASS];
	uint64_t now = clock_now();
	uint64_t left = until_ns > now ? until_ns - now : 0;
	struct timespec wait = {(time_t)(left / NS_PER_SECOND), (long)(left % NS_PER_SECOND)};
	int count;

	crowd_flush(crowd);
	count = epoll_pwait2(crowd->epoll_fd, events, EVENTS_PER_PASS, &wait, NULL);
	if (count < 0 && errno != EINTR)
		fatal_errno("epoll_pwait2");
	for (int i = 0; i < count; i++) {
		struct client *c = &crowd->clients[events[i].data.u64 & UINT32_MAX];

		if (c->life == events[i].data.u64 >> 32 && c->state != CLIENT_CLOSED)
			client_event(c, events[i].events);
	}
	crowd_flush(crowd);
}

void crowd_ramp(struct crowd *crowd, unsigned from, unsigned to)
{
	unsigned at_start = crowd->ready;
	unsigned opened = from;

	while (crowd->ready - at_start < to - from) {
		while (opened < to && opened - from - (crowd->ready - at_start) < crowd->opt->concurrency)
			client_open(&crowd->clients[opened++]);
		crowd_pass(crowd, clock_now() + NS_PER_SECOND);
		if (crowd->failures)
			fatal("a login failed with %u of %u done: %s", crowd->ready, to, crowd->why);
	}
}

void crowd_rest(struct crowd *crowd, double seconds)
{
	uint64_t until = clock_now() + clock_seconds(seconds);

	while (clock_now() < until)
		crowd_pass(crowd, until);
}

void crowd_leave(struct crowd *crowd)
{
	uint64_t until = clock_now() + 2 * NS_PER_SECOND;

	for (unsigned i = 0; i < crowd->count; i++)
		login_leave(&crowd->clients[i]);
	while (crowd->count && clock_now() < until) {
		unsigned left = 0;

		for (unsigned i = 0; i < crowd->count; i++)
			left += crowd->clients[i].state != CLIENT_CLOSED;
		if (!left)
			break;
		crowd_pass(crowd, clock_now() + NS_PER_SECOND / 20);
	}
}
