#include "room/ask.h"

#include <stdlib.h>

#include "base/rand.h"
#include "base/text.h"
#include "room/say.h"
#include "room/talk.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

#define each_ask_safe(a, r)                                                                                  \
	list_each_safe (a##_, &(r)->asks)                                                                    \
	with_container(struct ask, a, a##_)

/* ---- the table ---- */

static void ask_free(struct room *r, struct ask *a)
{
	list_remove(&a->link);
	r->ask_count--;
	free(a);
}

void room_asks_drop(struct room *r)
{
	each_ask_safe(a, r) ask_free(r, a);
}

static unsigned count_of(const struct room *r, struct str asker)
{
	unsigned n = 0;

	each_ask_safe(a, r) n += str_eq(a->asker, asker);
	return n;
}

static bool token_make(char out[ASK_TOKEN])
{
	unsigned char random[16];
	struct buf text = BUF_INIT(0);
	bool ok;

	rand_pooled(random, sizeof(random));
	base64url_put(&text, random, sizeof(random));
	ok = !buf_failed(&text) && text.len == ASK_TOKEN;
	if (ok)
		memcpy(out, text.data, ASK_TOKEN);
	buf_done(&text);
	return ok;
}

static struct str keep(char **at, struct str s)
{
	struct str kept = str_of(*at, s.len);

	if (s.len)
		memcpy(*at, s.data, s.len);
	*at += s.len;
	return kept;
}

/* NULL: there are too many, or memory is out. */
static struct ask *ask_new(struct room *r, struct str asker, const struct seat *to, struct str id, uint64_t now)
{
	struct str nick = to->occupant->nick;
	struct ask *a;
	char *at;

	if (id.len > ASK_ID_MAX || r->ask_count >= ASKS_MAX || count_of(r, asker) >= ASKS_EACH_MAX)
		return NULL;
	a = malloc(sizeof(*a) + asker.len + to->jid.full.len + nick.len + id.len);
	if (!a)
		return NULL;
	at = a->text;
	*a = (struct ask){.due = now + ASK_SECONDS};
	a->asker = keep(&at, asker);
	a->asked = keep(&at, to->jid.full);
	a->nick = keep(&at, nick);
	a->id = keep(&at, id);
	if (!token_make(a->token)) {
		free(a);
		return NULL;
	}
	list_append(&r->asks, &a->link);
	r->ask_count++;
	return a;
}

/* ---- there ---- */

static void put_start(struct buf *out, const struct room *r, struct str nick, struct str to, struct str id)
{
	buf_lit(out, "<iq from='");
	xml_escape(out, r->jid);
	buf_putc(out, '/');
	xml_escape(out, nick);
	buf_lit(out, "' to='");
	xml_escape(out, to);
	buf_lit(out, "' id='");
	xml_escape(out, id);
	buf_lit(out, "' type='");
}

/* Type, language and what it holds of a stanza that came in. */
static void put_rest(struct buf *out, const struct node *stanza)
{
	struct str lang = node_attr_ns(stanza, STR("lang"), NS_XML);

	xml_escape(out, node_attr(stanza, STR("type")));
	if (lang.len) {
		buf_lit(out, "' xml:lang='");
		xml_escape(out, lang);
	}
	buf_lit(out, "'>");
	for (const struct node *n = node_first_element(stanza); n; n = node_next_element(n))
		xml_put(out, n, NS_CLIENT);
	buf_lit(out, "</iq>");
}

static bool hand(const struct seat *to, struct buf *xml, const struct room_stamp *stamp, struct room_sink *sink)
{
	bool ok = !buf_failed(xml);

	if (ok)
		sink->send(sink, &to, 1, buf_view(xml), stamp, ROOM_GOODS_MESSAGE);
	buf_done(xml);
	return ok;
}

/* Of several sessions under one nickname the one that has been in for longest. Whoever policy was asked about is whom it
 * goes to, or nobody: nicknames change hands. What is recorded is like a private message. */
enum room_outcome ask_send(struct room *r, const struct seat *from, const struct occupant *to,
	const struct room_request *rq, struct room_sink *sink)
{
	const struct seat *seat = container_of(to->seats.next, struct seat, link);
	struct buf xml = BUF_INIT(0);
	struct ask *a;

	if (!str_eq(rq->recipient, to->bare))
		return ROOM_E_NOT_FOUND;
	if (!sink->may_meet(sink, rq->from.bare, to->bare))
		return ROOM_E_UNAVAILABLE;
	if (rq->stamp.seq && !talk_may_send_private(r, from->occupant))
		return ROOM_E_FORBIDDEN;
	a = ask_new(r, from->jid.full, seat, node_attr(rq->stanza, STR("id")), rq->now);
	if (!a)
		return ROOM_E_LIMIT;
	put_start(&xml, r, from->occupant->nick, seat->jid.full, str_of(a->token, ASK_TOKEN));
	put_rest(&xml, rq->stanza);
	if (hand(seat, &xml, &rq->stamp, sink))
		return ROOM_OK;
	ask_free(r, a);
	return ROOM_E_LIMIT;
}

/* ---- and back ---- */

static struct ask *ask_find(const struct room *r, struct str token, struct str asked)
{
	each_ask_safe(a, r)
	{
		if (str_eq(str_of(a->token, ASK_TOKEN), token) && str_eq(a->asked, asked))
			return a;
	}
	return NULL;
}

#define ERROR(type, condition)                                                                               \
	STR("<error type='" type "'><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>")

static void refuse(struct room *r, struct ask *a, struct str error, struct room_sink *sink)
{
	const struct seat *s = room_seat(r, a->asker);
	struct buf xml = BUF_INIT(0);

	if (s) {
		put_start(&xml, r, a->nick, s->jid.full, a->id);
		buf_lit(&xml, "error'>");
		buf_str(&xml, error);
		buf_lit(&xml, "</iq>");
		(void)hand(s, &xml, &(struct room_stamp){.seq = 0}, sink);
	}
	ask_free(r, a);
}

/* An answer is for whom the question was of, and policy has been asked about the same. */
void room_answer(struct room *r, const struct room_request *rq, struct room_sink *sink)
{
	struct ask *a = ask_find(r, node_attr(rq->stanza, STR("id")), rq->from.full);
	const struct seat *s = a ? room_seat(r, a->asker) : NULL;
	struct buf xml = BUF_INIT(0);

	if (!a)
		return;
	if (!s || !room_seat(r, rq->from.full) || !str_eq(rq->recipient, s->occupant->bare) ||
		!sink->may_meet(sink, rq->from.bare, s->occupant->bare)) {
		refuse(r, a, ERROR("cancel", "service-unavailable"), sink);
		return;
	}
	put_start(&xml, r, a->nick, s->jid.full, a->id);
	put_rest(&xml, rq->stanza);
	(void)hand(s, &xml, &rq->stamp, sink);
	ask_free(r, a);
}

static bool is_private(const struct node *stanza)
{
	struct str type = node_attr(stanza, STR("type"));

	return str_is(stanza->name, "message") && !str_is(type, "groupchat") && !str_is(type, "error") &&
	       !str_is(type, "headline");
}

static void refuse_message(struct room *r, const struct seat *by, const struct node *stanza, struct room_sink *sink)
{
	const struct occupant *o = room_occupant(r, jid_split(node_attr(stanza, STR("from"))).resource);
	struct buf xml = BUF_INIT(0);

	if (!o)
		return;
	say_put_start(&xml, r, stanza, by->occupant->nick);
	buf_lit(&xml, " type='error'>");
	buf_str(&xml, ERROR("cancel", "service-unavailable"));
	buf_lit(&xml, "</message>");
	if (!buf_failed(&xml))
		say_to(o, buf_view(&xml), sink, &(struct room_stamp){.seq = 0}, ROOM_GOODS_MESSAGE);
	buf_done(&xml);
}

void room_refused(struct room *r, struct str full, const struct node *stanza, struct room_sink *sink)
{
	const struct seat *s = room_seat(r, full);
	struct ask *a = str_is(stanza->name, "iq") ? ask_find(r, node_attr(stanza, STR("id")), full) : NULL;

	if (a)
		refuse(r, a, ERROR("cancel", "service-unavailable"), sink);
	else if (s && is_private(stanza) && s->occupant->seats.next == &s->link)
		refuse_message(r, s, stanza, sink);
}

void room_asks_settle(struct room *r, uint64_t now, struct room_sink *sink)
{
	each_ask_safe(a, r)
	{
		if (!room_seat(r, a->asked))
			refuse(r, a, ERROR("cancel", "service-unavailable"), sink);
		else if (now >= a->due)
			refuse(r, a, ERROR("wait", "remote-server-timeout"), sink);
		else if (!room_seat(r, a->asker))
			ask_free(r, a);
	}
}
