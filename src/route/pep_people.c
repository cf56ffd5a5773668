/* Who has subscribed and who has which standing, as they ask themselves (XEP-0060 5.6, 5.7, 6.1, 6.2) and as the owner does
 * (8.8, 8.9). */
#include "route/pep_act.h"
#include "stanza/ns.h"

/* `node` may be empty. */
static void list_open(struct act *a, struct str ns, const char *what, struct str node)
{
	buf_printf(&a->answer, "<pubsub xmlns='%.*s'><%s", STR_FMT(ns), what);
	if (node.len)
		pubsub_attr_put(&a->answer, "node", node);
	buf_putc(&a->answer, '>');
}

/* ---- one's own ---- */

static void subscription_put(struct buf *out, const struct place *p, struct str jid, bool subscribed)
{
	buf_lit(out, "<subscription");
	pubsub_attr_put(out, "node", p->name);
	pubsub_attr_put(out, "jid", jid);
	buf_printf(out, " subscription='%s'/>", subscribed ? "subscribed" : "none");
}

/* 6.1.3.1: only for oneself. */
static enum pubsub_fault own_jid(const struct act *a, struct jid *out)
{
	if (jid_parse(out, a->rq.jid, a->parcel->arena) || !str_eq(out->bare, a->who.bare))
		return PUBSUB_E_JID;
	return PUBSUB_OK;
}

static enum pubsub_fault set_subscribed(struct act *a, struct place *p, struct str jid, bool subscribed)
{
	enum pubsub_fault fault = place_subscribe(p, jid, subscribed);

	if (fault != PUBSUB_OK)
		return fault;
	buf_lit(&a->answer, "<pubsub xmlns='http://jabber.org/protocol/pubsub'>");
	subscription_put(&a->answer, p, jid, subscribed);
	buf_lit(&a->answer, "</pubsub>");
	return act_save(a, p);
}

enum pubsub_fault pep_verb_subscribe(struct act *a)
{
	struct jid jid;
	struct place *p;
	enum pubsub_fault fault = own_jid(a, &jid);

	if (fault == PUBSUB_OK)
		fault = act_open_place(a, &p);
	if (fault != PUBSUB_OK)
		return fault;
	a->fresh = true;
	return set_subscribed(a, p, jid.full, true);
}

enum pubsub_fault pep_verb_unsubscribe(struct act *a)
{
	struct place *p = act_place(a);
	const struct standing *s;
	struct jid jid;

	if (!p)
		return PUBSUB_E_NOT_FOUND;
	if (own_jid(a, &jid) != PUBSUB_OK)
		return PUBSUB_E_FORBIDDEN;
	s = place_standing(p, jid.full);
	return s && s->subscribed ? set_subscribed(a, p, jid.full, false) : PUBSUB_E_NOT_SUBSCRIBED;
}

static void own_subscriptions_put(struct act *a, const struct place *p)
{
	for (size_t i = 0; i < p->people_len; i++)
		if (p->people[i].subscribed && str_eq(jid_split(p->people[i].jid).bare, a->who.bare))
			subscription_put(&a->answer, p, p->people[i].jid, true);
}

static void own_affiliation_put(struct act *a, const struct place *p)
{
	const struct standing *s = place_standing(p, a->who.bare);

	if (!a->who.owner && (!s || s->kind == STANDING_NONE))
		return;
	buf_lit(&a->answer, "<affiliation");
	pubsub_attr_put(&a->answer, "node", p->name);
	buf_printf(&a->answer, " affiliation='%s'/>", a->who.owner ? "owner" : standing_word(s->kind));
}

/* 5.6, 5.7: of one node, or of all. */
static enum pubsub_fault list_own(
	struct act *a, const char *what, void (*put)(struct act *a, const struct place *p))
{
	struct map_slot *slot;

	if (a->rq.node.len && !act_place(a))
		return PUBSUB_E_NOT_FOUND;
	list_open(a, NS_PUBSUB, what, a->rq.node);
	for (size_t i = 0; (slot = map_next(&a->user->pep->places, &i));)
		if (!a->rq.node.len || str_eq(slot->key, a->rq.node))
			put(a, slot->value);
	buf_printf(&a->answer, "</%s></pubsub>", what);
	act_answer(a);
	return PUBSUB_OK;
}

