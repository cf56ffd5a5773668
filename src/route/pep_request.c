/* Requests about nodes, a function a verb. What changes a node changes it here first and is written; the answer and the event
 * go out when it is on the disk. If the store did not take it, the nodes are read anew. */
#include <stdlib.h>

#include "base/rand.h"
#include "base/text.h"
#include "pubsub/event.h"
#include "pubsub/request.h"
#include "route/answer.h"
#include "route/components.h"
#include "route/iq.h"
#include "route/pep.h"
#include "route/sight.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	REFUSAL_ARENA = 64 << 10,
};

/* A request under way. */
struct act {
	struct store_req req;
	struct user *user; /* whose nodes */
	struct parcel *parcel;
	struct pubsub_request rq;
	struct onlooker who;
	struct kept kept;
	struct str node, item; /* on the parcel's arena */
	struct buf answer;     /* payload of the result */
	struct blob *event;    /* counted; goes out when the store has it; NULL: none */
	bool changed;          /* the nodes in memory are ahead of the store */
	bool must_exist;       /* the store says how many it deleted */
	bool fresh;            /* a new subscriber */
};

static struct store *store_of(const struct act *a)
{
	return a->user->home->route->env.store;
}

static struct place *place_of(const struct act *a)
{
	return map_get(&a->user->pep->places, a->rq.node);
}

static void act_end(struct act *a)
{
	struct user *u = a->user;

	store_req_release(&a->req);
	blob_unref(a->event);
	buf_done(&a->answer);
	parcel_end(a->parcel);
	free(a);
	pep_busy(u, -1);
}

static void act_refuse(struct act *a, enum pubsub_fault fault)
{
	struct arena *arena = arena_new(REFUSAL_ARENA);

	if (arena)
		parcel_answer(a->parcel, pubsub_refusal(arena, a->parcel->stanza, fault));
	arena_free(arena);
	act_end(a);
}

static void act_answer(struct act *a)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, a->parcel);
	buf_str(&text, buf_view(&a->answer));
	buf_lit(&text, "</iq>");
	if (buf_failed(&a->answer))
		text.failed = true;
	answer_text(a->parcel, &text);
	act_end(a);
}

static void event_make(struct act *a, struct buf *text)
{
	blob_unref(a->event);
	a->event = buf_failed(text) ? NULL : blob_new(buf_view(text));
	buf_done(text);
}

static struct str event_id(const struct act *a)
{
	return str_from(a->parcel->record_id);
}

/* ---- when the store has answered ---- */

static enum pubsub_fault fault_of(const struct act *a, int result)
{
	if (result == STORE_E_FULL)
		return PUBSUB_E_FULL;
	if (result)
		return PUBSUB_E_FAILED;
	return a->must_exist && a->req.number == 0 ? PUBSUB_E_NOT_FOUND : PUBSUB_OK;
}

static void on_written(struct store_req *req, int result)
{
	struct act *a = req->owner;
	enum pubsub_fault fault = fault_of(a, result);
	const struct place *p = pep_of(a->user) ? place_of(a) : NULL;

	if (fault != PUBSUB_OK) {
		if (a->changed && a->user->pep)
			a->user->pep->failed = true;
		act_refuse(a, fault);
		return;
	}
	if (a->event && p)
		pep_announce(a->user, p, a->event, &a->kept, a->parcel->hold);
	if (a->fresh && p)
		pep_send_last(a->user, p, a->who.bare);
	act_answer(a);
}

/* The node as it is now. */
static enum pubsub_fault save(struct act *a, const struct place *p)
{
	struct buf state = BUF_INIT(0);
	struct store_pep_node row = {.name = p->name};
	int r;

	place_put_text(&state, p);
	row.state = buf_view(&state);
	a->changed = true;
	store_req_init(&a->req, on_written, a);
	r = buf_failed(&state) ? -1 : store_pep_node_put(store_of(a), &a->req, a->user->bare, &row);
	buf_done(&state);
	if (r)
		a->user->pep->failed = true;
	return r ? PUBSUB_E_FAILED : PUBSUB_OK;
}

/* ---- nodes ---- */

