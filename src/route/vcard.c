#include "route/vcard.h"

#include <stdlib.h>

#include "route/answer.h"
#include "route/components.h"
#include "route/deliver.h"
#include "route/iq.h"
#include "route/picture.h"
#include "route/presence.h"
#include "route/sight.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

/* One request under way. */
struct deed {
	struct store_req req;
	struct user *user; /* whose card */
	struct parcel *parcel;
	struct avatar avatar; /* set */
	bool apart;           /* its picture is in the nodes */
	struct picture_change change;
	struct str card;      /* read; on the parcel's arena */
	struct kept kept;
};

static void deed_end(struct deed *d)
{
	store_req_release(&d->req);
	parcel_end(d->parcel);
	user_busy(d->user, -1);
	free(d);
}

static void deed_refuse(struct deed *d, enum stanza_condition condition, const char *text)
{
	answer_error(d->parcel, condition, text);
	deed_end(d);
}

/* Takes over the parcel's reference. NULL: it has been refused. */
static struct deed *deed_new(struct user *u, struct parcel *p, store_done_fn *done)
{
	struct deed *d = calloc(1, sizeof(*d));

	if (!d) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		parcel_end(p);
		return NULL;
	}
	d->user = u;
	d->parcel = p;
	store_req_init(&d->req, done, d);
	user_busy(u, 1);
	return d;
}

/* ---- reading ---- */

static void note_fetched(const struct deed *d, uint64_t seq)
{
	if (seq && !str_eq(d->parcel->origin->jid.bare, d->user->bare))
		record_fetched(d->user->home->record, seq, d->parcel->origin->jid.full);
}

/* `payload` of the picture's item; empty: none. The newest receipt goes with it; both are noted. */
static void hand_over(struct deed *d, struct str payload)
{
	struct parcel *p = d->parcel;
	struct buf text = BUF_INIT(0);
	struct blob *b;

	iq_put_result(&text, p);
	avatar_join_card(&text, d->card, payload);
	buf_lit(&text, "</iq>");
	b = buf_failed(&text) ? NULL : blob_new(buf_view(&text));
	buf_done(&text);
	if (!b) {
		deed_refuse(d, STANZA_INTERNAL_SERVER_ERROR, NULL);
		return;
	}
	if (p->origin->person)
		session_answer_content(p->origin, b, &d->kept);
	else
		components_answer(p, b, &d->kept);
	blob_unref(b);
	deed_end(d);
}

static void on_picture(struct store_req *req, int result)
{
	struct deed *d = req->owner;
	const struct store_pep_item *row = result == 0 && req->items->len ? &req->items->rows[0] : NULL;
	struct kept kept;

	if (!row) {
		hand_over(d, STR(""));
		return;
	}
	kept = pep_kept(&row->stamp);
	note_fetched(d, kept.seq);
	if (kept.seq > d->kept.seq)
		d->kept = kept;
	hand_over(d, row->xml);
}

/* The picture of a card that has it in the nodes. */
static void picture_read(struct deed *d, struct str id)
{
	struct home *h = d->user->home;

	if (!id.len || !picture_is_seen(d->user, d->parcel->origin->jid.bare)) {
		hand_over(d, STR(""));
		return;
	}
	id = arena_dup(d->parcel->arena, id);
	store_req_release(&d->req);
	store_req_init(&d->req, on_picture, d);
	if (store_pep_items_by_id(h->route->env.store, &d->req, d->user->bare, NS_AVATAR_DATA, &id, 1))
		hand_over(d, STR(""));
}

static void on_read(struct store_req *req, int result)
{
	struct deed *d = req->owner;
	const struct store_vcard *row = result ? NULL : req->vcard;
	bool own = str_eq(d->parcel->origin->jid.bare, d->user->bare);

	if (result || (row && row->xml.len && row->stamp.id.len != RECORD_ID)) {
		deed_refuse(d, STANZA_INTERNAL_SERVER_ERROR, NULL);
		return;
	}
	if (!row || !row->xml.len) {
		deed_refuse(d, own ? STANZA_ITEM_NOT_FOUND : STANZA_SERVICE_UNAVAILABLE, NULL);
		return;
	}
	d->card = arena_dup(d->parcel->arena, row->xml);
	d->kept = pep_kept(&row->stamp);
	note_fetched(d, d->kept.seq);
	if (avatar_is_apart(d->card))
		picture_read(d, row->photo);
	else
		hand_over(d, STR(""));
}

static void run_read(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct user *u = p->user;
	struct deed *d = deed_new(u, p, on_read);

	if (d && store_vcard_get(u->home->route->env.store, &d->req, u->bare))
		deed_refuse(d, STANZA_RESOURCE_CONSTRAINT, NULL);
}

static void vcard_read(struct user *u, struct parcel *p)
{
	p->user = u;
	p->task.run = run_read;
	pep_when_ready(u, &p->task);
}

