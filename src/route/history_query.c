/* A query goes round all loops first (history_round.h):
 *
 *   session's home --- round --- store_archive_load ---> the store answers after the writes the round brought about
 *   --- <message><result/></message> ... <iq><fin/></iq> ---> session
 *
 * So whoever knows of a message, because he said it on this stream or has seen a copy of it, finds it. */
#include "route/history_query.h"

#include <stdlib.h>

#include "base/clock.h"
#include "route/answer.h"
#include "route/deliver.h"
#include "route/history.h"
#include "route/history_form.h"
#include "route/history_round.h"
#include "route/iq.h"
#include "route/rooms_archive.h"
#include "route/sight.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	QUERIES_MAX = 8,        /* of one account at a time */
	PAGE_BYTES = 512 << 10, /* of messages on one page */
};

struct question {
	struct store_req req;
	struct user *user;
	struct parcel *parcel; /* a reference; its arena holds what was asked */
	struct history_asked asked;
	void (*answer)(struct session *s, struct question *q);
};

static void refuse(struct parcel *p, enum stanza_condition condition)
{
	answer_error(p, condition, NULL);
	parcel_end(p);
}

static void question_end(struct question *q)
{
	struct user *u = q->user;

	store_req_release(&q->req);
	parcel_end(q->parcel);
	free(q);
	u->queries--;
	user_busy(u, -1);
}

static void question_refuse(struct question *q, enum stanza_condition condition)
{
	answer_error(q->parcel, condition, NULL);
	question_end(q);
}

/* ---- the answer ---- */

/* Whose archive it is. */
static struct str owner_of(const struct question *q)
{
	return q->parcel->room_view ? q->parcel->to.bare : q->user->bare;
}

/* What the store has was serialised by us and begins with <message. */
static struct blob *result_blob(
	struct session *s, const struct question *q, const struct store_archived *row, struct str xml)
{
	struct buf *b = &s->user->home->scratch;
	struct str start = STR("<message");

	if (!str_starts(xml, start))
		return NULL;
	buf_lit(b, "<message from='");
	xml_escape(b, owner_of(q));
	buf_lit(b, "' to='");
	xml_escape(b, s->origin->jid.full);
	buf_lit(b, "'><result xmlns='urn:xmpp:mam:2' id='");
	xml_escape(b, row->id);
	if (q->asked.id.data) {
		buf_lit(b, "' queryid='");
		xml_escape(b, q->asked.id);
	}
	buf_lit(b, "'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='");
	clock_put_us(b, row->time_us);
	buf_lit(b, "'/><message xmlns='jabber:client'");
	buf_put(b, xml.data + start.len, xml.len - start.len);
	buf_lit(b, "</forwarded></result></message>");
	return blob_of_scratch(s->user->home);
}

/* The receipt is the one the message had when it was delivered first. */
static void hand_over(struct session *s, struct question *q, const struct store_archived *row)
{
	const struct room_view *view = q->parcel->room_view;
	struct str xml = view ? room_view_of(view, s->user->home, row->xml, q->req.arena) : row->xml;
	const struct receipt *receipt = NULL;
	struct blob *blob;

	if (xml.len)
		receipt = record_receipt_stored(q->req.arena, row->seq, row->time_us, row->id);
	blob = receipt ? result_blob(s, q, row, xml) : NULL;
	if (!blob)
		return;
	if (deliver_offer(s, &(struct goods){.blob = blob}, receipt))
		record_fetched(s->user->home->record, row->seq, s->origin->jid.full);
	blob_unref(blob);
}

/* The page is all there is: then its place and the number of all are known (XEP-0059 2.2). Else counting is work, and done
 * when it is asked for. */
static bool is_whole(const struct question *q, const struct store_archive_page *page)
{
	const struct store_archive_query *asked = &q->asked.query;

	return page->complete && !asked->count && !asked->after_page.len && !asked->before_page.len;
}

static void fin_put(struct buf *b, const struct question *q, const struct store_archive_page *page)
{
	iq_put_result(b, q->parcel);
	buf_printf(b, "<fin xmlns='urn:xmpp:mam:2'%s><set xmlns='http://jabber.org/protocol/rsm'>",
		page->complete ? " complete='true'" : "");
	if (page->len) {
		buf_str(b, is_whole(q, page) ? STR("<first index='0'>") : STR("<first>"));
		xml_escape(b, page->rows[0].id);
		buf_lit(b, "</first><last>");
		xml_escape(b, page->rows[page->len - 1].id);
		buf_lit(b, "</last>");
	}
	if (q->asked.query.count || is_whole(q, page)) {
		buf_lit(b, "<count>");
		buf_u64(b, q->asked.query.count ? page->count : page->len);
		buf_lit(b, "</count>");
	}
	buf_lit(b, "</set></fin></iq>");
}

static void answer_bytes(struct session *s, struct buf *text)
{
	if (!buf_failed(text))
		deliver_own_bytes(s, buf_view(text));
	buf_done(text);
}

