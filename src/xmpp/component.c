/* Streams of external components (XEP-0114, jabber:component:accept): a header that names the component, a handshake that
 * proves the secret, then stanzas from any address of its domain. One tokenizer with the same limits reads them, and from
 * component_adopt() on they are stanzas like any other.
 *
 * All a component says may come from an address of its choice within its domain, so each of its parcels has an origin of
 * its own, whose address has been looked at here. */
#include "account/component_secrets.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "conf/service.h"
#include "conf/settings.h"
#include "record/record.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"
#include "xmpp/stream.h"

#define MECHANISM "handshake"

/* ---- the header ---- */

void component_header(struct stream *s)
{
	struct component_stream *c = s->component;
	struct buf *b = &s->xl->scratch;
	unsigned char random[16];

	s->header_sent = true;
	rand_pooled(random, sizeof(random));
	buf_clear(b);
	base64url_put(b, random, sizeof(random));
	c->id = str_of(c->text, b->len);
	memcpy(c->text, b->data, b->len);
	buf_clear(b);
	buf_lit(b, "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept'"
		   " xmlns:stream='http://etherx.jabber.org/streams' id='");
	buf_str(b, c->id);
	buf_lit(b, "' from='");
	xml_escape(b, s->has_domain ? s->domain : s->xl->settings->domains.items[0]);
	buf_lit(b, "'>");
	stream_write(s, buf_view(b));
}

/* The component's domain in our spelling; STR_NONE: there is none of that name. */
static struct str find_component(const struct settings *settings, struct str to)
{
	struct arena *arena = arena_new(0);
	struct str wanted, found = STR_NONE;

	if (arena && jid_prepare_domain(&wanted, to, arena) == 0)
		for (size_t i = 0; i < settings_components_len(settings) && !found.data; i++)
			if (str_eq(settings_component(settings, i), wanted))
				found = settings_component(settings, i);
	arena_free(arena);
	return found;
}

static const char *header_fault(struct stream *s, const struct node *h)
{
	struct str to = node_attr(h, STR("to"));

	if (!str_eq(h->ns, NS_STREAMS))
		return "invalid-namespace";
	if (!str_is(h->name, "stream"))
		return "bad-format";
	if (!str_eq(tokenizer_content_ns(s->tokenizer), NS_COMPONENT))
		return "invalid-namespace";
	if (to.data)
		s->domain = find_component(s->xl->settings, to);
	s->has_domain = s->domain.len > 0;
	return s->has_domain ? NULL : "host-unknown";
}

void component_open(struct stream *s, const struct node *h)
{
	const char *fault = header_fault(s, h);

	component_header(s);
	if (fault)
		stream_error(s, fault, s->has_domain ? NULL : "The stream's to names no component of this server.");
	else
		s->state = STREAM_NEGOTIATING;
}

/* ---- the handshake ---- */

static void record_login(struct stream *s, enum event type, struct str reason)
{
	struct buf address = BUF_INIT(0);
	struct extra extra = {.key = KEY_MECHANISM, .text = STR(MECHANISM)};
	struct entry entry = {.type = type, .from = s->domain, .reason = reason, .extra = &extra, .extra_len = 1};

	conn_put_address(&s->conn, &address);
	entry.address = buf_view(&address);
	if (record_append(stream_record(s), &entry, NULL))
		log_warn("a component's login could not be queued for the record");
	buf_done(&address);
}

static void component_fail(struct stream *s)
{
	log_warn("component %s: the handshake does not prove its secret", LOG_STR(s->domain));
	record_login(s, EVENT_LOGIN_FAILED, STR("wrong secret"));
	stat_add(&s->xl->stats.login_failures, 1);
	stream_error(s, "not-authorized", "The handshake does not prove the component's secret.");
}

/* A stream that ended meanwhile leaves the component away again. */
static void component_abandon(struct stream *s, struct errand *e)
{
	struct errand *gone = e->origin ? errand_new(ERRAND_GONE, &s->port) : NULL;

	if (!gone)
		return;
	gone->origin = origin_ref(e->origin);
	gone->reason = GONE_LOST;
	s->xl->xmpp->env.errand(s->xl->xmpp->env.owner, gone);
}

static void on_bound(struct errand *e)
{
	struct stream *s = stream_of_port(e->port);

	if (s->state == STREAM_ENDED) {
		component_abandon(s, e);
	} else if (e->error == ERRAND_E_CONFLICT) {
		stream_error(s, "conflict", "The component is connected already.");
	} else if (e->error) {
		stream_error(s, "internal-server-error", NULL);
	} else {
		s->origin = origin_ref(e->origin);
		s->state = STREAM_BOUND;
		stream_write_lit(s, "<handshake/>");
		liveness_bound(s);
	}
	stream_unbusy(s);
	errand_free(e); /* with it the stream, perhaps */
}

