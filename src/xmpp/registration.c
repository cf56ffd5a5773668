#include "xmpp/registration.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "account/directory.h"
#include "account/invitation.h"
#include "account/throttle.h"
#include "account/verifier.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/settings.h"
#include "jid/jid.h"
#include "record/record.h"
#include "stanza/ns.h"
#include "stanza/stanza_error.h"
#include "store/store.h"

enum { ARENA_MAX = 256 << 10 };

struct registration {
	struct stream *stream; /* held by a reference to its port */
	struct arena *arena;
	struct store_req req;
	uv_work_t work;
	struct waiter waiter;
	struct sockaddr_storage peer;
	struct str token_hash;
	struct str invite; /* its id */
	struct str only;   /* the one address it is for, or empty */
	struct node *iq;   /* what is being answered: its attributes only */
	struct store_account row;
	struct store_verifier verifiers[STORE_VERIFIER_KINDS];
	char password[PASSWORD_MAX + 1];
	size_t password_len;
	uint32_t iterations, password_min; /* of the settings when it was asked: the worker may not look */
	int made;
	uint64_t seq; /* of the line in the record */
	bool accepted; /* the token */
	bool pending, orphan, committed;
};

static void registration_wipe(struct registration *g)
{
	struct port *port = &g->stream->port;

	OPENSSL_cleanse(g->password, sizeof(g->password));
	verifier_wipe(g->verifiers, STORE_VERIFIER_KINDS);
	store_req_release(&g->req);
	arena_free(g->arena);
	free(g);
	port_unref(port);
}

struct registration *registration_free(struct registration *g)
{
	if (!g)
		return NULL;
	if (g->pending)
		g->orphan = true;
	else
		registration_wipe(g);
	return NULL;
}

static struct registration *registration_new(struct stream *s)
{
	struct registration *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->arena = arena_new(ARENA_MAX);
	if (!g->arena || !conn_peer(&s->conn, &g->peer)) {
		arena_free(g->arena);
		free(g);
		return NULL;
	}
	g->stream = s;
	port_ref(&s->port);
	return g;
}

static void depart(struct registration *g)
{
	g->pending = true;
	g->stream->busy = true;
}

/* False: nobody waits for it any more, and nothing has been promised yet. */
static bool arrived(struct registration *g)
{
	g->pending = false;
	if (!g->orphan || g->committed)
		return true;
	registration_wipe(g);
	return false;
}

/* ---- answers ---- */

/* An answer comes from the domain, whether the request was addressed to it or to nobody. */
static void send_answer(struct stream *s, struct arena *arena, struct node *answer)
{
	if (!answer)
		return;
	node_set_attr(arena, answer, STR("from"), s->domain);
	stream_write_node(s, answer);
}

static void answer_error(struct stream *s, const struct node *iq, enum stanza_condition condition, const char *text)
{
	struct arena *arena = arena_new(0);

	if (arena)
		send_answer(s, arena, stanza_error_reply(arena, iq, condition, STANZA_TYPE_DEFAULT, str_from(text), STR_NONE,
				NULL));
	arena_free(arena);
}

static void answer_empty(struct stream *s, const struct node *iq)
{
	struct arena *arena = arena_new(0);

	if (arena)
		send_answer(s, arena, stanza_iq_result(arena, iq));
	arena_free(arena);
}

/* What an answer needs of a request whose tree goes. */
static bool keep_request(struct registration *g, const struct node *iq)
{
	g->iq = node_new(g->arena, STR("iq"), NS_CLIENT);
	if (g->iq) {
		node_set_attr(g->arena, g->iq, STR("id"), arena_dup(g->arena, node_attr(iq, STR("id"))));
		node_set_attr(g->arena, g->iq, STR("type"), STR("set"));
	}
	return !arena_is_full(g->arena);
}

/* The end of what was waited for; the stream goes on reading. */
static void resume(struct registration *g, bool done)
{
	struct stream *s = g->stream;

	if (g->orphan) {
		registration_wipe(g);
		return;
	}
	if (done)
		s->registration = registration_free(g);
	stream_unbusy(s);
}

static void refuse(struct registration *g, enum stanza_condition condition, const char *text, bool done)
{
	if (!g->orphan)
		answer_error(g->stream, g->iq, condition, text);
	resume(g, done);
}

