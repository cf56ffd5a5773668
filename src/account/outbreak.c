#include "account/outbreak.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "rule/payload.h"

enum { LOOKED_AT = 32 /* of those that were seen longest ago, where one has to go */ };

/* Somebody's part in it; times of the last, 0: never. */
struct part {
	uint64_t who; /* map_hash() of his address */
	uint64_t got_ms, sent_ms;
	bool relays; /* had got it when he sent it */
};

struct spread {
	struct list link; /* o->recent, the latest first */
	uint64_t last_ms, excused_ms; /* until then it is none */
	bool told;
	size_t len;
	struct part parts[OUTBREAK_PEOPLE];
	struct str payload; /* `text` */
	char text[];
};

struct sighting {
	struct outbreak_sight sight;
	size_t len;
	char payload[PAYLOAD_MAX];
};

struct outbreak {
	pthread_mutex_t lock;
	size_t waiting_len;
	struct sighting waiting[OUTBREAK_WAITING];
	struct map spreads; /* payload -> struct spread */
	struct list recent;
};

struct outbreak *outbreak_new(void)
{
	struct outbreak *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	pthread_mutex_init(&o->lock, NULL);
	map_init(&o->spreads);
	list_init(&o->recent);
	return o;
}

static void spread_forget(struct outbreak *o, struct spread *s)
{
	map_del(&o->spreads, s->payload);
	list_remove(&s->link);
	free(s);
}

struct outbreak *outbreak_free(struct outbreak *o)
{
	if (!o)
		return NULL;
	while (!list_is_empty(&o->recent))
		spread_forget(o, container_of(o->recent.next, struct spread, link));
	map_done(&o->spreads);
	pthread_mutex_destroy(&o->lock);
	free(o);
	return NULL;
}

