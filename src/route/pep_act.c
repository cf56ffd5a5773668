#include "route/pep_act.h"

#include <stdlib.h>

#include "base/rand.h"
#include "base/text.h"
#include "route/answer.h"
#include "route/bookmarks.h"
#include "route/components.h"
#include "route/iq.h"
#include "route/picture.h"

enum {
	REFUSAL_ARENA = 64 << 10,
};

struct store *act_store(const struct act *a)
{
	return a->user->home->route->env.store;
}

struct place *act_place(const struct act *a)
{
	return a->rq.node.len ? map_get(&a->user->pep->places, a->rq.node) : NULL;
}

/* ---- from the first to the answer ---- */

struct act *act_new(struct user *u, struct parcel *p)
{
	struct act *a = calloc(1, sizeof(*a));

	if (!a) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		parcel_end(p);
		return NULL;
	}
	a->user = u;
	a->news_end = &a->news;
	a->parcel = p;
	a->who = p->origin->jid.bare;
	a->owner = str_eq(a->who, u->bare);
	kept_take(&a->kept, p->receipt);
	buf_init(&a->answer, 0);
	store_req_init(&a->req, act_on_written, a);
	pep_busy(u, 1);
	return a;
}

static void news_drop(struct act *a)
{
	for (; a->news; a->news = a->news->next)
		blob_unref(a->news->event);
	a->news_end = &a->news;
}

void act_end(struct act *a)
{
	struct user *u = a->user;

	store_req_release(&a->req);
	news_drop(a);
	buf_done(&a->answer);
	parcel_end(a->parcel);
	free(a);
	pep_busy(u, -1);
}

void act_refuse(struct act *a, enum pubsub_fault fault)
{
	struct arena *arena = arena_new(REFUSAL_ARENA);

	if (arena)
		parcel_answer(a->parcel, pubsub_refusal(arena, a->parcel->stanza, fault));
	arena_free(arena);
	act_end(a);
}

void act_answer(struct act *a)
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

void act_hand_over(struct act *a, const struct store_pep_items *items)
{
	struct str whom = a->parcel->origin->jid.full;
	struct buf text = BUF_INIT(0);
	struct kept newest = {.seq = 0};
	struct blob *b;

	for (size_t i = 0; i < items->len; i++) {
		struct kept kept = pep_kept(&items->rows[i].stamp);

		if (kept.seq >= newest.seq)
			newest = kept;
		if (!a->owner && kept.seq)
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

void act_event_to(struct act *a, struct str node, struct str to, struct buf *text)
{
	struct arena *arena = a->parcel->arena;
	struct news *n = buf_failed(text) ? NULL : arena_zalloc(arena, sizeof(*n));

	if (n) {
		*n = (struct news){
			.node = arena_dup(arena, node), .to = arena_dup(arena, to), .event = blob_new(buf_view(text))};
		*a->news_end = n;
		a->news_end = &n->next;
	}
	buf_done(text);
}

void act_event(struct act *a, struct str node, struct buf *text)
{
	act_event_to(a, node, STR(""), text);
}

static void news_tell(struct act *a, const struct place *p, const struct news *n)
{
	if (!n->to.len)
		pep_announce(a->user, p, n->event, &a->kept, a->parcel->hold);
	else if (pep_may_reach(a->user, n->to))
		pep_send_event(a->user, n->to, n->event, &a->kept);
}

void act_tell(struct act *a)
{
	for (const struct news *n = a->news; n && pep_of(a->user); n = n->next) {
		const struct place *p = map_get(&a->user->pep->places, n->node);

		if (p && n->event)
			news_tell(a, p, n);
	}
	news_drop(a);
}

struct str act_event_id(const struct act *a)
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

void act_on_written(struct store_req *req, int result)
{
	struct act *a = req->owner;
	enum pubsub_fault fault = fault_of(a, result);

	if (fault != PUBSUB_OK) {
		if (a->changed && a->user->pep)
			a->user->pep->failed = true;
		act_refuse(a, fault);
		return;
	}
	if (!picture_follows(a))
		act_finish(a);
}

void act_finish(struct act *a)
{
	const struct place *p = pep_of(a->user) ? act_place(a) : NULL;

	act_tell(a);
	if (a->fresh.len && p)
		pep_send_last(a->user, p, a->fresh);
	bookmarks_changed(a);
	act_answer(a);
}

enum pubsub_fault act_save(struct act *a, const struct place *p)
{
	struct buf state = BUF_INIT(0);
	struct store_pep_node row = {.name = p->name, .items_max = act_items_max(a, &p->options)};
	int r;

	place_put_text(&state, p);
	row.state = buf_view(&state);
	a->changed = true;
	store_req_init(&a->req, act_on_written, a);
	r = buf_failed(&state) ? -1 : store_pep_node_put(act_store(a), &a->req, a->user->bare, &row);
	buf_done(&state);
	if (r)
		a->user->pep->failed = true;
	return r ? PUBSUB_E_FAILED : PUBSUB_OK;
}

/* ---- nodes ---- */

enum pubsub_fault act_own_place(const struct act *a, struct place **out)
{
	*out = act_place(a);
	if (!a->owner)
		return PUBSUB_E_FORBIDDEN;
	return *out ? PUBSUB_OK : PUBSUB_E_NOT_FOUND;
}

enum pubsub_fault act_kept_place(const struct act *a, struct place **out)
{
	enum pubsub_fault fault = act_own_place(a, out);

	return fault == PUBSUB_OK && !(*out)->options.persist ? PUBSUB_E_TRANSIENT : fault;
}

enum pubsub_fault act_open_place(const struct act *a, struct place **out)
{
	struct onlooker who = pep_onlooker(a->user, a->who);

	*out = act_place(a);
	return *out ? place_admits(*out, &who) : PUBSUB_E_NOT_FOUND;
}

struct str act_random_name(struct act *a)
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

enum pubsub_fault act_place_add(struct act *a, struct place **out,
	enum pubsub_fault (*take)(struct node_options *o, const struct node *form, struct arena *arena))
{
	struct pep *pep = a->user->pep;
	enum node_access widest = pep_widest(a->user);
	enum pubsub_fault fault = PUBSUB_OK;
	struct place *p;

	if (pep->places.len >= a->user->home->settings->personal_nodes)
		return PUBSUB_E_NODES;
	p = place_new(a->rq.node);
	if (!p)
		return PUBSUB_E_FAILED;
	if (p->options.access < (uint32_t)widest)
		p->options.access = (uint32_t)widest;
	if (a->rq.form)
		fault = take(&p->options, a->rq.form, a->parcel->arena);
	if (fault == PUBSUB_OK)
		fault = place_allows(p, &p->options, widest);
	if (fault == PUBSUB_OK && map_put(&pep->places, p->name, p))
		fault = PUBSUB_E_FAILED;
	if (fault != PUBSUB_OK) {
		place_free(p);
		return fault;
	}
	*out = p;
	return PUBSUB_OK;
}

size_t act_items_max(const struct act *a, const struct node_options *o)
{
	size_t most = a->user->home->settings->personal_items;

	return o->items_max && o->items_max < most ? o->items_max : most;
}

enum pubsub_fault act_items_delete(struct act *a, const struct place *p, struct str id)
{
	store_req_init(&a->req, act_on_written, a);
	return store_pep_item_delete(act_store(a), &a->req, a->user->bare, p->name, id) ? PUBSUB_E_FAILED : PUBSUB_OK;
}
