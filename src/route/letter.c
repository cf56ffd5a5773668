#include "route/letter.h"

#include <stdlib.h>

#include "base/log.h"
#include "route/components.h"
#include "route/deliver.h"
#include "route/presence.h"
#include "route/quiet.h"
#include "route/rooms.h"
#include "route/sight.h"
#include "stanza/xml_out.h"

static const char *const type_names[] = {
	[LETTER_AVAILABLE] = "",
	[LETTER_UNAVAILABLE] = "unavailable",
	[LETTER_ERROR] = "error",
	[LETTER_PROBE] = "probe",
	[LETTER_SUBSCRIBE] = "subscribe",
	[LETTER_SUBSCRIBED] = "subscribed",
	[LETTER_UNSUBSCRIBE] = "unsubscribe",
	[LETTER_UNSUBSCRIBED] = "unsubscribed",
};

enum letter_kind letter_kind_of(struct str type)
{
	for (size_t i = LETTER_UNAVAILABLE; i < sizeof(type_names) / sizeof(type_names[0]); i++)
		if (str_eq(type, str_from(type_names[i])))
			return (enum letter_kind)i;
	return LETTER_AVAILABLE;
}

static struct letter *letter_new(struct route *r, const struct letter_parts *parts)
{
	struct letter *l = malloc(sizeof(*l) + parts->from.len + parts->to.len);

	if (!l)
		return NULL;
	*l = (struct letter){.route = r,
		.kind = parts->kind,
		.addressed = parts->addressed,
		.asked = parts->asked,
		.removed = parts->removed};
	memcpy(l->text, parts->from.data, parts->from.len);
	memcpy(l->text + parts->from.len, parts->to.data, parts->to.len);
	l->from = jid_split(str_of(l->text, parts->from.len));
	l->to = jid_split(str_of(l->text + parts->from.len, parts->to.len));
	l->stanza = parts->stanza ? blob_ref(parts->stanza) : NULL;
	l->hold = hold_ref(parts->hold);
	if (parts->kept)
		l->kept = *parts->kept;
	return l;
}

void letter_free(struct letter *l)
{
	blob_unref(l->stanza);
	hold_unref(l->hold);
	free(l);
}

/* Walls. What ends a subscription takes effect at the other side whatever stands between, but is not handed
 * out there (subscription.c). */
static bool may_be_sent(const struct home *h, const struct letter_parts *parts)
{
	switch (parts->kind) {
	case LETTER_PROBE:
		return may_see(h, parts->from, parts->to);
	case LETTER_SUBSCRIBE:
	case LETTER_SUBSCRIBED:
		return sight_is_open(h, parts->from, parts->to, WALL_SUBSCRIPTION);
	case LETTER_UNSUBSCRIBE:
	case LETTER_UNSUBSCRIBED:
		return true;
	default:
		return sight_is_open(h, parts->from, parts->to, WALL_PRESENCE);
	}
}

void letter_send(struct route *r, const struct letter_parts *parts)
{
	struct jid to = jid_split(parts->to);
	struct letter *l;

	if (!rooms_is_service(home_here(r), to.domain) && !may_be_sent(home_here(r), parts))
		return;
	l = letter_new(r, parts);
	if (!l) {
		log_error("out of memory: a presence stanza is lost");
		return;
	}
	l->task.run = rooms_is_service(home_here(r), to.domain) ? rooms_run_letter : presence_run_letter;
	if (components_has(r, to.domain)) {
		l->task.run = components_run_letter;
		loop_post(components_home(r, to.domain)->loop, &l->task);
		return;
	}
	loop_post(home_of(r, l->to.bare)->loop, &l->task);
}

/* Our own serialiser wrote it, so it begins with <presence. */
struct blob *presence_blob_to(struct home *h, const struct blob *presence, struct str to)
{
	struct str start = STR("<presence");
	struct buf *b = &h->scratch;

	buf_str(b, start);
	buf_lit(b, " to='");
	xml_escape(b, to);
	buf_lit(b, "'");
	buf_put(b, presence->data + start.len, presence->len - start.len);
	return blob_of_scratch(h);
}

static struct blob *letter_make(struct home *h, const struct letter *l)
{
	struct buf *b = &h->scratch;

	buf_lit(b, "<presence from='");
	xml_escape(b, l->from.full);
	buf_lit(b, "' to='");
	xml_escape(b, l->to.full);
	if (l->kind == LETTER_AVAILABLE)
		buf_lit(b, "'/>");
	else
		buf_printf(b, "' type='%s'/>", type_names[l->kind]);
	return blob_of_scratch(h);
}

struct blob *letter_blob(struct home *h, const struct letter *l)
{
	if (!l->stanza)
		return letter_make(h, l);
	if (l->addressed)
		return blob_ref(l->stanza);
	return presence_blob_to(h, l->stanza, l->to.full);
}

/* Who is there may wait; requests may not, nor what tells a client of itself. */
static void letter_give(
	struct session *s, const struct letter *l, struct blob *blob, const struct receipt *receipt)
{
	struct goods g = {.blob = blob, .hold = l->hold, .sender = l->from.full};

	if (l->kind <= LETTER_UNAVAILABLE && !str_eq(l->from.full, s->origin->jid.full))
		g.calm = CALM_PRESENCE;
	if (session_may_get(s, &l->from))
		deliver(s, &g, receipt);
}

static void letter_hand(struct user *u, const struct letter *l, bool (*takes)(const struct session *s),
	const struct session *only)
{
	struct home *h = u->home;
	struct arena *arena = arena_new(0);
	struct blob *blob = letter_blob(h, l);
	const struct receipt *receipt = arena ? kept_receipt(&l->kept, arena, h->record) : NULL;

	if (blob && receipt) {
		session_each(s, u) if (only ? s == only : takes(s)) letter_give(s, l, blob, receipt);
	}
	blob_unref(blob);
	arena_free(arena);
}

void letter_deliver(struct user *u, const struct letter *l, bool (*takes)(const struct session *s))
{
	letter_hand(u, l, takes, NULL);
}

void letter_deliver_one(struct session *s, const struct letter *l)
{
	letter_hand(s->user, l, NULL, s);
}
