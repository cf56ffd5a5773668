#include "route/flood.h"

#include <stdlib.h>

#include "account/crowd.h"
#include "account/meter.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/map.h"
#include "base/phrase.h"
#include "route/answer.h"
#include "route/crew.h"
#include "route/deliver.h"
#include "route/headline.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static struct crowd *crowd_of(const struct user *u)
{
	return u->home->route->env.crowd;
}

static uint64_t now_of(const struct user *u)
{
	return loop_ms(u->home->loop);
}

static struct crowd_limits limits_of(const struct settings *s)
{
	return (struct crowd_limits){.senders = s->flood_senders,
		.sender_seconds = s->flood_sender_seconds,
		.per_second = s->flood_per_second,
		.burst = s->flood_burst,
		.seconds = s->flood_seconds};
}

/* ---- whom he knows ---- */

static bool is_contact(const struct user *u, struct str bare)
{
	struct contact c = {};

	return user_contact(u, bare, &c) && !c.hidden;
}

/* As in meter_key(u->bare, bare); `hash` is map_hash(bare), 0: not made yet. */
static uint64_t pair_of(const struct user *u, struct str bare, uint64_t hash)
{
	return meter_key_hashed(u->hash, hash ? hash : map_hash(bare));
}

static bool is_known(const struct user *u, struct str bare, uint64_t hash)
{
	return str_eq(bare, u->bare) || is_contact(u, bare) || crew_knows(u, bare) ||
	       crowd_have_met(crowd_of(u), pair_of(u, bare, hash), now_of(u));
}

static bool is_exempt(const struct user *u)
{
	struct str group = u->home->settings->flood_exempt_group;
	AUTO(person_unrefp) const struct person *p =
		group.len ? directory_get(u->home->route->env.directory, u->bare) : NULL;

	return p && person_in_group(p, group);
}

bool flood_meet(struct user *u, struct str bare, uint64_t hash)
{
	return crowd_of(u) && !is_contact(u, bare) && crowd_meet(crowd_of(u), pair_of(u, bare, hash), now_of(u));
}

/* ---- telling ---- */

static void tell_session(struct session *s, const struct crowd_victim *v)
{
	enum language language = language_of(headline_language(s));
	struct buf text = BUF_INIT(0), minutes = BUF_INIT(0);

	buf_u64(&minutes, (s->user->home->settings->flood_seconds + 59) / 60);
	phrase_put(&text, v->cause == CROWD_DESK ? PHRASE_FLOOD_DESK : PHRASE_FLOOD, language,
		(struct phrase_word[]){{"minutes", buf_view(&minutes)}, {}});
	text.failed |= buf_failed(&minutes);
	if (!buf_failed(&text))
		headline_give(s, buf_view(&text), language_tags[language]);
	buf_done(&text);
	buf_done(&minutes);
}

/* To all sessions that are available, or to this one alone. Nobody is there: it is told when somebody comes. */
static void tell(struct user *u, struct session *only)
{
	struct crowd_victim v;

	if (headline_readers(u, NULL) == 0 || !crowd_tell(crowd_of(u), u->bare, &v, now_of(u)))
		return;
	session_each(s, u) if (only ? s == only : session_is_available(s)) tell_session(s, &v);
}

void flood_greet(struct session *s)
{
	if (crowd_of(s->user) && !is_exempt(s->user))
		tell(s->user, s);
}

/* ---- from the desk ---- */

struct telling {
	struct task task;
	struct home *home;
	size_t len;
	char bare[];
};

static void run_tell(struct task *task)
{
	struct telling *t = container_of(task, struct telling, task);
	struct user *u = user_find(t->home, str_of(t->bare, t->len));

	if (u)
		tell(u, NULL);
	free(t);
}

void route_flood_tell(struct route *r, struct str bare)
{
	struct home *h = home_of(r, bare);
	struct telling *t = malloc(sizeof(*t) + bare.len);

	if (!t) {
		log_error("out of memory: somebody is not told who is held off from him");
		return;
	}
	*t = (struct telling){.task = {.run = run_tell}, .home = h, .len = bare.len};
	memcpy(t->bare, bare.data, bare.len);
	loop_post(h->loop, &t->task);
}

static void note(struct user *u)
{
	const struct extra extra[] = {{.key = KEY_TARGET, .text = u->bare}};
	struct entry entry = {.type = EVENT_ALARM,
		.reason = STR("flood"),
		.text = STR("people whom the recipient does not know are held off"),
		.extra = extra,
		.extra_len = 1};

	if (record_append(u->home->record, &entry, NULL))
		log_warn("that somebody is flooded could not be recorded");
	log_warn("%.*s gets too much from people he does not know; the server holds them off", STR_FMT(u->bare));
}

/* ---- counting ---- */

static bool stops(struct user *u, struct str from, uint64_t hash)
{
	struct crowd_limits limits = limits_of(u->home->settings);

	if (!crowd_of(u) || is_exempt(u) || is_known(u, from, hash))
		return false;
	switch (crowd_count(crowd_of(u), &limits, u->bare, from, now_of(u))) {
	case CROWD_PASS:
		return false;
	case CROWD_BEGINS:
		note(u);
		break;
	case CROWD_REFUSE:
		break;
	}
	tell(u, NULL); /* if he has not been told */
	return true;
}

bool flood_stops(struct user *u, struct parcel *p)
{
	if (str_is(p->type, "error") || str_is(p->type, "groupchat") || !stops(u, p->origin->jid.bare, p->origin->hash))
		return false;
	answer_error(p, STANZA_RESOURCE_CONSTRAINT, CROWD_TEXT);
	return true;
}

/* RFC 6121 3.1.3 leaves the asker waiting; an error says that he should ask again. */
static void answer_letter(const struct user *u, const struct letter *l)
{
	struct home *h = u->home;
	struct letter_parts parts = {.kind = LETTER_ERROR, .from = u->bare, .to = l->from.full, .addressed = true};

	buf_lit(&h->scratch, "<presence type='error' from='");
	xml_escape(&h->scratch, u->bare);
	buf_lit(&h->scratch, "' to='");
	xml_escape(&h->scratch, l->from.full);
	buf_lit(&h->scratch, "'><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
			     "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>" CROWD_TEXT
			     "</text></error></presence>");
	parts.stanza = blob_of_scratch(h);
	if (parts.stanza)
		letter_send(h->route, &parts);
	blob_unref(parts.stanza);
}

bool flood_stops_letter(struct user *u, const struct letter *l)
{
	if (!stops(u, l->from.bare, 0))
		return false;
	if (l->kind == LETTER_SUBSCRIBE)
		answer_letter(u, l);
	return true;
}
