#include "route/last.h"

#include <stdlib.h>

#include "base/clock.h"
#include "route/answer.h"
#include "route/deliver.h"
#include "route/iq.h"
#include "route/privacy.h"
#include "stanza/ns.h"

bool last_is_asked(const struct parcel *p)
{
	const struct node *payload = iq_payload(p);

	return payload && str_is(p->type, "get") && node_is(payload, STR("query"), NS_LAST);
}

bool last_is_open(const struct user *u, const struct parcel *p)
{
	return str_eq(p->origin->jid.bare, u->bare) || (privacy_shows_last(u) && iq_may_know(u, p));
}

static void refuse(struct parcel *p, enum stanza_condition condition)
{
	answer_error(p, condition, NULL);
	parcel_end(p);
}

static void answer_seconds(struct parcel *p, uint64_t seconds)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='jabber:iq:last' seconds='");
	buf_u64(&text, seconds);
	buf_lit(&text, "'/></iq>");
	answer_text(p, &text);
	parcel_end(p);
}

void last_server(struct session *s, struct parcel *p)
{
	answer_seconds(p, (clock_mono_ms() - s->user->home->route->started_ms) / 1000);
}

/* Who asks is there. */
void last_own(struct session *s, struct parcel *p)
{
	(void)s;
	answer_seconds(p, 0);
}

/* ---- somebody else ---- */

struct question {
	struct store_req req;
	struct user *user;
	struct parcel *parcel;
};

static void on_seen(struct store_req *req, int result)
{
	struct question *q = req->owner;
	uint64_t now = clock_utc_us();

	if (result)
		refuse(q->parcel, STANZA_INTERNAL_SERVER_ERROR);
	else if (req->number == 0) /* has never been there */
		refuse(q->parcel, STANZA_ITEM_NOT_FOUND);
	else
		answer_seconds(q->parcel, now > req->number ? (now - req->number) / 1000000 : 0);
	store_req_release(req);
	user_busy(q->user, -1);
	free(q);
}

static void ask_store(struct user *u, struct parcel *p)
{
	struct question *q = calloc(1, sizeof(*q));

	if (!q) {
		refuse(p, STANZA_RESOURCE_CONSTRAINT);
		return;
	}
	q->user = u;
	q->parcel = p;
	store_req_init(&q->req, on_seen, q);
	user_busy(u, 1);
	if (store_seen_get(u->home->route->env.store, &q->req, u->bare) == 0)
		return;
	store_req_release(&q->req);
	user_busy(u, -1);
	free(q);
	refuse(p, STANZA_RESOURCE_CONSTRAINT);
}

void last_other(struct user *u, struct parcel *p)
{
	if (!last_is_open(u, p)) {
		refuse(p, STANZA_FORBIDDEN);
		return;
	}
	session_each(s, u) if (session_is_available(s))
	{
		answer_seconds(p, 0);
		return;
	}
	ask_store(u, p);
}

/* ---- remembering ---- */

void last_note(struct user *u)
{
	if (!u->failed)
		store_seen_note(u->home->route->env.store, u->bare, clock_utc_us());
}

/* ---- the time (XEP-0202) ---- */

/* In UTC: where the machine stands is nobody's business. */
void last_time(struct session *s, struct parcel *p)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, p);
	buf_lit(&text, "<time xmlns='urn:xmpp:time'><tzo>+00:00</tzo><utc>");
	clock_put(&text, clock_utc_us());
	buf_lit(&text, "</utc></time></iq>");
	if (!buf_failed(&text))
		deliver_own_bytes(s, buf_view(&text));
	buf_done(&text);
	parcel_end(p);
}