/* ---- the token ---- */

static void record_refusal(struct registration *g)
{
	struct buf address = BUF_INIT(0);
	struct extra mechanism = {.key = KEY_MECHANISM, .text = STR("invitation")};
	struct entry entry = {
			.type = EVENT_LOGIN_FAILED,
			.reason = STR("no open invitation has this token"),
			.extra = &mechanism,
			.extra_len = 1,
	};

	conn_put_address(&g->stream->conn, &address);
	entry.address = buf_view(&address);
	if (record_append(stream_record(g->stream), &entry, NULL))
		log_warn("a refused invitation could not be queued for the record");
	buf_done(&address);
}

/* Counted like a wrong password: per address, and per connection. */
static void refuse_token(struct registration *g)
{
	struct stream *s = g->stream;

	throttle_failed(s->xl->xmpp->env.throttle, g->token_hash, (struct sockaddr *)&g->peer, loop_ms(s->xl->loop));
	record_refusal(g);
	answer_error(s, g->iq, STANZA_ITEM_NOT_FOUND, "The token is not valid, or not any more.");
	if (++s->failures >= s->xl->settings->sasl_attempts) {
		stream_error(s, "policy-violation", "Too many tokens that are not valid.");
		return;
	}
	resume(g, true);
}

static bool is_open(const struct registration *g, const struct store_invite *i)
{
	return !i->used_us && !i->revoked_us && i->expires_us > clock_utc_us() && str_eq(i->domain, g->stream->domain);
}

static void keep_invite(struct registration *g, const struct store_invite *i)
{
	struct str *groups = arena_zalloc(g->arena, (i->groups_len + 1) * sizeof(*groups));

	for (size_t n = 0; groups && n < i->groups_len; n++)
		groups[n] = arena_dup(g->arena, i->groups[n]);
	g->row = (struct store_account){.groups = groups, .groups_len = groups ? i->groups_len : 0};
	g->invite = arena_dup(g->arena, i->id);
	g->only = arena_dup(g->arena, i->jid);
}

/* While a switch leaves such an account no session, none is made either; the invitation waits. */
static bool is_barred(struct registration *g, struct str jid)
{
	const struct xmpp_env *env = &g->stream->xl->xmpp->env;
	struct subject who = {.jid = jid, .domain = g->stream->domain, .inside = true};
	struct str text = STR_NONE, id;
	struct buf out = BUF_INIT(0); /* the registration ends with the refusal, and its arena */
	bool barred;

	who.groups = g->row.groups;
	who.group_count = g->row.groups_len;
	barred = !g->orphan && env->bars && env->bars(env->owner, &who, STR(""), STR(""), g->arena, &text, &id);
	buf_str(&out, text);
	if (barred)
		refuse(g, STANZA_NOT_ALLOWED, buf_cstr(&out), true);
	buf_done(&out);
	return barred;
}

static void on_found(struct store_req *req, int result)
{
	struct registration *g = req->owner;

	if (!arrived(g))
		return;
	if (result != 0 && result != STORE_E_NONE) {
		refuse(g, STANZA_INTERNAL_SERVER_ERROR, NULL, true);
		return;
	}
	if (result == STORE_E_NONE || !is_open(g, &req->invites->rows[0])) {
		refuse_token(g);
		return;
	}
	keep_invite(g, &req->invites->rows[0]);
	store_req_release(req);
	if (arena_is_full(g->arena)) {
		refuse(g, STANZA_INTERNAL_SERVER_ERROR, NULL, true);
		return;
	}
	if (is_barred(g, g->only))
		return;
	g->accepted = true;
	answer_empty(g->stream, g->iq);
	resume(g, false);
}

static bool take_token(struct registration *g, struct str token)
{
	struct buf hash = BUF_INIT(0);
	bool ok = invite_hash(token, &hash);

	g->token_hash = arena_dup(g->arena, buf_view(&hash));
	buf_done(&hash);
	return ok && !arena_is_full(g->arena);
}

