#include "way/names.h"

#include "account/likeness.h"
#include "base/cleanup.h"
#include "conf/service.h"
#include "rule/wall.h"
#include "stanza/ns.h"

#define RULE STR("names")
#define NODE_VCARD4 "urn:xmpp:vcard4"
#define NS_VCARD4 STR("urn:ietf:params:xml:ns:vcard-4.0")

enum {
	MET_MS = 30u * 24 * 3600 * 1000, /* who has been silent for so long begins anew */
	NAMES_MAX = 32,                  /* of one stanza: more are nobody's, and taken as another's */
};

/* ---- whose it is ---- */

/* Who may be told of whom. */
struct teller {
	const struct way_loop *wl;
	const struct person *viewer; /* NULL: somebody from outside; he learns of nobody */
};

static bool may_tell(const struct person *p, void *owner)
{
	const struct teller *t = owner;
	struct subject shown = way_subject(p, STR("")), viewer;

	if (!t->viewer)
		return false;
	viewer = way_subject(t->viewer, STR(""));
	return !wall_stands(t->wl->policy, &shown, &viewer, WALL_PRESENCE);
}

/* `mixed_only`: nothing else matters. */
static struct likeness likeness_of(const struct parcel *p, struct way_loop *wl, struct str text, const struct person *viewer, bool mixed_only)
{
	AUTO(person_unrefp) const struct person *now = p->origin->person ? directory_get(wl->directory, p->origin->jid.bare) : NULL;
	struct teller teller = {wl, viewer};
	struct likeness_ask ask = {
			.text = text,
			.self = p->origin->jid.bare,
			.person = now,
			.may = may_tell,
			.owner = &teller,
	};

	if (mixed_only)
		return (struct likeness){.kind = likeness_is_mixed(wl->settings, &ask) ? LIKENESS_MIXED : LIKENESS_NONE};
	return likeness_find(wl->directory, wl->settings, &ask);
}

/* ---- what follows ---- */

static struct str detail_of(const struct likeness *l)
{
	switch (l->kind) {
	case LIKENESS_COLLEAGUE:
		return l->person->id;
	case LIKENESS_MIXED:
		return STR("mixed");
	default:
		return STR("reserved");
	}
}

static void find(struct parcel *p, const struct likeness *l, enum mode mode, enum action action)
{
	struct finding f = {.rule = RULE, .action = action, .mode = mode, .detail = detail_of(l)};
	struct notice notices[LANGUAGES];

	verdict_add(&p->verdict, p->arena, &f, notice_of(notices, l->kind == LIKENESS_MIXED ? PHRASE_NAME_MIXED : PHRASE_NAME_TAKEN));
}

/* A name that is nobody's has a setting of its own. */
static int setting_of(const struct way_loop *wl, const struct likeness *l, int setting)
{
	if (l->kind == LIKENESS_NONE)
		return SETTINGS_NAMES_ALLOW;
	return l->kind == LIKENESS_MIXED ? wl->settings->names_mixed_scripts : setting;
}

static void decide(struct parcel *p, const struct likeness *l, int setting)
{
	if (setting == SETTINGS_NAMES_REFUSE)
		find(p, l, MODE_ENFORCE, ACTION_BLOCK);
	else if (setting == SETTINGS_NAMES_MARK)
		find(p, l, MODE_OBSERVE, ACTION_LOG);
}

/* Is a name looked at where this is set? */
static bool is_wanted(const struct way_loop *wl, int setting)
{
	return setting != SETTINGS_NAMES_ALLOW || wl->settings->names_mixed_scripts != SETTINGS_NAMES_ALLOW;
}

static void decide_name(struct parcel *p, struct way_loop *wl, struct str text, int setting)
{
	struct likeness l;

	if (!is_wanted(wl, setting) || !text.len)
		return;
	l = likeness_of(p, wl, str_trim(text), p->origin->person, setting == SETTINGS_NAMES_ALLOW);
	decide(p, &l, setting_of(wl, &l, setting));
	likeness_done(&l);
}

