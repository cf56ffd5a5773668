#include "route/bookmarks.h"

#include <stdlib.h>

#include "base/log.h"
#include "pubsub/bookmarks.h"
#include "route/answer.h"
#include "route/interest.h"
#include "route/iq.h"
#include "route/reread.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

/* All there is, read from the store. */
struct shelf {
	struct store_req req;
	struct user *user;
	struct act *act;  /* NULL: somebody is to be told */
	struct kept kept; /* then: of what has changed */
	struct buf text;  /* what the store has, as one document */
	struct arena *arena;
	const struct node *list; /* of private XML; NULL: none */
	struct bookmarks items, listed, all;
	void (*done)(struct shelf *s); /* frees it */
};

static void shelf_free(struct shelf *s)
{
	struct user *u = s->user;

	store_req_release(&s->req);
	buf_done(&s->text);
	arena_free(s->arena);
	free(s);
	pep_busy(u, -1);
}

static void shelf_fail(struct shelf *s, enum pubsub_fault fault)
{
	if (s->act)
		act_refuse(s->act, fault);
	shelf_free(s);
}

static const struct place *shelf_place(const struct user *u, struct str name)
{
	return pep_of(u) ? map_get(&u->pep->places, name) : NULL;
}

/* ---- reading ---- */

static bool shelf_parse(struct shelf *s)
{
	const struct node *root, *items, *query;

	buf_lit(&s->text, "</items></iq>");
	root = buf_failed(&s->text) ? NULL : reread_stanza(buf_view(&s->text), &s->arena);
	query = root ? node_child(root, STR("query"), NS_PRIVATE) : NULL;
	items = root ? node_child(root, STR("items"), NS_PUBSUB) : NULL;
	if (!query || !items)
		return false;
	s->list = node_child(query, STR("storage"), BOOKMARKS_LIST);
	return bookmarks_of_items(&s->items, items, s->arena) && bookmarks_of_list(&s->listed, s->list, s->arena) &&
	       bookmarks_join(&s->all, &s->items, &s->listed, s->arena);
}

static void shelf_ready(struct shelf *s)
{
	if (shelf_parse(s))
		s->done(s);
	else
		shelf_fail(s, PUBSUB_E_FAILED);
}

static void on_shelf_items(struct store_req *req, int result)
{
	struct shelf *s = req->owner;

	if (result) {
		shelf_fail(s, PUBSUB_E_FAILED);
		return;
	}
	for (size_t i = 0; i < req->items->len; i++)
		item_put(&s->text,
			&(struct pubsub_item){.id = req->items->rows[i].id, .payload = req->items->rows[i].xml}, true);
	shelf_ready(s);
}

static void on_shelf_list(struct store_req *req, int result)
{
	struct shelf *s = req->owner;

	if (result) {
		shelf_fail(s, PUBSUB_E_FAILED);
		return;
	}
	buf_lit(&s->text, "<iq><query xmlns='jabber:iq:private'>");
	if (req->text)
		buf_str(&s->text, *req->text);
	buf_lit(&s->text, "</query><items xmlns='http://jabber.org/protocol/pubsub'>");
	store_req_release(&s->req);
	store_req_init(&s->req, on_shelf_items, s);
	if (!shelf_place(s->user, BOOKMARKS_NODE))
		shelf_ready(s);
	else if (store_pep_items(s->user->home->route->env.store, &s->req, s->user->bare, BOOKMARKS_NODE, 0))
		shelf_fail(s, PUBSUB_E_FAILED);
}

/* PUBSUB_OK: `done` will be called, or the act has been refused. */
static enum pubsub_fault shelf_read(struct user *u, struct act *a, const struct kept *kept, void (*done)(struct shelf *s))
{
	struct shelf *s = calloc(1, sizeof(*s));

	if (!s)
		return PUBSUB_E_FAILED;
	s->user = u;
	s->act = a;
	s->kept = *kept;
	s->done = done;
	buf_init(&s->text, 0);
	store_req_init(&s->req, on_shelf_list, s);
	pep_busy(u, 1);
	if (store_private_get(u->home->route->env.store, &s->req, u->bare, BOOKMARKS_LIST, STR("storage"))) {
		shelf_free(s);
		return PUBSUB_E_FAILED;
	}
	return PUBSUB_OK;
}

/* ---- telling who looks at the list ---- */

