/* The mechanisms: SCRAM (RFC 5802, 7677) with channel binding (RFC 9266, XEP-0440), PLAIN by setting, EXTERNAL
 * with a client certificate (XEP-0178); what every login goes through whatever its syntax: throttling, the record, the
 * person's state, the rules about clients. What
 * a login needs lives in struct login and goes when it is over. The verifier is looked up in the store and PLAIN's check
 * runs on a worker: while either is under way the stream is busy, and a stream that ends meanwhile leaves its login
 * behind as an orphan, freed by whichever answer comes. */
#include "xmpp/login.h"

#include <stdlib.h>

#include "account/directory.h"
#include "account/throttle.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mechanism.h"
#include "base/text.h"
#include "conf/settings.h"
#include "net/rejections.h"
#include "net/tls_client.h"
#include "record/record.h"
#include "rule/subject.h"
#include "xmpp/agent.h"
#include "xmpp/external.h"

static void login_wipe(struct login *l)
{
	plain_wipe(&l->plain);
	OPENSSL_cleanse(&l->token, sizeof(l->token));
	person_unref(l->before);
	person_unref(l->person);
	scram_free(l->scram);
	OPENSSL_cleanse(&l->verifier, sizeof(l->verifier));
	store_req_release(&l->req);
	arena_free(l->arena);
	free(l);
}

struct login *login_free(struct login *l)
{
	if (!l)
		return NULL;
	timer_stop(&l->delay);
	if (l->pending)
		l->orphan = true;
	else
		login_wipe(l);
	return NULL;
}

/* An answer from elsewhere starts with this: false when nobody waits for it any more. */
bool login_arrived(struct login *l)
{
	struct port *port = &l->stream->port;
	bool orphan = l->orphan;

	l->pending = false;
	if (orphan)
		login_wipe(l);
	port_unref(port);
	return !orphan;
}

void login_depart(struct login *l)
{
	l->pending = true;
	l->stream->busy = true;
	port_ref(&l->stream->port);
}

/* ---- the record ---- */

static void login_record(struct login *l, enum event type, struct str session_jid, struct str person, struct str reason)
{
	struct stream *s = l->stream;
	struct buf address = BUF_INIT(0), tls = BUF_INIT(0), issuer = BUF_INIT(0), serial = BUF_INIT(0),
		   fingerprint = BUF_INIT(0);
	struct entry entry;
	struct extra extra[8];
	size_t n = 0;

	conn_put_address(&s->conn, &address);
	conn_put_tls(&s->conn, &tls);
	if (l->is_external)
		tls_client_put(s->conn.ssl, &issuer, &serial, &fingerprint);
	extra[n++] = (struct extra){.key = KEY_MECHANISM, .text = str_from(l->mechanism)};
	extra[n++] = (struct extra){.key = KEY_TLS, .text = buf_view(&tls)};
	extra[n++] = (struct extra){.key = KEY_CERT_ISSUER, .text = buf_view(&issuer)};
	extra[n++] = (struct extra){.key = KEY_CERT_SERIAL, .text = buf_view(&serial)};
	extra[n++] = (struct extra){.key = KEY_CERT_SHA256, .text = buf_view(&fingerprint)};
	if (s->agent) {
		extra[n++] = (struct extra){.key = KEY_AGENT, .text = s->agent->id};
		extra[n++] = (struct extra){.key = KEY_SOFTWARE, .text = s->agent->software};
		extra[n++] = (struct extra){.key = KEY_DEVICE, .text = s->agent->device};
	}
	entry = (struct entry){
			.type = type,
			.from = session_jid,
			.from_id = person,
			.address = buf_view(&address),
			.reason = reason,
			.extra = extra,
			.extra_len = n,
	};
	if (record_append(stream_record(s), &entry, NULL))
		log_warn("a login event could not be queued for the record");
	buf_done(&address);
	buf_done(&tls);
	buf_done(&issuer);
	buf_done(&serial);
	buf_done(&fingerprint);
}

