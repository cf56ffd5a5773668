#include "route/vcard.h"

#include <stdlib.h>

#include "pubsub/avatar.h"
#include "route/answer.h"
#include "route/components.h"
#include "route/deliver.h"
#include "route/iq.h"
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

static void hand_over(struct deed *d, const struct store_vcard *card)
{
	struct parcel *p = d->parcel;
	struct kept kept = {.seq = card->stamp.seq, .time_us = card->stamp.time_us};
	struct buf text = BUF_INIT(0);
	struct blob *b;

	iq_put_result(&text, p);
	buf_str(&text, card->xml);
	buf_lit(&text, "</iq>");
	b = buf_failed(&text) ? NULL : blob_new(buf_view(&text));
	buf_done(&text);
	if (!b || card->stamp.id.len != RECORD_ID) {
		blob_unref(b);
		answer_error(p, STANZA_INTERNAL_SERVER_ERROR, NULL);
		return;
	}
	memcpy(kept.id, card->stamp.id.data, RECORD_ID);
	if (p->origin->person)
		session_answer_content(p->origin, b, &kept);
	else
		components_answer(p, b, &kept);
	if (!str_eq(p->origin->jid.bare, d->user->bare))
		record_fetched(d->user->home->record, kept.seq, p->origin->jid.full);
	blob_unref(b);
}

static void on_read(struct store_req *req, int result)
{
	struct deed *d = req->owner;
	bool own = str_eq(d->parcel->origin->jid.bare, d->user->bare);

	if (result) {
		deed_refuse(d, STANZA_INTERNAL_SERVER_ERROR, NULL);
	} else if (!req->vcard || !req->vcard->xml.len) {
		deed_refuse(d, own ? STANZA_ITEM_NOT_FOUND : STANZA_SERVICE_UNAVAILABLE, NULL);
	} else {
		hand_over(d, req->vcard);
		deed_end(d);
	}
}

static void vcard_read(struct user *u, struct parcel *p)
{
	struct deed *d = deed_new(u, p, on_read);

	if (d && store_vcard_get(u->home->route->env.store, &d->req, u->bare))
		deed_refuse(d, STANZA_RESOURCE_CONSTRAINT, NULL);
}

void vcard_get_own(struct session *s, struct parcel *p)
{
	vcard_read(s->user, p);
}

void vcard_get(struct user *u, struct parcel *p)
{
	if (may_see(u->home, p->origin->jid.bare, u->bare)) {
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
		deed_refuse(d, STANZA_INTERNAL_SERVER_ERROR, NULL);
		return;
	}
	answer_result(d->parcel);
	if (user_set_photo(d->user, d->avatar.id))
		presence_show_photo(d->user);
	deed_end(d);
}

static enum stanza_condition ask_write(struct deed *d)
{
	struct home *h = d->user->home;
	struct parcel *p = d->parcel;
	struct buf xml = BUF_INIT(0);
	struct store_vcard row = {.stamp = {.seq = receipt_seq(p->receipt),
					  .time_us = receipt_time_us(p->receipt),
					  .id = receipt_id(p->receipt)}};
	enum stanza_condition c = STANZA_CONDITIONS;

	if (!avatar_of_vcard(&d->avatar, iq_payload(p), p->arena))
		d->avatar.id = STR("");
	row.photo = d->avatar.id;
	xml_put(&xml, iq_payload(p), NS_CLIENT);
	row.xml = buf_view(&xml);
	if (buf_failed(&xml) || arena_is_full(p->arena))
		c = STANZA_RESOURCE_CONSTRAINT;
	else if (xml.len > h->settings->personal_vcard_bytes)
		c = STANZA_POLICY_VIOLATION;
	else if (store_vcard_put(h->route->env.store, &d->req, d->user->bare, &row))
		c = STANZA_RESOURCE_CONSTRAINT;
	buf_done(&xml);
	return c;
}

void vcard_set(struct session *s, struct parcel *p)
{
	struct deed *d = deed_new(s->user, p, on_written);
	enum stanza_condition c = d ? ask_write(d) : STANZA_CONDITIONS;

	if (c != STANZA_CONDITIONS)
		deed_refuse(d, c, c == STANZA_POLICY_VIOLATION ? "The vCard is too large." : NULL);
}