static bool is_looked_at(const struct user *u)
{
	const struct place *p = shelf_place(u, BOOKMARKS_LIST);

	bool any = p && p->people_len;

	session_each(s, u) any |= interest_holds(s, BOOKMARKS_LIST);
	return any;
}

static void tell_list(struct shelf *s)
{
	const struct place *there = shelf_place(s->user, BOOKMARKS_LIST);
	struct place *made = there ? NULL : place_new(BOOKMARKS_LIST);
	const struct place *p = there ? there : made;
	struct buf list = BUF_INIT(0), text = BUF_INIT(0);
	struct blob *event = NULL;

	bookmarks_put_list(&list, &s->all, s->list, NS_PUBSUB);
	if (p && !buf_failed(&list)) {
		event_put_item(&text, s->user->bare, str_of(s->kept.id, RECORD_ID), p,
			&(struct pubsub_item){.id = BOOKMARKS_LIST_ITEM, .payload = buf_view(&list)});
		event = buf_failed(&text) ? NULL : blob_new(buf_view(&text));
	}
	if (event)
		pep_announce(s->user, p, event, &s->kept, NULL);
	blob_unref(event);
	buf_done(&text);
	buf_done(&list);
	place_free(made);
	shelf_free(s);
}

static void list_changed(struct user *u, const struct kept *kept)
{
	if (is_looked_at(u) && shelf_read(u, NULL, kept, tell_list) != PUBSUB_OK)
		log_error("out of memory: a list of bookmarks is not shown");
}

void bookmarks_changed(const struct act *a)
{
	enum pubsub_verb verb = a->rq.verb;
	bool items = verb == VERB_PUBLISH || verb == VERB_RETRACT || verb == VERB_PURGE || verb == VERB_DELETE;

	if (items && str_eq(a->rq.node, BOOKMARKS_NODE))
		list_changed(a->user, &a->kept);
}

/* ---- changing ---- */

struct shift {
	struct store_personal row;
	struct store_pep_item *items, *gone;
	struct store_pep_node nodes[2];
	struct buf states[2];
	bool fresh; /* the node of the items was made for this */
};

static void shift_done(struct shift *t)
{
	buf_done(&t->states[0]);
	buf_done(&t->states[1]);
}

static void shift_node(struct shift *t, const struct place *p, bool write)
{
	struct store_pep_node *n = &t->nodes[t->row.nodes_len];
	struct buf *state = &t->states[t->row.nodes_len];

	if (write)
		place_put_text(state, p);
	*n = (struct store_pep_node){.name = p->name, .state = buf_view(state)};
	t->row.nodes_len++;
}

static enum pubsub_fault shift_items(struct shift *t, struct act *a, const struct bookmarks_change *c)
{
	struct arena *arena = a->parcel->arena;
	struct store_stamp stamp = {.seq = a->kept.seq, .time_us = a->kept.time_us, .id = act_event_id(a)};

	t->items = arena_zalloc(arena, (c->len + 1) * sizeof(*t->items));
	t->gone = arena_zalloc(arena, (c->gone_len + 1) * sizeof(*t->gone));
	if (!t->items || !t->gone)
		return PUBSUB_E_FAILED;
	for (size_t i = 0; i < c->len; i++) {
		if (c->payloads[i].len > a->user->home->settings->personal_item_bytes)
			return PUBSUB_E_LARGE;
		t->items[i] = (struct store_pep_item){.node = BOOKMARKS_NODE,
			.id = c->ids[i],
			.publisher = a->parcel->origin->jid.full,
			.xml = c->payloads[i],
			.stamp = stamp};
	}
	for (size_t i = 0; i < c->gone_len; i++)
		t->gone[i] = (struct store_pep_item){.node = BOOKMARKS_NODE, .id = c->gone[i]};
	t->row.items = t->items;
	t->row.items_len = c->len;
	t->row.gone = t->gone;
	t->row.gone_len = c->gone_len;
	return PUBSUB_OK;
}

/* The node of the items, made when there is something to put into it. */
static enum pubsub_fault shift_place(struct shift *t, struct act *a, const struct bookmarks_change *c, struct place **out)
{
	struct pep *pep = a->user->pep;
	struct place *p = map_get(&pep->places, BOOKMARKS_NODE);

