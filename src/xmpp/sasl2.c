/* The syntax of XEP-0388: <authenticate/> says who the client is and what it wants besides, <success/> says what has become of
 * it (XEP-0386, XEP-0198), and no new stream begins. */
#include "xmpp/login.h"

#include "account/directory.h"
#include "base/text.h"
#include "conf/settings.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"
#include "xmpp/agent.h"

/* What stands in <authenticate/> beside the mechanism's own message. In the login's arena. */
struct sasl2_request {
	bool bind, carbons, manage, wants_resume, inactive; /* XEP-0386 */
	struct str tag;
	unsigned max_seconds;
	bool resume; /* XEP-0198 */
	bool resume_is_bad;
	struct str previd;
	uint32_t h;
};

/* ---- the feature ---- */

void sasl2_put_feature(const struct stream *s, struct buf *out)
{
	buf_lit(out, "<authentication xmlns='urn:xmpp:sasl:2'>");
	(void)mechanisms_put_list(s, out);
	buf_lit(out, "<inline><sm xmlns='urn:xmpp:sm:3'/><bind xmlns='urn:xmpp:bind:0'><inline>"
		     "<feature var='urn:xmpp:carbons:2'/>");
	if (s->xl->settings->csi_held_max)
		buf_lit(out, "<feature var='urn:xmpp:csi:0'/>");
	buf_lit(out, "<feature var='urn:xmpp:sm:3'/></inline></bind>");
	tokens_put_feature(s, out);
	buf_lit(out, "</inline></authentication>");
}

/* ---- what is said ---- */

static void say_challenge(struct stream *s, struct str payload)
{
	struct buf b = BUF_INIT(0);

	buf_lit(&b, "<challenge xmlns='urn:xmpp:sasl:2'>");
	base64_put(&b, payload.data, payload.len);
	buf_lit(&b, "</challenge>");
	stream_write(s, buf_view(&b));
	buf_done(&b);
}

static void say_failure(struct stream *s, const char *condition, struct str text)
{
	struct buf b = BUF_INIT(0);

	buf_printf(&b, "<failure xmlns='urn:xmpp:sasl:2'><%s xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", condition);
	if (text.len) {
		buf_lit(&b, "<text>");
		xml_escape(&b, text);
		buf_lit(&b, "</text>");
	}
	buf_lit(&b, "</failure>");
	stream_write(s, buf_view(&b));
	buf_done(&b);
	s->agent = agent_free(s->agent); /* the next attempt says anew who it is */
}

static void put_head(struct buf *out, struct str payload)
{
	buf_lit(out, "<success xmlns='urn:xmpp:sasl:2'>");
	if (payload.len) {
		buf_lit(out, "<additional-data>");
		base64_put(out, payload.data, payload.len);
		buf_lit(out, "</additional-data>");
	}
	buf_lit(out, "<authorization-identifier>");
}

static void put_tail(struct buf *out, const struct login *l)
{
	token_put(l, out);
	buf_lit(out, "</success>");
}

/* Nothing was asked for but the login. */
static void finish_plainly(struct login *l, struct buf *head)
{
	struct stream *s = l->stream;

	xml_escape(head, s->person->jid);
	buf_lit(head, "</authorization-identifier>");
	put_tail(head, l);
	header_put_features(s, head, HEADER_LOGIN);
	stream_write(s, buf_view(head));
	s->state = STREAM_UNBOUND;
}

static void take_features(struct stream *s, struct errand *e)
{
	struct buf text = BUF_INIT(0);

	header_put_features(s, &text, e->opening->manage ? HEADER_MANAGED : HEADER_SESSION);
	e->opening->features_bound = arena_dup(e->arena, buf_view(&text));
	buf_clear(&text);
	header_put_features(s, &text, HEADER_LOGIN);
	e->opening->features_unbound = arena_dup(e->arena, buf_view(&text));
	buf_done(&text);
}