/* ---- answers ---- */

static void login_answer_failure(struct stream *s, const struct login_syntax *syntax, const char *condition, struct str text)
{
	syntax->failure(s, condition, text);
	s->state = STREAM_NEGOTIATING;
	s->login = login_free(s->login);
	stat_add(&s->xl->stats.login_failures, 1);
	if (++s->failures >= s->xl->settings->sasl_attempts)
		stream_error(s, "policy-violation", "Too many failed logins.");
}

static bool login_waits(const struct login *l)
{
	return l && (l->pending || l->step == STEP_DELAY);
}

/* After an answer from elsewhere: input goes on, unless something further is awaited. */
void login_hear(struct stream *s)
{
	if (s->state != STREAM_BINDING && !login_waits(s->login))
		stream_unbusy(s);
}

static void on_delay_over(struct timer *timer)
{
	struct login *l = container_of(timer, struct login, delay);
	struct stream *s = l->stream;

	login_answer_failure(s, l->syntax, l->condition, STR_NONE);
	stream_unbusy(s);
}

/* A failure that says something about a password: counted, recorded, perhaps delayed. */
static void login_reject_as(struct login *l, const char *condition, struct str account, struct str reason)
{
	struct stream *s = l->stream;
	unsigned delay_ms = throttle_failed(s->xl->xmpp->env.throttle, account, (struct sockaddr *)&l->peer,
			loop_ms(s->xl->loop));

	login_record(l, EVENT_LOGIN_FAILED, l->jid, STR_NONE, reason);
	l->condition = condition;
	if (delay_ms == 0) {
		login_answer_failure(s, l->syntax, l->condition, STR_NONE);
		return;
	}
	l->step = STEP_DELAY;
	s->busy = true;
	timer_start(s->xl->loop, &l->delay, (delay_ms + 999) / 1000);
}

static void login_reject(struct login *l, int outcome, struct str reason)
{
	login_reject_as(l, outcome == 0 ? "account-disabled" : scram_condition(outcome), l->jid, reason);
}

void login_reject_token(struct login *l, const char *condition, struct str reason)
{
	login_reject_as(l, condition, STR_NONE, reason);
}

void login_fail(struct stream *s, const struct login_syntax *syntax, const char *condition)
{
	login_answer_failure(s, syntax, condition, STR_NONE);
}

void login_break(struct login *l, const char *condition)
{
	login_fail(l->stream, l->syntax, condition);
}

/* ---- who has proven who he is ---- */

void login_admit(struct login *l, const struct person *person, struct str payload)
{
	struct stream *s = l->stream;

	throttle_succeeded(s->xl->xmpp->env.throttle, l->jid, (struct sockaddr *)&l->peer, loop_ms(s->xl->loop));
	login_record(l, EVENT_LOGIN, person->jid, person->id, STR_NONE);
	s->person = person;
	s->mechanism = l->mechanism;
	s->authenticated = true;
	stat_add(&s->xl->stats.logins, 1);
	stat_add(&s->xl->stats.logged_in, 1);
	conn_set_logged_in(&s->conn);
	tokenizer_set_limits(s->tokenizer, &s->xl->after);
	l->syntax->success(l, payload);
	s->login = login_free(l);
}

/* Do the rules about clients deny what shows itself before there is a session: the agent, the mechanism, TLS, the address?
 * Then *text is what the person is told, *rule says which. */
