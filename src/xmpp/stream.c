/* The life of a stream; see stream.h for the drawing. */
#include "xmpp/registration.h"

#include <stdlib.h>
#include <unistd.h>

#include "account/directory.h"
#include "base/log.h"
#include "conf/settings.h"
#include "record/record.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"
#include "xmpp/agent.h"

struct record *stream_record(const struct stream *s)
{
	return s->xl->xmpp->env.record[loop_index(s->xl->loop)];
}

/* ---- output ---- */

void stream_write(struct stream *s, struct str bytes)
{
	if (!s->closed)
		conn_write(&s->conn, bytes);
}

void stream_write_lit(struct stream *s, const char *text)
{
	stream_write(s, str_from(text));
}

void stream_write_node(struct stream *s, const struct node *n)
{
	struct buf *b = &s->xl->scratch;

	buf_clear(b);
	xml_put(b, n, NS_CLIENT);
	if (!buf_failed(b))
		stream_write(s, buf_view(b));
}

/* ---- the end ---- */

/* Tells the home loop once, when nothing of this stream is under way any more. */
static void stream_say_gone(struct stream *s)
{
	struct errand *e;

	if (!s->origin || s->said_gone || s->state != STREAM_ENDED || s->waiting)
		return;
	e = errand_new(ERRAND_GONE, &s->port);
	if (!e) {
		log_error("out of memory while ending a session: it stays until the server restarts");
		return;
	}
	s->said_gone = true;
	e->origin = origin_ref(s->origin);
	e->reason = (enum gone_reason)s->gone;
	e->handled = s->received - s->sm_base;
	s->xl->xmpp->env.errand(s->xl->xmpp->env.owner, e);
}

static void stream_end(struct stream *s, enum gone_reason why)
{
	if (s->state == STREAM_ENDED)
		return;
	s->state = STREAM_ENDED;
	s->gone = (uint8_t)why;
	timer_stop(&s->timer);
	list_remove(&s->slowed);
	buf_done(&s->held);
	s->login = login_free(s->login);
	s->registration = registration_free(s->registration);
	admit_drop(s);
	stream_say_gone(s);
}

void stream_close(struct stream *s, enum gone_reason why)
{
	if (s->state == STREAM_ENDED)
		return;
	if (s->header_sent)
		stream_write_lit(s, "</stream:stream>");
	conn_close(&s->conn);
	stream_end(s, why);
}

static void put_error(struct buf *b, const char *condition, struct str text, struct str lang)
{
	buf_lit(b, "<stream:error>");
	if (!strcmp(condition, "handled-count-too-high"))
		buf_lit(b, "<undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
			   "<handled-count-too-high xmlns='urn:xmpp:sm:3'/>");
	else
		buf_printf(b, "<%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>", condition);
	if (text.len) {
		buf_lit(b, "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='");
		xml_escape(b, lang.len ? lang : STR("en"));
		buf_lit(b, "'>");
		xml_escape(b, text);
		buf_lit(b, "</text>");
	}
	buf_lit(b, "</stream:error></stream:stream>");
}

void stream_error_told(struct stream *s, const char *condition, struct str text, struct str lang)
{
	struct buf *b = &s->xl->scratch;

	if (s->state == STREAM_ENDED)
		return;
	header_send(s, STR_NONE);
	buf_clear(b);
	put_error(b, condition, text, lang);
	stream_write(s, buf_view(b));
	conn_close(&s->conn);
	stream_end(s, GONE_ERROR);
}

void stream_error(struct stream *s, const char *condition, const char *text)
{
	stream_error_told(s, condition, text ? str_from(text) : STR_NONE, STR_NONE);
}

static void on_closed(struct conn *c, enum conn_end how)
{
	struct stream *s = stream_of_conn(c);

	(void)how;
	s->closed = true;
	list_remove(&s->link);
	stat_add(&s->xl->stats.connections, -1);
	if (s->authenticated)
		stat_add(&s->xl->stats.logged_in, -1);
	s->tokenizer = tokenizer_free(s->tokenizer);
	stream_end(s, GONE_LOST);
	parting_closed(s);
	port_unref(&s->port);
}

/* ---- the port: what other loops see of the stream ---- */

static void on_port_write(struct port *port, struct str bytes)
{
	struct stream *s = stream_of_port(port);

	if (s->state != STREAM_ENDED)
		stream_write(s, bytes);
}

