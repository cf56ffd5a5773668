/* Stage check: is it a stanza the server may act on (RFC 6120 section 8), and whose is it? The sender is who logged in,
 * whatever the stanza says; children that only a server may write are taken out before anybody trusts them. */
#include "account/crowd.h"
#include "conf/service.h"
#include "conf/settings.h"
#include "parcel/class.h"
#include "stanza/ns.h"
#include "xmpp/stream.h"

static enum stage_result refuse(struct parcel *p, enum stanza_condition condition, const char *text)
{
	p->refusal = (struct refusal){.condition = condition, .text = str_from(text)};
	return STAGE_REFUSE;
}

/* ---- from (8.1.2.1) ---- */

static bool from_is_own(const struct parcel *p, struct str from)
{
	struct jid jid;

	if (str_eq(from, p->origin->jid.full) || str_eq(from, p->origin->jid.bare))
		return true;
	if (jid_parse(&jid, from, p->arena))
		return false;
	return str_eq(jid.full, p->origin->jid.full) || str_eq(jid.full, p->origin->jid.bare);
}

static bool check_from(struct parcel *p)
{
	struct str from = node_attr(p->stanza, STR("from"));

	if (from.data && !from_is_own(p, from))
		return false;
	node_set_attr(p->arena, p->stanza, STR("from"), p->origin->jid.full);
	return true;
}

/* ---- type and id ---- */

static bool is_one_of(struct str s, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(s, str_from(*words)))
			return true;
	return false;
}

static unsigned count_elements(const struct node *n)
{
	unsigned count = 0;

	for (const struct node *c = node_first_element(n); c; c = node_next_element(c))
		count++;
	return count;
}

/* 8.2.3: an id and a type are required; get and set hold exactly one child, a result at most one. */
static const char *iq_fault(const struct parcel *p)
{
	static const char *const types[] = {"get", "set", "result", "error", NULL};
	unsigned children = count_elements(p->stanza);

	if (!node_attr(p->stanza, STR("id")).data)
		return "An IQ needs an id.";
	if (!is_one_of(p->type, types))
		return "An IQ needs the type get, set, result or error.";
	if ((str_is(p->type, "get") || str_is(p->type, "set")) && children != 1)
		return "An IQ of type get or set holds exactly one element.";
	if (str_is(p->type, "result") && children > 1)
		return "An IQ of type result holds at most one element.";
	return NULL;
}