/* The loops' clocks are milliseconds apart. */
static uint64_t age(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

/* How much is lost with it. */
static size_t worth_of(const struct spread *s, uint64_t now)
{
	return s->excused_ms > now ? OUTBREAK_PEOPLE + 1 : s->len;
}

/* Of those seen longest ago the one that has spread least, so that nobody makes it forgotten by sending many others. What is over
 * goes first. */
static struct spread *dispensable(const struct outbreak *o, uint64_t window, uint64_t now)
{
	struct spread *least = container_of(o->recent.prev, struct spread, link);
	struct list *it = o->recent.prev;

	for (size_t i = 0; i < LOOKED_AT && it != &o->recent; i++, it = it->prev) {
		struct spread *s = container_of(it, struct spread, link);

		if (s->excused_ms <= now && age(s->last_ms, now) > window)
			return s;
		if (worth_of(s, now) < worth_of(least, now))
			least = s;
	}
	return least;
}

/* NULL: memory is out. */
static struct spread *spread_new(struct outbreak *o, struct str payload, uint64_t window, uint64_t now)
{
	struct spread *s = calloc(1, sizeof(*s) + payload.len);

	if (!s)
		return NULL;
	memcpy(s->text, payload.data, payload.len);
	s->payload = str_of(s->text, payload.len);
	list_init(&s->link);
	if (map_put(&o->spreads, s->payload, s)) {
		free(s);
		return NULL;
	}
	if (o->spreads.len > OUTBREAK_PAYLOADS)
		spread_forget(o, dispensable(o, window, now));
	return s;
}

/* It is the latest from now on. */
static struct spread *spread_of(struct outbreak *o, struct str payload, uint64_t window, uint64_t now)
{
	struct spread *s = map_get(&o->spreads, payload);

	if (!s)
		s = spread_new(o, payload, window, now);
	if (!s)
		return NULL;
	if (age(s->last_ms, now) > window) {
		s->told = false;
		s->len = 0;
	}
	s->last_ms = now;
	list_remove(&s->link);
	list_prepend(&o->recent, &s->link);
	return s;
}

static bool is_recent(uint64_t ms, uint64_t window, uint64_t now)
{
	return ms && age(ms, now) <= window;
}

/* Whose part is over makes room for another; NULL: there are enough. */
static struct part *part_of(struct spread *s, struct str person, uint64_t window, uint64_t now)
{
	uint64_t who = map_hash(person);
	struct part *room = s->len < OUTBREAK_PEOPLE ? &s->parts[s->len] : NULL;

	for (size_t i = 0; i < s->len; i++) {
		struct part *p = &s->parts[i];

		if (p->who == who)
			return p;
		if (!is_recent(p->got_ms, window, now) && !is_recent(p->sent_ms, window, now))
			room = p;
	}
	if (!room)
		return NULL;
	s->len += room == &s->parts[s->len];
	*room = (struct part){.who = who};
	return room;
}

static struct outbreak_sight sight_of(const struct spread *s, uint64_t window, uint64_t now)
{
	struct outbreak_sight sight = {};

	for (size_t i = 0; i < s->len; i++) {
		const struct part *p = &s->parts[i];
		bool sent = is_recent(p->sent_ms, window, now);

		sight.recipients += is_recent(p->got_ms, window, now);
		sight.senders += sent;
		sight.relays += sent && p->relays;
	}
	return sight;
}

static bool is_outbreak(const struct outbreak_sight *sight, const struct outbreak_limits *l)
{
	return sight->recipients >= l->recipients || (sight->relays >= OUTBREAK_RELAYS && sight->recipients >= l->relayed);
}

static void note(struct spread *s, struct str sender, struct str recipient, uint64_t window, uint64_t now)
{
	struct part *from = part_of(s, sender, window, now), *to;

	if (from) {
		from->relays = is_recent(from->got_ms, window, now);
		from->sent_ms = now;
	}
	to = part_of(s, recipient, window, now);
	if (to)
		to->got_ms = now;
}

/* False: there is no room for it, so it begins later. */
static bool wait_for_taker(struct outbreak *o, struct str payload, const struct outbreak_sight *sight)
{
	struct sighting *w = &o->waiting[o->waiting_len];

	if (o->waiting_len == OUTBREAK_WAITING)
		return false;
	w->sight = *sight;
	w->len = payload.len < sizeof(w->payload) ? payload.len : sizeof(w->payload);
	memcpy(w->payload, payload.data, w->len);
	o->waiting_len++;
	return true;
}

bool outbreak_count(struct outbreak *o, const struct outbreak_limits *limits, struct str payload, struct str sender,
	struct str recipient, uint64_t now_ms, struct outbreak_sight *out)
{
	uint64_t window = limits->seconds * 1000ULL;
	struct outbreak_sight sight = {};
	struct spread *s;
	bool begins = false;

	if (limits->recipients && !str_eq(sender, recipient)) {
		pthread_mutex_lock(&o->lock);
		s = spread_of(o, payload, window, now_ms);
		if (s) {
			note(s, sender, recipient, window, now_ms);
			sight = sight_of(s, window, now_ms);
			begins = !s->told && now_ms >= s->excused_ms && is_outbreak(&sight, limits) &&
				 wait_for_taker(o, payload, &sight);
			s->told = s->told || begins;
		}
		pthread_mutex_unlock(&o->lock);
	}
	if (out)
		*out = sight;
	return begins;
}

void outbreak_take(struct outbreak *o, void (*each)(struct str payload, const struct outbreak_sight *sight, void *owner),
	void *owner)
{
	pthread_mutex_lock(&o->lock);
	for (size_t i = 0; i < o->waiting_len; i++)
		each(str_of(o->waiting[i].payload, o->waiting[i].len), &o->waiting[i].sight, owner);
	o->waiting_len = 0;
	pthread_mutex_unlock(&o->lock);
}

void outbreak_excuse(struct outbreak *o, struct str payload, uint64_t until_ms)
{
	struct spread *s;

	pthread_mutex_lock(&o->lock);
	s = map_get(&o->spreads, payload);
	if (!s)
		s = spread_new(o, payload, UINT64_MAX, 0);
	if (s) {
		s->excused_ms = until_ms;
		list_remove(&s->link);
		list_prepend(&o->recent, &s->link);
	}
	pthread_mutex_unlock(&o->lock);
}