void vcard_get_own(struct session *s, struct parcel *p)
{
	vcard_read(s->user, p);
}

void vcard_get(struct user *u, struct parcel *p)
{
	struct str who = p->origin->jid.bare;

	if (may_see(u->home, who, u->bare) && sight_is_open(u->home, u->bare, who, WALL_IQ)) { /* asked through a room, too */
		vcard_read(u, p);
		return;
	}
	answer_error(p, STANZA_SERVICE_UNAVAILABLE, NULL);
	parcel_end(p);
}

void vcard_get_server(struct session *s, struct parcel *p)
{
	struct buf text = BUF_INIT(0);

	(void)s;
	iq_put_result(&text, p);
	buf_lit(&text, "<vCard xmlns='vcard-temp'><FN>");
	xml_escape(&text, p->to.domain);
	buf_lit(&text, "</FN><JABBERID>");
	xml_escape(&text, p->to.domain);
	buf_lit(&text, "</JABBERID><DESC>Gatehouse</DESC></vCard></iq>");
	answer_text(p, &text);
	parcel_end(p);
}

/* ---- writing ---- */

static void on_written(struct store_req *req, int result)
{
	struct deed *d = req->owner;

	if (result) {
		picture_failed(&d->change, d->user);
		deed_refuse(d, result == STORE_E_FULL ? STANZA_RESOURCE_CONSTRAINT : STANZA_INTERNAL_SERVER_ERROR, NULL);
		return;
	}
	if (d->apart)
		picture_tell(&d->change, d->user, d->parcel);
	answer_result(d->parcel);
	if (user_set_photo(d->user, d->avatar.id))
		presence_show_photo(d->user);
	deed_end(d);
}

/* As it came, with its picture in it: that does not fit into the nodes, or there is none and was none. */
static enum stanza_condition write_whole(struct deed *d)
{
	struct parcel *p = d->parcel;
	struct buf xml = BUF_INIT(0);
	struct store_vcard row = {.photo = d->avatar.id,
		.stamp = {.seq = receipt_seq(p->receipt),
			.time_us = receipt_time_us(p->receipt),
			.id = receipt_id(p->receipt)}};
	int r;

	xml_put(&xml, iq_payload(p), NS_CLIENT);
	row.xml = buf_view(&xml);
	r = buf_failed(&xml) ? -1 : store_vcard_put(d->user->home->route->env.store, &d->req, d->user->bare, &row);
	buf_done(&xml);
	return r ? STANZA_RESOURCE_CONSTRAINT : STANZA_CONDITIONS;
}

/* XEP-0398 3.2. Without a picture where one was shown, the nodes say so, too (XEP-0084 3.5). */
static enum stanza_condition write_apart(struct deed *d)
{
	const struct avatar *shown = d->avatar.id.len ? &d->avatar : NULL;
	enum pubsub_fault fault = pep_of(d->user) ? picture_of_card(&d->change, d->user, d->parcel, shown) : PUBSUB_E_FAILED;

	if (fault == PUBSUB_E_FAILED)
		return STANZA_RESOURCE_CONSTRAINT;
	if (fault != PUBSUB_OK)
		return write_whole(d);
	d->apart = true;
	if (store_personal_put(d->user->home->route->env.store, &d->req, &d->change.row) == 0)
		return STANZA_CONDITIONS;
	picture_undo(&d->change, d->user);
	return STANZA_RESOURCE_CONSTRAINT;
}

static size_t card_bytes(const struct parcel *p)
{
	struct buf xml = BUF_INIT(0);
	size_t len;

	xml_put(&xml, iq_payload(p), NS_CLIENT);
	len = buf_failed(&xml) ? SIZE_MAX : xml.len;
	buf_done(&xml);
	return len;
}

static enum stanza_condition ask_write(struct deed *d)
{
	struct parcel *p = d->parcel;

	if (card_bytes(p) > d->user->home->settings->personal_vcard_bytes)
		return STANZA_POLICY_VIOLATION;
	if (!avatar_of_vcard(&d->avatar, iq_payload(p), p->arena))
		d->avatar.id = STR("");
	if (arena_is_full(p->arena))
		return STANZA_RESOURCE_CONSTRAINT;
	return d->avatar.id.len || (d->user->photo && picture_is_seen(d->user, d->user->bare)) ? write_apart(d) : write_whole(d);
}

static void run_set(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct deed *d = deed_new(p->user, p, on_written);
	enum stanza_condition c = d ? ask_write(d) : STANZA_CONDITIONS;

	if (c != STANZA_CONDITIONS)
		deed_refuse(d, c, c == STANZA_POLICY_VIOLATION ? "The vCard is too large." : NULL);
}

void vcard_set(struct session *s, struct parcel *p)
{
	p->user = s->user;
	p->task.run = run_set;
	pep_when_ready(s->user, &p->task);
}