static bool login_is_denied(struct login *l, const struct person *person, struct str *text, struct str *rule)
{
	struct stream *s = l->stream;
	const struct xmpp_env *env = &s->xl->xmpp->env;
	struct buf address = BUF_INIT(0), tls = BUF_INIT(0);
	struct xmpp_visitor v = {.person = person, .mechanism = str_from(l->mechanism)};
	bool denied;

	if (!env->denies)
		return false;
	conn_put_address(&s->conn, &address);
	conn_put_tls(&s->conn, &tls);
	v.address = buf_view(&address);
	v.tls = buf_view(&tls);
	v.signals.ja4 = conn_ja4(&s->conn);
	if (s->agent) {
		v.signals.agent_id = s->agent->id;
		v.signals.agent_software = s->agent->software;
		v.signals.agent_device = s->agent->device;
	}
	denied = env->denies(env->owner, &v, l->arena, text, rule);
	buf_done(&address);
	buf_done(&tls);
	return denied;
}

/* XEP-0388 section 2.3: the stream was opened `from` somebody else. RFC 6120 knows no such rule. */
static bool login_is_another(const struct login *l)
{
	const char *claimed = l->stream->claimed;

	return l->request && claimed && !str_eq(str_from(claimed), l->jid);
}

/* Does a switch leave him no session now (rule/lockdown.h)? Then *text says for how long and why, and *id which. */
static bool login_is_barred(struct login *l, const struct person *person, struct str *text, struct str *id)
{
	const struct xmpp_env *env = &l->stream->xl->xmpp->env;
	struct subject who = subject_of(person->jid, true);

	who.groups = person->groups;
	who.group_count = person->groups_len;
	return env->bars && env->bars(env->owner, &who, l->stream->agent ? l->stream->agent->id : STR(""), person->language, l->arena,
				    text, id);
}

void login_refused(const struct stream *s, const char *kind, struct str owner, struct str rule, struct str reason)
{
	struct buf address = BUF_INIT(0);

	conn_put_address(&s->conn, &address);
	rejection_note(&(struct rejection){.kind = str_from(kind),
			.address = network_host(buf_view(&address)),
			.owner = owner,
			.product = s->agent ? s->agent->software : STR_NONE,
			.rule = rule,
			.reason = reason});
	buf_done(&address);
}

/* As for a denied client: after this condition clients keep the password and come again. */
static void login_bar(struct login *l, const struct person *person, struct str text, struct str id)
{
	login_refused(l->stream, "switch", person->jid, id, text);
	login_record(l, EVENT_LOGIN_FAILED, person->jid, person->id, STR("switched off"));
	login_answer_failure(l->stream, l->syntax, "temporary-auth-failure", text);
}

static void login_deny(struct login *l, const struct person *person, struct str text, struct str rule)
{
	struct str reason = arena_printf(l->arena, "the client is denied by rule %.*s", STR_FMT(rule));

	login_record(l, EVENT_LOGIN_FAILED, person->jid, person->id, reason);
	login_answer_failure(l->stream, l->syntax, "temporary-auth-failure", text);
}

void login_succeed(struct login *l, struct str payload)
{
	const struct person *person = directory_get(l->stream->xl->xmpp->env.directory, l->jid);
	struct str text = STR_NONE, rule = STR_NONE;

	if (!person || person->disabled) {
		login_reject(l, 0, STR("the account is disabled"));
	} else if (l->before && !person_is_still(l->before, person)) {
		login_reject(l, SCRAM_E_WRONG_PASSWORD, STR("the password was changed meanwhile"));
	} else if (login_is_another(l)) {
		login_reject(l, SCRAM_E_AUTHZID, STR("the stream was opened for another account"));
	} else if (login_is_barred(l, person, &text, &rule)) {
		login_bar(l, person, text, rule);
	} else if (login_is_denied(l, person, &text, &rule)) {
		login_deny(l, person, text, rule);
	} else {
		if (!token_settle(l, person, payload))
			login_admit(l, person, payload);
		return;
	}
	person_unref(person);
}

/* ---- SCRAM ---- */

