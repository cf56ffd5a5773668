#include "route/picture.h"

#include <stdlib.h>

#include "base/log.h"
#include "route/iq.h"
#include "route/presence.h"
#include "route/reread.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static struct place *picture_place(const struct user *u, struct str name)
{
	return pep_of(u) ? map_get(&u->pep->places, name) : NULL;
}

bool picture_is_seen(const struct user *u, struct str bare)
{
	return pep_visible(u, bare, NS_AVATAR_DATA) && pep_visible(u, bare, NS_AVATAR_METADATA);
}

/* ---- from the nodes to the card ---- */

struct follow {
	struct store_req req;
	struct act *act;
	struct avatar shown; /* on the parcel's arena; an empty id: none */
};

static void follow_end(struct follow *f)
{
	struct act *a = f->act;

	store_req_release(&f->req);
	free(f);
	act_finish(a);
}

static void follow_fail(struct follow *f)
{
	log_error("a vCard does not follow the picture that was published");
	follow_end(f);
}

static void on_card_written(struct store_req *req, int result)
{
	struct follow *f = req->owner;
	struct user *u = f->act->user;

	if (result) {
		follow_fail(f);
		return;
	}
	if (user_set_photo(u, f->shown.id))
		presence_show_photo(u);
	follow_end(f);
}

/* The card's own receipt stays: the picture has its item's. */
static int card_write(struct follow *f, const struct store_vcard *was)
{
	struct act *a = f->act;
	struct store_vcard row = {.photo = f->shown.id,
		.stamp = {.seq = a->kept.seq, .time_us = a->kept.time_us, .id = act_event_id(a)}};
	struct arena *arena = NULL;
	const struct node *card = was && was->xml.len ? reread_stanza(was->xml, &arena) : NULL;
	struct buf xml = BUF_INIT(0);
	int r = -1;

	if (card) {
		row.stamp = was->stamp;
		row.stamp.id = arena_dup(a->parcel->arena, was->stamp.id);
	}
	if (avatar_put_card(&xml, card, f->shown.id.len ? &f->shown : NULL, a->parcel->arena) && !buf_failed(&xml)) {
		row.xml = buf_view(&xml);
		store_req_release(&f->req);
		store_req_init(&f->req, on_card_written, f);
		r = store_vcard_put(act_store(a), &f->req, a->user->bare, &row);
	}
	buf_done(&xml);
	arena_free(arena);
	return r;
}

static void on_card(struct store_req *req, int result)
{
	struct follow *f = req->owner;
	const struct store_vcard *was = result ? NULL : req->vcard;
	bool apart = was && avatar_is_apart(was->xml);

	if (result)
		follow_fail(f);
	else if (!f->shown.id.len && f->act->rq.verb != VERB_PUBLISH && !apart)
		follow_end(f); /* the card has a picture of its own */
	else if (card_write(f, was))
		follow_fail(f);
}

static void read_card(struct follow *f)
{
	store_req_release(&f->req);
	store_req_init(&f->req, on_card, f);
	if (store_vcard_get(act_store(f->act), &f->req, f->act->user->bare))
		follow_fail(f);
}

static void on_data(struct store_req *req, int result)
{
	struct follow *f = req->owner;
	struct arena *arena = NULL;
	const struct node *data = NULL;
	struct avatar a;
	bool fits;

	if (result == 0 && req->items->len)
		data = reread_stanza(req->items->rows[0].xml, &arena);
	fits = data && node_is(data, STR("data"), NS_AVATAR_DATA) && avatar_of_data(&a, data, arena) &&
	       str_eq(a.id, f->shown.id);
	arena_free(arena);
	if (fits)
		read_card(f);
	else
		follow_end(f);
}

static bool follow_start(struct act *a, const struct avatar *shown)
{
	struct follow *f = calloc(1, sizeof(*f));

	if (!f)
		return false;
	f->act = a;
	f->shown = *shown;
	store_req_init(&f->req, on_data, f);
	if (!shown->id.len) {
		read_card(f);
		return true;
	}
	if (store_pep_items_by_id(act_store(a), &f->req, a->user->bare, NS_AVATAR_DATA, &f->shown.id, 1) == 0)
		return true;
	store_req_release(&f->req);
	free(f);
	return false;
}

/* Does the request take away what is shown? */
static bool takes_away(const struct act *a)
{
	if (a->rq.verb == VERB_RETRACT)
		return str_eq(a->rq.item_id, str_from(a->user->photo));
	return a->rq.verb == VERB_PURGE || a->rq.verb == VERB_DELETE;
}

bool picture_follows(struct act *a)
{
	bool metadata = str_eq(a->rq.node, NS_AVATAR_METADATA);
	struct avatar shown = {.id = STR("")};

	if (!metadata && !str_eq(a->rq.node, NS_AVATAR_DATA))
		return false;
	if (a->rq.verb != VERB_PUBLISH)
		return takes_away(a) && a->user->photo && follow_start(a, &shown);
	if (!metadata || !a->rq.payload || !node_is(a->rq.payload, STR("metadata"), NS_AVATAR_METADATA) ||
		!avatar_of_metadata(&shown, a->rq.payload))
		return false;
	return (shown.id.len || a->user->photo) && follow_start(a, &shown);
}

