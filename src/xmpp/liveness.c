/* Deadlines and signs of life. A connection that says nothing for ping.interval is asked (with <r/> where stream
 * management is on, else with a ping, XEP-0199) and given up after ping.timeout; the kernel gives up earlier when the
 * peer acknowledges nothing (TCP_USER_TIMEOUT). One coarse timer a stream serves all of it. */
#include "base/log.h"
#include "conf/settings.h"
#include "stanza/xml_out.h"
#include "xmpp/stream.h"

static void on_login_deadline(struct timer *timer)
{
	struct stream *s = container_of(timer, struct stream, timer);

	if (s->conn.handshaking || !s->header_sent)
		conn_abort(&s->conn, CONN_END_TLS);
	else
		stream_error(s, "connection-timeout", "Logging in took too long.");
}

void liveness_login_deadline(struct stream *s)
{
	const struct settings *settings = s->xl->settings;

	s->timer.fire = on_login_deadline;
	timer_start(s->xl->loop, &s->timer, s->secure ? settings->limits_login_seconds : settings->limits_tls_seconds);
}

static void ping(struct stream *s)
{
	const struct settings *settings = s->xl->settings;
	struct buf *b = &s->xl->scratch;

	buf_clear(b);
	buf_printf(b, "<iq type='get' id='alive-%u' from='", s->heard_s);
	xml_escape(b, s->component ? settings->domains.items[0] : s->domain);
	buf_lit(b, "' to='");
	xml_escape(b, s->origin->jid.full);
	buf_lit(b, "'><ping xmlns='urn:xmpp:ping'/></iq>");
	stream_write(s, buf_view(b));
}

static void ask(struct stream *s)
{
	s->asked = true;
	if (s->sm_enabled)
		stream_write_lit(s, "<r xmlns='urn:xmpp:sm:3'/>");
	else
		ping(s);
}

static void on_silence(struct timer *timer)
{
	struct stream *s = container_of(timer, struct stream, timer);
	const struct settings *settings = s->xl->settings;
	uint32_t silent = (uint32_t)loop_seconds(s->xl->loop) - s->heard_s;

	if (s->asked && silent >= settings->ping_interval_seconds + settings->ping_timeout_seconds) {
		conn_abort(&s->conn, CONN_END_SLOW);
		return;
	}
	if (!s->asked && silent >= settings->ping_interval_seconds)
		ask(s);
	timer_start(s->xl->loop, timer,
			s->asked ? settings->ping_timeout_seconds : settings->ping_interval_seconds - silent);
}

void liveness_bound(struct stream *s)
{
	s->heard_s = (uint32_t)loop_seconds(s->xl->loop);
	s->timer.fire = on_silence;
	timer_start(s->xl->loop, &s->timer, s->xl->settings->ping_interval_seconds);
}

void liveness_heard(struct stream *s)
{
	s->heard_s = (uint32_t)loop_seconds(s->xl->loop);
	s->asked = false;
}