static void look_up(struct stream *s, const struct node *iq, struct str token)
{
	struct registration *g = registration_new(s);

	s->registration = registration_free(s->registration);
	if (!g || !take_token(g, token) || !keep_request(g, iq)) {
		registration_free(g);
		answer_error(s, iq, STANZA_INTERNAL_SERVER_ERROR, NULL);
		return;
	}
	s->registration = g;
	store_req_init(&g->req, on_found, g);
	depart(g);
	if (store_invite_find(s->xl->xmpp->env.store, &g->req, g->token_hash)) {
		g->pending = false;
		refuse(g, STANZA_INTERNAL_SERVER_ERROR, NULL, true);
	}
}

static void preauth(struct stream *s, const struct node *iq, const struct node *request)
{
	struct str token = node_attr(request, STR("token"));
	struct sockaddr_storage peer;

	if (!str_is(node_attr(iq, STR("type")), "set") || !token.len || token.len > INVITATION_TOKEN_MAX)
		answer_error(s, iq, STANZA_BAD_REQUEST, NULL);
	else if (!conn_peer(&s->conn, &peer) || throttle_ask(s->xl->xmpp->env.throttle, STR_NONE, (struct sockaddr *)&peer,
						loop_ms(s->xl->loop)) == THROTTLE_ADDRESS)
		answer_error(s, iq, STANZA_RESOURCE_CONSTRAINT, "Too many attempts; try again later.");
	else
		look_up(s, iq, token);
}

/* ---- making the account ---- */

/* The act, or with `undone` why it was not done after all. */
static int put_line(struct registration *g, const char *undone, struct waiter *w)
{
	struct buf actor = BUF_INIT(0), address = BUF_INIT(0);
	struct extra extra[5];
	struct entry entry = {
			.type = EVENT_ADMIN,
			.text = undone ? STR_NONE : g->row.person_id,
			.reason = str_from(undone),
			.extra = extra,
			.extra_len = undone ? 5 : 3,
	};
	int r;

	buf_printf(&actor, "invitation %.*s", STR_FMT(g->invite));
	if (!g->orphan)
		conn_put_address(&g->stream->conn, &address);
	extra[0] = (struct extra){.key = KEY_ACTOR, .text = buf_view(&actor)};
	extra[1] = (struct extra){.key = KEY_COMMAND, .text = STR("user.register")};
	extra[2] = (struct extra){.key = KEY_TARGET, .text = g->row.jid};
	extra[3] = (struct extra){.key = KEY_OK};
	extra[4] = (struct extra){.key = KEY_OF_SEQ, .number = g->seq};
	entry.address = buf_view(&address);
	r = record_append(stream_record(g->stream), &entry, w);
	buf_done(&actor);
	buf_done(&address);
	return r;
}

static void undo(struct registration *g, enum stanza_condition condition, const char *text, const char *why, bool done)
{
	if (put_line(g, why, NULL))
		log_error("that an invited account was not made could not be queued for the record");
	g->committed = false;
	refuse(g, condition, text, done);
}

static void on_redeemed(struct store_req *req, int result)
{
	struct registration *g = req->owner;

	if (!arrived(g))
		return;
	store_req_release(req); /* it held keys, and another name may be tried next */
	if (result == STORE_E_EXISTS) {
		undo(g, STANZA_CONFLICT, "The name is taken.", "the address is in use, was once, or is kept for another", false);
	} else if (result == STORE_E_NONE) {
		undo(g, STANZA_ITEM_NOT_FOUND, "The token is not valid any more.", "the invitation was used or revoked", true);
	} else if (result) {
		undo(g, STANZA_INTERNAL_SERVER_ERROR, NULL, "the store could not do it", true);
	} else {
		if (directory_put(g->stream->xl->xmpp->env.directory, &g->row))
			log_error("memory is out: an invited account can be used after the next start only");
		log_info("an account was made with the invitation %.*s", STR_FMT(g->invite));
		if (!g->orphan)
			answer_empty(g->stream, g->iq);
		resume(g, true);
	}
}

static void on_recorded(struct waiter *w, const struct receipt *receipt)
{
	struct registration *g = container_of(w, struct registration, waiter);

	if (!arrived(g))
		return;
	if (!receipt) { /* the gate ends */
		refuse(g, STANZA_INTERNAL_SERVER_ERROR, NULL, true);
		return;
	}
	g->seq = receipt_seq(receipt);
	store_req_init(&g->req, on_redeemed, g);
	depart(g);
	if (store_invite_redeem(g->stream->xl->xmpp->env.store, &g->req, g->token_hash, &g->row)) {
		g->pending = false;
		undo(g, STANZA_INTERNAL_SERVER_ERROR, NULL, "out of memory", true);
	}
}

