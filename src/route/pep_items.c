/* Items are read (XEP-0060 6.5) and listed (5.5). */
#include "route/iq.h"
#include "route/pep_act.h"

static void items_put(struct act *a, const struct store_pep_items *items)
{
	buf_lit(&a->answer, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items");
	pubsub_attr_put(&a->answer, "node", a->rq.node);
	buf_putc(&a->answer, '>');
	for (size_t i = 0; i < items->len; i++) {
		const struct store_pep_item *row = &items->rows[i];

		item_put(&a->answer, &(struct pubsub_item){.id = row->id, .publisher = row->publisher, .payload = row->xml},
			true);
	}
	buf_lit(&a->answer, "</items>");
}

/* A page of them. Who asks for it by id has said which. */
static enum pubsub_fault page_answer(struct act *a, const struct store_pep_items *items)
{
	struct str *ids = arena_alloc(a->parcel->arena, (items->len + 1) * sizeof(*ids));
	struct store_pep_items shown;
	size_t from, to;

	if (!ids)
		return PUBSUB_E_FAILED;
	for (size_t i = 0; i < items->len; i++)
		ids[i] = items->rows[i].id;
	if (!page_cut(&a->rq.page, ids, items->len, &from, &to))
		return PUBSUB_E_NOT_FOUND;
	shown = (struct store_pep_items){.rows = items->rows + from, .len = to - from};
	items_put(a, &shown);
	page_put(&a->answer, ids, items->len, from, to);
	buf_lit(&a->answer, "</pubsub>");
	act_hand_over(a, &shown);
	return PUBSUB_OK;
}

static void on_items(struct store_req *req, int result)
{
	struct act *a = req->owner;
	enum pubsub_fault fault = result ? PUBSUB_E_FAILED : PUBSUB_OK;

	if (fault == PUBSUB_OK && a->rq.page.asked && !a->rq.ids_len) {
		fault = page_answer(a, req->items);
	} else if (fault == PUBSUB_OK) {
		items_put(a, req->items);
		buf_lit(&a->answer, "</pubsub>");
		act_hand_over(a, req->items);
	}
	if (fault != PUBSUB_OK)
		act_refuse(a, fault);
}

enum pubsub_fault pep_verb_items(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault = act_open_place(a, &p);
	int r;

	if (fault == PUBSUB_OK && !p->options.persist)
		fault = PUBSUB_E_TRANSIENT;
	if (fault != PUBSUB_OK)
		return fault;
	store_req_init(&a->req, on_items, a);
	if (a->rq.ids_len)
		r = store_pep_items_by_id(act_store(a), &a->req, a->user->bare, p->name, a->rq.ids, a->rq.ids_len);
	else
		r = store_pep_items(act_store(a), &a->req, a->user->bare, p->name, a->rq.max);
	return r ? PUBSUB_E_FAILED : PUBSUB_OK;
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
	act_hand_over(a, req->items);
}

void pep_list_items(struct user *u, struct parcel *p)
{
	struct act *a = act_new(u, p);

	if (!a)
		return;
	a->rq.node = node_attr(iq_payload(p), STR("node"));
	store_req_init(&a->req, on_listed, a);
	if (store_pep_items(act_store(a), &a->req, u->bare, a->rq.node, 0))
		act_refuse(a, PUBSUB_E_FAILED);
}
