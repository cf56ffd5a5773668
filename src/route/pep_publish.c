/* Items come and go (XEP-0060 7). */
#include "route/pep_act.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

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

/* A new node's state goes with the item: one of both is not kept. */
static enum pubsub_fault item_save(struct act *a, const struct place *p, const struct pubsub_item *item, bool fresh)
{
	struct buf state = BUF_INIT(0);
	struct store_pep_place at = {.owner = a->user->bare,
		.items_max = act_items_max(a, &p->options),
		.bytes_max = a->user->home->settings->personal_bytes};
	struct store_pep_item row = {.node = p->name,
		.id = item->id,
		.publisher = item->publisher,
		.xml = item->payload,
		.stamp = {.seq = a->kept.seq, .time_us = a->kept.time_us, .id = act_event_id(a)}};
	int r;

	if (fresh)
		place_put_text(&state, p);
	at.state = buf_view(&state);
	a->changed = fresh;
	store_req_init(&a->req, act_on_written, a);
	r = buf_failed(&state) ? -1 : store_pep_item_put(act_store(a), &a->req, &at, &row);
	buf_done(&state);
	return r ? PUBSUB_E_FAILED : PUBSUB_OK;
}

void pep_published_put(struct act *a, const struct place *p)
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
		return act_save(a, p);
	act_tell(a);
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
		a->item = a->rq.item_id.len ? a->rq.item_id : act_random_name(a);
	if (a->rq.payload)
		xml_put(&xml, a->rq.payload, NS_PUBSUB);
	item.id = a->item;
	item.payload = buf_view(&xml);
	if (xml.len > a->user->home->settings->personal_item_bytes) {
		buf_done(&xml);
		return PUBSUB_E_LARGE;
	}
	if (a->rq.item)
		event_put_item(&event, a->user->bare, act_event_id(a), p, &item);
	else
		event_put_notice(&event, a->user->bare, act_event_id(a), p);
	act_event(a, p->name, &event);
	pep_published_put(a, p);
	if (buf_failed(&xml))
		fault = PUBSUB_E_FAILED;
	else if (p->options.persist)
		fault = item_save(a, p, &item, fresh);
	else
		fault = tell(a, p, fresh);
	buf_done(&xml);
	return fault;
}

enum pubsub_fault pep_publish_place(struct act *a, struct place **out)
{
	enum pubsub_fault fault = PUBSUB_OK;

	*out = act_place(a);
	if (!a->owner)
		return PUBSUB_E_FORBIDDEN;
	if (*out)
		return a->rq.form ? meets(*out, a->rq.form, a->parcel->arena) : PUBSUB_OK;
	fault = act_place_add(a, out, options_take_preconditions);
	a->made = fault == PUBSUB_OK;
	return fault;
}

enum pubsub_fault pep_verb_publish(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault = pep_publish_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	fault = publish_at(a, p, a->made);
	if (fault != PUBSUB_OK && a->made) {
		map_del(&a->user->pep->places, p->name);
		place_free(p);
	}
	return fault;
}

enum pubsub_fault pep_verb_retract(struct act *a)
{
	struct buf event = BUF_INIT(0);
	struct place *p;
	enum pubsub_fault fault = act_kept_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	if (a->rq.notify || p->options.notify_retract) {
		event_put_retract(&event, a->user->bare, act_event_id(a), p, a->rq.item_id);
		act_event(a, p->name, &event);
	}
	a->must_exist = true;
	return act_items_delete(a, p, a->rq.item_id);
}
