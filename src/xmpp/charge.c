/* Stage charge: a stream has an allowance of stanzas and bytes that fills with time. One that has used it up is not read
 * until it has some again; what it sends waits in its own socket, at its own cost. What is no stanza is paid for out of the
 * same allowance (the prices stand in stream.h). */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "account/meter.h"
#include "conf/settings.h"
#include "stanza/ns.h"
#include "xmpp/stream.h"

enum {
	SLOW_TURN_MS = 20,
	/* in thousandths of a stanza */
	PRICE_STANZA = 1000,
	PRICE_ACK = 100,
	PREPAID = 32, /* stanzas */
};

struct rate {
	uint64_t stanzas, bytes; /* a second */
	int64_t stanza_burst, bytes_burst;
};

static struct rate rate_of(const struct stream *s)
{
	const struct settings *c = s->xl->settings;

	if (s->component)
		return (struct rate){c->components_stanzas_per_second, c->components_bytes_per_second,
				(int64_t)c->components_stanza_burst, (int64_t)c->components_bytes_burst};
	return (struct rate){c->limits_stanzas_per_second, c->limits_bytes_per_second, (int64_t)c->limits_stanza_burst,
			(int64_t)c->limits_bytes_burst};
}

static void allowance_fill(struct stream *s)
{
	struct rate rate = rate_of(s);
	struct allowance *a = &s->allowance;
	uint64_t now = loop_ms(s->xl->loop), passed = now - a->at_ms;
	int64_t stanzas_max = rate.stanza_burst * PRICE_STANZA;

	if (a->at_ms == 0) {
		a->stanzas_milli = stanzas_max;
		a->bytes += rate.bytes_burst;
	} else if (passed) {
		a->stanzas_milli += (int64_t)(passed * rate.stanzas);
		a->bytes += (int64_t)(passed * rate.bytes / 1000);
	}
	a->at_ms = now;
	if (a->stanzas_milli > stanzas_max)
		a->stanzas_milli = stanzas_max;
	if (a->bytes > rate.bytes_burst)
		a->bytes = rate.bytes_burst;
}

static bool is_used_up(const struct stream *s)
{
	return s->allowance.stanzas_milli < 0 || s->allowance.bytes < 0 || loop_ms(s->xl->loop) < s->allowance.owing_ms;
}

/* ---- what all sessions of an account, a network address and a domain have in common (account/meter.h) ---- */

/* The bytes that stand for an address: four, or the first eight of IPv6. */
static struct str peer_bytes(const struct sockaddr_storage *peer)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;

	if (peer->ss_family == AF_INET)
		return str_of((const char *)&((const struct sockaddr_in *)peer)->sin_addr, 4);
	if (peer->ss_family != AF_INET6)
		return STR("");
	if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return str_of((const char *)&six->sin6_addr + 12, 4);
	return str_of((const char *)&six->sin6_addr, 8);
}

static void find_payers(struct stream *s)
{
	struct sockaddr_storage peer;

	s->allowance.domain = meter_key(STR("domain"), s->origin->jid.domain);
	s->allowance.account = meter_key(STR("account"), s->origin->jid.bare);
	if (conn_peer(&s->conn, &peer))
		s->allowance.peer = meter_key(STR("address"), peer_bytes(&peer));
}

static uint64_t pay(struct meter *m, uint64_t key, uint64_t per_second, uint64_t burst, uint64_t now_us)
{
	uint64_t price = 1000000000 / per_second; /* nanoseconds */

	return key ? meter_take(m, key, price * PREPAID, price * burst, now_us * 1000) / 1000000 : 0;
}

/* In portions, so that it costs little; who owes anything waits until all are even. */
static void charge_common(struct stream *s, int64_t price)
{
	const struct settings *c = s->xl->settings;
	struct meter *m = s->xl->xmpp->env.paid;
	struct allowance *a = &s->allowance;
	uint64_t now = loop_ms(s->xl->loop), account, peer, domain;

	a->prepaid_milli -= price;
	if (!m || !s->origin || s->component || a->prepaid_milli >= 0)
		return;
	a->prepaid_milli += PREPAID * PRICE_STANZA;
	if (!a->account)
		find_payers(s);
	account = pay(m, a->account, c->limits_account_stanzas_per_second, c->limits_account_stanza_burst, now * 1000);
	peer = pay(m, a->peer, c->limits_address_stanzas_per_second, c->limits_address_stanza_burst, now * 1000);
	domain = pay(m, a->domain, c->limits_domain_stanzas_per_second, c->limits_domain_stanza_burst, now * 1000);
	peer = peer > domain ? peer : domain;
	a->owing_ms = now + (account > peer ? account : peer);
}

static void on_slow_turn(uv_timer_t *timer)
{
	struct xmpp_loop *xl = timer->data;

	list_each_safe(it, &xl->slowed) {
		struct stream *s = container_of(it, struct stream, slowed);

		allowance_fill(s);
		if (is_used_up(s))
			continue;
		list_remove(&s->slowed);
		stream_unslow(s);
	}
	if (list_is_empty(&xl->slowed))
		uv_timer_stop(timer);
}

static void stream_slow(struct stream *s)
{
	struct xmpp_loop *xl = s->xl;

	if (!list_is_empty(&s->slowed) || s->state == STREAM_ENDED)
		return;
	list_append(&xl->slowed, &s->slowed);
	stat_add(&xl->stats.slowed, 1);
	if (!uv_is_active((uv_handle_t *)xl->slow_timer))
		uv_timer_start(xl->slow_timer, on_slow_turn, SLOW_TURN_MS, SLOW_TURN_MS);
}

static void charge(struct stream *s, int64_t price)
{
	s->allowance.stanzas_milli -= price;
	charge_common(s, price);
	allowance_fill(s);
	if (is_used_up(s))
		stream_slow(s);
}

static int64_t price_of(struct stream *s, const struct node *n)
{
	if (!node_is(n, STR("r"), NS_SM) && !node_is(n, STR("a"), NS_SM))
		return PRICE_STANZA;
	if (s->acks_paid == s->received)
		return PRICE_ACK;
	s->acks_paid = s->received;
	return 0;
}

void charge_element(struct stream *s, const struct node *n)
{
	if (s->secure)
		charge(s, price_of(s, n));
}

void charge_bytes(struct stream *s)
{
	if (s->secure && s->allowance.bytes < 0)
		charge(s, 0);
}

enum stage_result xmpp_charge(struct parcel *p, void *xmpp)
{
	struct stream *s = stream_of_port(p->port);
	bool to_all = p->kind == PARCEL_PRESENCE && !node_attr(p->stanza, STR("to")).data;

	(void)xmpp;
	charge(s, to_all ? PRICE_STANZA * (int64_t)s->xl->settings->limits_presence_price : PRICE_STANZA);
	return STAGE_NEXT;
}

int charge_init(struct xmpp_loop *xl)
{
	xl->slow_timer = malloc(sizeof(*xl->slow_timer));
	if (!xl->slow_timer)
		return -ENOMEM;
	uv_timer_init(loop_uv(xl->loop), xl->slow_timer);
	xl->slow_timer->data = xl;
	return 0;
}

static void on_closed(uv_handle_t *timer)
{
	free(timer);
}

/* The loop lives longer than what is freed here. */
void charge_done(struct xmpp_loop *xl)
{
	if (xl->slow_timer)
		uv_close((uv_handle_t *)xl->slow_timer, on_closed);
}