static void login_challenge(struct login *l)
{
	struct buf out = BUF_INIT(PAYLOAD_MAX);

	scram_set_verifier(l->scram, l->has_verifier ? &l->verifier : NULL);
	if (scram_server_first(l->scram, &out)) {
		buf_done(&out);
		login_break(l, "temporary-auth-failure");
		return;
	}
	l->step = STEP_FINAL;
	l->syntax->challenge(l->stream, buf_view(&out));
	buf_done(&out);
}

static void login_final(struct login *l, struct str message)
{
	struct buf out = BUF_INIT(PAYLOAD_MAX);
	int outcome = scram_client_final(l->scram, message, &out);

	if (outcome == 0 && l->refused)
		login_reject(l, SCRAM_E_WRONG_PASSWORD, STR("refused after too many failures"));
	else if (outcome)
		login_reject(l, outcome, str_from(scram_reason(outcome)));
	else
		login_succeed(l, buf_view(&out));
	buf_done(&out);
}

/* ---- PLAIN ---- */

static void on_plain_work(uv_work_t *work)
{
	struct login *l = work->data;
	const struct xmpp_env *env = &l->stream->xl->xmpp->env;

	l->outcome = plain_check(&l->plain, l->has_verifier ? &l->verifier : NULL,
			l->has_verifier ? l->kind : STORE_SHA_256, env->secret,
			l->iterations);
}

static void on_plain_done(uv_work_t *work, int status)
{
	struct login *l = work->data;
	struct stream *s = l->stream;

	if (!login_arrived(l))
		return;
	if (status)
		login_break(l, "temporary-auth-failure");
	else if (l->outcome == 0 && l->refused)
		login_reject(l, SCRAM_E_WRONG_PASSWORD, STR("refused after too many failures"));
	else if (l->outcome)
		login_reject(l, l->outcome, str_from(scram_reason(l->outcome)));
	else
		login_succeed(l, STR_NONE);
	login_hear(s);
}

static void login_check_plain(struct login *l)
{
	struct stream *s = l->stream;

	l->work.data = l;
	login_depart(l);
	if (uv_queue_work(loop_uv(s->xl->loop), &l->work, on_plain_work, on_plain_done)) {
		login_arrived(l);
		login_break(l, "temporary-auth-failure");
		stream_unbusy(s);
	}
}

/* ---- looking up ---- */

static void login_looked_up(struct login *l)
{
	if (l->is_plain) {
		login_check_plain(l);
		return;
	}
	login_challenge(l);
	stream_unbusy(l->stream);
}

static void login_ask_verifier(struct login *l, enum store_verifier_kind kind)
{
	struct stream *s = l->stream;

	l->kind = kind;
	if (!l->before)
		l->before = directory_get(s->xl->xmpp->env.directory, l->jid);
	login_depart(l);
	if (store_verifier_get(s->xl->xmpp->env.store, &l->req, l->jid, kind)) {
		login_arrived(l);
		login_break(l, "temporary-auth-failure");
		stream_unbusy(s);
	}
}

/* PLAIN can be checked with any verifier: the usual one first. False: there is no further kind. */
static bool login_ask_next(struct login *l)
{
	if (!l->is_plain || l->kind == STORE_SHA_1)
		return false;
	login_ask_verifier(l, l->kind == STORE_SHA_256 ? STORE_SHA_512 : STORE_SHA_1);
	return true;
}

static void on_verifier(struct store_req *req, int result)
{
	struct login *l = req->owner;
	struct stream *s = l->stream;

	if (!login_arrived(l))
		return;
	if (result == STORE_E_NONE && login_ask_next(l))
		return;
	if (result != 0 && result != STORE_E_NONE) {
		login_break(l, "temporary-auth-failure");
		stream_unbusy(s);
		return;
	}
	l->has_verifier = result == 0;
	if (l->has_verifier)
		l->verifier = *req->verifier;
	store_req_release(req);
	login_looked_up(l);
}

/* Too many logins have failed from there. */
static void login_hold(struct login *l)
{
	login_refused(l->stream, "throttle", STR_NONE, STR_NONE, STR("too many logins have failed from this address"));
	login_break(l, "temporary-auth-failure");
}