/* With the account's nodes at hand: the node that was asked for, to its owner. */
static enum pubsub_fault own_place(const struct act *a, struct place **out)
{
	*out = place_of(a);
	if (!a->who.owner)
		return PUBSUB_E_FORBIDDEN;
	return *out ? PUBSUB_OK : PUBSUB_E_NOT_FOUND;
}

static struct str random_name(struct act *a)
{
	unsigned char random[12];
	struct buf text = BUF_INIT(0);
	struct str out;

	rand_pooled(random, sizeof(random));
	base64url_put(&text, random, sizeof(random));
	out = arena_dup(a->parcel->arena, buf_view(&text));
	buf_done(&text);
	return out;
}

/* A new one, in memory. `take` reads the form into it. */
static enum pubsub_fault place_add(struct act *a, struct place **out,
	enum pubsub_fault (*take)(struct node_options *o, const struct node *form, struct arena *arena))
{
	struct pep *pep = a->user->pep;
	enum pubsub_fault fault = PUBSUB_OK;
	struct place *p;

	if (pep->places.len >= a->user->home->settings->personal_nodes)
		return PUBSUB_E_NODES;
	p = place_new(a->rq.node);
	if (!p)
		return PUBSUB_E_FAILED;
	if (a->rq.form)
		fault = take(&p->options, a->rq.form, a->parcel->arena);
	if (fault == PUBSUB_OK && map_put(&pep->places, p->name, p))
		fault = PUBSUB_E_FAILED;
	if (fault != PUBSUB_OK) {
		place_free(p);
		return fault;
	}
	*out = p;
	return PUBSUB_OK;
}