	*out = p;
	if (p)
		return c->total > act_items_max(a, &p->options) ? PUBSUB_E_FULL : PUBSUB_OK;
	if (c->total > a->user->home->settings->personal_items)
		return PUBSUB_E_FULL;
	if (!c->len)
		return PUBSUB_OK;
	if (pep->places.len >= a->user->home->settings->personal_nodes)
		return PUBSUB_E_NODES;
	p = place_new(BOOKMARKS_NODE);
	if (!p || map_put(&pep->places, p->name, p)) {
		place_free(p);
		return PUBSUB_E_FAILED;
	}
	t->fresh = true;
	shift_node(t, p, true);
	*out = p;
	return PUBSUB_OK;
}

static void shift_tell(struct act *a, const struct place *p, const struct bookmarks_change *c)
{
	for (size_t i = 0; i < c->len; i++) {
		struct buf text = BUF_INIT(0);

		event_put_item(&text, a->user->bare, act_event_id(a), p,
			&(struct pubsub_item){.id = c->ids[i], .publisher = a->parcel->origin->jid.full, .payload = c->payloads[i]});
		act_event(a, p->name, &text);
	}
	for (size_t i = 0; p && p->options.notify_retract && i < c->gone_len; i++) {
		struct buf text = BUF_INIT(0);

		event_put_retract(&text, a->user->bare, act_event_id(a), p, c->gone[i]);
		act_event(a, p->name, &text);
	}
}

/* What of the list is no room, as private XML keeps it. */
static struct str rest_of(const struct node *list, struct arena *arena)
{
	struct buf text = BUF_INIT(0);
	struct str out;

	bookmarks_put_list(&text, &(struct bookmarks){.len = 0}, list, NS_PRIVATE);
	out = buf_failed(&text) ? STR_NONE : arena_dup(arena, buf_view(&text));
	buf_done(&text);
	return out;
}

/* Everything at once: items, the list's rest, what else stands in the same request. `view`: the place of the list when its
 * state is to be written. */
static enum pubsub_fault shift(struct act *a, const struct bookmarks_change *c, const struct place *view,
	struct store_private *privates, size_t privates_len, store_done_fn *done)
{
	const struct settings *settings = a->user->home->settings;
	struct shift t = {.row = {.owner = a->user->bare,
				  .privates = privates,
				  .privates_len = privates_len,
				  .bytes_max = settings->personal_bytes,
				  .private_max = settings->personal_private_bytes},
		.states = {BUF_INIT(0), BUF_INIT(0)}};
	struct place *p = NULL;
	enum pubsub_fault fault = shift_items(&t, a, c);

	if (fault == PUBSUB_OK)
		fault = shift_place(&t, a, c, &p);
	if (fault == PUBSUB_OK && view)
		shift_node(&t, view, true);
	t.row.nodes = t.nodes;
	store_req_init(&a->req, done, a);
	if (fault == PUBSUB_OK && (buf_failed(&t.states[0]) || buf_failed(&t.states[1]) ||
					  store_personal_put(act_store(a), &a->req, &t.row)))
		fault = PUBSUB_E_FAILED;
	a->changed |= t.fresh || view;
	if (fault == PUBSUB_OK && p)
		shift_tell(a, p, c);
	else if (fault != PUBSUB_OK && t.fresh)
		place_free(map_del(&a->user->pep->places, BOOKMARKS_NODE));
	shift_done(&t);
	return fault;
}

static void on_shifted(struct store_req *req, int result)
{
	struct act *a = req->owner;
	struct user *u = a->user;
	struct kept kept = a->kept;

	pep_busy(u, 1);
	act_on_written(req, result);
	if (result == 0)
		list_changed(u, &kept);
	pep_busy(u, -1);
}

/* ---- private XML ---- */

bool bookmarks_are_meant(const struct node *query)
{
	return node_child(query, STR("storage"), BOOKMARKS_LIST) != NULL;
}

static void answer_private(struct shelf *s)
{
	struct act *a = s->act;

	buf_lit(&a->answer, "<query xmlns='jabber:iq:private'>");
	bookmarks_put_list(&a->answer, &s->all, s->list, NS_PRIVATE);
	buf_lit(&a->answer, "</query>");
	shelf_free(s);
	act_answer(a);
}

/* All elements of the request, as private XML keeps them. NULL: the arena is full. */
static struct store_private *privates_of(const struct node *query, size_t *len, struct arena *arena)
{
	struct store_private *rows;
	size_t n = 0;

