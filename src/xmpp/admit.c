/* Stage admit: what a session sends before its client has been judged waits here, in order, and goes on as if it had come just
 * then; what has to be answered for a client to log in and to say what it is passes at once. Nothing is refused. The bound on
 * what may be pending on a stream (limits.waiting) is the bound on what waits: beyond it the stream is not read.
 *
 * Who judges is the home loop (route/probation.h). It is told by an errand that something waits, and what capabilities the first
 * presence shows that does. */
#include "conf/service.h"
#include "conf/settings.h"
#include "stanza/ns.h"
#include "xmpp/stream.h"

/* Requests that a client makes before it can be used, of the server itself or of its own account: none of them shows what
 * somebody else has written, none tells anybody anything. History shows content and waits. */
static const struct {
	struct str ns, name;
	bool set;
} needed[] = {
	{NS_ROSTER, STR("query"), false},
	{NS_DISCO_INFO, STR("query"), false},
	{NS_DISCO_ITEMS, STR("query"), false},
	{NS_PING, STR("ping"), false},
	{NS_VERSION, STR("query"), false},
	{NS_TIME, STR("time"), false},
	{NS_VCARD, STR("vCard"), false},
	{NS_PRIVATE, STR("query"), false},
	{NS_PUBSUB, STR("pubsub"), false},
	{NS_BLOCKING, STR("blocklist"), false},
	{NS_CARBONS, STR("enable"), true},
	{NS_CARBONS, STR("disable"), true},
	{NS_SESSION, STR("session"), true},
};

static bool is_answered_here(const struct parcel *p, const struct settings *settings)
{
	if (!p->has_to || str_eq(p->to.full, p->origin->jid.bare))
		return true;
	return jid_is_domain(&p->to) && jid_is_bare(&p->to) && settings_is_ours(settings, p->to.domain);
}

/* What a service for rooms can do: Dino asks that first, and answers nothing until it knows. */
static bool asks_about_rooms(const struct parcel *p, const struct settings *settings, const struct node *payload)
{
	return p->has_to && jid_is_domain(&p->to) && jid_is_bare(&p->to) && settings_is_rooms(settings, p->to.domain) &&
	       str_is(p->type, "get") && payload && node_is(payload, STR("query"), NS_DISCO_INFO);
}

static bool is_needed(const struct parcel *p, const struct settings *settings)
{
	const struct node *payload = node_first_element(p->stanza);

	if (p->kind != PARCEL_IQ)
		return false;
	if (!is_answered_here(p, settings))
		return asks_about_rooms(p, settings, payload);
	if (str_is(p->type, "result") || str_is(p->type, "error"))
		return true;
	for (size_t i = 0; payload && i < sizeof(needed) / sizeof(needed[0]); i++)
		if (node_is(payload, needed[i].name, needed[i].ns) && str_eq(p->type, str_from(needed[i].set ? "set" : "get")))
			return true;
	return false;
}

/* ---- what the home loop is told ---- */

static struct errand *shows_errand(struct stream *s)
{
	struct errand *e = errand_new(ERRAND_SHOWS, &s->port);

	if (e)
		e->origin = origin_ref(s->origin);
	return e;
}

static void shows_send(struct stream *s, struct errand *e)
{
	if (!e)
		return; /* it is asked in any case, a second after binding */
	s->shown = true;
	s->xl->xmpp->env.errand(s->xl->xmpp->env.owner, e);
}

/* <c/> of the first available presence that has one (XEP-0115); what it is worth the home loop looks at. */
static const struct node *caps_of(const struct stream *s, const struct parcel *p)
{
	if (s->caps_shown || p->kind != PARCEL_PRESENCE || p->type.len)
		return NULL;
	return node_child(p->stanza, STR("c"), NS_CAPS);
}

static void tell(struct stream *s, const struct parcel *p)
{
	const struct node *c = caps_of(s, p);
	struct errand *e = c || !s->shown ? shows_errand(s) : NULL;

	if (e && c) {
		s->caps_shown = true;
		e->caps_hash = arena_dup(e->arena, node_attr(c, STR("hash")));
		e->caps_ver = arena_dup(e->arena, node_attr(c, STR("ver")));
		e->caps_node = arena_dup(e->arena, node_attr(c, STR("node")));
	}
	shows_send(s, e);
}

/* ---- the stage ---- */

static enum stage_result hold(struct stream *s, struct parcel *p)
{
	list_init(&p->unjudged);
	list_append(&s->unjudged, &p->unjudged);
	stat_add(&s->xl->stats.unjudged, 1);
	p->waits_for = "the judgement of its client";
	tell(s, p);
	return STAGE_WAIT;
}

enum stage_result xmpp_admit(struct parcel *p, void *xmpp)
{
	struct stream *s = stream_of_port(p->port);

	(void)xmpp;
	p->standing = s->standing;
	if (s->standing || s->component)
		return STAGE_NEXT;
	if (is_needed(p, s->xl->settings)) {
		p->ahead = true;
		return STAGE_NEXT;
	}
	return hold(s, p);
}

static struct parcel *take_first(struct stream *s)
{
	struct parcel *p = container_of(s->unjudged.next, struct parcel, unjudged);

	list_remove(&p->unjudged);
	stat_add(&s->xl->stats.unjudged, -1);
	return p;
}

void admit_judged(struct stream *s, struct standing *standing)
{
	standing_unref(s->standing);
	s->standing = standing_ref(standing);
	while (s->state != STREAM_ENDED && !list_is_empty(&s->unjudged)) {
		struct parcel *p = take_first(s);

		p->standing = s->standing;
		p->resume(p, STAGE_NEXT);
	}
}

/* They have not been accepted, so they are not counted as handled (XEP-0198): a client that resumes sends them again. */
void admit_drop(struct stream *s)
{
	if (list_is_empty(&s->unjudged))
		return;
	s->received = container_of(s->unjudged.next, struct parcel, unjudged)->number - 1;
	while (!list_is_empty(&s->unjudged)) {
		struct parcel *p = take_first(s);

		p->refusal = (struct refusal){.condition = STANZA_POLICY_VIOLATION, .silent = true};
		p->resume(p, STAGE_REFUSE);
	}
}
