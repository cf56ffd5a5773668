/* Resource binding (RFC 6120 section 7), resumption (XEP-0198 section 5), and the session request of RFC 3921 that old
 * clients still send and that means nothing now. The home loop decides; until it has answered the stream is busy. */
#include "account/directory.h"
#include "account/secret.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "conf/settings.h"
#include "rule/subject.h"
#include "stanza/ns.h"
#include "stanza/stanza_error.h"
#include "stanza/xml_out.h"
#include "xmpp/agent.h"
#include "xmpp/login.h"
#include "xmpp/stream.h"

bool binding_is_request(const struct node *n)
{
	return node_is(n, STR("iq"), NS_CLIENT) && node_child(n, STR("bind"), NS_BIND) != NULL;
}

/* After binding every stanza we send counts for stream management, so it goes by the session. */
static void answer(struct stream *s, const struct node *n)
{
	struct buf *b = &s->xl->scratch;
	struct blob *blob;

	if (!s->origin) {
		stream_write_node(s, n);
		return;
	}
	buf_clear(b);
	xml_put(b, n, NS_CLIENT);
	blob = buf_failed(b) ? NULL : blob_new(buf_view(b));
	if (blob)
		s->origin->answer(s->origin, &s->port, blob);
	blob_unref(blob);
}

static void answer_error_text(struct stream *s, const struct node *iq, enum stanza_condition condition, struct str text)
{
	struct arena *arena = arena_new(0);
	struct node *error = arena ? stanza_error_reply(arena, iq, condition, STANZA_TYPE_DEFAULT, text, STR_NONE, NULL)
				   : NULL;

	if (error)
		answer(s, error);
	arena_free(arena);
}

static void answer_error(struct stream *s, const struct node *iq, enum stanza_condition condition)
{
	answer_error_text(s, iq, condition, STR_NONE);
}

/* A switch leaves him no session, or none with this resource (rule/lockdown.h): what it says. `iq` NULL: he has asked for it
 * with his login. */
static void answer_barred(struct stream *s, const struct errand *e, const struct node *iq)
{
	const struct xmpp_env *env = &s->xl->xmpp->env;
	struct subject who = subject_of(s->person->jid, true);
	struct str text = STR("Switched off."), id = STR_NONE;
	struct buf out = BUF_INIT(0);

	who.groups = s->person->groups;
	who.group_count = s->person->groups_len;
	who.resource = e->resource;
	if (env->bars && env->bars(env->owner, &who, e->agent_id, s->person->language, e->arena, &text, &id))
		login_refused(s, "switch", s->person->jid, id, text);
	if (iq)
		answer_error_text(s, iq, STANZA_POLICY_VIOLATION, text);
	buf_str(&out, text);
	stream_error(s, "policy-violation", buf_cstr(&out));
	buf_done(&out);
}

static struct errand *binding_errand(struct stream *s, enum errand_kind kind, void (*on_answer)(struct errand *))
{
	struct errand *e = errand_new(kind, &s->port);
	struct buf text = BUF_INIT(256);

	if (!e) {
		stream_error(s, "internal-server-error", NULL);
		return NULL;
	}
	e->answer = on_answer;
	e->person = person_ref(s->person);
	e->bare = jid_split(s->person->jid);
	conn_put_address(&s->conn, &text);
	e->address = arena_dup(e->arena, buf_view(&text));
	buf_clear(&text);
	conn_put_tls(&s->conn, &text);
	e->tls = arena_dup(e->arena, buf_view(&text));
	e->mechanism = str_from(s->mechanism);
	e->ja4 = arena_dup(e->arena, conn_ja4(&s->conn));
	if (s->agent) {
		e->agent_id = arena_dup(e->arena, s->agent->id);
		e->agent_software = arena_dup(e->arena, s->agent->software);
		e->agent_device = arena_dup(e->arena, s->agent->device);
	}
	buf_done(&text);
	return e;
}

static void binding_submit(struct stream *s, struct errand *e)
{
	s->state = STREAM_BINDING;
	s->busy = true;
	s->xl->xmpp->env.errand(s->xl->xmpp->env.owner, e);
}