/* ---- from the card to the nodes ---- */

static struct str text_of(struct buf *text, struct arena *arena)
{
	struct str out = buf_failed(text) ? STR_NONE : arena_dup(arena, buf_view(text));

	buf_done(text);
	return out;
}

static enum pubsub_fault node_ready(struct picture_change *c, struct user *u, struct str name, struct arena *arena)
{
	const struct settings *settings = u->home->settings;
	struct store_pep_node *n = &c->nodes[c->row.nodes_len];
	struct place *p = picture_place(u, name);
	struct buf state = BUF_INIT(0);
	size_t most = settings->personal_items;

	if (!p) {
		if (u->pep->places.len >= settings->personal_nodes)
			return PUBSUB_E_NODES;
		p = place_new(name);
		if (!p || map_put(&u->pep->places, p->name, p)) {
			place_free(p);
			return PUBSUB_E_FAILED;
		}
		c->made[c->row.nodes_len] = true;
		p->options.access = ACCESS_OPEN; /* as a vCard is */
		place_put_text(&state, p);
	}
	*n = (struct store_pep_node){.name = name,
		.state = text_of(&state, arena),
		.items_max = p->options.items_max && p->options.items_max < most ? p->options.items_max : most};
	c->row.nodes_len++;
	return p->options.persist ? PUBSUB_OK : PUBSUB_E_TRANSIENT;
}

static void item_add(struct picture_change *c, const struct parcel *p, struct str node, struct str id, struct str xml)
{
	c->items[c->row.items_len++] = (struct store_pep_item){
		.node = node, .id = id, .publisher = p->origin->jid.full, .xml = xml, .stamp = c->card.stamp};
}

/* Metadata goes by the id of the picture, or of the entry that says there is none. */
static enum pubsub_fault items_make(struct picture_change *c, struct user *u, const struct parcel *p, const struct avatar *a)
{
	struct buf data = BUF_INIT(0), metadata = BUF_INIT(0);
	enum pubsub_fault fault = a ? node_ready(c, u, NS_AVATAR_DATA, p->arena) : PUBSUB_OK;

	if (fault == PUBSUB_OK)
		fault = node_ready(c, u, NS_AVATAR_METADATA, p->arena);
	if (fault != PUBSUB_OK)
		return fault;
	if (a) {
		avatar_put_data(&data, a);
		if (data.len > u->home->settings->personal_item_bytes)
			fault = PUBSUB_E_LARGE;
		item_add(c, p, NS_AVATAR_DATA, a->id, text_of(&data, p->arena));
	}
	avatar_put_metadata(&metadata, a);
	item_add(c, p, NS_AVATAR_METADATA, a ? a->id : receipt_id(p->receipt), text_of(&metadata, p->arena));
	return fault;
}

enum pubsub_fault picture_of_card(
	struct picture_change *c, struct user *u, const struct parcel *p, const struct avatar *a)
{
	struct buf xml = BUF_INIT(0);
	enum pubsub_fault fault;

	*c = (struct picture_change){.row = {.owner = u->bare, .bytes_max = u->home->settings->personal_bytes},
		.card = {.photo = a ? a->id : STR(""),
			.stamp = {.seq = receipt_seq(p->receipt),
				.time_us = receipt_time_us(p->receipt),
				.id = receipt_id(p->receipt)}}};
	c->tells = !str_eq(c->card.photo, str_from(u->photo));
	fault = items_make(c, u, p, a);
	if (fault == PUBSUB_OK && !avatar_put_card(&xml, iq_payload(p), a, p->arena))
		fault = PUBSUB_E_FAILED;
	c->card.xml = text_of(&xml, p->arena);
	c->row.nodes = c->nodes;
	c->row.items = c->items;
	c->row.vcard = &c->card;
	if (fault != PUBSUB_OK)
		picture_undo(c, u);
	return fault;
}

void picture_undo(struct picture_change *c, struct user *u)
{
	for (size_t i = 0; i < 2; i++) {
		if (c->made[i] && u->pep)
			place_free(map_del(&u->pep->places, c->nodes[i].name));
		c->made[i] = false;
	}
}

void picture_failed(const struct picture_change *c, struct user *u)
{
	if ((c->made[0] || c->made[1]) && u->pep)
		u->pep->failed = true;
}

void picture_tell(const struct picture_change *c, struct user *u, const struct parcel *p)
{
	const struct store_pep_item *row = &c->items[c->row.items_len - 1];
	const struct place *place = picture_place(u, NS_AVATAR_METADATA);
	struct buf text = BUF_INIT(0);
	struct kept kept;
	struct blob *event;

	if (!c->tells || !place)
		return;
	kept_take(&kept, p->receipt);
	event_put_item(&text, u->bare, row->stamp.id, place,
		&(struct pubsub_item){.id = row->id, .publisher = row->publisher, .payload = row->xml});
	event = buf_failed(&text) ? NULL : blob_new(buf_view(&text));
	buf_done(&text);
	if (event)
		pep_announce(u, place, event, &kept, p->hold);
	blob_unref(event);
}