/* The account is claimed; what is known of it? */
static void login_look_up(struct login *l, struct str jid, enum store_verifier_kind kind)
{
	struct stream *s = l->stream;
	const struct xmpp_env *env = &s->xl->xmpp->env;

	enum throttle_verdict verdict =
			throttle_ask(env->throttle, jid, (struct sockaddr *)&l->peer, loop_ms(s->xl->loop));

	l->step = STEP_LOOKUP;
	l->jid = jid;
	if (verdict == THROTTLE_ADDRESS) {
		login_hold(l);
		return;
	}
	l->refused = verdict != THROTTLE_PASS;
	if (jid.len == 0) {
		login_looked_up(l);
		return;
	}
	login_ask_verifier(l, kind);
}

/* No password is in play, so no account is slowed down by it; an address that failed too often is refused as always. */
static void login_external(struct login *l, struct str authzid)
{
	struct stream *s = l->stream;
	int outcome;

	if (throttle_ask(s->xl->xmpp->env.throttle, STR_NONE, (struct sockaddr *)&l->peer, loop_ms(s->xl->loop)) ==
			THROTTLE_ADDRESS) {
		login_hold(l);
		return;
	}
	outcome = external_decide(s, authzid, l->arena, &l->jid);
	if (outcome) {
		login_record(l, EVENT_LOGIN_FAILED, l->jid, STR_NONE, str_from(scram_reason(outcome)));
		login_break(l, scram_condition(outcome));
		return;
	}
	login_succeed(l, STR_NONE);
}

/* The same holds for a token. */
static void login_token(struct login *l, struct str message)
{
	struct stream *s = l->stream;
	int outcome = ht_parse(&l->token.message, message, s->domain, l->arena);

	l->jid = l->token.message.jid;
	if (outcome)
		login_break(l, scram_condition(outcome));
	else if (throttle_ask(s->xl->xmpp->env.throttle, STR_NONE, (struct sockaddr *)&l->peer, loop_ms(s->xl->loop)) ==
			THROTTLE_ADDRESS)
		login_hold(l);
	else
		token_look_up(l);
}

/* One that could be read and asks for what it may not have, such as another's account, or to forget that it was offered channel
 * binding: somebody between client and server may have done that. */
static void login_refuse_first(struct login *l, int outcome)
{
	if (outcome == SCRAM_E_DOWNGRADE || outcome == SCRAM_E_AUTHZID || outcome == SCRAM_E_BINDING_TYPE)
		login_reject_as(l, scram_condition(outcome), STR_NONE, str_from(scram_reason(outcome)));
	else
		login_break(l, scram_condition(outcome));
}

void login_first(struct login *l, struct str message)
{
	int outcome;

	if (l->is_external) {
		login_external(l, message);
		return;
	}
	if (l->token.proves) {
		login_token(l, message);
		return;
	}
	outcome = l->is_plain ? plain_parse(&l->plain, message, l->stream->domain, l->arena)
			      : scram_client_first(l->scram, message);
	if (outcome) {
		login_refuse_first(l, outcome);
		return;
	}
	if (l->is_plain)
		login_look_up(l, l->plain.jid, STORE_SHA_256);
	else
		login_look_up(l, scram_jid(l->scram), scram_kind(l->scram));
}

/* ---- beginning ---- */

