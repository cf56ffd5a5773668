/* Stream headers and features (RFC 6120 section 4). */
#include <stdlib.h>

#include "account/directory.h"
#include "conf/service.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"
#include "base/rand.h"
#include "base/text.h"
#include "xmpp/registration.h"

/* "1.0" or later: a later one is answered with ours (4.7.5). */
static bool version_will_do(struct str s)
{
	size_t dot = str_find(s, '.', 0);
	unsigned long long major, minor;

	return str_to_u64(str_cut(s, 0, dot), 1000000, &major) && str_to_u64(str_cut(s, dot + 1, s.len), 1000000, &minor) &&
			major >= 1;
}

/* Our domain that this names, in our own spelling. */
static bool find_domain(const struct settings *settings, struct str to, struct str *out)
{
	struct arena *arena = arena_new(0);
	struct str wanted, found = STR_NONE;

	if (arena && jid_prepare_domain(&wanted, to, arena) == 0)
		found = settings_ours(settings, wanted);
	arena_free(arena);
	if (found.data)
		*out = found;
	return found.data;
}

void header_send(struct stream *s, struct str to)
{
	struct buf *b = &s->xl->scratch;
	unsigned char id[16];

	if (s->header_sent)
		return;
	if (s->component) {
		component_header(s);
		return;
	}
	s->header_sent = true;
	rand_pooled(id, sizeof(id));
	buf_clear(b);
	buf_lit(b, "<?xml version='1.0'?><stream:stream xmlns='jabber:client'"
		   " xmlns:stream='http://etherx.jabber.org/streams' id='");
	base64url_put(b, id, sizeof(id));
	buf_lit(b, "' from='");
	xml_escape(b, s->has_domain ? s->domain : s->xl->settings->domains.items[0]);
	if (to.len) {
		buf_lit(b, "' to='");
		xml_escape(b, to);
	}
	buf_lit(b, "' version='1.0' xml:lang='en'>");
	stream_write(s, buf_view(b));
}

/* The answer is addressed to whom the client says it is (4.7.2), in canonical form; before the login that is a wish. */
static void header_answer(struct stream *s, const struct node *h)
{
	struct str from = node_attr(h, STR("from"));
	struct arena *arena = from.len ? arena_new(0) : NULL;
	struct jid jid;

	if (s->authenticated)
		header_send(s, s->person->jid);
	else if (arena && jid_parse(&jid, from, arena) == 0)
		header_send(s, jid.bare);
	else
		header_send(s, STR_NONE);
	arena_free(arena);
}

/* XEP-0388 section 2.1: on which account this is a stream, if the client says so, and of another domain it cannot be one. */
static const char *header_claim(struct stream *s, struct str from)
{
	struct arena *arena = from.len && !s->authenticated ? arena_new(0) : NULL;
	const char *fault = NULL;
	struct jid jid;

	free(s->claimed);
	s->claimed = NULL;
	if (arena && jid_parse(&jid, from, arena) == 0 && jid.local.len) {
		if (str_eq(jid.domain, s->domain))
			s->claimed = str_dupz(jid.bare);
		else
			fault = "invalid-from";
	}
	arena_free(arena);
	return fault;
}

static const char *header_fault(struct stream *s, const struct node *h, const char **text)
{
	struct str to = node_attr(h, STR("to")), domain;

	*text = NULL;
	if (!str_eq(h->ns, NS_STREAMS))
		return "invalid-namespace";
	if (!str_is(h->name, "stream"))
		return "bad-format";
	if (!str_eq(tokenizer_content_ns(s->tokenizer), NS_CLIENT))
		return "invalid-namespace";
	if (!version_will_do(node_attr(h, STR("version"))))
		return "unsupported-version";
	if (!to.data || !find_domain(s->xl->settings, to, &domain)) {
		*text = "This server does not serve that domain.";
		return "host-unknown";
	}
	if (s->has_domain && !str_eq(s->domain, domain)) {
		*text = "The domain cannot change within a connection.";
		return "host-unknown";
	}
	s->domain = domain;
	s->has_domain = true;
	return header_claim(s, node_attr(h, STR("from")));
}

void header_open(struct stream *s, const struct node *h)
{
	const char *text, *fault;

	if (s->component) {
		component_open(s, h);
		return;
	}
	fault = header_fault(s, h, &text);
	header_answer(s, h);
	if (fault) {
		stream_error(s, fault, text);
		return;
	}
	s->state = s->authenticated ? STREAM_UNBOUND : STREAM_NEGOTIATING;
	header_features(s);
}

/* XEP-0478. Silence leads to a sign of life being asked for, not to the end of the stream. */
static void limits_put(const struct stream *s, struct buf *b)
{
	const struct settings *settings = s->xl->settings;
	uint64_t bytes = s->authenticated ? settings->limits_stanza_bytes : settings->limits_stanza_bytes_before_login;

	buf_lit(b, "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>");
	buf_u64(b, bytes);
	buf_printf(b, "</max-bytes><idle-seconds>%u</idle-seconds></limits>",
			s->authenticated ? settings->ping_interval_seconds : settings->limits_login_seconds);
}

static void features_put(struct stream *s, struct buf *b, enum header_brought brought)
{
	if (!s->secure) {
		buf_lit(b, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>");
		return;
	}
	if (!s->authenticated) {
		mechanisms_put(s, b);
		sasl2_put_feature(s, b);
		registration_features(s, b);
		limits_put(s, b);
		return;
	}
	if (brought == HEADER_LOGIN)
		buf_lit(b, "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
			   "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>");
	if (brought != HEADER_MANAGED)
		buf_lit(b, "<sm xmlns='urn:xmpp:sm:3'><optional/></sm>");
	buf_lit(b, "<ver xmlns='urn:xmpp:features:rosterver'/>"
		   "<sub xmlns='urn:xmpp:features:pre-approval'/>");
	if (s->xl->settings->csi_held_max)
		buf_lit(b, "<csi xmlns='urn:xmpp:csi:0'/>");
	if (!buf_failed(&s->xl->features))
		buf_str(b, buf_view(&s->xl->features));
	limits_put(s, b);
}

void header_put_features(struct stream *s, struct buf *out, enum header_brought brought)
{
	buf_lit(out, "<stream:features>");
	features_put(s, out, brought);
	buf_lit(out, "</stream:features>");
}

void header_features(struct stream *s)
{
	struct buf *b = &s->xl->scratch;

	buf_clear(b);
	header_put_features(s, b, HEADER_LOGIN);
	stream_write(s, buf_view(b));
}
