/* The steps of a login; see login.h. */
#include "login.h"

#include <openssl/rand.h>
#include <stdio.h>

#include "crowd.h"
#include "fatal.h"

static void stream_open(struct client *c, enum login_step next)
{
	client_print(c,
		"<?xml version='1.0'?><stream:stream to='%s' version='1.0' xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams'>",
		c->crowd->opt->domain);
	c->step = next;
	client_flush(c);
}

static void login_complete(struct client *c)
{
	c->step = LOGIN_READY;
	c->crowd->ready++;
	scram_done(&c->scram);
	c->crowd->duty->ready(c);
}

void login_connected(struct client *c)
{
	if (c->crowd->opt->starttls)
		stream_open(c, LOGIN_OFFER);
	else
		client_secure(c);
}

void login_secured(struct client *c)
{
	const struct option_set *opt = c->crowd->opt;

	if (!opt->floor) {
		stream_open(c, LOGIN_FEATURES);
	} else if (!strcmp(opt->mode, "login")) {
		login_complete(c); /* the floor of a login is its handshake */
	} else {
		client_print(c, "<hello n='%u'/>", c->index);
		c->step = LOGIN_HELLO;
		client_flush(c);
	}
}

static void offer_read(struct client *c, struct str piece)
{
	if (c->step == LOGIN_OFFER) {
		if (!str_has(piece, STR("<starttls"))) {
			client_fail(c, "STARTTLS is not offered");
			return;
		}
		client_print(c, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
		c->step = LOGIN_PROCEED;
		client_flush(c);
	} else if (str_starts(piece, STR("<proceed"))) {
		client_secure(c);
	} else {
		client_fail(c, "STARTTLS refused: %.*s", (int)piece.len, piece.data);
	}
}

static void plain_add(struct client *c, struct buf *out)
{
	struct buf text = {};

	buf_add(&text, (struct str){"", 1});
	buf_print(&text, "%s%u", c->crowd->opt->user, c->account);
	buf_add(&text, (struct str){"", 1});
	buf_print(&text, "%s", c->crowd->opt->password);
	base64_add(out, buf_str(&text));
	buf_done(&text);
}

static void sasl_begin(struct client *c, struct str features)
{
	const struct option_set *opt = c->crowd->opt;
	char user[64], offered[64];

	snprintf(offered, sizeof(offered), ">%s<", opt->mechanism);
	if (!str_has(features, str_of(offered))) {
		client_fail(c, "%s is not offered: %.*s", opt->mechanism, (int)features.len, features.data);
		return;
	}
	snprintf(user, sizeof(user), "%s%u", opt->user, c->account);
	client_print(c, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='%s'>", opt->mechanism);
	if (!strcmp(opt->mechanism, "PLAIN"))
		plain_add(c, &c->out);
	else
		scram_begin(&c->scram, c->crowd->keys, str_of(opt->mechanism), user, &c->out);
	client_print(c, "</auth>");
	c->step = LOGIN_SASL;
	client_flush(c);
}

static void sasl_read(struct client *c, struct str piece)
{
	struct str content = {"", 0};

	str_between(piece, STR(">"), STR("<"), &content);
	if (str_starts(piece, STR("<challenge"))) {
		client_print(c, "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>");
		if (!scram_answer(&c->scram, content, &c->out)) {
			client_fail(c, "challenge: %.*s", (int)piece.len, piece.data);
			return;
		}
		client_print(c, "</response>");
		client_flush(c);
	} else if (!str_starts(piece, STR("<success"))) {
		client_fail(c, "login refused: %.*s", (int)piece.len, piece.data);
	} else if (c->scram.hash && !scram_verify(&c->scram, content)) {
		client_fail(c, "the server does not know the password");
	} else {
		stream_open(c, LOGIN_FEATURES_2);
	}
}

static void bind_begin(struct client *c)
{
	uint32_t noise;

	RAND_bytes((unsigned char *)&noise, sizeof(noise));
	client_print(c,
		"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>bench%08x</resource></bind></iq>",
		noise);
	c->step = LOGIN_BIND;
	client_flush(c);
}

static void bind_read(struct client *c, struct str piece)
{
	struct str type;

	if (!str_attribute(str_tag(piece), STR("type"), &type) || !str_equal(type, STR("result"))) {
		client_fail(c, "bind: %.*s", (int)piece.len, piece.data);
		return;
	}
	if (!c->crowd->opt->roster) {
		login_complete(c);
		return;
	}
	c->awaited = 2;
	c->step = LOGIN_SETTLING;
	client_print(c, "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>");
	client_flush(c);
}

void login_ask_roster(struct client *c)
{
	client_print(c, "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
	client_flush(c);
}

static void roster_count(struct client *c, struct str piece)
{
	struct str rest = piece, item;

	c->contacts = 0;
	while (str_between(rest, STR("<item "), STR(">"), &item)) {
		c->contacts += str_has(item, STR("subscription='both'")) ||
			       str_has(item, STR("subscription=\"both\""));
		rest.len -= (size_t)(item.data + item.len - rest.data);
		rest.data = item.data + item.len;
	}
}

/* Whether a presence is the echo of the client's own. */
static bool presence_is_own(struct client *c, struct str tag)
{
	struct str from;
	char own[256];

	snprintf(own, sizeof(own), "%s%u@", c->crowd->opt->user, c->account);
	return !str_attribute(tag, STR("from"), &from) || str_starts(from, str_of(own));
}

/* Requests must be answered (RFC 6120 section 8.2.3): pings, roster pushes. An empty result does for both,
 * and for what a server wants to know of a program, unless the client has something to say there. */
static void request_answer(struct client *c, struct str tag, struct str piece)
{
	struct str id = {"", 0}, from;

	str_attribute(tag, STR("id"), &id);
	client_print(c, "<iq type='result' id='%.*s'", (int)id.len, id.data);
	if (str_attribute(tag, STR("from"), &from))
		client_print(c, " to='%.*s'", (int)from.len, from.data);
	if (c->product && str_has(piece, STR("jabber:iq:version")))
		client_print(c,
			"><query "
			"xmlns='jabber:iq:version'><name>%s</name><version>1.0</version></query></iq>",
			c->product);
	else
		client_print(c, "/>");
	client_flush_later(c);
}

/* An IQ after the login: true when it was dealt with here. */
static bool iq_read(struct client *c, struct str piece)
{
	struct str tag = str_tag(piece);
	struct str type, id;

	if (!str_attribute(tag, STR("type"), &type) || !str_attribute(tag, STR("id"), &id))
		return false;
	if (str_equal(type, STR("get")) || str_equal(type, STR("set"))) {
		request_answer(c, tag, piece);
		return true;
	}
	if (str_equal(id, STR("roster"))) {
		roster_count(c, piece);
		c->awaited--;
		return true;
	}
	return false;
}

static void login_settle(struct client *c, struct str piece)
{
	if (str_starts(piece, STR("<iq")))
		iq_read(c, piece);
	else if (str_starts(piece, STR("<presence")) && presence_is_own(c, str_tag(piece)))
		c->awaited--;
	if (!c->awaited)
		login_complete(c);
}

static void login_stanza(struct client *c, struct str piece)
{
	switch ((enum login_step)c->step) {
	case LOGIN_OFFER:
	case LOGIN_PROCEED:
		offer_read(c, piece);
		break;
	case LOGIN_HELLO:
		login_complete(c);
		break;
	case LOGIN_FEATURES:
		sasl_begin(c, piece);
		break;
	case LOGIN_SASL:
		sasl_read(c, piece);
		break;
	case LOGIN_FEATURES_2:
		bind_begin(c);
		break;
	case LOGIN_BIND:
		bind_read(c, piece);
		break;
	case LOGIN_SETTLING:
		login_settle(c, piece);
		break;
	case LOGIN_READY:
		c->heard += piece.len > 2 &&
			    (piece.data[1] == 'i' || piece.data[1] == 'm' || piece.data[1] == 'p');
		if (!str_starts(piece, STR("<iq")) || !iq_read(c, piece))
			c->crowd->duty->stanza(c, piece);
		break;
	case LOGIN_NONE:
	case LOGIN_LEAVING:
		break;
	}
}

void login_frame(struct client *c, enum frame_kind kind, struct str piece)
{
	if (kind == FRAME_CLOSE)
		client_fail(c, "the server closed the stream");
	else if (kind == FRAME_STANZA && str_starts(piece, STR("<stream:error")))
		client_fail(c, "stream error: %.*s", (int)piece.len, piece.data);
	else if (kind == FRAME_STANZA)
		login_stanza(c, piece);
}

void login_leave(struct client *c)
{
	if (c->step != LOGIN_READY) {
		client_close(c);
		return;
	}
	c->crowd->ready--;
	c->step = LOGIN_LEAVING;
	if (c->crowd->opt->floor) {
		SSL_shutdown(c->ssl);
		return;
	}
	if (c->crowd->opt->roster)
		client_print(c, "<presence type='unavailable'/>");
	client_print(c, "</stream:stream>");
	client_flush(c);
}