/* ---- what one publishes about oneself ---- */

struct profile {
	struct parcel *p;
	struct way_loop *wl;
	unsigned names; /* so far */
};

/* Of several, any may be the one that others are shown. */
static void decide_names(struct profile *f, const struct node *of, struct str name, struct str ns)
{
	const struct likeness too_many = {.kind = LIKENESS_RESERVED};
	int setting = f->wl->settings->names_profiles;

	node_each (n, of) {
		if (!node_is(n, name, ns) || f->names > NAMES_MAX)
			continue;
		if (f->names++ == NAMES_MAX)
			decide(f->p, &too_many, setting);
		else
			decide_name(f->p, f->wl, node_text(n, f->p->arena), setting);
	}
}

/* XEP-0292: <fn><text/></fn>. */
static void decide_texts(struct profile *f, const struct node *card, struct str name)
{
	node_each (n, card)
		if (node_is(n, name, NS_VCARD4))
			decide_names(f, n, STR("text"), NS_VCARD4);
}

static void put_full_name(struct parcel *p, struct node *n)
{
	while (n->first)
		node_remove(n->first);
	node_add_text(p->arena, n, p->full_name);
}

/* Are there others than p->full_name? If so, `put` makes them that. */
static bool rename_in(struct parcel *p, const struct node *of, struct str name, struct str ns, bool put)
{
	bool others = false;

	node_each (n, of) {
		if (!node_is(n, name, ns) || str_eq(node_text(n, p->arena), p->full_name))
			continue;
		others = true;
		if (put)
			put_full_name(p, n);
	}
	return others;
}

static bool rename_card4(struct parcel *p, const struct node *card, bool put)
{
	bool others = false;

	node_each (fn, card)
		if (node_is(fn, STR("fn"), NS_VCARD4))
			others = rename_in(p, fn, STR("text"), NS_VCARD4, put) || others;
	return others;
}

static bool rename_card(struct parcel *p, bool put)
{
	const struct node *card = node_child(p->stanza, STR("vCard"), NS_VCARD);
	const struct node *pubsub = node_child(p->stanza, STR("pubsub"), NS_PUBSUB);
	const struct node *publish = pubsub ? node_child(pubsub, STR("publish"), NS_PUBSUB) : NULL;
	bool others = card && rename_in(p, card, STR("FN"), NS_VCARD, put);

	for (const struct node *item = publish ? node_first_element(publish) : NULL; item; item = node_next_element(item)) {
		card = node_child(item, STR("vcard"), NS_VCARD4);
		others = (card && rename_card4(p, card, put)) || others;
	}
	return others;
}

/* The name in a card is the account's, whatever is written there. */
static void decide_full_name(struct parcel *p, const struct way_loop *wl)
{
	AUTO(person_unrefp) const struct person *now = NULL; /* he may have been renamed since he logged in */

	if (!wl->settings->names_from_account)
		return;
	now = directory_get(wl->directory, p->origin->jid.bare);
	if (!now || !now->name.len)
		return;
	p->full_name = arena_dup(p->arena, now->name);
	if (!rename_card(p, false))
		p->full_name = STR_NONE;
}

static void decide_item(struct profile *f, const struct node *item)
{
	const struct node *card = node_child(item, STR("vcard"), NS_VCARD4);

	decide_names(f, item, STR("nick"), NS_NICK);
	if (!card)
		return;
	decide_texts(f, card, STR("fn"));
	decide_texts(f, card, STR("nickname"));
}