static int login_setup_scram(struct login *l, enum scram_mechanism mechanism)
{
	struct stream *s = l->stream;
	unsigned char exporter[32], finished[TLS_FINISHED_MAX], end_point[EVP_MAX_MD_SIZE];
	bool plus = scram_is_plus(mechanism);
	struct scram_setup setup = {
			.mechanism = mechanism,
			.plus_offered = mechanisms_have_plus(s),
			.domain = s->domain,
			.secret = s->xl->xmpp->env.secret,
			.iterations = s->xl->settings->sasl_iterations,
	};

	if (plus && !(setup.plus_offered && tls_exporter(s->conn.ssl, exporter)))
		return -EINVAL;
	if (plus) {
		setup.tls_exporter = str_of((const char *)exporter, sizeof(exporter));
		setup.tls_server_end_point = str_of((const char *)end_point, tls_end_point(s->conn.ssl, end_point));
		setup.tls_unique = str_of((const char *)finished, tls_client_finished(s->conn.ssl, finished));
	}
	return scram_new(&l->scram, &setup);
}

static struct login *login_new(struct stream *s, const struct login_syntax *syntax, struct str mechanism)
{
	struct login *l = calloc(1, sizeof(*l));
	enum scram_mechanism scram;

	if (!l)
		return NULL;
	l->stream = s;
	l->syntax = syntax;
	l->iterations = s->xl->settings->sasl_iterations;
	timer_init(&l->delay, on_delay_over);
	store_req_init(&l->req, on_verifier, l);
	l->arena = arena_new(64 << 10);
	if (!l->arena || !conn_peer(&s->conn, &l->peer))
		goto fail;
	if (str_eq(mechanism, str_from(mechanism_names[MECHANISM_PLAIN])) && mechanisms_have_plain(s)) {
		l->is_plain = true;
		l->mechanism = mechanism_names[MECHANISM_PLAIN];
		return l;
	}
	if (str_eq(mechanism, str_from(mechanism_names[MECHANISM_EXTERNAL])) && external_is_offered(s)) {
		l->is_external = true;
		l->mechanism = mechanism_names[MECHANISM_EXTERNAL];
		return l;
	}
	if (syntax->has_tokens && ht_mechanism_parse(mechanism, &l->token.mechanism) && tokens_have(s, l->token.mechanism)) {
		l->token.proves = true;
		l->mechanism = ht_mechanism_name(l->token.mechanism);
		return l;
	}
	if (!scram_mechanism_parse(mechanism, &scram) || !mechanisms_have(s, scram) || login_setup_scram(l, scram))
		goto fail;
	l->mechanism = scram_mechanism_name(scram);
	return l;
fail:
	login_wipe(l);
	return NULL;
}

static void login_refuse_mechanism(const struct stream *s, struct str mechanism)
{
	struct buf reason = BUF_INIT(0);

	buf_printf(&reason, "it wants %.*s, which is not offered", STR_FMT(str_cut(mechanism, 0, mechanism.len < 40 ? mechanism.len : 40)));
	login_refused(s, "mechanism", STR_NONE, STR_NONE, buf_view(&reason));
	buf_done(&reason);
}

bool login_begin(struct stream *s, const struct login_syntax *syntax, struct str mechanism)
{
	s->login = login_free(s->login);
	s->login = login_new(s, syntax, mechanism);
	if (!s->login) {
		login_refuse_mechanism(s, mechanism);
		login_fail(s, syntax, "invalid-mechanism");
		return false;
	}
	s->state = STREAM_LOGIN;
	return true;
}

void login_answer(struct login *l, struct str message)
{
	if (l->step == STEP_FIRST)
		login_first(l, message);
	else
		login_final(l, message);
}

/* ---- payloads ---- */

const char *login_decode(struct str text, struct buf *out)
{
	if (text.len > PAYLOAD_MAX * 4 / 3 || (text.len && !buf_room(out, text.len / 4 * 3)) || !base64_parse(text, out))
		return "incorrect-encoding";
	return NULL;
}

void login_wipe_payload(struct buf *payload)
{
	if (payload->data)
		OPENSSL_cleanse(payload->data, payload->cap);
	buf_done(payload);
}

void login_wipe_element(const struct node *n)
{
	node_each (child, n)
		if (child->kind == NODE_TEXT && child->text.len)
			OPENSSL_cleanse((char *)(uintptr_t)child->text.data, child->text.len);
}
