/* What a client is offered to log in with: the <mechanisms/> of RFC 6120 section 6.3.3 and the channel bindings of
 * XEP-0440. What is offered does not depend on the account: nobody knows yet which it will be. */
#include "conf/settings.h"
#include "xmpp/external.h"

static bool kind_is_offered(const struct stream *s, enum store_verifier_kind kind)
{
	const struct settings *settings = s->xl->settings;
	const int offers[STORE_VERIFIER_KINDS] = {
			[STORE_SHA_1] = settings->sasl_scram_sha_1,
			[STORE_SHA_256] = settings->sasl_scram_sha_256,
			[STORE_SHA_512] = settings->sasl_scram_sha_512,
	};

	if (offers[kind] == SETTINGS_OFFER_AUTO)
		return !(s->xl->xmpp->lacking & 1u << kind);
	return offers[kind] == SETTINGS_OFFER_ALWAYS;
}

static bool kind_is_last_resort(const struct stream *s, enum store_verifier_kind kind)
{
	return kind == STORE_SHA_256 && !kind_is_offered(s, STORE_SHA_1) && !kind_is_offered(s, STORE_SHA_512) &&
			!mechanisms_have_plain(s);
}

bool mechanisms_have_plain(const struct stream *s)
{
	return s->xl->settings->sasl_plain && s->conn.ssl;
}

bool mechanisms_have_plus(const struct stream *s)
{
	return s->conn.ssl && tls_may_bind(s->conn.ssl);
}

bool mechanisms_have(const struct stream *s, enum scram_mechanism m)
{
	enum store_verifier_kind kind = scram_kind_of(m);

	if (scram_is_plus(m) && !mechanisms_have_plus(s))
		return false;
	return kind_is_offered(s, kind) || kind_is_last_resort(s, kind);
}

static void put_bindings(const struct stream *s, struct buf *out)
{
	buf_lit(out, "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>");
	if (tls_has_end_point(s->conn.ssl))
		buf_lit(out, "<channel-binding type='tls-server-end-point'/>");
	buf_lit(out, "</sasl-channel-binding>");
}

/* Strongest first: those that bind, then by hash. */
static bool put_scram(const struct stream *s, bool plus, struct buf *out)
{
	bool any = false;

	for (int m = SCRAM_MECHANISMS - 1; m >= 0; m--)
		if (scram_is_plus((enum scram_mechanism)m) == plus && mechanisms_have(s, (enum scram_mechanism)m)) {
			buf_lit(out, "<mechanism>");
			buf_str(out, str_from(scram_mechanism_name((enum scram_mechanism)m)));
			buf_lit(out, "</mechanism>");
			any = true;
		}
	return any;
}

bool mechanisms_put_list(const struct stream *s, struct buf *out)
{
	bool bound;

	if (external_is_offered(s))
		buf_lit(out, "<mechanism>EXTERNAL</mechanism>");
	bound = put_scram(s, true, out);
	put_scram(s, false, out);
	if (mechanisms_have_plain(s))
		buf_lit(out, "<mechanism>PLAIN</mechanism>");
	return bound;
}

void mechanisms_put(const struct stream *s, struct buf *out)
{
	bool bound;

	buf_lit(out, "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>");
	bound = mechanisms_put_list(s, out);
	buf_lit(out, "</mechanisms>");
	if (bound)
		put_bindings(s, out);
}
