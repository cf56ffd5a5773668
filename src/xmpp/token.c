/* Tokens instead of passwords (XEP-0484): looked up by account and device, proven by a hash, replaced when they are old. What a
 * login changes of them is in the store before the client is told. */
#include "xmpp/login.h"

#include "account/directory.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/settings.h"
#include "stanza/xml_out.h"
#include "xmpp/agent.h"

/* ---- what is offered ---- */

bool tokens_have(const struct stream *s, enum ht_mechanism m)
{
	int offered = s->xl->settings->sasl_tokens;

	if (offered == SETTINGS_TOKENS_NEVER || !s->xl->xmpp->env.secret)
		return false;
	switch (m) {
	case HT_EXPORTER:
		return mechanisms_have_plus(s);
	case HT_END_POINT:
		return mechanisms_have_plus(s) && tls_has_end_point(s->conn.ssl);
	default:
		return offered == SETTINGS_TOKENS_ALWAYS && s->conn.ssl;
	}
}

void tokens_put_feature(const struct stream *s, struct buf *out)
{
	bool any = false;

	for (int m = HT_MECHANISMS - 1; m >= 0; m--) {
		if (!tokens_have(s, (enum ht_mechanism)m))
			continue;
		buf_printf(out, "%s<mechanism>%s</mechanism>", any ? "" : "<fast xmlns='urn:xmpp:fast:0'>",
				ht_mechanism_name((enum ht_mechanism)m));
		any = true;
	}
	if (any)
		buf_lit(out, "</fast>");
}

static size_t binding_data(const struct stream *s, enum ht_mechanism m, unsigned char out[EVP_MAX_MD_SIZE])
{
	if (m == HT_EXPORTER)
		return tls_exporter(s->conn.ssl, out) ? 32 : 0;
	return m == HT_END_POINT ? tls_end_point(s->conn.ssl, out) : 0;
}

/* ---- is it one of his? ---- */

static struct ht_name name_of(const struct login *l, const char *mechanism, struct str seed)
{
	return (struct ht_name){.owner = l->jid,
			.key = l->stream->agent->id,
			.mechanism = str_from(mechanism),
			.seed = seed};
}

static bool proves(struct login *l, const struct store_token *row)
{
	struct token_login *t = &l->token;
	struct ht_name name = name_of(l, ht_mechanism_name(t->mechanism), row->seed);
	unsigned char data[EVP_MAX_MD_SIZE];
	size_t len = binding_data(l->stream, t->mechanism, data);
	char text[HT_TOKEN + 1];
	bool good = (len || t->mechanism == HT_NONE) &&
			ht_token(text, l->stream->xl->xmpp->env.secret, &name) == 0 &&
			ht_check(text, str_of((const char *)data, len), t->message.proof, t->answer) == 0;

	OPENSSL_cleanse(text, sizeof(text));
	return good && str_eq(row->mechanism, name.mechanism);
}

static void token_judge(struct login *l, const struct store_tokens *all)
{
	const struct settings *settings = l->stream->xl->settings;
	uint64_t now_us = clock_utc_us();
	const struct store_token *found = NULL;

	for (size_t i = 0; i < all->len && !found; i++)
		if (proves(l, &all->rows[i]))
			found = &all->rows[i];
	if (!found) {
		login_reject_token(l, "not-authorized", STR("no token of this device, or of another mechanism"));
	} else if (found->expires_us <= now_us) {
		login_reject_token(l, "credentials-expired", STR("the token has run out"));
	} else {
		l->token.used = arena_dup(l->arena, found->seed);
		l->token.is_due = found->issued_us + settings->sasl_token_renew_seconds * 1000000ULL <= now_us;
		store_req_release(&l->req);
		login_succeed(l, str_of((const char *)l->token.answer, HT_HASH));
	}
}

static void on_tokens(struct store_req *req, int result)
{
	struct login *l = req->owner;
	struct stream *s = l->stream;

	if (!login_arrived(l))
		return;
	if (result)
		login_break(l, "temporary-auth-failure");
	else
		token_judge(l, req->tokens);
	login_hear(s);
}

