/* Stream management (XEP-0198), the half that counts what the client sends. A stanza counts as handled when it is
 * durable or otherwise taken over for good (parcel->handled), so an <a/> never promises what a crash could lose. */
#include <stdio.h>

#include "base/log.h"
#include "stanza/ns.h"
#include "xmpp/stream.h"

bool sm_is_nonza(const struct node *n)
{
	return str_eq(n->ns, NS_SM);
}

void sm_failed(struct stream *s, const char *condition, bool has_h, uint32_t h)
{
	char text[256], count[24] = "";

	if (has_h)
		snprintf(count, sizeof(count), " h='%u'", h);
	snprintf(text, sizeof(text),
			"<failed xmlns='urn:xmpp:sm:3'%s><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>", count,
			condition);
	stream_write_lit(s, text);
}

static void sm_answer(struct stream *s)
{
	char text[64];

	snprintf(text, sizeof(text), "<a xmlns='urn:xmpp:sm:3' h='%u'/>", stream_h(s));
	stream_write_lit(s, text);
}

/* Are all stanzas up to this number handled? Numbers go round. */
static bool sm_is_handled(const struct stream *s, uint32_t number)
{
	return (int32_t)(stream_h(s) + s->sm_base - number) >= 0;
}

void sm_settle(struct stream *s)
{
	if (!s->ack_owed || !sm_is_handled(s, s->ack_first))
		return;
	sm_answer(s);
	s->ack_first = s->ack_last;
	s->ack_owed = !sm_is_handled(s, s->ack_last);
}

static void on_enabled(struct errand *e)
{
	struct stream *s = stream_of_port(e->port);

	if (s->state != STREAM_ENDED) {
		if (e->error) {
			sm_failed(s, "internal-server-error", false, 0);
		} else {
			s->sm_enabled = true;
			s->sm_base = s->received;
		}
	}
	stream_unbusy(s);
	errand_free(e); /* with it the stream, perhaps */
}

static void sm_enable(struct stream *s, const struct node *n)
{
	struct str resume = node_attr(n, STR("resume"));
	unsigned long long max;
	struct errand *e;

	if (s->sm_enabled) { /* section 3: a second attempt SHOULD end the stream */
		stream_error(s, "policy-violation", "Stream management is enabled only once.");
		return;
	}
	e = errand_new(ERRAND_SM_ENABLE, &s->port);
	if (!e) {
		sm_failed(s, "internal-server-error", false, 0);
		return;
	}
	e->answer = on_enabled;
	e->origin = origin_ref(s->origin);
	if (str_to_u64(node_attr(n, STR("max")), UINT32_MAX, &max))
		e->max_seconds = (unsigned)max;
	e->wants_resume = str_is(resume, "true") || str_is(resume, "1");
	s->busy = true;
	s->xl->xmpp->env.errand(s->xl->xmpp->env.owner, e);
}

static void sm_acked(struct stream *s, const struct node *n)
{
	unsigned long long h;
	struct errand *e;

	if (!s->sm_enabled)
		return;
	if (!str_to_u64(node_attr(n, STR("h")), UINT32_MAX, &h)) {
		stream_error(s, "undefined-condition", "An acknowledgement needs a count: h.");
		return;
	}
	e = errand_new(ERRAND_SM_ACK, &s->port);
	if (!e)
		return; /* the next acknowledgement says the same and more */
	e->origin = origin_ref(s->origin);
	e->h = (uint32_t)h;
	s->xl->xmpp->env.errand(s->xl->xmpp->env.owner, e);
}

/* The answer to <r/> waits for the stanzas before it that are on their way to the record: an answer now would have to be
 * followed by another. It waits for no later one, so who never pauses is answered too (section 4: it must not be
 * withheld). Between the first and the last request that are open there is nothing to say. */
static void sm_requested(struct stream *s)
{
	if (!s->sm_enabled)
		return;
	s->ack_last = s->received;
	if (!s->ack_owed)
		s->ack_first = s->ack_last;
	s->ack_owed = true;
	sm_settle(s);
}

void sm_nonza(struct stream *s, const struct node *n)
{
	if (str_is(n->name, "r"))
		sm_requested(s);
	else if (str_is(n->name, "a"))
		sm_acked(s, n);
	else if (str_is(n->name, "enable"))
		sm_enable(s, n);
	else if (str_is(n->name, "resume"))
		sm_failed(s, "unexpected-request", false, 0);
	else
		stream_error(s, "unsupported-stanza-type", NULL);
}