static void decide_publish(struct profile *f)
{
	const struct node *pubsub = node_child(f->p->stanza, STR("pubsub"), NS_PUBSUB);
	const struct node *publish = pubsub ? node_child(pubsub, STR("publish"), NS_PUBSUB) : NULL;
	struct str node = publish ? node_attr(publish, STR("node")) : STR("");

	if (!str_eq(node, NS_NICK) && !str_is(node, NODE_VCARD4))
		return;
	for (const struct node *item = node_first_element(publish); item; item = node_next_element(item))
		decide_item(f, item);
	decide_full_name(f->p, f->wl);
}

static void decide_profile(struct parcel *p, struct way_loop *wl)
{
	const struct node *card = node_child(p->stanza, STR("vCard"), NS_VCARD);
	struct profile f = {p, wl, 0};

	if (card) {
		decide_names(&f, card, STR("FN"), NS_VCARD);
		decide_names(&f, card, STR("NICKNAME"), NS_VCARD);
		decide_full_name(p, wl);
	} else {
		decide_publish(&f);
	}
}

/* ---- requests and first messages ---- */

/* What the recipient is told about the one who goes by that name. */
static struct str warning(const struct parcel *p, const struct likeness *l)
{
	enum language language = language_of(p->recipient->language);
	const struct person *is = l->kind == LIKENESS_COLLEAGUE ? l->person : NULL;
	struct phrase_word words[] = {{"who", p->origin->jid.bare}, {"name", STR_NONE}, {"address", STR_NONE}, {}};
	enum phrase says = l->kind == LIKENESS_MIXED ? PHRASE_WARN_MIXED : PHRASE_WARN_RESERVED;
	struct buf b = BUF_INIT(4 * JID_MAX);
	struct str text;

	if (is) {
		says = PHRASE_WARN_COLLEAGUE;
		words[1].value = is->name.len ? is->name : jid_split(is->jid).local;
		words[2].value = is->jid;
	}
	phrase_put(&b, says, language, words);
	text = buf_failed(&b) ? STR_NONE : arena_dup(p->arena, buf_view(&b));
	buf_done(&b);
	return text;
}

/* What looks like somebody else's among the nicknames of a stanza. */
static struct likeness likeness_of_nicks(const struct parcel *p, struct way_loop *wl, const struct person *viewer, int setting)
{
	struct likeness l = {};
	unsigned names = 0;

	node_each (n, p->stanza) {
		if (l.kind != LIKENESS_NONE || !node_is(n, STR("nick"), NS_NICK))
			continue;
		if (names++ == NAMES_MAX)
			l.kind = LIKENESS_RESERVED;
		else
			l = likeness_of(p, wl, str_trim(node_text(n, p->arena)), viewer, setting == SETTINGS_NAMES_ALLOW);
	}
	return l;
}

static void decide_sender(struct parcel *p, struct way_loop *wl, bool outside)
{
	int setting = wl->settings->names_requests;
	struct likeness l = likeness_of_nicks(p, wl, p->recipient, setting);

	if (l.kind == LIKENESS_NONE && outside)
		l = likeness_of(p, wl, str_trim(p->origin->jid.local), p->recipient, setting == SETTINGS_NAMES_ALLOW);
	setting = setting_of(wl, &l, setting);
	decide(p, &l, setting);
	if (setting == SETTINGS_NAMES_MARK)
		p->mark = warning(p, &l);
	likeness_done(&l);
}

/* Those two have written to each other lately, or do from now on. */
static bool have_met(const struct parcel *p, struct way_loop *wl)
{
	return meter_note(wl->met, meter_key(p->origin->jid.bare, p->to.bare), MET_MS, loop_ms(wl->loop));
}

/* <nick/> in what one says to others: another's is taken out. */
static void decide_nick(struct parcel *p, struct way_loop *wl)
{
	int setting = wl->settings->names_profiles;
	struct likeness l;

	if (!is_wanted(wl, setting))
		return;
	l = likeness_of_nicks(p, wl, p->origin->person, setting);
	setting = setting_of(wl, &l, setting);
	if (setting != SETTINGS_NAMES_ALLOW) {
		find(p, &l, MODE_OBSERVE, ACTION_LOG);
		p->unnamed = setting == SETTINGS_NAMES_REFUSE;
	}
	likeness_done(&l);
}