	*len = 0;
	for (const struct node *c = node_first_element(query); c; c = node_next_element(c))
		++*len;
	rows = arena_zalloc(arena, (*len + 1) * sizeof(*rows));
	for (const struct node *c = node_first_element(query); rows && c; c = node_next_element(c)) {
		struct buf xml = BUF_INIT(0);
		bool list = node_is(c, STR("storage"), BOOKMARKS_LIST);

		xml_put(&xml, c, NS_PRIVATE);
		rows[n++] = (struct store_private){.ns = c->ns,
			.name = c->name,
			.xml = list ? rest_of(c, arena) : arena_dup(arena, buf_view(&xml))};
		buf_done(&xml);
	}
	return arena_is_full(arena) ? NULL : rows;
}

static void write_private(struct shelf *s)
{
	struct act *a = s->act;
	struct arena *arena = a->parcel->arena;
	const struct node *query = iq_payload(a->parcel);
	struct bookmarks wanted;
	struct bookmarks_change c;
	struct store_private *rows;
	enum pubsub_fault fault = PUBSUB_E_FAILED;
	size_t len;

	rows = privates_of(query, &len, arena);
	if (rows && bookmarks_of_list(&wanted, node_child(query, STR("storage"), BOOKMARKS_LIST), arena) &&
		bookmarks_diff(&c, &s->items, &wanted, true, arena))
		fault = shift(a, &c, NULL, rows, len, c.len || c.gone_len ? on_shifted : act_on_written);
	shelf_free(s);
	if (fault != PUBSUB_OK)
		act_refuse(a, fault);
}

static void run_private(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct act *a = act_new(p->user, p);
	enum pubsub_fault fault;

	if (!a)
		return;
	fault = pep_of(a->user) ? shelf_read(a->user, a, &a->kept, str_is(p->type, "set") ? write_private : answer_private)
				: PUBSUB_E_FAILED;
	if (fault != PUBSUB_OK)
		act_refuse(a, fault);
}

static void with_shelf(struct session *s, struct parcel *p)
{
	p->user = s->user;
	p->task.run = run_private;
	pep_when_ready(s->user, &p->task);
}

void bookmarks_get(struct session *s, struct parcel *p)
{
	with_shelf(s, p);
}

void bookmarks_set(struct session *s, struct parcel *p)
{
	with_shelf(s, p);
}

/* ---- the node of the list ---- */

static enum pubsub_fault list_admits(const struct act *a)
{
	bool any = shelf_place(a->user, BOOKMARKS_LIST) || shelf_place(a->user, BOOKMARKS_NODE);

	if (a->owner)
		return PUBSUB_OK;
	return any ? PUBSUB_E_CLOSED : PUBSUB_E_NOT_FOUND;
}

static bool is_wanted(const struct act *a)
{
	for (size_t i = 0; i < a->rq.ids_len; i++)
		if (str_eq(a->rq.ids[i], BOOKMARKS_LIST_ITEM))
			return true;
	return a->rq.ids_len == 0;
}