static enum pubsub_fault create(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault;

	if (!a->who.owner)
		return PUBSUB_E_FORBIDDEN;
	if (place_of(a))
		return PUBSUB_E_EXISTS;
	if (!a->rq.node.len)
		a->rq.node = random_name(a);
	fault = place_add(a, &p, options_take_form);
	if (fault != PUBSUB_OK)
		return fault;
	buf_lit(&a->answer, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><create");
	pubsub_attr_put(&a->answer, "node", p->name);
	buf_lit(&a->answer, "/></pubsub>");
	return save(a, p);
}

static void form_put(struct act *a, const char *what, struct str node, const struct node_options *o)
{
	struct buf *b = &a->answer;

	buf_printf(b, "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><%s", what);
	if (node.len)
		pubsub_attr_put(b, "node", node);
	buf_lit(b, "><x xmlns='jabber:x:data' type='form'>");
	options_put_form(b, o);
	buf_printf(b, "</x></%s></pubsub>", what);
}

static enum pubsub_fault configuration(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault = own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	form_put(a, "configure", p->name, &p->options);
	act_answer(a);
	return PUBSUB_OK;
}

static enum pubsub_fault preset(struct act *a)
{
	struct node_options o;

	options_init(&o);
	form_put(a, "default", STR(""), &o);
	options_done(&o);
	act_answer(a);
	return PUBSUB_OK;
}

static enum pubsub_fault configure(struct act *a)
{
	struct buf event = BUF_INIT(0);
	struct node_options o;
	struct place *p;
	enum pubsub_fault fault = own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	if (str_is(node_attr(a->rq.form, STR("type")), "cancel")) {
		act_answer(a);
		return PUBSUB_OK;
	}
	if (!options_copy(&o, &p->options))
		return PUBSUB_E_FAILED;
	fault = options_take_form(&o, a->rq.form, a->parcel->arena);
	if (fault != PUBSUB_OK) {
		options_done(&o);
		return fault;
	}
	options_done(&p->options);
	p->options = o;
	if (o.notify_config) {
		event_put_configuration(&event, a->user->bare, event_id(a), p);
		event_make(a, &event);
	}
	return save(a, p);
}

/* The event goes out first: afterwards nobody knows who would hear it. */
static enum pubsub_fault delete_node(struct act *a)
{
	struct buf event = BUF_INIT(0);
	struct place *p;
	enum pubsub_fault fault = own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	a->changed = true;
	store_req_init(&a->req, on_written, a);
	if (store_pep_node_delete(store_of(a), &a->req, a->user->bare, p->name))
		return PUBSUB_E_FAILED;
	if (p->options.notify_delete) {
		event_put_delete(&event, a->user->bare, event_id(a), p);
		event_make(a, &event);
		if (a->event)
			pep_announce(a->user, p, a->event, &a->kept, a->parcel->hold);
	}
	map_del(&a->user->pep->places, p->name);
	place_free(p);
	return PUBSUB_OK;
}

static enum pubsub_fault purge(struct act *a)
{
	struct buf event = BUF_INIT(0);
	struct place *p;
	enum pubsub_fault fault = own_place(a, &p);

	if (fault == PUBSUB_OK && !p->options.persist)
		fault = PUBSUB_E_TRANSIENT;
	if (fault != PUBSUB_OK)
		return fault;
	event_put_purge(&event, a->user->bare, event_id(a), p);
	event_make(a, &event);
	store_req_init(&a->req, on_written, a);
	return store_pep_item_delete(store_of(a), &a->req, a->user->bare, p->name, STR("")) ? PUBSUB_E_FAILED : PUBSUB_OK;
}

/* ---- publishing ---- */

/* 7.1.5 */
static enum pubsub_fault meets(const struct place *p, const struct node *form, struct arena *arena)
{
	struct node_options o;
	enum pubsub_fault fault;

	if (!options_copy(&o, &p->options))
		return PUBSUB_E_FAILED;
	fault = options_take_preconditions(&o, form, arena);
	if (fault == PUBSUB_OK && !options_equal(&o, &p->options))
		fault = PUBSUB_E_PRECONDITION;
	if (fault == PUBSUB_E_OPTIONS || fault == PUBSUB_E_ACCESS_MODEL)
		fault = PUBSUB_E_PRECONDITION;
	options_done(&o);
	return fault;
}

/* 7.1.3.6: does the request fit the kind of node? */
static enum pubsub_fault fits(const struct act *a, const struct node_options *o)
{
	if (!a->rq.item)
		return o->persist || o->deliver_payloads ? PUBSUB_E_NO_ITEM : PUBSUB_OK;
	if (!o->persist && !o->deliver_payloads)
		return PUBSUB_E_ITEM;
	if (!a->rq.payload)
		return o->deliver_payloads ? PUBSUB_E_NO_PAYLOAD : PUBSUB_OK;
	return o->type.len && !str_eq(o->type, a->rq.payload->ns) ? PUBSUB_E_PAYLOAD : PUBSUB_OK;
}

static size_t items_max(const struct act *a, const struct node_options *o)
{
	size_t most = a->user->home->settings->personal_items;

	return o->items_max && o->items_max < most ? o->items_max : most;
}

/* A new node's state goes with the item: one of both is not kept. */
static enum pubsub_fault item_save(struct act *a, const struct place *p, const struct pubsub_item *item, bool fresh)
{
	struct buf state = BUF_INIT(0);
	struct store_pep_place at = {.owner = a->user->bare,
		.items_max = items_max(a, &p->options),
		.bytes_max = a->user->home->settings->personal_bytes};
	struct store_pep_item row = {.node = p->name,
		.id = item->id,
		.publisher = item->publisher,
		.xml = item->payload,
		.stamp = {.seq = a->kept.seq, .time_us = a->kept.time_us, .id = event_id(a)}};
	int r;

	if (fresh)
		place_put_text(&state, p);
	at.state = buf_view(&state);
	a->changed = fresh;
	store_req_init(&a->req, on_written, a);
	r = buf_failed(&state) ? -1 : store_pep_item_put(store_of(a), &a->req, &at, &row);
	buf_done(&state);
	return r ? PUBSUB_E_FAILED : PUBSUB_OK;
}

static void published_put(struct act *a, const struct place *p)
{
	buf_lit(&a->answer, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish");
	pubsub_attr_put(&a->answer, "node", p->name);
	buf_putc(&a->answer, '>');
	if (a->item.len) {
		buf_lit(&a->answer, "<item");
		pubsub_attr_put(&a->answer, "id", a->item);
		buf_lit(&a->answer, "/>");
	}
	buf_lit(&a->answer, "</publish></pubsub>");
}

/* Nothing is kept: it is told, and that is all. */
static enum pubsub_fault tell(struct act *a, const struct place *p, bool fresh)
{
	if (fresh)
		return save(a, p);
	if (a->event)
		pep_announce(a->user, p, a->event, &a->kept, a->parcel->hold);
	act_answer(a);
	return PUBSUB_OK;
}

static enum pubsub_fault publish_at(struct act *a, const struct place *p, bool fresh)
{
	struct buf xml = BUF_INIT(0), event = BUF_INIT(0);
	struct pubsub_item item = {.publisher = a->parcel->origin->jid.full};
	enum pubsub_fault fault = fits(a, &p->options);

	if (fault != PUBSUB_OK)
		return fault;
	if (a->rq.item)
		a->item = a->rq.item_id.len ? a->rq.item_id : random_name(a);
	if (a->rq.payload)
		xml_put(&xml, a->rq.payload, NS_PUBSUB);
	item.id = a->item;
	item.payload = buf_view(&xml);
	if (xml.len > a->user->home->settings->personal_item_bytes) {
		buf_done(&xml);
		return PUBSUB_E_LARGE;
	}
	if (item.id.len) {
		event_put_item(&event, a->user->bare, event_id(a), p, &item);
		event_make(a, &event);
	}
	published_put(a, p);
	if (buf_failed(&xml))
		fault = PUBSUB_E_FAILED;
	else if (p->options.persist)
		fault = item_save(a, p, &item, fresh);
	else
		fault = tell(a, p, fresh);
	buf_done(&xml);
	return fault;
}

static enum pubsub_fault publish(struct act *a)
{
	struct place *p = place_of(a);
	enum pubsub_fault fault = PUBSUB_OK;
	bool fresh = !p;

	if (!a->who.owner)
		return PUBSUB_E_FORBIDDEN;
	if (p && a->rq.form)
		fault = meets(p, a->rq.form, a->parcel->arena);
	else if (!p)
		fault = place_add(a, &p, options_take_preconditions);
	if (fault != PUBSUB_OK)
		return fault;
	fault = publish_at(a, p, fresh);
	if (fault != PUBSUB_OK && fresh) {
		map_del(&a->user->pep->places, p->name);
		place_free(p);
	}
	return fault;
}

static enum pubsub_fault retract(struct act *a)
{
	struct buf event = BUF_INIT(0);
	struct place *p;
	enum pubsub_fault fault = own_place(a, &p);

	if (fault == PUBSUB_OK && !p->options.persist)
		fault = PUBSUB_E_TRANSIENT;
	if (fault != PUBSUB_OK)
		return fault;
	if (a->rq.notify || p->options.notify_retract) {
		event_put_retract(&event, a->user->bare, event_id(a), p, a->rq.item_id);
		event_make(a, &event);
	}
	a->must_exist = true;
	store_req_init(&a->req, on_written, a);
	return store_pep_item_delete(store_of(a), &a->req, a->user->bare, p->name, a->rq.item_id) ? PUBSUB_E_FAILED
												    : PUBSUB_OK;
}

/* ---- reading ---- */

/* Others get it by the receipt of the newest; each item they were given is noted. */
static void hand_over(struct act *a, const struct store_pep_items *items)
{
	struct str whom = a->parcel->origin->jid.full;
	struct buf text = BUF_INIT(0);
	struct kept newest = {.seq = 0};
	struct blob *b;

	for (size_t i = 0; i < items->len; i++) {
		struct kept kept = pep_kept(&items->rows[i].stamp);

		if (kept.seq >= newest.seq)
			newest = kept;
		if (!a->who.owner && kept.seq)
			record_fetched(a->user->home->record, kept.seq, whom);
	}
	iq_put_result(&text, a->parcel);
	buf_str(&text, buf_view(&a->answer));
	buf_lit(&text, "</iq>");
	b = buf_failed(&text) || buf_failed(&a->answer) ? NULL : blob_new(buf_view(&text));
	if (b && a->parcel->origin->person)
		session_answer_content(a->parcel->origin, b, &newest);
	else if (b)
		components_answer(a->parcel, b, &newest);
	blob_unref(b);
	buf_done(&text);
	act_end(a);
}

static void on_items(struct store_req *req, int result)
{
	struct act *a = req->owner;

	if (result) {
		act_refuse(a, PUBSUB_E_FAILED);
		return;
	}
	buf_lit(&a->answer, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items");
	pubsub_attr_put(&a->answer, "node", a->rq.node);
	buf_putc(&a->answer, '>');
	for (size_t i = 0; i < req->items->len; i++) {
		const struct store_pep_item *row = &req->items->rows[i];

		item_put(&a->answer, &(struct pubsub_item){.id = row->id, .publisher = row->publisher, .payload = row->xml},
			true);
	}
	buf_lit(&a->answer, "</items></pubsub>");
	hand_over(a, req->items);
}

/* The node, if who asks may look in. */
static enum pubsub_fault open_place(const struct act *a, struct place **out)
{
	*out = place_of(a);
	return *out ? place_admits(*out, &a->who) : PUBSUB_E_NOT_FOUND;
}

static enum pubsub_fault items(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault = open_place(a, &p);
	int r;

	if (fault == PUBSUB_OK && !p->options.persist)
		fault = PUBSUB_E_TRANSIENT;
	if (fault != PUBSUB_OK)
		return fault;
	store_req_init(&a->req, on_items, a);
	if (a->rq.ids_len)
		r = store_pep_items_by_id(store_of(a), &a->req, a->user->bare, p->name, a->rq.ids, a->rq.ids_len);
	else
		r = store_pep_items(store_of(a), &a->req, a->user->bare, p->name, a->rq.max);
	return r ? PUBSUB_E_FAILED : PUBSUB_OK;
}

/* ---- subscriptions ---- */

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
	return save(a, p);
}

static enum pubsub_fault subscribe(struct act *a)
{
	struct jid jid;
	struct place *p;
	enum pubsub_fault fault = own_jid(a, &jid);

	if (fault == PUBSUB_OK)
		fault = open_place(a, &p);
	if (fault != PUBSUB_OK)
		return fault;
	a->fresh = true;
	return set_subscribed(a, p, jid.full, true);
}

static enum pubsub_fault unsubscribe(struct act *a)
{
	struct place *p = place_of(a);
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

	if (a->rq.node.len && !place_of(a))
		return PUBSUB_E_NOT_FOUND;
	buf_printf(&a->answer, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><%s", what);
	if (a->rq.node.len)
		pubsub_attr_put(&a->answer, "node", a->rq.node);
	buf_putc(&a->answer, '>');
	for (size_t i = 0; (slot = map_next(&a->user->pep->places, &i));)
		if (!a->rq.node.len || str_eq(slot->key, a->rq.node))
			put(a, slot->value);
	buf_printf(&a->answer, "</%s></pubsub>", what);
	act_answer(a);
	return PUBSUB_OK;
}

static enum pubsub_fault subscriptions(struct act *a)
{
	return list_own(a, "subscriptions", own_subscriptions_put);
}

static enum pubsub_fault affiliations(struct act *a)
{
	return list_own(a, "affiliations", own_affiliation_put);
}

/* ---- the owner's lists (8.8, 8.9) ---- */

static enum pubsub_fault subscribers(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault = own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	buf_lit(&a->answer, "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><subscriptions");
	pubsub_attr_put(&a->answer, "node", p->name);
	buf_putc(&a->answer, '>');
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

static enum pubsub_fault affiliated(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault = own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	buf_lit(&a->answer, "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><affiliations");
	pubsub_attr_put(&a->answer, "node", p->name);
	buf_putc(&a->answer, '>');
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
	enum pubsub_fault fault = own_place(a, &p);

	for (int dry = 1; dry >= 0; dry--)
		for (const struct node *n = node_first_element(a->rq.list); fault == PUBSUB_OK && n;
			n = node_next_element(n))
			fault = node_is(n, name, NS_PUBSUB_OWNER) ? one(a, p, n, dry) : PUBSUB_E_BAD;
	if (fault == PUBSUB_OK)
		return save(a, p);
	if (fault == PUBSUB_E_SUBSCRIPTIONS || fault == PUBSUB_E_FAILED)
		a->user->pep->failed = true; /* perhaps half done */
	return fault;
}

static enum pubsub_fault affiliate(struct act *a)
{
	return set_list(a, STR("affiliation"), affiliate_one);
}

static enum pubsub_fault set_subscribers(struct act *a)
{
	return set_list(a, STR("subscription"), subscribe_one);
}

/* ---- the table ---- */

static enum pubsub_fault (*const verbs[])(struct act *a) = {
	[VERB_PUBLISH] = publish,
	[VERB_RETRACT] = retract,
	[VERB_ITEMS] = items,
	[VERB_SUBSCRIBE] = subscribe,
	[VERB_UNSUBSCRIBE] = unsubscribe,
	[VERB_SUBSCRIPTIONS] = subscriptions,
	[VERB_AFFILIATIONS] = affiliations,
	[VERB_CREATE] = create,
	[VERB_CONFIGURATION] = configuration,
	[VERB_CONFIGURE] = configure,
	[VERB_DEFAULT] = preset,
	[VERB_DELETE] = delete_node,
	[VERB_PURGE] = purge,
	[VERB_SUBSCRIBERS] = subscribers,
	[VERB_SET_SUBSCRIBERS] = set_subscribers,
	[VERB_AFFILIATED] = affiliated,
	[VERB_AFFILIATE] = affiliate,
};

/* PUBSUB_OK: it has been answered, or will be. */
static enum pubsub_fault act_run(struct act *a)
{
	struct parcel *p = a->parcel;
	enum pubsub_fault fault;

	if (!a->who.owner && !may_see(a->user->home, a->who.bare, a->user->bare))
		return PUBSUB_E_UNAVAILABLE;
	if (!pep_of(a->user))
		return PUBSUB_E_FAILED;
	fault = pubsub_request_read(&a->rq, iq_payload(p), str_is(p->type, "set"), p->arena);
	return fault == PUBSUB_OK ? verbs[a->rq.verb](a) : fault;
}

/* Takes over the parcel's reference. NULL: it has been refused. */
static struct act *act_new(struct user *u, struct parcel *p)
{
	struct act *a = calloc(1, sizeof(*a));

	if (!a) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		parcel_end(p);
		return NULL;
	}
	a->user = u;
	a->parcel = p;
	a->who = pep_onlooker(u, p->origin->jid.bare);
	kept_take(&a->kept, p->receipt);
	buf_init(&a->answer, 0);
	store_req_init(&a->req, on_written, a);
	pep_busy(u, 1);
	return a;
}

static void run_request(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct act *a = act_new(p->user, p);
	enum pubsub_fault fault = a ? act_run(a) : PUBSUB_OK;

	if (fault != PUBSUB_OK)
		act_refuse(a, fault);
}

static void on_listed(struct store_req *req, int result)
{
	struct act *a = req->owner;

	if (result) {
		act_refuse(a, PUBSUB_E_FAILED);
		return;
	}
	buf_lit(&a->answer, "<query xmlns='http://jabber.org/protocol/disco#items'");
	pubsub_attr_put(&a->answer, "node", a->rq.node);
	buf_putc(&a->answer, '>');
	for (size_t i = 0; i < req->items->len; i++) {
		buf_lit(&a->answer, "<item");
		pubsub_attr_put(&a->answer, "jid", a->user->bare);
		pubsub_attr_put(&a->answer, "name", req->items->rows[i].id);
		buf_lit(&a->answer, "/>");
	}
	buf_lit(&a->answer, "</query>");
	hand_over(a, req->items);
}

void pep_list_items(struct user *u, struct parcel *p)
{
	struct act *a = act_new(u, p);

	if (!a)
		return;
	a->rq.node = node_attr(iq_payload(p), STR("node"));
	store_req_init(&a->req, on_listed, a);
	if (store_pep_items(store_of(a), &a->req, u->bare, a->rq.node, 0))
		act_refuse(a, PUBSUB_E_FAILED);
}

void pep_request(struct user *u, struct parcel *p)
{
	p->user = u;
	p->task.run = run_request;
	pep_when_ready(u, &p->task);
}