static void component_succeed(struct stream *s)
{
	struct errand *e = errand_new(ERRAND_COMPONENT, &s->port);
	struct buf address = BUF_INIT(0);

	if (!e) {
		stream_error(s, "internal-server-error", NULL);
		return;
	}
	record_login(s, EVENT_LOGIN, STR_NONE);
	s->mechanism = MECHANISM;
	s->authenticated = true;
	stat_add(&s->xl->stats.logins, 1);
	stat_add(&s->xl->stats.logged_in, 1);
	conn_set_logged_in(&s->conn);
	tokenizer_set_limits(s->tokenizer, &s->xl->after);
	conn_put_address(&s->conn, &address);
	e->address = arena_dup(e->arena, buf_view(&address));
	buf_done(&address);
	e->bare = jid_split(s->domain);
	e->mechanism = STR(MECHANISM);
	e->answer = on_bound;
	s->state = STREAM_BINDING;
	s->busy = true;
	s->xl->xmpp->env.errand(s->xl->xmpp->env.owner, e);
}

void component_handshake(struct stream *s, const struct node *n)
{
	struct arena *arena;
	struct str proof;

	if (!node_is(n, STR("handshake"), NS_COMPONENT) || node_first_element(n)) {
		stream_error(s, "not-authorized", "Prove the component's secret first.");
		return;
	}
	arena = arena_new(0);
	proof = arena ? node_text(n, arena) : STR_NONE;
	if (component_secrets_prove(s->xl->secrets, s->domain, s->component->id, proof))
		component_succeed(s);
	else
		component_fail(s);
	arena_free(arena);
}

/* ---- stanzas ---- */

/* The node after n in document order, within `top`. */
static struct node *node_after(struct node *n, const struct node *top)
{
	if (n->kind == NODE_ELEMENT && n->first)
		return n->first;
	while (n != top && !n->next)
		n = n->parent;
	return n == top ? NULL : n->next;
}

bool component_adopt(struct stream *s, struct node *n)
{
	bool foreign = !str_eq(n->ns, NS_COMPONENT);

	for (struct node *each = n; each; each = node_after(each, n))
		if (each->kind == NODE_ELEMENT && str_eq(each->ns, NS_COMPONENT))
			each->ns = NS_CLIENT;
	if (!foreign && stream_is_stanza(n))
		return true;
	if (foreign && stream_is_stanza(&(struct node){.name = n->name, .ns = NS_CLIENT}))
		stream_error(s, "invalid-namespace", NULL);
	else
		stream_error(s, "unsupported-stanza-type", NULL);
	return false;
}

static enum stage_result end_stream(struct stream *s, struct parcel *p, const char *condition, const char *text)
{
	stream_error(s, condition, text);
	p->refusal.silent = true;
	return STAGE_REFUSE;
}

/* Only the domain's spelling of an address that cannot be prepared: is it the component's own? What its people call
 * themselves must not cost the others the stream. */
static bool is_own_domain(const struct stream *s, struct str from)
{
	struct str bare = str_cut(from, 0, str_find(from, '/', 0));
	size_t at = str_find(bare, '@', 0);
	struct arena *arena = arena_new(0);
	struct str domain;
	bool own = arena &&
		   jid_prepare_domain(&domain, at < bare.len ? str_cut(bare, at + 1, bare.len) : bare, arena) == 0 &&
		   str_eq(domain, s->domain);

	arena_free(arena);
	return own;
}

static struct origin *origin_for(const struct stream *s, const struct jid *from)
{
	const struct origin *own = s->origin;
	struct origin *o = origin_new(&(struct origin_parts){.jid = from,
			.session = own->session,
			.address = own->address,
			.mechanism = own->mechanism,
			.home = own->home});

	if (o) {
		o->answer = own->answer;
		o->owner = own->owner;
	}
	return o;
}

/* XEP-0114 section 3: both addresses are there, and the domain of `from` is the component's. */
enum stage_result component_stamp(struct stream *s, struct parcel *p)
{
	struct str from = node_attr(p->stanza, STR("from"));
	struct origin *o;
	struct jid jid;

	if (!from.len || !node_attr(p->stanza, STR("to")).len)
		return end_stream(s, p, "improper-addressing", "A component's stanza has a from and a to.");
	if (jid_parse(&jid, from, p->arena)) {
		if (!is_own_domain(s, from))
			return end_stream(s, p, "invalid-from", "A component speaks for its own domain only.");
		p->refusal = (struct refusal){.condition = STANZA_JID_MALFORMED, .text = STR("The from is no address.")};
		return STAGE_REFUSE;
	}
	if (!str_eq(jid.domain, s->domain))
		return end_stream(s, p, "invalid-from", "A component speaks for its own domain only.");
	o = origin_for(s, &jid);
	if (!o) {
		p->refusal = (struct refusal){.condition = STANZA_RESOURCE_CONSTRAINT, .type = STANZA_TYPE_WAIT};
		return STAGE_REFUSE;
	}
	origin_unref(p->origin);
	p->origin = o;
	return STAGE_NEXT;
}