void token_look_up(struct login *l)
{
	struct stream *s = l->stream;

	if (l->jid.len == 0) {
		login_reject_token(l, "not-authorized", STR("no such account"));
		return;
	}
	l->step = STEP_LOOKUP;
	store_req_init(&l->req, on_tokens, l);
	login_depart(l);
	if (store_token_find(s->xl->xmpp->env.store, &l->req, l->jid, s->agent->id)) {
		if (login_arrived(l))
			login_break(l, "temporary-auth-failure");
		stream_unbusy(s);
	}
}

/* ---- what becomes of them ---- */

/* A new one, if there is to be one. False: it cannot be made. */
static bool token_make(struct login *l)
{
	struct token_login *t = &l->token;
	bool renews = t->used.len && t->is_due && !t->invalidate;
	enum ht_mechanism m = t->wanted ? t->wanted_for : t->mechanism;
	struct ht_name name;

	if (!t->wanted && !renews)
		return true;
	ht_seed_new(t->seed);
	name = name_of(l, ht_mechanism_name(m), str_from(t->seed));
	t->wanted_for = m;
	t->expires_us = clock_utc_us() + l->stream->xl->settings->sasl_token_seconds * 1000000ULL;
	return ht_token(t->text, l->stream->xl->xmpp->env.secret, &name) == 0;
}

static void on_changed(struct store_req *req, int result)
{
	struct login *l = req->owner;
	struct stream *s = l->stream;
	const struct person *person;

	if (!login_arrived(l))
		return;
	person = l->person;
	l->person = NULL;
	store_req_release(req);
	if (result && l->token.used.len) {
		person_unref(person);
		if (result == STORE_E_NONE)
			login_reject_token(l, "not-authorized", STR("the token was used with this count, or is gone"));
		else
			login_break(l, "temporary-auth-failure");
	} else {
		if (result)
			l->token.seed[0] = '\0'; /* the password was right: without a token, then */
		login_admit(l, person, l->payload);
	}
	login_hear(s);
}

/* Of the password that was right. */
static struct str salt_of(const struct login *l)
{
	const struct store_verifier *v = &l->verifier;

	return l->has_verifier && !l->token.used.len ? str_of((const char *)v->salt, v->salt_len) : STR_NONE;
}

static int token_ask(struct login *l)
{
	struct stream *s = l->stream;
	const struct token_login *t = &l->token;
	struct store_token fresh = {.mechanism = str_from(ht_mechanism_name(t->wanted_for)),
			.seed = str_from(t->seed),
			.issued_us = clock_utc_us(),
			.expires_us = t->expires_us};
	struct store_token_change change = {.owner = l->jid,
			.key = s->agent->id,
			.used = t->used,
			.counts = t->counts,
			.count = t->count,
			.drop = t->invalidate,
			.fresh = t->seed[0] ? &fresh : NULL,
			.salt = salt_of(l),
			.max = s->xl->settings->sasl_token_devices};

	store_req_init(&l->req, on_changed, l);
	return store_token_change(s->xl->xmpp->env.store, &l->req, &change);
}

bool token_settle(struct login *l, const struct person *person, struct str payload)
{
	struct stream *s = l->stream;

	if (!l->token.used.len && !l->token.wanted)
		return false;
	l->step = STEP_SETTLE;
	l->person = person;
	l->payload = arena_dup(l->arena, payload);
	login_depart(l);
	if (token_make(l) && token_ask(l) == 0)
		return true;
	if (login_arrived(l))
		login_break(l, "temporary-auth-failure");
	stream_unbusy(s);
	return true;
}

void token_put(const struct login *l, struct buf *out)
{
	if (!l->token.seed[0])
		return;
	buf_printf(out, "<token xmlns='urn:xmpp:fast:0' token='%s' expiry='", l->token.text);
	clock_put_us(out, l->token.expires_us);
	buf_lit(out, "'/>");
}