/* A stream that ended while it was being bound leaves a session nobody uses: it is gone at once. */
static void binding_abandon(struct stream *s, struct errand *e)
{
	struct errand *gone = e->origin ? errand_new(ERRAND_GONE, &s->port) : NULL;

	if (!gone)
		return;
	gone->origin = origin_ref(e->origin);
	gone->reason = GONE_LOST;
	gone->handled = e->handled;
	s->xl->xmpp->env.errand(s->xl->xmpp->env.owner, gone);
}

static void binding_done(struct stream *s, struct errand *e)
{
	s->origin = origin_ref(e->origin);
	standing_unref(s->standing);
	s->standing = standing_ref(e->standing);
	s->state = STREAM_BOUND;
	liveness_bound(s);
}

static enum stanza_condition bind_condition(enum errand_error error)
{
	switch (error) {
	case ERRAND_E_CONFLICT:
		return STANZA_CONFLICT;
	case ERRAND_E_TOO_MANY:
		return STANZA_RESOURCE_CONSTRAINT;
	case ERRAND_E_BAD_RESOURCE:
		return STANZA_BAD_REQUEST;
	case ERRAND_E_NO_ACCOUNT:
		return STANZA_NOT_ALLOWED;
	default:
		return STANZA_INTERNAL_SERVER_ERROR;
	}
}

/* The request as it was, as far as the answer needs it: an IQ with this id. */
static struct node *request_again(struct errand *e)
{
	struct node *iq = node_new(e->arena, STR("iq"), NS_CLIENT);

	if (!iq)
		return NULL;
	node_set_attr(e->arena, iq, STR("id"), e->request_id);
	node_set_attr(e->arena, iq, STR("type"), STR("set"));
	return iq;
}

static void on_bound(struct errand *e)
{
	struct stream *s = stream_of_port(e->port);
	struct node *iq = request_again(e), *result, *bind, *jid;

	if (s->state == STREAM_ENDED) {
		binding_abandon(s, e);
		errand_free(e);
		return;
	}
	if (e->error || !iq) {
		s->state = STREAM_UNBOUND;
		if (iq && e->error == ERRAND_E_BARRED)
			answer_barred(s, e, iq);
		else if (iq)
			answer_error(s, iq, bind_condition(e->error));
	} else {
		binding_done(s, e);
		result = stanza_iq_result(e->arena, iq);
		bind = result ? node_add(e->arena, result, STR("bind"), NS_BIND) : NULL;
		jid = bind ? node_add(e->arena, bind, STR("jid"), NS_BIND) : NULL;
		if (jid && node_add_text(e->arena, jid, e->origin->jid.full))
			stream_write_node(s, result);
	}
	stream_unbusy(s);
	errand_free(e); /* with it the stream, perhaps */
}

/* At most one <resource/>. What else is there is passed over (RFC 6120 section 8.4): libstrophe copies the children of the
 * feature into its request. */
static bool is_unambiguous(const struct node *bind)
{
	unsigned resources = 0;

	for (const struct node *c = node_first_element(bind); c; c = node_next_element(c))
		resources += node_is(c, STR("resource"), NS_BIND);
	return resources <= 1;
}

void binding_start(struct stream *s, const struct node *iq)
{
	const struct node *bind = node_child(iq, STR("bind"), NS_BIND);
	const struct node *resource = node_child(bind, STR("resource"), NS_BIND);
	struct errand *e;

	if (!str_is(node_attr(iq, STR("type")), "set") || !node_attr(iq, STR("id")).len || !is_unambiguous(bind) ||
			(resource && node_first_element(resource))) {
		answer_error(s, iq, STANZA_BAD_REQUEST);
		return;
	}
	e = binding_errand(s, ERRAND_BIND, on_bound);
	if (!e)
		return;
	e->request_id = arena_dup(e->arena, node_attr(iq, STR("id")));
	if (resource)
		e->resource = arena_dup(e->arena, node_text(resource, e->arena));
	binding_submit(s, e);
}

static void on_resumed(struct errand *e)
{
	struct stream *s = stream_of_port(e->port);

	if (s->state == STREAM_ENDED) {
		binding_abandon(s, e);
	} else if (e->error == ERRAND_E_COUNT_TOO_HIGH) {
		stream_error(s, "handled-count-too-high", NULL);
	} else if (e->error) {
		s->state = STREAM_UNBOUND;
		sm_failed(s, "item-not-found", e->has_handled, e->handled);
	} else {
		binding_done(s, e);
		s->sm_enabled = true;
		s->sm_base = s->received - e->handled;
	}
	stream_unbusy(s);
	errand_free(e); /* with it the stream, perhaps */
}