static void answer_list(struct shelf *s)
{
	struct act *a = s->act;
	struct buf list = BUF_INIT(0);

	if (!s->list && !s->all.len && !act_place(a) && !shelf_place(s->user, BOOKMARKS_NODE)) {
		shelf_fail(s, PUBSUB_E_NOT_FOUND);
		return;
	}
	buf_lit(&a->answer, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='storage:bookmarks'>");
	bookmarks_put_list(&list, &s->all, s->list, NS_PUBSUB);
	if (is_wanted(a))
		item_put(&a->answer, &(struct pubsub_item){.id = BOOKMARKS_LIST_ITEM, .payload = buf_view(&list)}, true);
	buf_lit(&a->answer, "</items></pubsub>");
	a->answer.failed |= buf_failed(&list);
	buf_done(&list);
	shelf_free(s);
	act_answer(a);
}

static enum pubsub_fault list_items(struct act *a)
{
	enum pubsub_fault fault = list_admits(a);

	return fault == PUBSUB_OK ? shelf_read(a->user, a, &a->kept, answer_list) : fault;
}

/* The list becomes what `list` says (NULL: empty). */
static void list_write(struct shelf *s, const struct node *list, const struct place *view)
{
	struct act *a = s->act;
	struct arena *arena = a->parcel->arena;
	struct store_private row = {.ns = BOOKMARKS_LIST, .name = STR("storage"), .xml = rest_of(list, arena)};
	struct bookmarks wanted;
	struct bookmarks_change c;
	enum pubsub_fault fault = PUBSUB_E_FAILED;

	if (row.xml.len && bookmarks_of_list(&wanted, list, arena) && bookmarks_diff(&c, &s->items, &wanted, true, arena))
		fault = shift(a, &c, view, &row, 1, on_shifted);
	if (fault != PUBSUB_OK && a->made)
		place_free(map_del(&a->user->pep->places, BOOKMARKS_LIST));
	if (fault != PUBSUB_OK)
		shelf_fail(s, fault);
	else
		shelf_free(s);
}

static void write_published(struct shelf *s)
{
	list_write(s, s->act->rq.payload, act_place(s->act));
}

static void write_nothing(struct shelf *s)
{
	list_write(s, NULL, NULL);
}

static enum pubsub_fault list_publish(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault;

	if (!a->owner)
		return PUBSUB_E_FORBIDDEN;
	if (!a->rq.item)
		return PUBSUB_E_NO_ITEM;
	if (!a->rq.payload)
		return PUBSUB_E_NO_PAYLOAD;
	if (!node_is(a->rq.payload, STR("storage"), BOOKMARKS_LIST))
		return PUBSUB_E_PAYLOAD;
	fault = pep_publish_place(a, &p);
	if (fault != PUBSUB_OK)
		return fault;
	a->item = BOOKMARKS_LIST_ITEM;
	pep_published_put(a, p);
	fault = shelf_read(a->user, a, &a->kept, write_published);
	if (fault != PUBSUB_OK && a->made)
		place_free(map_del(&a->user->pep->places, BOOKMARKS_LIST));
	return fault;
}

static enum pubsub_fault list_clear(struct act *a)
{
	struct buf text = BUF_INIT(0);
	struct place *p;
	enum pubsub_fault fault = act_own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	if (a->rq.verb == VERB_RETRACT && !str_eq(a->rq.item_id, BOOKMARKS_LIST_ITEM))
		return PUBSUB_E_NOT_FOUND;
	if (a->rq.verb == VERB_PURGE)
		event_put_purge(&text, a->user->bare, act_event_id(a), p);
	else
		event_put_retract(&text, a->user->bare, act_event_id(a), p, BOOKMARKS_LIST_ITEM);
	act_event(a, p->name, &text);
	return shelf_read(a->user, a, &a->kept, write_nothing);
}

/* ---- a list from before ---- */

static void on_settled(struct store_req *req, int result)
{
	struct act *a = req->owner;
	enum pubsub_fault fault = result ? PUBSUB_E_FAILED : PUBSUB_OK;

	store_req_release(req);
	if (fault == PUBSUB_OK && pep_of(a->user))
		fault = a->rq.verb == VERB_PUBLISH ? pep_verb_publish(a) : pep_verb_items(a);
	else
		fault = PUBSUB_E_FAILED;
	if (result && a->user->pep)
		a->user->pep->failed = true;
	if (fault != PUBSUB_OK)
		act_refuse(a, fault);
}

static void settle(struct shelf *s)
{
	struct act *a = s->act;
	struct arena *arena = a->parcel->arena;
	struct store_private row = {.ns = BOOKMARKS_LIST, .name = STR("storage"), .xml = rest_of(s->list, arena)};
	struct bookmarks_change c;
	enum pubsub_fault fault = PUBSUB_E_FAILED;

	if (!s->listed.len || s->items.len)
		fault = a->rq.verb == VERB_PUBLISH ? pep_verb_publish(a) : pep_verb_items(a);
	else if (row.xml.len && bookmarks_diff(&c, &s->items, &s->listed, false, arena))
		fault = shift(a, &c, NULL, &row, 1, on_settled);
	if (fault != PUBSUB_OK)
		shelf_fail(s, fault);
	else
		shelf_free(s);
}

static enum pubsub_fault settle_first(struct act *a)
{
	return shelf_read(a->user, a, &a->kept, settle);
}

/* ---- the table ---- */

pep_verb_fn *bookmarks_verb(const struct act *a)
{
	enum pubsub_verb verb = a->rq.verb;

	if (str_eq(a->rq.node, BOOKMARKS_NODE))
		return a->owner && !act_place(a) && (verb == VERB_PUBLISH || verb == VERB_ITEMS) ? settle_first : NULL;
	if (!str_eq(a->rq.node, BOOKMARKS_LIST))
		return NULL;
	if (verb == VERB_PUBLISH)
		return list_publish;
	if (verb == VERB_ITEMS)
		return list_items;
	return verb == VERB_RETRACT || verb == VERB_PURGE ? list_clear : NULL;
}
