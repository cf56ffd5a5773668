/* States are sets of bits: TO, FROM (never with IN), OUT (never with TO), IN. The nine of appendix A:
 * None, None+OUT, None+IN, None+OUT+IN, TO, TO+IN, FROM, FROM+OUT, TO+FROM ("both"). */
#include "route/subscription.h"

#include "base/log.h"
#include "route/answer.h"
#include "route/crew.h"
#include "route/deliver.h"
#include "route/flood.h"
#include "route/presence.h"
#include "route/roster.h"
#include "route/sight.h"
#include "route/strangers.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

struct outcome subscription_outbound(enum letter_kind kind, unsigned state)
{
	struct outcome o = {.state = (uint8_t)state};

	switch (kind) {
	case LETTER_SUBSCRIBE: /* A.2.1: always routed */
		o.passes = true;
		if (!(state & SUB_TO))
			o.state = (uint8_t)(state | SUB_OUT);
		break;
	case LETTER_UNSUBSCRIBE: /* A.2.2: always routed */
		o.passes = true;
		o.state = (uint8_t)(state & ~(SUB_TO | SUB_OUT));
		break;
	case LETTER_SUBSCRIBED: /* A.2.3: only an answer is routed */
		o.passes = state & SUB_IN;
		if (o.passes)
			o.state = (uint8_t)((state & ~SUB_IN) | SUB_FROM);
		break;
	default: /* A.2.4 */
		o.passes = state & (SUB_IN | SUB_FROM);
		o.state = (uint8_t)(state & ~(SUB_IN | SUB_FROM));
		break;
	}
	return o;
}

struct outcome subscription_inbound(enum letter_kind kind, unsigned state)
{
	struct outcome o = {.state = (uint8_t)state};

	switch (kind) {
	case LETTER_SUBSCRIBE: /* A.3.1 */
		o.answers = state & SUB_FROM;
		o.passes = !(state & (SUB_FROM | SUB_IN));
		if (o.passes)
			o.state = (uint8_t)(state | SUB_IN);
		break;
	case LETTER_UNSUBSCRIBE: /* A.3.2 */
		o.passes = state & (SUB_FROM | SUB_IN);
		o.state = (uint8_t)(state & ~(SUB_FROM | SUB_IN));
		break;
	case LETTER_SUBSCRIBED: /* A.3.3: only an answer counts */
		o.passes = state & SUB_OUT;
		if (o.passes)
			o.state = (uint8_t)((state & ~SUB_OUT) | SUB_TO);
		break;
	default: /* A.3.4 */
		o.passes = state & (SUB_OUT | SUB_TO);
		o.state = (uint8_t)(state & ~(SUB_OUT | SUB_TO));
		break;
	}
	return o;
}

/* ---- the request that waits ---- */

static struct str pending_text(struct buf *b, const struct letter *l, struct home *h)
{
	struct blob *blob = letter_blob(h, l);

	buf_u64(b, l->kept.seq);
	buf_putc(b, ' ');
	buf_u64(b, l->kept.time_us);
	buf_putc(b, ' ');
	buf_put(b, l->kept.id, l->kept.seq ? RECORD_ID : 0);
	buf_putc(b, '\n');
	if (blob)
		buf_str(b, blob_view(blob));
	blob_unref(blob);
	return buf_failed(b) ? STR_NONE : buf_view(b);
}

static bool pending_number(struct str *text, uint64_t *out)
{
	size_t end = str_find(*text, ' ', 0);
	unsigned long long value;

	if (!str_to_u64(str_cut(*text, 0, end), INT64_MAX, &value))
		return false;
	*out = value;
	*text = str_cut(*text, end + 1, text->len);
	return true;
}

/* The stanza; its receipt's numbers to *kept. Empty when the text is none of ours. */
static struct str pending_parse(struct str text, struct kept *kept)
{
	size_t line;

	*kept = (struct kept){.seq = 0};
	if (!pending_number(&text, &kept->seq) || !pending_number(&text, &kept->time_us))
		return STR_NONE;
	line = str_find(text, '\n', 0);
	if (line == RECORD_ID)
		memcpy(kept->id, text.data, RECORD_ID);
	else
		kept->seq = 0;
	return str_cut(text, line + 1, text.len);
}