static void finish_by_opening(struct login *l, struct str head)
{
	const struct sasl2_request *r = l->request;
	struct errand *e = binding_opening(l->stream);
	struct buf tail = BUF_INIT(0);
	struct opening *o;

	if (!e)
		return;
	o = e->opening;
	*o = (struct opening){.resume = r->resume,
			.resume_is_bad = r->resume_is_bad,
			.bind = r->bind,
			.manage = r->manage,
			.carbons = r->carbons,
			.inactive = r->inactive,
			.head = arena_dup(e->arena, head)};
	put_tail(&tail, l);
	o->tail = arena_dup(e->arena, buf_view(&tail));
	OPENSSL_cleanse(tail.data, tail.len);
	buf_done(&tail);
	take_features(l->stream, e);
	e->sm_id = arena_dup(e->arena, r->previd);
	e->h = r->h;
	e->wants_resume = r->wants_resume;
	e->max_seconds = r->max_seconds;
	if (r->bind)
		e->resource = binding_resource(l->stream, r->tag, e->arena);
	binding_open(l->stream, e);
}

static void say_success(struct login *l, struct str payload)
{
	struct buf head = BUF_INIT(0);

	put_head(&head, payload);
	if (l->request->bind || l->request->resume)
		finish_by_opening(l, buf_view(&head));
	else
		finish_plainly(l, &head);
	buf_done(&head);
}

static const struct login_syntax syntax = {say_challenge, say_failure, say_success, true};

/* ---- what is asked ---- */

/* The one child of that name, or NULL; false: there are several. */
static bool only_child(const struct node *n, struct str name, struct str ns, const struct node **out)
{
	*out = node_child(n, name, ns);
	for (const struct node *c = *out ? node_next_element(*out) : NULL; c; c = node_next_element(c))
		if (node_is(c, name, ns))
			return false;
	return true;
}

static bool is_true(struct str s)
{
	return str_is(s, "true") || str_is(s, "1");
}

static bool read_manage(struct sasl2_request *r, const struct node *enable)
{
	unsigned long long max;

	r->manage = enable;
	if (!enable)
		return true;
	r->wants_resume = is_true(node_attr(enable, STR("resume")));
	if (str_to_u64(node_attr(enable, STR("max")), UINT32_MAX, &max))
		r->max_seconds = (unsigned)max;
	return true;
}

static bool read_bind(struct sasl2_request *r, const struct node *bind, struct arena *arena)
{
	const struct node *tag, *carbons, *enable, *active, *inactive;

	r->bind = bind;
	if (!bind)
		return true;
	if (!only_child(bind, STR("tag"), NS_BIND2, &tag) || (tag && node_first_element(tag)) ||
			!only_child(bind, STR("enable"), NS_CARBONS, &carbons) ||
			!only_child(bind, STR("enable"), NS_SM, &enable) ||
			!only_child(bind, STR("active"), NS_CSI, &active) ||
			!only_child(bind, STR("inactive"), NS_CSI, &inactive) || (active && inactive))
		return false;
	if (tag)
		r->tag = arena_dup(arena, str_trim(node_text(tag, arena)));
	r->carbons = carbons;
	r->inactive = inactive;
	return read_manage(r, enable);
}

/* A request that says not enough fails for itself (XEP-0198 section 5), not the login. */
static void read_resume(struct sasl2_request *r, const struct node *resume, struct arena *arena)
{
	unsigned long long h = 0;

	r->resume = resume;
	if (!resume)
		return;
	r->previd = arena_dup(arena, node_attr(resume, STR("previd")));
	r->resume_is_bad = r->previd.len == 0 || !str_to_u64(node_attr(resume, STR("h")), UINT32_MAX, &h);
	r->h = (uint32_t)h;
}