static void commit(struct registration *g)
{
	int r;

	g->waiter.done = on_recorded;
	g->committed = true;
	depart(g);
	r = put_line(g, NULL, &g->waiter);
	if (r) {
		g->pending = g->committed = false;
		refuse(g, STANZA_RESOURCE_CONSTRAINT, "Nothing can be recorded now; try again later.", false);
	}
}

static void on_work(uv_work_t *work)
{
	struct registration *g = work->data;
	struct str password = str_of(g->password, g->password_len);

	g->made = verifier_policy(password, g->row.jid, g->password_min);
	if (g->made == 0)
		g->made = verifier_make(g->verifiers, password, g->iterations, VERIFIER_DEFAULT);
	OPENSSL_cleanse(g->password, sizeof(g->password));
}

static void on_worked(uv_work_t *work, int status)
{
	struct registration *g = work->data;

	if (!arrived(g))
		return;
	if (status || g->made < 0)
		refuse(g, STANZA_INTERNAL_SERVER_ERROR, NULL, false);
	else if (g->made > 0)
		refuse(g, STANZA_NOT_ACCEPTABLE, verifier_text(g->made), false);
	else if (!is_barred(g, g->row.jid))
		commit(g);
}

static struct str field(const struct registration *g, const struct node *query, const char *name)
{
	const struct node *n = node_child(query, str_from(name), NS_REGISTER);

	return n ? node_text(n, g->arena) : STR_NONE;
}

static bool is_there(const struct stream *s, struct str jid)
{
	const struct person *p = directory_get(s->xl->xmpp->env.directory, jid);

	person_unref(p);
	return p != NULL;
}

/* A name that its inviter chose is none to ask about. */
static bool is_forbidden(const struct registration *g)
{
	const struct xmpp_env *env = &g->stream->xl->xmpp->env;
	struct buf address = BUF_INIT(0);
	bool forbidden;

	if (g->only.len || !env->forbids)
		return false;
	conn_put_address(&g->stream->conn, &address);
	forbidden = env->forbids(env->owner, g->row.jid, buf_view(&address));
	buf_done(&address);
	return forbidden;
}

/* The address that is asked for; false: it was answered why not. */
static bool take_username(struct registration *g, const struct node *iq, struct str name)
{
	struct stream *s = g->stream;
	char id[PERSON_ID_LEN + 1];
	struct str local;

	if (jid_prepare_local(&local, name, g->arena)) {
		answer_error(s, iq, STANZA_NOT_ACCEPTABLE, "This cannot be a user's name.");
		return false;
	}
	person_id_new(id);
	g->row.jid = arena_printf(g->arena, "%.*s@%.*s", STR_FMT(local), STR_FMT(s->domain));
	g->row.person_id = arena_dup(g->arena, str_from(id));
	g->row.created_us = clock_utc_us();
	g->row.verifiers = g->verifiers;
	if (g->only.len && !str_eq(g->only, g->row.jid)) {
		answer_error(s, iq, STANZA_NOT_ALLOWED, "The invitation is for another name.");
		return false;
	}
	if (is_forbidden(g)) {
		answer_error(s, iq, STANZA_POLICY_VIOLATION, "This name is not allowed here.");
		return false;
	}
	if (is_there(s, g->row.jid)) {
		answer_error(s, iq, STANZA_CONFLICT, "The name is taken.");
		return false;
	}
	return true;
}

static void submit(struct registration *g, const struct node *iq, struct str password)
{
	struct stream *s = g->stream;

	memcpy(g->password, password.data, password.len);
	g->password_len = password.len;
	g->iterations = s->xl->settings->sasl_iterations;
	g->password_min = s->xl->settings->sasl_password_min;
	g->work.data = g;
	if (!keep_request(g, iq)) {
		answer_error(s, iq, STANZA_INTERNAL_SERVER_ERROR, NULL);
		return;
	}
	depart(g);
	if (uv_queue_work(loop_uv(s->xl->loop), &g->work, on_work, on_worked)) {
		g->pending = false;
		refuse(g, STANZA_INTERNAL_SERVER_ERROR, NULL, false);
	}
}

