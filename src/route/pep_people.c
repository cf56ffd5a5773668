/* Who has subscribed and who has which standing, as they ask themselves (XEP-0060 5.6, 5.7, 6.1, 6.2) and as the owner does
 * (8.8, 8.9). */
#include "base/map.h"
#include "route/pep_act.h"
#include "stanza/ns.h"

enum {
	REFUSAL_ARENA = 1 << 20, /* with a whole list in it */
};

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
	if (jid_parse(out, a->rq.jid, a->parcel->arena) || !str_eq(out->bare, a->who))
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
	if (fault == PUBSUB_OK && place_is_full_for(p, &jid))
		fault = PUBSUB_E_SUBSCRIPTIONS;
	if (fault != PUBSUB_OK)
		return fault;
	a->fresh = jid.full;
	return set_subscribed(a, p, jid.full, true);
}

enum pubsub_fault pep_verb_unsubscribe(struct act *a)
{
	struct place *p = act_place(a);
	const struct place_standing *s;
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
		if (p->people[i].subscribed && str_eq(jid_split(p->people[i].jid).bare, a->who))
			subscription_put(&a->answer, p, p->people[i].jid, true);
}

static void own_affiliation_put(struct act *a, const struct place *p)
{
	const struct place_standing *s = place_standing(p, a->who);

	if (!a->owner && (!s || s->kind == STANDING_NONE))
		return;
	buf_lit(&a->answer, "<affiliation");
	pubsub_attr_put(&a->answer, "node", p->name);
	buf_printf(&a->answer, " affiliation='%s'/>", a->owner ? "owner" : standing_word(s->kind));
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

/* ---- the owner's changes (8.8.2, 8.9.2): the whole list holds, or none of it ---- */

/* One entry, read. */
struct edit {
	struct str jid; /* as it stands among the node's people */
	bool nothing;   /* says no change */
	uint8_t kind;   /* enum standing_kind */
	bool subscribed;
};

struct edits {
	struct str name; /* of an entry, and of its attribute */
	enum pubsub_fault (*read)(struct act *a, const struct place *p, struct str word, struct edit *out);
	enum pubsub_fault (*apply)(struct act *a, struct place *p, const struct edit *e);
	const char *(*word)(const struct act *a, const struct place *p, const struct jid *jid); /* how it is */
	bool opens; /* says who may look in: of bare addresses */
};

static enum pubsub_fault affiliation_read(struct act *a, const struct place *p, struct str word, struct edit *out)
{
	enum standing_kind kind;

	if (str_is(word, "publish-only"))
		return PUBSUB_E_PUBLISH_ONLY;
	if (str_eq(out->jid, a->user->bare)) {
		out->nothing = true;
		return str_is(word, "owner") ? PUBSUB_OK : PUBSUB_E_OPTIONS;
	}
	if (!standing_parse(word, &kind) || (p->secret && kind == STANDING_MEMBER))
		return PUBSUB_E_OPTIONS;
	out->kind = (uint8_t)kind;
	return kind == STANDING_PUBLISHER ? PUBSUB_E_PUBLISHER : PUBSUB_OK;
}

static enum pubsub_fault affiliation_apply(struct act *a, struct place *p, const struct edit *e)
{
	(void)a;
	return place_affiliate(p, e->jid, (enum standing_kind)e->kind);
}

static const char *affiliation_word(const struct act *a, const struct place *p, const struct jid *jid)
{
	const struct place_standing *s = place_standing(p, jid->bare);

	if (str_eq(jid->bare, a->user->bare))
		return "owner";
	return standing_word(s ? s->kind : STANDING_NONE);
}

static enum pubsub_fault subscription_read(struct act *a, const struct place *p, struct str word, struct edit *out)
{
	(void)a;
	(void)p;
	out->subscribed = str_is(word, "subscribed");
	return out->subscribed || str_is(word, "none") ? PUBSUB_OK : PUBSUB_E_OPTIONS;
}

static enum pubsub_fault subscription_apply(struct act *a, struct place *p, const struct edit *e)
{
	const struct place_standing *s = place_standing(p, e->jid);
	struct buf text = BUF_INIT(0);

	if ((s && s->subscribed) == e->subscribed)
		return PUBSUB_OK;
	event_put_subscription(&text, a->user->bare, act_event_id(a), p, e->jid, e->subscribed);
	act_event_to(a, p->name, e->jid, &text);
	return place_subscribe(p, e->jid, e->subscribed);
}

static const char *subscription_word(const struct act *a, const struct place *p, const struct jid *jid)
{
	const struct place_standing *s = place_standing(p, jid->full);

	(void)a;
	return s && s->subscribed ? "subscribed" : "none";
}

static enum pubsub_fault edit_read(struct act *a, const struct place *p, const struct edits *how, const struct node *n,
	struct edit *out)
{
	struct str word = node_attr(n, how->name);
	struct jid jid;

	*out = (struct edit){.nothing = !word.data};
	if (!node_is(n, how->name, NS_PUBSUB_OWNER) || jid_parse(&jid, node_attr(n, STR("jid")), a->parcel->arena))
		return PUBSUB_E_BAD;
	out->jid = how->opens ? jid.bare : jid.full;
	return out->nothing ? PUBSUB_OK : how->read(a, p, word, out);
}

/* Nobody twice, and no more than the node holds. */
static enum pubsub_fault edits_read(struct act *a, const struct place *p, const struct edits *how, struct edit *out)
{
	enum pubsub_fault fault = PUBSUB_OK;
	size_t room = PLACE_PEOPLE_MAX - p->people_len;
	struct map seen;

	map_init(&seen);
	for (const struct node *n = node_first_element(a->rq.list); fault == PUBSUB_OK && n; n = node_next_element(n), out++) {
		fault = edit_read(a, p, how, n, out);
		if (fault == PUBSUB_OK && map_get(&seen, out->jid))
			fault = PUBSUB_E_BAD;
		else if (fault == PUBSUB_OK && !out->nothing && !place_standing(p, out->jid) && room-- == 0)
			fault = PUBSUB_E_SUBSCRIPTIONS;
		if (fault == PUBSUB_OK && map_put(&seen, out->jid, out))
			fault = PUBSUB_E_FAILED;
	}
	map_done(&seen);
	return fault;
}

/* With all entries as they still are: what is not among them would count as done. */
static void edits_refuse(struct act *a, const struct place *p, const struct edits *how, enum pubsub_fault fault)
{
	struct arena *arena = arena_new(REFUSAL_ARENA);
	struct node *error = arena ? pubsub_refusal(arena, a->parcel->stanza, fault) : NULL;
	struct node *pubsub = error ? node_new(arena, STR("pubsub"), NS_PUBSUB_OWNER) : NULL;
	struct node *list = pubsub ? node_add(arena, pubsub, a->rq.list->name, NS_PUBSUB_OWNER) : NULL;

	if (list)
		node_set_attr(arena, list, STR("node"), p->name);
	for (const struct node *n = list ? node_first_element(a->rq.list) : NULL; n; n = node_next_element(n)) {
		struct node *entry = node_add(arena, list, how->name, NS_PUBSUB_OWNER);
		struct jid jid;

		if (!entry || jid_parse(&jid, node_attr(n, STR("jid")), arena))
			continue;
		node_set_attr(arena, entry, STR("jid"), jid.full);
		node_set_attr(arena, entry, how->name, str_from(how->word(a, p, &jid)));
	}
	if (list && !arena_is_full(arena))
		node_prepend(error, pubsub);
	if (error)
		parcel_answer(a->parcel, error);
	arena_free(arena);
	act_end(a);
}

static enum pubsub_fault edit_list(struct act *a, const struct edits *how)
{
	struct place *p;
	struct edit *edits;
	enum pubsub_fault fault = act_own_place(a, &p);
	size_t len = 0;

	if (fault != PUBSUB_OK)
		return fault;
	for (const struct node *n = node_first_element(a->rq.list); n; n = node_next_element(n))
		len++;
	edits = arena_alloc(a->parcel->arena, (len + 1) * sizeof(*edits));
	if (!edits)
		return PUBSUB_E_FAILED;
	fault = edits_read(a, p, how, edits);
	if (fault != PUBSUB_OK) {
		edits_refuse(a, p, how, fault);
		return PUBSUB_OK;
	}
	for (size_t i = 0; fault == PUBSUB_OK && i < len; i++)
		if (!edits[i].nothing)
			fault = how->apply(a, p, &edits[i]);
	if (fault != PUBSUB_OK) {
		a->user->pep->failed = true; /* half done: memory is out */
		return fault;
	}
	if (how->opens)
		act_part(a, p);
	return act_save(a, p);
}

enum pubsub_fault pep_verb_affiliate(struct act *a)
{
	static const struct edits how = {
		STR("affiliation"), affiliation_read, affiliation_apply, affiliation_word, .opens = true};

	return edit_list(a, &how);
}

enum pubsub_fault pep_verb_set_subscribers(struct act *a)
{
	static const struct edits how = {
		STR("subscription"), subscription_read, subscription_apply, subscription_word, .opens = false};

	return edit_list(a, &how);
}