static void on_port_close(
	struct port *port, const char *condition, struct str text, struct str lang, struct parting *parting)
{
	struct stream *s = stream_of_port(port);

	if (parting)
		parting_begin(s, parting);
	if (condition)
		stream_error_told(s, condition, text, lang);
	else
		stream_close(s, GONE_CLOSED);
}

static void on_port_judge(struct port *port, struct standing *standing)
{
	struct stream *s = stream_of_port(port);

	if (s->state != STREAM_ENDED)
		admit_judged(s, standing);
}

static void on_port_free(struct port *port)
{
	struct stream *s = stream_of_port(port);

	free(s->component);
	free(s->claimed);
	agent_free(s->agent);
	person_unref(s->person);
	standing_unref(s->standing);
	origin_unref(s->origin);
	free(s);
}

static const struct port_ops port_ops = {on_port_write, on_port_close, on_port_judge, on_port_free};

/* ---- input ---- */

static void stream_element(struct stream *s, struct node *n, struct arena *arena);

static void stream_tokenizer_error(struct stream *s)
{
	static const char *const conditions[] = {
			[XML_E_NONE] = "internal-server-error",
			[XML_E_NOT_WELL_FORMED] = "not-well-formed",
			[XML_E_RESTRICTED] = "restricted-xml",
			[XML_E_BAD_PREFIX] = "bad-namespace-prefix",
			[XML_E_BAD_FORMAT] = "bad-format",
			[XML_E_ENCODING] = "unsupported-encoding",
			[XML_E_TOO_BIG] = "policy-violation",
			[XML_E_MEMORY] = "internal-server-error",
	};

	stream_error(s, conditions[tokenizer_error(s->tokenizer)], tokenizer_error_text(s->tokenizer));
}

static void stream_event(struct stream *s, enum xml_event event, struct node *n, struct arena *arena)
{
	switch (event) {
	case XML_MORE:
		break;
	case XML_STREAM_OPEN:
		header_open(s, n);
		arena_free(arena);
		break;
	case XML_STANZA:
		stream_element(s, n, arena);
		break;
	case XML_STREAM_CLOSE:
		stream_close(s, GONE_CLOSED);
		break;
	case XML_ERROR:
		stream_tokenizer_error(s);
		break;
	}
}

static bool stream_takes_input(const struct stream *s)
{
	return s->state != STREAM_ENDED && !s->busy && !s->full && list_is_empty(&s->slowed);
}

/* Tokenizes until the input is used up or has to wait. Returns how much was used. */
static size_t stream_tokenize(struct stream *s, const char *data, size_t len)
{
	const char *at = data;

	while (len && stream_takes_input(s)) {
		struct arena *arena = NULL;
		struct node *n = NULL;
		bool secure = s->secure;
		enum xml_event event = tokenizer_feed(s->tokenizer, &at, &len, &n, &arena);

		stream_event(s, event, n, arena);
		if (s->state == STREAM_ENDED || (!secure && s->conn.handshaking))
			return (size_t)(at - data) + len; /* nothing read in clear counts after <starttls/> (5.4.3.3) */
	}
	return (size_t)(at - data);
}

static void stream_hold(struct stream *s, const char *data, size_t len)
{
	if (s->state == STREAM_ENDED)
		return;
	conn_pause(&s->conn);
	buf_put(&s->held, data, len);
	if (buf_failed(&s->held))
		stream_error(s, "policy-violation", "Too much was sent while an answer was being prepared.");
}

static void on_bytes(struct conn *c, const char *data, size_t len)
{
	struct stream *s = stream_of_conn(c);
	size_t used;

	liveness_heard(s);
	s->allowance.bytes -= (int64_t)len;
	if (s->held.len) {
		stream_hold(s, data, len);
		return;
	}
	used = stream_tokenize(s, data, len);
	charge_bytes(s);
	if (used < len)
		stream_hold(s, data + used, len - used);
	else if (!stream_takes_input(s))
		conn_pause(&s->conn);
}

static void stream_continue(struct stream *s)
{
	struct buf held = s->held;
	size_t used;

	if (!stream_takes_input(s))
		return;
	buf_init(&s->held, STREAM_HELD_MAX);
	used = stream_tokenize(s, held.data, held.len);
	if (used < held.len)
		stream_hold(s, held.data + used, held.len - used);
	else if (stream_takes_input(s))
		conn_resume(&s->conn);
	buf_done(&held);
}

/* The way back into a stream that stood still: never inside the call that freed it. */
struct continuation {
	struct task task;
	struct port *port;
};