static void set(struct registration *g, const struct node *iq, const struct node *query)
{
	struct stream *s = g->stream;
	struct str username = field(g, query, "username"), password = field(g, query, "password");

	if (!username.len || !password.len)
		answer_error(s, iq, STANZA_NOT_ACCEPTABLE, "A name and a password are needed.");
	else if (password.len > PASSWORD_MAX)
		answer_error(s, iq, STANZA_NOT_ACCEPTABLE, verifier_text(VERIFIER_E_LONG));
	else if (take_username(g, iq, username))
		submit(g, iq, password);
	if (password.len)
		OPENSSL_cleanse((char *)(uintptr_t)password.data, password.len);
}

/* XEP-0077 section 3.1: what is needed. */
static void get(const struct registration *g, const struct node *iq)
{
	struct arena *arena = arena_new(0);
	struct node *result = arena ? stanza_iq_result(arena, iq) : NULL;
	struct node *query = result ? node_add(arena, result, STR("query"), NS_REGISTER) : NULL;
	struct node *text = query ? node_add(arena, query, STR("instructions"), NS_REGISTER) : NULL;
	struct node *name = query ? node_add(arena, query, STR("username"), NS_REGISTER) : NULL;

	if (text && name && node_add(arena, query, STR("password"), NS_REGISTER)) {
		node_add_text(arena, text, g->only.len ? STR("Choose a password.") : STR("Choose a name and a password."));
		if (g->only.len)
			node_add_text(arena, name, jid_split(g->only).local);
		send_answer(g->stream, arena, result);
	}
	arena_free(arena);
}

static void register_query(struct stream *s, const struct node *iq, const struct node *query)
{
	bool sets = str_is(node_attr(iq, STR("type")), "set");

	if (!s->registration || !s->registration->accepted)
		answer_error(s, iq, STANZA_NOT_ALLOWED, "Accounts are made by invitation only.");
	else if (node_child(query, STR("remove"), NS_REGISTER))
		answer_error(s, iq, STANZA_NOT_ALLOWED, NULL);
	else if (sets)
		set(s->registration, iq, query);
	else
		get(s->registration, iq);
}

/* ---- elements ---- */

static const struct node *request_of(const struct node *iq)
{
	const struct node *n = node_first_element(iq);

	if (n && !node_next_element(n) && (node_is(n, STR("preauth"), NS_PARS) || node_is(n, STR("query"), NS_REGISTER)))
		return n;
	return NULL;
}

bool registration_is_request(const struct stream *s, const struct node *n)
{
	struct str type = node_attr(n, STR("type"));

	return s->xl->settings->invites_enabled && s->conn.ssl && s->state == STREAM_NEGOTIATING &&
			node_is(n, STR("iq"), NS_CLIENT) && (str_is(type, "get") || str_is(type, "set")) && request_of(n);
}

/* It may be a password. */
static void wipe_texts(const struct node *n)
{
	node_each (child, n)
		if (child->kind == NODE_TEXT && child->text.len)
			OPENSSL_cleanse((char *)(uintptr_t)child->text.data, child->text.len);
		else if (child->kind != NODE_TEXT)
			node_each (text, child)
				if (text->kind == NODE_TEXT && text->text.len)
					OPENSSL_cleanse((char *)(uintptr_t)text->text.data, text->text.len);
}

void registration_iq(struct stream *s, const struct node *iq)
{
	const struct node *request = request_of(iq);
	struct str to = node_attr(iq, STR("to"));

	if (!node_attr(iq, STR("id")).len)
		answer_error(s, iq, STANZA_BAD_REQUEST, NULL);
	else if (to.len && !str_eq_nocase(to, s->domain))
		answer_error(s, iq, STANZA_SERVICE_UNAVAILABLE, NULL);
	else if (node_is(request, STR("preauth"), NS_PARS))
		preauth(s, iq, request);
	else
		register_query(s, iq, request);
	wipe_texts(request);
}

void registration_features(const struct stream *s, struct buf *out)
{
	if (!s->conn.ssl || !s->xl->settings->invites_enabled || s->xl->xmpp->inviting_until_us <= clock_utc_us())
		return;
	buf_lit(out, "<register xmlns='urn:xmpp:ibr-token:0'/><register xmlns='urn:xmpp:invite'/>"
		     "<register xmlns='http://jabber.org/features/iq-register'/>");
}