void binding_resume(struct stream *s, const struct node *resume)
{
	unsigned long long h;
	struct errand *e;

	if (!str_to_u64(node_attr(resume, STR("h")), UINT32_MAX, &h)) {
		sm_failed(s, "bad-request", false, 0);
		return;
	}
	e = binding_errand(s, ERRAND_SM_RESUME, on_resumed);
	if (!e)
		return;
	e->sm_id = arena_dup(e->arena, node_attr(resume, STR("previd")));
	e->h = (uint32_t)h;
	binding_submit(s, e);
}

/* ---- what came with a login (XEP-0388) ---- */

enum {
	TAG_MAX = 64,   /* bytes of a client's tag */
	OPAQUE_LEN = 9, /* bytes behind it */
};

static void opaque_put(const struct stream *s, struct str tag, struct buf *out)
{
	const struct account_secret *secret = s->xl->xmpp->env.secret;
	struct buf text = BUF_INIT(0);
	unsigned char bytes[32];

	buf_str(&text, s->person->jid);
	buf_putc(&text, '\0');
	buf_str(&text, s->agent ? s->agent->id : STR_NONE);
	buf_putc(&text, '\0');
	buf_str(&text, tag);
	if (!s->agent || !s->agent->id.len || !secret || buf_failed(&text) ||
			account_secret_derive(secret, "resource", buf_view(&text), bytes))
		rand_pooled(bytes, sizeof(bytes));
	base64url_put(out, bytes, OPAQUE_LEN);
	buf_done(&text);
}

struct str binding_resource(const struct stream *s, struct str tag, struct arena *arena)
{
	struct buf text = BUF_INIT(0);
	struct str out;
	size_t len = 0;

	while (len < tag.len && len + utf8_length(tag, len) <= TAG_MAX)
		len += utf8_length(tag, len);
	buf_put(&text, tag.data, len);
	if (len)
		buf_putc(&text, '/');
	opaque_put(s, str_cut(tag, 0, len), &text);
	out = arena_dup(arena, buf_view(&text));
	buf_done(&text);
	return out;
}

static void on_opened(struct errand *e)
{
	struct stream *s = stream_of_port(e->port);

	if (s->state == STREAM_ENDED) {
		binding_abandon(s, e);
	} else if (e->error == ERRAND_E_COUNT_TOO_HIGH) {
		stream_error(s, "handled-count-too-high", NULL);
	} else if (e->error == ERRAND_E_BARRED) {
		answer_barred(s, e, NULL);
	} else if (e->error) {
		stream_error(s, "internal-server-error", NULL);
	} else if (!e->origin) {
		s->state = STREAM_UNBOUND;
	} else {
		binding_done(s, e);
		s->sm_enabled = e->opening->resumed || e->opening->manage;
		s->sm_base = s->received - e->handled;
	}
	stream_unbusy(s);
	errand_free(e); /* with it the stream, perhaps */
}

struct errand *binding_opening(struct stream *s)
{
	struct errand *e = binding_errand(s, ERRAND_OPEN, on_opened);

	if (!e)
		return NULL;
	e->opening = arena_zalloc(e->arena, sizeof(*e->opening));
	if (e->opening)
		return e;
	errand_free(e);
	stream_error(s, "internal-server-error", NULL);
	return NULL;
}

void binding_open(struct stream *s, struct errand *e)
{
	if (arena_is_full(e->arena)) {
		errand_free(e);
		stream_error(s, "internal-server-error", NULL);
		return;
	}
	binding_submit(s, e);
}

void binding_session(struct stream *s, const struct node *iq)
{
	struct arena *arena;
	struct node *result;

	if (binding_is_request(iq)) { /* one resource a stream is what we do (7.1) */
		answer_error(s, iq, STANZA_NOT_ALLOWED);
		return;
	}
	if (!str_is(node_attr(iq, STR("type")), "set") || !node_attr(iq, STR("id")).len) {
		answer_error(s, iq, STANZA_BAD_REQUEST);
		return;
	}
	arena = arena_new(0);
	result = arena ? stanza_iq_result(arena, iq) : NULL;
	if (result)
		answer(s, result);
	arena_free(arena);
}