enum pubsub_fault pep_verb_subscriptions(struct act *a)
{
	return list_own(a, "subscriptions", own_subscriptions_put);
}

enum pubsub_fault pep_verb_affiliations(struct act *a)
{
	return list_own(a, "affiliations", own_affiliation_put);
}

/* ---- the owner's lists ---- */

enum pubsub_fault pep_verb_subscribers(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault = act_own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	list_open(a, NS_PUBSUB_OWNER, "subscriptions", p->name);
	for (size_t i = 0; i < p->people_len; i++)
		if (p->people[i].subscribed) {
			buf_lit(&a->answer, "<subscription");
			pubsub_attr_put(&a->answer, "jid", p->people[i].jid);
			buf_lit(&a->answer, " subscription='subscribed'/>");
		}
	buf_lit(&a->answer, "</subscriptions></pubsub>");
	act_answer(a);
	return PUBSUB_OK;
}

static void affiliation_put(struct buf *out, struct str jid, const char *word)
{
	buf_lit(out, "<affiliation");
	pubsub_attr_put(out, "jid", jid);
	buf_printf(out, " affiliation='%s'/>", word);
}

enum pubsub_fault pep_verb_affiliated(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault = act_own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	list_open(a, NS_PUBSUB_OWNER, "affiliations", p->name);
	affiliation_put(&a->answer, a->user->bare, "owner");
	for (size_t i = 0; i < p->people_len; i++)
		if (p->people[i].kind != STANDING_NONE)
			affiliation_put(&a->answer, p->people[i].jid, standing_word(p->people[i].kind));
	buf_lit(&a->answer, "</affiliations></pubsub>");
	act_answer(a);
	return PUBSUB_OK;
}

/* One entry of a list. On a dry run nothing is changed: the whole list holds, or none of it. */
static enum pubsub_fault affiliate_one(struct act *a, struct place *p, const struct node *n, bool dry)
{
	enum standing_kind kind;
	struct jid jid;

	if (jid_parse(&jid, node_attr(n, STR("jid")), a->parcel->arena))
		return PUBSUB_E_BAD;
	if (str_eq(jid.bare, a->user->bare))
		return str_is(node_attr(n, STR("affiliation")), "owner") ? PUBSUB_OK : PUBSUB_E_OPTIONS;
	if (!standing_parse(node_attr(n, STR("affiliation")), &kind) || kind == STANDING_PUBLISHER)
		return PUBSUB_E_OPTIONS;
	if (p->secret && kind == STANDING_MEMBER)
		return PUBSUB_E_OPTIONS;
	return dry ? PUBSUB_OK : place_affiliate(p, jid.bare, kind);
}

static enum pubsub_fault subscribe_one(struct act *a, struct place *p, const struct node *n, bool dry)
{
	struct str word = node_attr(n, STR("subscription"));
	struct jid jid;

	if (jid_parse(&jid, node_attr(n, STR("jid")), a->parcel->arena))
		return PUBSUB_E_BAD;
	if (!str_is(word, "subscribed") && !str_is(word, "none"))
		return PUBSUB_E_OPTIONS;
	return dry ? PUBSUB_OK : place_subscribe(p, jid.full, str_is(word, "subscribed"));
}

static enum pubsub_fault set_list(struct act *a, struct str name,
	enum pubsub_fault (*one)(struct act *a, struct place *p, const struct node *n, bool dry))
{
	struct place *p;
	enum pubsub_fault fault = act_own_place(a, &p);

	for (int dry = 1; dry >= 0; dry--)
		for (const struct node *n = node_first_element(a->rq.list); fault == PUBSUB_OK && n;
			n = node_next_element(n))
			fault = node_is(n, name, NS_PUBSUB_OWNER) ? one(a, p, n, dry) : PUBSUB_E_BAD;
	if (fault == PUBSUB_OK)
		return act_save(a, p);
	if (fault == PUBSUB_E_SUBSCRIPTIONS || fault == PUBSUB_E_FAILED)
		a->user->pep->failed = true; /* perhaps half done */
	return fault;
}

enum pubsub_fault pep_verb_affiliate(struct act *a)
{
	return set_list(a, STR("affiliation"), affiliate_one);
}

enum pubsub_fault pep_verb_set_subscribers(struct act *a)
{
	return set_list(a, STR("subscription"), subscribe_one);
}