static void remind_of(struct session *s, const struct contact *c)
{
	struct home *h = s->user->home;
	struct arena *arena = arena_new(0);
	struct kept kept;
	struct str xml = pending_parse(c->pending_in, &kept);
	const struct receipt *receipt = arena ? kept_receipt(&kept, arena, h->record) : NULL;
	struct blob *blob;

	buf_str(&h->scratch, xml);
	blob = blob_of_scratch(h);
	if (receipt && blob && xml.len)
		deliver(s, &(struct goods){.blob = blob}, receipt);
	blob_unref(blob);
	arena_free(arena);
}

void subscription_remind(struct session *s)
{
	const struct user *u = s->user;
	struct contact c;

	for (uint32_t at = 0; contacts_next(&u->roster, &at, &c);) {
		struct jid jid = jid_split(c.jid);

		if ((c.state & SUB_IN) && !user_blocks(u, &jid) && !crew_knows(u, c.jid) &&
			strangers_request(u, &jid) == STRANGERS_NONE && sight_is_open(u->home, c.jid, u->bare, WALL_SUBSCRIPTION))
			remind_of(s, &c);
	}
}

void subscription_show_held(struct user *u, struct str bare)
{
	struct jid jid = jid_split(bare);
	struct contact c;

	if (!user_contact(u, bare, &c) || !(c.state & SUB_IN) || user_blocks(u, &jid) ||
		!sight_is_open(u->home, bare, u->bare, WALL_SUBSCRIPTION))
		return;
	session_each(s, u) if (session_is_available(s)) remind_of(s, &c);
}

/* ---- changing the roster ---- */

/* The contact as it is, or a new hidden one. */
static struct contact contact_draft(const struct user *u, struct str bare)
{
	struct contact c = {.jid = bare, .hidden = true};

	user_contact(u, bare, &c);
	return c;
}

/* Whoever has more than a waiting request is a contact that clients see. */
static void save(struct user *u, struct contact *c)
{
	if (c->state & ~SUB_IN || c->approved)
		c->hidden = false;
	if (!(c->state & SUB_IN))
		c->pending_in = STR_NONE;
	roster_change(u, c, NULL);
}

/* ---- outbound ---- */

static void pre_approve(struct user *u, struct contact *c, bool approved)
{
	if (c->approved == approved)
		return;
	c->approved = approved;
	save(u, c);
}

void subscription_route(struct home *h, struct parcel *p, struct str bare, enum letter_kind kind)
{
	struct xml_stamp stamp = {.from = bare, .to = p->to.bare};
	struct letter_parts parts = {
		.kind = kind, .from = bare, .to = p->to.bare, .addressed = true, .hold = p->hold};
	struct str full = node_attr(p->stanza, STR("from"));
	struct kept kept;

	if (full.len)
		parts.from = full; /* only the stanza says it in the bare form: blocking looks at both */
	xml_put_stamped(&h->scratch, p->stanza, NS_CLIENT, &stamp);
	parts.stanza = blob_of_scratch(h);
	kept_take(&kept, p->receipt);
	parts.kept = &kept;
	if (parts.stanza)
		letter_send(h->route, &parts);
	blob_unref(parts.stanza);
}

void subscription_send(struct user *u, struct parcel *p, enum letter_kind kind)
{
	struct contact c = contact_draft(u, p->to.bare);
	struct outcome o = subscription_outbound(kind, c.state);
	bool lost = (c.state & SUB_FROM) && !(o.state & SUB_FROM);

	if (str_eq(p->to.bare, u->bare))
		return; /* one always sees oneself */
	if (crew_knows(u, p->to.bare)) { /* to begin it changes nothing, and to end it is not theirs */
		if (kind == LETTER_UNSUBSCRIBE || kind == LETTER_UNSUBSCRIBED)
			answer_error(p, STANZA_NOT_ALLOWED, "You share a group with this contact.");
		return;
	}
	if (!user_contact(u, c.jid, NULL) && roster_is_full(u)) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, "The roster is full.");
		return;
	}
	if (lost)
		presence_hide(u, c.jid);
	if (o.passes && kind != LETTER_SUBSCRIBE)
		subscription_route(u->home, p, u->bare, kind);
	if (!o.passes && kind == LETTER_SUBSCRIBED && !(c.state & SUB_FROM)) {
		pre_approve(u, &c, true); /* 3.4 */
		return;
	}
	if (kind == LETTER_UNSUBSCRIBED && c.approved) {
		c.approved = false;
		c.state = o.state;
		save(u, &c);
	} else if (o.state != c.state) {
		c.state = o.state;
		save(u, &c);
	}
	if (o.passes && kind == LETTER_SUBSCRIBED)
		presence_show(u, p->to.bare);
	if (kind == LETTER_SUBSCRIBE) /* who is asked may answer before the asker's clients have the push otherwise */
		subscription_route(u->home, p, u->bare, kind);
}

