/* The syntax of RFC 6120 section 6: <auth/>, <challenge/>, <response/>, <success/>, after which a new stream begins. */
#include "xmpp/login.h"

#include "base/text.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static void put(struct stream *s, const char *element, struct str payload)
{
	struct buf b = BUF_INIT(0);

	buf_printf(&b, "<%s xmlns='urn:ietf:params:xml:ns:xmpp-sasl'", element);
	if (payload.len) {
		buf_putc(&b, '>');
		base64_put(&b, payload.data, payload.len);
		buf_printf(&b, "</%s>", element);
	} else {
		buf_lit(&b, "/>");
	}
	stream_write(s, buf_view(&b));
	buf_done(&b);
}

static void say_challenge(struct stream *s, struct str payload)
{
	put(s, "challenge", payload);
}

static void say_failure(struct stream *s, const char *condition, struct str text)
{
	struct buf b = BUF_INIT(0);

	buf_printf(&b, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><%s/>", condition);
	if (text.len) {
		buf_lit(&b, "<text>");
		xml_escape(&b, text);
		buf_lit(&b, "</text>");
	}
	buf_lit(&b, "</failure>");
	stream_write(s, buf_view(&b));
	buf_done(&b);
}

static void say_success(struct login *l, struct str payload)
{
	put(l->stream, "success", payload);
	stream_restart(l->stream);
}

static const struct login_syntax syntax = {say_challenge, say_failure, say_success, false};

/* The decoded payload of <auth/> or <response/>: NULL, or the condition that answers it. "=" stands for an empty one. */
static const char *payload_take(const struct node *n, struct arena *arena, struct buf *out, bool *present)
{
	struct str text = node_text(n, arena);

	*present = text.len > 0;
	if (str_is(text, "="))
		return NULL;
	return node_first_element(n) ? "malformed-request" : login_decode(text, out);
}

static void on_auth(struct stream *s, const struct node *n)
{
	struct buf payload = BUF_INIT(PAYLOAD_MAX);
	const char *condition;
	bool present;

	if (!login_begin(s, &syntax, node_attr(n, STR("mechanism"))))
		return;
	condition = payload_take(n, s->login->arena, &payload, &present);
	if (condition)
		login_fail(s, &syntax, condition);
	else if (present)
		login_first(s->login, buf_view(&payload));
	else
		say_challenge(s, STR_NONE);
	login_wipe_payload(&payload);
}

static void on_response(struct stream *s, const struct node *n)
{
	struct buf payload = BUF_INIT(PAYLOAD_MAX);
	bool present;
	const char *condition = payload_take(n, s->login->arena, &payload, &present);

	if (condition)
		login_fail(s, &syntax, condition);
	else
		login_answer(s->login, buf_view(&payload));
	login_wipe_payload(&payload);
}

void sasl_element(struct stream *s, const struct node *n)
{
	if (str_is(n->name, "auth"))
		on_auth(s, n);
	else if (str_is(n->name, "response") && s->login)
		on_response(s, n);
	else if (str_is(n->name, "abort"))
		login_fail(s, &syntax, "aborted");
	else
		login_fail(s, &syntax, "malformed-request");
	login_wipe_element(n);
}