static void run_continue(struct task *task)
{
	struct continuation *c = container_of(task, struct continuation, task);

	stream_continue(stream_of_port(c->port));
	port_unref(c->port);
	free(c);
}

static void stream_continue_later(struct stream *s)
{
	struct continuation *c;

	if (!stream_takes_input(s) || s->closed)
		return;
	c = malloc(sizeof(*c));
	if (!c) {
		stream_error(s, "internal-server-error", NULL);
		return;
	}
	c->task.run = run_continue;
	c->port = port_ref(&s->port);
	loop_post(s->xl->loop, &c->task);
}

void stream_unbusy(struct stream *s)
{
	s->busy = false;
	stream_continue_later(s);
}

void stream_unslow(struct stream *s)
{
	stream_continue_later(s);
}

void stream_restart(struct stream *s)
{
	tokenizer_reset(s->tokenizer);
	s->state = STREAM_OPENING;
	s->header_sent = false;
}

static void on_secured(struct conn *c)
{
	struct stream *s = stream_of_conn(c);

	s->secure = true;
	stream_restart(s);
	liveness_login_deadline(s);
}

/* ---- elements before binding ---- */

static void stream_starttls(struct stream *s)
{
	if (s->conn.kind != CONN_STARTTLS || s->secure) {
		stream_write_lit(s, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
		stream_close(s, GONE_ERROR);
		return;
	}
	stream_write_lit(s, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	if (conn_start_tls(&s->conn))
		conn_abort(&s->conn, CONN_END_TLS);
}

bool stream_is_stanza(const struct node *n)
{
	return str_eq(n->ns, NS_CLIENT) &&
			(str_is(n->name, "message") || str_is(n->name, "presence") || str_is(n->name, "iq"));
}

static void stream_negotiate(struct stream *s, const struct node *n)
{
	if (sasl2_is_under_way(s) && !str_eq(n->ns, NS_SASL2))
		stream_error(s, "policy-violation", "Nothing but <response/> and <abort/> belongs into a login.");
	else if (node_is(n, STR("starttls"), NS_TLS))
		stream_starttls(s);
	else if (str_eq(n->ns, NS_SASL) && s->secure)
		sasl_element(s, n);
	else if (str_eq(n->ns, NS_SASL2) && s->secure)
		sasl2_element(s, n);
	else if (str_eq(n->ns, NS_SASL) || str_eq(n->ns, NS_SASL2))
		stream_error(s, "policy-violation", "Start TLS before you log in.");
	else if (sm_is_nonza(n))
		sm_failed(s, "unexpected-request", false, 0);
	else if (registration_is_request(s, n))
		registration_iq(s, n);
	else if (stream_is_stanza(n))
		stream_error(s, "not-authorized", "Log in first.");
	else
		stream_error(s, "unsupported-stanza-type", NULL);
}

static void stream_unbound(struct stream *s, const struct node *n)
{
	if (binding_is_request(n))
		binding_start(s, n);
	else if (node_is(n, STR("resume"), NS_SM))
		binding_resume(s, n);
	else if (sm_is_nonza(n))
		sm_failed(s, "unexpected-request", false, 0);
	else if (stream_is_stanza(n))
		stream_error(s, "not-authorized", "Bind a resource first.");
	else
		stream_error(s, "unsupported-stanza-type", NULL);
}

/* ---- stanzas ---- */

static enum parcel_kind kind_of(const struct node *n)
{
	if (str_is(n->name, "message"))
		return PARCEL_MESSAGE;
	return str_is(n->name, "iq") ? PARCEL_IQ : PARCEL_PRESENCE;
}

uint32_t stream_h(const struct stream *s)
{
	const struct parcel *oldest;

	if (list_is_empty(&s->pending))
		return s->received - s->sm_base;
	oldest = container_of(s->pending.next, struct parcel, pending);
	return oldest->number - 1 - s->sm_base;
}

void stream_handled(struct parcel *p)
{
	struct stream *s = stream_of_port(p->port);

	list_remove(&p->pending);
	s->waiting--;
	if (s->state == STREAM_ENDED) {
		stream_say_gone(s);
		return;
	}
	sm_settle(s);
	if (s->full && s->waiting <= s->xl->settings->limits_waiting / 2) {
		s->full = false;
		stream_continue_later(s);
	}
}

static void stream_submit(struct stream *s, struct node *n, struct arena *arena)
{
	struct parcel *p = parcel_new(arena, n, kind_of(n));

	if (!p) {
		stream_error(s, "resource-constraint", "The stanza needs more memory than one may take.");
		return;
	}
	p->origin = origin_ref(s->origin);
	p->port = port_ref(&s->port);
	p->number = ++s->received;
	p->has_h = s->sm_enabled;
	p->h = p->number - s->sm_base;
	p->handled = stream_handled;
	p->queue = &s->pending;
	list_append(&s->pending, &p->pending);
	stat_add(&s->xl->stats.stanzas, 1);
	if (++s->waiting >= s->xl->settings->limits_waiting)
		s->full = true;
	s->xl->xmpp->env.submit(s->xl->xmpp->env.owner, p);
}

void stream_stanza(struct stream *s, struct node *n, struct arena *arena)
{
	if (stream_is_stanza(n)) {
		if (binding_is_request(n) || node_child(n, STR("session"), NS_SESSION)) {
			charge_element(s, n);
			s->received++;
			binding_session(s, n);
			sm_settle(s);
			arena_free(arena);
			return;
		}
		stream_submit(s, n, arena);
		return;
	}
	charge_element(s, n);
	if (sm_is_nonza(n))
		sm_nonza(s, n);
	else if (csi_is_nonza(n))
		csi_nonza(s, n);
	else if (str_eq(n->ns, NS_CLIENT) || str_is(n->ns, ""))
		stream_error(s, "unsupported-stanza-type", NULL);
	else if (stream_is_stanza(&(struct node){.name = n->name, .ns = NS_CLIENT}))
		stream_error(s, "invalid-namespace", NULL);
	else
		stream_error(s, "unsupported-stanza-type", NULL);
	arena_free(arena);
}

static void stream_component_stanza(struct stream *s, struct node *n, struct arena *arena)
{
	if (component_adopt(s, n))
		stream_submit(s, n, arena);
	else
		arena_free(arena);
}

static void stream_element(struct stream *s, struct node *n, struct arena *arena)
{
	if (node_is(n, STR("error"), NS_STREAMS)) { /* RFC 6120 section 4.9.1.1: the stream has ended */
		stream_close(s, GONE_ERROR);
		arena_free(arena);
		return;
	}
	switch ((enum stream_state)s->state) {
	case STREAM_BOUND:
		if (s->component)
			stream_component_stanza(s, n, arena);
		else
			stream_stanza(s, n, arena);
		return;
	case STREAM_NEGOTIATING:
	case STREAM_LOGIN:
		charge_element(s, n);
		if (s->component)
			component_handshake(s, n);
		else
			stream_negotiate(s, n);
		break;
	case STREAM_UNBOUND:
		charge_element(s, n);
		stream_unbound(s, n);
		break;
	case STREAM_OPENING:
	case STREAM_BINDING:
	case STREAM_ENDED:
		break;
	}
	arena_free(arena);
}

/* ---- arriving ---- */

static const struct conn_ops conn_ops = {on_bytes, on_secured, on_closed};

static void stream_init(struct stream *s, struct xmpp_loop *xl, enum conn_kind kind)
{
	s->port = (struct port){.refs = 1, .loop = xl->loop, .ops = &port_ops};
	s->xl = xl;
	s->secure = kind == CONN_PLAINTEXT || kind == CONN_COMPONENT;
	buf_init(&s->held, STREAM_HELD_MAX);
	list_init(&s->pending);
	list_init(&s->unjudged);
	list_init(&s->slowed);
	list_init(&s->link);
	timer_init(&s->timer, NULL);
}

void stream_accept(struct xmpp_loop *xl, int fd, enum conn_kind kind, struct budget_entry *place)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s)
		s->tokenizer = tokenizer_new(&xl->before);
	if (s && s->tokenizer && kind == CONN_COMPONENT && !(s->component = calloc(1, sizeof(*s->component))))
		s->tokenizer = tokenizer_free(s->tokenizer);
	if (!s || !s->tokenizer) {
		free(s);
		close(fd);
		budget_leave(xl->xmpp->env.budget, place, false);
		return;
	}
	stream_init(s, xl, kind);
	if (conn_open(&s->conn, xl->net, fd, kind, place, &conn_ops)) {
		tokenizer_free(s->tokenizer);
		free(s->component);
		free(s);
		return;
	}
	list_append(&xl->streams, &s->link);
	stat_add(&xl->stats.connections, 1);
	liveness_login_deadline(s);
}