static const char *presence_fault(const struct parcel *p)
{
	static const char *const types[] = {
			"unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "error", NULL};

	if (p->type.len && !is_one_of(p->type, types))
		return "Presence has no such type.";
	return NULL;
}

/* RFC 6121 5.2.2: a message of an unknown type is a normal one. */
static const char *type_fault(struct parcel *p)
{
	p->type = node_attr(p->stanza, STR("type"));
	p->id = node_attr(p->stanza, STR("id"));
	if (!p->type.data)
		p->type = STR("");
	if (!p->id.data)
		p->id = STR("");
	if (p->kind == PARCEL_IQ)
		return iq_fault(p);
	return p->kind == PARCEL_PRESENCE ? presence_fault(p) : NULL;
}

/* ---- what only a server may write ---- */

static bool is_our_word(const struct parcel *p, const struct settings *settings, struct str by)
{
	struct jid jid;

	if (!by.data || jid_parse(&jid, by, p->arena))
		return true; /* nobody's word is not worth keeping either */
	return settings_is_ours(settings, jid.domain) || settings_is_rooms(settings, jid.domain);
}

/* XEP-0359 5: a stanza-id by one of ours; XEP-0280 11: carbons; XEP-0203: a delay said to be ours; XEP-0421. */
static bool is_forgeable(const struct parcel *p, const struct settings *settings, const struct node *child)
{
	if (str_eq(child->ns, NS_SID))
		return str_is(child->name, "stanza-id") && is_our_word(p, settings, node_attr(child, STR("by")));
	if (str_eq(child->ns, NS_CARBONS))
		return str_is(child->name, "sent") || str_is(child->name, "received");
	if (str_eq(child->ns, NS_DELAY))
		return is_our_word(p, settings, node_attr(child, STR("from")));
	return str_eq(child->ns, NS_OCCUPANT_ID) || str_eq(child->ns, NS_DELAY_OLD);
}

static void strip_forgeable(struct parcel *p, const struct settings *settings)
{
	struct node *next;

	for (struct node *c = node_first_element(p->stanza); c; c = next) {
		next = node_next_element(c);
		if (is_forgeable(p, settings, c))
			node_remove(c);
	}
}

/* A roster push to somebody else (CVE-2015-8688) is no user's to send. */
static bool is_forged_push(const struct parcel *p)
{
	const struct node *child = node_first_element(p->stanza);

	return p->kind == PARCEL_IQ && str_is(p->type, "set") && child && p->has_to && !jid_is_bare(&p->to) &&
			(str_eq(child->ns, NS_ROSTER) || str_eq(child->ns, NS_BLOCKING)) &&
			!str_eq(p->to.bare, p->origin->jid.bare);
}

/* ---- whose it is to answer ---- */

/* What passes between people and a component: its addresses are made of names people give themselves and each other, so
 * whatever shows one is content. */
static bool is_of_component(const struct parcel *p, const struct settings *settings)
{
	return !p->origin->person || (p->has_to && settings_is_component(settings, p->to.domain));
}

/* To the server, or to the sender's own account; a component has neither here. */
static bool is_answered_here(const struct parcel *p, const struct settings *settings)
{
	if (is_of_component(p, settings))
		return jid_is_domain(&p->to) && settings_is_ours(settings, p->to.domain);
	return jid_is_domain(&p->to) || str_eq(p->to.bare, p->origin->jid.bare);
}

/* ---- passwords ---- */

/* By a handler of route/ for its own requests. A component, a room service and the sender's other devices get what was
 * written. */
static bool is_read_here(const struct parcel *p, const struct settings *settings)
{
	return is_answered_here(p, settings) && jid_is_bare(&p->to) &&
			(!jid_is_domain(&p->to) || settings_is_ours(settings, p->to.domain));
}

static bool is_secret(const struct node *field)
{
	struct str var = node_attr(field, STR("var"));

	return node_is(field, STR("field"), NS_DATA_FORMS) &&
			(str_is(var, "password") || str_is(var, "password-verify") ||
					str_is(node_attr(field, STR("type")), "text-private"));
}

/* False: memory is out. The first value is the password; nothing of the field stays. */
static bool take_secret(struct parcel *p, struct node *field)
{
	const struct node *value = node_child(field, STR("value"), NS_DATA_FORMS);
	struct secret *s = arena_zalloc(p->arena, sizeof(*s));

	if (!s)
		return false;
	s->name = node_attr(field, STR("var"));
	s->value = value ? arena_dup(p->arena, node_text(value, p->arena)) : STR_NONE;
	s->next = p->secrets;
	p->secrets = s;
	while (field->first)
		node_remove(field->first);
	return true;
}

/* <password/> of XEP-0077. */
static bool take_password(struct parcel *p, struct node *element)
{
	struct secret *s = arena_zalloc(p->arena, sizeof(*s));

	if (!s)
		return false;
	*s = (struct secret){.next = p->secrets, .name = STR("password")};
	s->value = arena_dup(p->arena, node_text(element, p->arena));
	p->secrets = s;
	while (element->first)
		node_remove(element->first);
	return true;
}

static bool take_form_secrets(struct parcel *p, struct node *form)
{
	for (struct node *f = node_first_element(form); f; f = node_next_element(f))
		if (is_secret(f) && !take_secret(p, f))
			return false;
	return true;
}

/* XEP-0050, XEP-0133, XEP-0077: passwords, in forms or not, that this server itself reads. */
static bool take_secrets(struct parcel *p, const struct settings *settings)
{
	struct node *request = node_first_element(p->stanza);
	bool registers = request && node_is(request, STR("query"), NS_REGISTER);

	if (p->kind != PARCEL_IQ || !request || !is_read_here(p, settings) ||
			(!registers && !node_is(request, STR("command"), NS_COMMANDS)))
		return true;
	for (struct node *n = node_first_element(request); n; n = node_next_element(n)) {
		if (registers && node_is(n, STR("password"), NS_REGISTER) && !take_password(p, n))
			return false;
		if (!take_form_secrets(p, n))
			return false;
	}
	return true;
}

/* ---- its class ---- */

/* A nickname stands in the address only and is read by all, so presence with one waits for its receipt, whether it enters
 * a room, changes the nickname or only what is shown. */
static bool shows_nick(const struct parcel *p)
{
	return p->kind == PARCEL_PRESENCE && p->type.len == 0 && p->to.resource.len;
}

/* A question to a bare address is answered by the server and shown to nobody (RFC 6121 8.5.2.1.3). */
static bool asks_account(const struct parcel *p, const struct settings *settings)
{
	return p->kind == PARCEL_IQ && str_is(p->type, "get") && jid_is_bare(&p->to) &&
			!settings_is_component(settings, p->to.domain);
}

static enum parcel_class class_of(const struct parcel *p, const struct settings *settings)
{
	bool room = p->has_to && settings_is_rooms(settings, p->to.domain);

	if (p->kind != PARCEL_IQ && is_of_component(p, settings))
		return CLASS_CONTENT;
	if (room && shows_nick(p))
		return CLASS_CONTENT;
	return parcel_classify(p->kind, p->stanza,
			!is_answered_here(p, settings) && !asks_account(p, settings) && !(room && jid_is_bare(&p->to)));
}

/* ---- the stage ---- */

static int check_to(struct parcel *p)
{
	struct str to = node_attr(p->stanza, STR("to"));

	p->has_to = to.data != NULL;
	if (!p->has_to) {
		p->to = jid_split(p->origin->jid.bare);
		return 0;
	}
	return jid_parse(&p->to, to, p->arena);
}

/* From here on the stanza has the address as it is kept and compared. */
static void prepare_to(struct parcel *p)
{
	struct str to = node_attr(p->stanza, STR("to"));

	p->renamed = !str_eq(str_cut(to, str_find(to, '/', 0) + 1, to.len), p->to.resource);
	node_set_attr(p->arena, p->stanza, STR("to"), p->to.full);
}

/* No answer, and nothing that ends something. */
static bool speaks(const struct parcel *p)
{
	switch (p->kind) {
	case PARCEL_MESSAGE:
		return !str_is(p->type, "error") && !str_is(p->type, "groupchat");
	case PARCEL_PRESENCE:
		return !p->type.len || str_is(p->type, "subscribe");
	case PARCEL_IQ:
		break;
	}
	return str_is(p->type, "get") || str_is(p->type, "set");
}

/* Whom the server holds off already (account/crowd.h) is refused before anything more is done for him. */
static bool is_held_off(const struct parcel *p, const struct xmpp_loop *xl)
{
	struct crowd *crowd = xl->xmpp->env.crowd;

	return crowd && p->has_to && speaks(p) &&
			crowd_ignores(crowd, p->to.bare, p->origin->jid.bare, loop_ms(xl->loop));
}

enum stage_result xmpp_check(struct parcel *p, void *xmpp)
{
	struct stream *s = stream_of_port(p->port);
	const char *fault;

	(void)xmpp;
	if (s->component && component_stamp(s, p) == STAGE_REFUSE)
		return STAGE_REFUSE;
	if (!check_from(p)) {
		stream_error(s, "invalid-from", "A stanza's from is the sender's own address or is left out.");
		p->refusal.silent = true;
		return STAGE_REFUSE;
	}
	fault = type_fault(p);
	if (fault)
		return refuse(p, STANZA_BAD_REQUEST, fault);
	if (check_to(p))
		return refuse(p, STANZA_JID_MALFORMED, NULL);
	if (p->has_to && !str_eq(p->to.full, node_attr(p->stanza, STR("to"))))
		prepare_to(p);
	if (is_held_off(p, s->xl))
		return refuse(p, STANZA_RESOURCE_CONSTRAINT, CROWD_TEXT);
	if (is_forged_push(p))
		return refuse(p, STANZA_SERVICE_UNAVAILABLE, NULL);
	strip_forgeable(p, s->xl->settings);
	if (p->kind == PARCEL_IQ && iq_fault(p)) /* what was taken out is no payload; whoever answers finds one */
		return refuse(p, STANZA_BAD_REQUEST, iq_fault(p));
	if (!take_secrets(p, s->xl->settings))
		return refuse(p, STANZA_RESOURCE_CONSTRAINT, NULL);
	p->class = class_of(p, s->xl->settings);
	if (arena_is_full(p->arena))
		return refuse(p, STANZA_RESOURCE_CONSTRAINT, "The stanza needs more memory than one may take.");
	return STAGE_NEXT;
}