/* `u` NULL: nobody is there to be hidden. */
static void end_both_ways(struct route *r, struct user *u, struct letter_parts parts, unsigned state)
{
	if (state & (SUB_TO | SUB_OUT)) {
		parts.kind = LETTER_UNSUBSCRIBE;
		letter_send(r, &parts);
	}
	if (state & (SUB_FROM | SUB_IN)) {
		if (u)
			presence_hide(u, parts.to);
		parts.kind = LETTER_UNSUBSCRIBED;
		letter_send(r, &parts);
	}
}

void subscription_cancel(struct user *u, const struct contact *c)
{
	end_both_ways(u->home->route, u, (struct letter_parts){.from = u->bare, .to = c->jid}, c->state);
}

void subscription_leave(struct home *h, struct str bare, struct str contact, unsigned state)
{
	struct user *u = user_find(h, bare);

	end_both_ways(h->route, u, (struct letter_parts){.from = bare, .to = contact, .removed = true}, state);
	if (u)
		user_drop_contact(u, contact);
}

/* ---- inbound ---- */

static void say_yes(struct user *u, const struct letter *l)
{
	letter_send(l->route,
		&(struct letter_parts){.kind = LETTER_SUBSCRIBED, .from = u->bare, .to = l->from.bare});
}

/* 3.4.2: the user has said yes beforehand. */
static void accept_approved(struct user *u, const struct letter *l, struct contact *c)
{
	c->approved = false;
	c->state = (uint8_t)((c->state & ~SUB_IN) | SUB_FROM);
	say_yes(u, l);
	save(u, c);
	presence_show(u, l->from.bare);
}

/* A wall may stand in this direction only. */
static bool may_answer(const struct user *u, const struct letter *l)
{
	return sight_is_open(u->home, u->bare, l->from.bare, WALL_SUBSCRIPTION);
}

static void pass_on(struct user *u, const struct letter *l)
{
	if (sight_is_open(u->home, l->from.bare, u->bare, WALL_SUBSCRIPTION))
		letter_deliver(u, l, l->kind == LETTER_SUBSCRIBE ? takes_if_available : takes_if_interested);
}

static void take_effect(struct user *u, const struct letter *l, struct contact *c, struct outcome o)
{
	struct buf pending = BUF_INIT(0);

	c->state = o.state;
	if (l->kind == LETTER_SUBSCRIBE)
		c->pending_in = pending_text(&pending, l, u->home);
	save(u, c);
	buf_done(&pending);
}

void subscription_arrive(struct user *u, const struct letter *l)
{
	struct contact c = contact_draft(u, l->from.bare);
	struct outcome o = subscription_inbound(l->kind, c.state);
	bool lost = (c.state & SUB_FROM) && !(o.state & SUB_FROM);
	bool blocked = user_blocks(u, &l->from);
	enum strangers_fate fate = STRANGERS_NONE;

	if ((blocked && !l->removed) || (l->kind == LETTER_SUBSCRIBE && crew_knows(u, c.jid)))
		return;
	if (l->kind == LETTER_SUBSCRIBE && c.approved && !o.answers && may_answer(u, l)) {
		accept_approved(u, l, &c);
		return;
	}
	if (!user_contact(u, c.jid, NULL) && o.passes && !roster_takes_request(u))
		return;
	if (l->kind == LETTER_SUBSCRIBE && o.passes && flood_stops_letter(u, l))
		return;
	if (o.answers)
		say_yes(u, l);
	if (l->kind == LETTER_SUBSCRIBE && o.passes)
		fate = strangers_request(u, &l->from);
	if (fate == STRANGERS_REFUSE) {
		letter_send(l->route,
			&(struct letter_parts){.kind = LETTER_UNSUBSCRIBED, .from = u->bare, .to = l->from.bare});
		return;
	}
	if (o.passes && !blocked && fate == STRANGERS_NONE)
		pass_on(u, l); /* before the roster push: 3.1.6 */
	if (o.state != c.state)
		take_effect(u, l, &c, o);
	if (fate == STRANGERS_HOLD)
		strangers_held(u);
	if (lost)
		presence_hide(u, l->from.bare);
}