/* XEP-0484. What asks for a token it could not use is passed over. False: it contradicts itself. */
static bool read_tokens(struct login *l, const struct node *fast, const struct node *wish)
{
	struct token_login *t = &l->token;
	const struct agent *agent = l->stream->agent;
	struct str count = fast ? node_attr(fast, STR("count")) : STR_NONE;
	unsigned long long n = 0;

	if (t->proves != (fast != NULL) || ((fast || wish) && !(agent && agent->id.len)))
		return false;
	if (count.data && !str_to_u64(count, INT64_MAX, &n))
		return false;
	t->counts = count.data;
	t->count = n;
	t->invalidate = fast && is_true(node_attr(fast, STR("invalidate")));
	t->wanted = wish && ht_mechanism_parse(node_attr(wish, STR("mechanism")), &t->wanted_for) &&
			tokens_have(l->stream, t->wanted_for);
	return true;
}

/* NULL, or the condition that answers it. */
static const char *read_request(struct login *l, const struct node *n)
{
	const struct node *bind, *resume, *agent, *initial, *fast, *wish;
	struct sasl2_request *r = arena_zalloc(l->arena, sizeof(*r));
	int outcome = 0;

	l->request = r;
	if (!r)
		return "temporary-auth-failure";
	if (!only_child(n, STR("initial-response"), NS_SASL2, &initial) ||
			!only_child(n, STR("user-agent"), NS_SASL2, &agent) || !only_child(n, STR("bind"), NS_BIND2, &bind) ||
			!only_child(n, STR("resume"), NS_SM, &resume) || !only_child(n, STR("fast"), NS_FAST, &fast) ||
			!only_child(n, STR("request-token"), NS_FAST, &wish) || !read_bind(r, bind, l->arena))
		return "malformed-request";
	read_resume(r, resume, l->arena);
	l->stream->agent = agent_free(l->stream->agent);
	if (agent)
		outcome = agent_parse(&l->stream->agent, agent, l->arena);
	if (outcome)
		return outcome < 0 ? "temporary-auth-failure" : "malformed-request";
	if (!read_tokens(l, fast, wish))
		return "malformed-request";
	return arena_is_full(l->arena) ? "temporary-auth-failure" : NULL;
}

/* Line breaks around it SHOULD NOT be there (section 2.2); the examples have them. */
static const char *take_payload(const struct node *n, struct arena *arena, struct buf *out)
{
	if (node_first_element(n))
		return "malformed-request";
	return login_decode(str_trim(node_text(n, arena)), out);
}

static void on_authenticate(struct stream *s, const struct node *n)
{
	const struct node *initial = node_child(n, STR("initial-response"), NS_SASL2);
	struct buf payload = BUF_INIT(PAYLOAD_MAX);
	const char *condition;

	if (!login_begin(s, &syntax, node_attr(n, STR("mechanism"))))
		return;
	condition = read_request(s->login, n);
	if (!condition && initial)
		condition = take_payload(initial, s->login->arena, &payload);
	if (condition)
		login_fail(s, &syntax, condition);
	else if (initial)
		login_first(s->login, buf_view(&payload));
	else
		say_challenge(s, STR_NONE);
	login_wipe_payload(&payload);
	if (initial)
		login_wipe_element(initial);
}

static void on_response(struct stream *s, const struct node *n)
{
	struct buf payload = BUF_INIT(PAYLOAD_MAX);
	const char *condition = take_payload(n, s->login->arena, &payload);

	if (condition)
		login_fail(s, &syntax, condition);
	else
		login_answer(s->login, buf_view(&payload));
	login_wipe_payload(&payload);
	login_wipe_element(n);
}

bool sasl2_is_under_way(const struct stream *s)
{
	return s->login && s->login->syntax == &syntax;
}

void sasl2_element(struct stream *s, const struct node *n)
{
	bool going = sasl2_is_under_way(s);

	if (str_is(n->name, "authenticate") && !going)
		on_authenticate(s, n);
	else if (str_is(n->name, "response") && going)
		on_response(s, n);
	else if (str_is(n->name, "abort") && going)
		login_fail(s, &syntax, "aborted");
	else if (going)
		stream_error(s, "policy-violation", "Nothing but <response/> and <abort/> belongs into a login.");
	else
		login_fail(s, &syntax, "malformed-request");
}