static void answer_page(struct session *s, struct question *q)
{
	const struct store_archive_page *page = q->req.page;
	struct buf text = BUF_INIT(0);

	for (size_t i = 0; i < page->len; i++)
		hand_over(s, q, &page->rows[q->asked.flip ? page->len - 1 - i : i]);
	fin_put(&text, q, page);
	answer_bytes(s, &text);
}

static void edge_put(struct buf *b, const char *name, const struct store_archived *row)
{
	buf_printf(b, "<%s id='", name);
	xml_escape(b, row->id);
	buf_lit(b, "' timestamp='");
	clock_put_us(b, row->time_us);
	buf_lit(b, "'/>");
}

void history_put_metadata(struct buf *b, const struct store_archive_page *page)
{
	buf_lit(b, "<metadata xmlns='urn:xmpp:mam:2'>");
	if (page->len) {
		edge_put(b, "start", &page->rows[0]);
		edge_put(b, "end", &page->rows[page->len - 1]);
	}
	buf_lit(b, "</metadata>");
}

static void answer_metadata(struct session *s, struct question *q)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, q->parcel);
	history_put_metadata(&text, q->req.page);
	buf_lit(&text, "</iq>");
	answer_bytes(s, &text);
}

static void on_page(struct store_req *req, int result)
{
	struct question *q = req->owner;
	struct session *s = session_by_origin(q->user, q->parcel->origin);

	if (result == 0) {
		if (s)
			q->answer(s, q);
		question_end(q);
	} else if (result == STORE_E_NONE) {
		question_refuse(q, STANZA_ITEM_NOT_FOUND);
	} else if (result == STORE_E_LONG) {
		question_refuse(q, STANZA_RESOURCE_CONSTRAINT);
	} else {
		question_refuse(q, STANZA_INTERNAL_SERVER_ERROR);
	}
}

/* ---- the round ---- */

static void question_ask(void *arg)
{
	struct question *q = arg;

	store_req_init(&q->req, on_page, q);
	if (store_archive_load(q->user->home->route->env.store, &q->req, &q->asked.query))
		question_refuse(q, STANZA_RESOURCE_CONSTRAINT);
}

static void question_start(struct question *q)
{
	if (history_round(q->user->home, owner_of(q), question_ask, q))
		question_refuse(q, STANZA_RESOURCE_CONSTRAINT);
}

/* Takes over the parcel's reference. NULL: it has been refused. */
static struct question *question_new(
	struct session *s, struct parcel *p, void (*answer)(struct session *s, struct question *q))
{
	struct user *u = s->user;
	struct question *q;

	if (u->queries >= QUERIES_MAX) {
		refuse(p, STANZA_RESOURCE_CONSTRAINT);
		return NULL;
	}
	q = calloc(1, sizeof(*q));
	if (!q) {
		refuse(p, STANZA_RESOURCE_CONSTRAINT);
		return NULL;
	}
	q->user = u;
	q->parcel = p;
	q->answer = answer;
	u->queries++;
	user_busy(u, 1);
	return q;
}

/* ---- requests ---- */

static bool is_offered(const struct session *s, struct parcel *p)
{
	if (!s->user->home->settings->history_enabled)
		refuse(p, STANZA_SERVICE_UNAVAILABLE);
	return s->user->home->settings->history_enabled;
}

/* Rows that fit: a client that acknowledges is given no more than half of what it may leave unacknowledged.
 */
static size_t page_room(const struct session *s)
{
	const struct settings *settings = s->user->home->settings;
	size_t half = settings->sm_unacked_max / 2, page = settings->history_page;
	size_t room = !s->sm ? page : s->sm->len < half ? half - s->sm->len : 0;

	return room < page ? room : page;
}

void history_query(struct session *s, struct parcel *p)
{
	size_t room = page_room(s);
	enum stanza_condition c;
	struct question *q;

	if (!is_offered(s, p))
		return;
	q = question_new(s, p, answer_page);
	if (!q)
		return;
	c = room ? history_form_read(&q->asked, iq_payload(p), room, p->arena) : STANZA_RESOURCE_CONSTRAINT;
	if (c != STANZA_CONDITIONS) {
		question_refuse(q, c);
		return;
	}
	q->asked.query.owner = owner_of(q);
	q->asked.query.max_bytes = PAGE_BYTES;
	c = p->room_view ? room_view_bound(p->room_view, &q->asked.query) : STANZA_CONDITIONS;
	if (c != STANZA_CONDITIONS)
		question_refuse(q, c);
	else
		question_start(q);
}

void history_metadata(struct session *s, struct parcel *p)
{
	struct question *q;

	if (!is_offered(s, p))
		return;
	q = question_new(s, p, answer_metadata);
	if (!q)
		return;
	q->asked.query = (struct store_archive_query){.owner = owner_of(q), .edges = true, .max = 1};
	if (p->room_view)
		(void)room_view_bound(p->room_view, &q->asked.query);
	question_start(q);
}

void history_fields(struct session *s, struct parcel *p)
{
	struct buf text = BUF_INIT(0);

	if (!is_offered(s, p))
		return;
	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='urn:xmpp:mam:2'>");
	buf_str(&text, history_form_fields());
	buf_lit(&text, "</query></iq>");
	answer_bytes(s, &text);
	parcel_end(p);
}