static bool is_request(const struct parcel *p)
{
	return p->kind == PARCEL_PRESENCE && str_is(p->type, "subscribe") && p->recipient;
}

static bool is_first_message(const struct parcel *p, struct way_loop *wl, bool outside)
{
	return p->kind == PARCEL_MESSAGE && p->recipient && outside && !str_is(p->type, "error") &&
			(wl->settings->names_requests == SETTINGS_NAMES_REFUSE ||
					wl->settings->names_mixed_scripts == SETTINGS_NAMES_REFUSE || !have_met(p, wl));
}

static bool enters_room(const struct parcel *p, const struct way_loop *wl)
{
	return p->kind == PARCEL_PRESENCE && p->has_to && !p->type.len && p->to.resource.len &&
			settings_is_rooms(wl->settings, p->to.domain);
}

/* What is refused there the room refuses (hall_may_be_called): it knows who is in it. */
static void decide_nick_in_room(struct parcel *p, struct way_loop *wl)
{
	int setting = wl->settings->names_rooms == SETTINGS_NAMES_MARK ? SETTINGS_NAMES_MARK : SETTINGS_NAMES_ALLOW;
	struct likeness l;

	if (!is_wanted(wl, setting))
		return;
	l = likeness_of(p, wl, str_trim(p->to.resource), p->origin->person, setting == SETTINGS_NAMES_ALLOW);
	if (setting_of(wl, &l, setting) == SETTINGS_NAMES_MARK)
		decide(p, &l, SETTINGS_NAMES_MARK);
	likeness_done(&l);
}

static bool is_own_set(const struct parcel *p)
{
	return p->kind == PARCEL_IQ && str_is(p->type, "set") && p->origin->person &&
			(!p->has_to || str_eq(p->to.full, p->origin->jid.bare));
}

void names_decide(struct parcel *p, struct way_loop *wl)
{
	bool outside = !p->origin->person && !settings_is_inside(wl->settings, p->origin->jid.domain);

	if (p->class != CLASS_CONTENT)
		return;
	if (is_own_set(p))
		decide_profile(p, wl);
	else if (is_wanted(wl, wl->settings->names_requests) && (is_request(p) || is_first_message(p, wl, outside)))
		decide_sender(p, wl, outside);
	else if (p->kind != PARCEL_IQ && p->origin->person)
		decide_nick(p, wl);
	if (enters_room(p, wl))
		decide_nick_in_room(p, wl);
}

/* ---- the mark ---- */

static void put_before(struct parcel *p, struct node *n, struct str text)
{
	struct node *t = node_add_text(p->arena, n, text);

	if (!t)
		return;
	node_remove(t);
	node_prepend(n, t);
}

static void mark_child(struct parcel *p, const char *name)
{
	struct str line = arena_printf(p->arena, "%.*s\n", STR_FMT(p->mark));
	struct node *one = NULL;

	node_each (n, p->stanza)
		if (node_is(n, str_from(name), NS_CLIENT)) {
			put_before(p, n, line);
			one = n;
		}
	if (!one)
		node_add_text(p->arena, node_add(p->arena, p->stanza, str_from(name), NS_CLIENT), p->mark);
}

bool names_mark(struct parcel *p)
{
	bool message = p->kind == PARCEL_MESSAGE;

	if (p->full_name.len)
		(void)rename_card(p, true);
	if (p->unnamed || p->mark.len)
		node_remove_each(p->stanza, STR("nick"), NS_NICK);
	if (!p->mark.len)
		return p->unnamed || p->full_name.len;
	mark_child(p, message ? "body" : "status");
	if (message)
		node_remove_each(p->stanza, STR("html"), NS_XHTML_IM); /* says the same without the warning */
	return true;
}
