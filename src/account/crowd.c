#include "account/crowd.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "account/meter.h"
#include "base/map.h"

enum { MINUTE_MS = 60000 };

static const uint64_t met_ms = 30ULL * 24 * 3600 * 1000; /* how long people are known who have been written to */

const char *const crowd_cause_names[CROWD_CAUSES] = {"senders", "stanzas", "asked"};

struct victim {
	struct crowd_victim shown;
	bool changed;
	uint64_t kept_ms;               /* until when it lasts, as far as has been told by crowd_changes() */
	uint64_t kept_refused;          /* likewise */
	uint64_t told_ms;               /* when it was told */
	uint64_t minute_ms;             /* when that minute began */
	unsigned minute, heads;         /* refused since, stanzas and senders */
	unsigned much;                  /* stanzas of a minute that are a flood, whoever sends them; 0: not known */
	char jid[];
};

struct crowd {
	struct meter *senders; /* notes: pairs of the last minutes; and a bucket for each recipient */
	struct meter *stanzas; /* buckets, in microseconds */
	struct meter *ignored, *met; /* notes: pairs */
	_Atomic size_t count;  /* of victims */
	pthread_mutex_t lock;
	struct map victims; /* jid -> struct victim */
};

struct crowd *crowd_new(void)
{
	struct crowd *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	map_init(&c->victims);
	if (meter_new(&c->senders, CROWD_ENTRIES) || meter_new(&c->stanzas, CROWD_ENTRIES) ||
		meter_new(&c->ignored, CROWD_ENTRIES) || meter_new(&c->met, CROWD_ENTRIES))
		return crowd_free(c);
	return c;
}

struct crowd *crowd_free(struct crowd *c)
{
	struct map_slot *slot;

	if (!c)
		return NULL;
	for (size_t i = 0; (slot = map_next(&c->victims, &i));)
		free(slot->value);
	map_done(&c->victims);
	meter_free(c->senders);
	meter_free(c->stanzas);
	meter_free(c->ignored);
	meter_free(c->met);
	pthread_mutex_destroy(&c->lock);
	free(c);
	return NULL;
}

/* ---- victims, under the lock ---- */

static bool is_past(const struct victim *v, uint64_t now)
{
	return now >= v->shown.until_ms;
}

/* NULL: none, or it is over; then it stays until crowd_changes() has told of it. */
static struct victim *victim_find(struct crowd *c, struct str jid, uint64_t now)
{
	struct victim *v = map_get(&c->victims, jid);

	return v && !is_past(v, now) ? v : NULL;
}

static struct victim *victim_new(struct crowd *c, struct str jid)
{
	struct victim *v = c->victims.len < CROWD_MAX ? calloc(1, sizeof(*v) + jid.len) : NULL;

	if (!v)
		return NULL;
	memcpy(v->jid, jid.data, jid.len);
	v->shown.jid = str_of(v->jid, jid.len);
	if (map_put(&c->victims, v->shown.jid, v)) {
		free(v);
		return NULL;
	}
	c->count++;
	return v;
}

/* One for whom it was over begins anew. */
static struct victim *victim_make(struct crowd *c, struct str jid, enum crowd_cause cause, uint64_t now)
{
	struct victim *v = map_get(&c->victims, jid);

	if (!v)
		v = victim_new(c, jid);
	if (!v)
		return NULL;
	jid = v->shown.jid;
	v->shown = (struct crowd_victim){.jid = jid, .cause = cause, .since_ms = now};
	v->minute = v->heads = 0;
	v->changed = true;
	return v;
}

/* ---- counting ---- */

static bool is_over(struct crowd *c, const struct crowd_limits *l, struct str victim, struct str sender, uint64_t now,
	enum crowd_cause *out_cause)
{
	uint64_t key = meter_key(victim, STR("")), refill = l->sender_seconds * 1000ULL, room = refill * l->senders;
	uint64_t cost = 1000000 / (l->per_second ? l->per_second : 1);
	bool known = meter_note(c->senders, meter_key(victim, sender), room, now);
	bool many = !known && meter_take(c->senders, key, refill, room, now);

	*out_cause = many ? CROWD_SENDERS : CROWD_STANZAS;
	return meter_take(c->stanzas, key, cost, cost * l->burst, now * 1000) || many;
}

/* Of this sender in this minute. */
static uint64_t minute_key(const struct victim *v, struct str sender)
{
	return meter_key(v->shown.jid, sender) ^ (v->minute_ms * 0x9e3779b97f4a7c15) >> 1;
}

/* What would be within the limits does not keep it up beyond the minute in which it was more: neither one who tries again and
 * again, nor a few. */
static void note_refused(struct crowd *c, struct victim *v, struct str sender, uint64_t now)
{
	v->shown.refused++;
	if (now - v->minute_ms >= MINUTE_MS) {
		v->minute_ms = now;
		v->minute = v->heads = 0;
	}
	v->minute++;
	v->heads += !meter_note(c->ignored, minute_key(v, sender), MINUTE_MS, now);
	if (v->shown.peace_ms && (v->heads >= v->shown.many || (v->much && v->minute >= v->much)))
		v->shown.until_ms = now + v->shown.peace_ms;
}

static unsigned much_of(const struct crowd_limits *l)
{
	return l->per_second <= UINT_MAX / 60 ? l->per_second * 60 : UINT_MAX;
}

static enum crowd_answer refuse(struct crowd *c, struct victim *v, struct str sender, uint64_t now)
{
	note_refused(c, v, sender, now);
	meter_note(c->ignored, meter_key(v->shown.jid, sender), v->shown.until_ms - now, now);
	return CROWD_REFUSE;
}

enum crowd_answer crowd_count(struct crowd *c, const struct crowd_limits *l, struct str victim, struct str sender, uint64_t now)
{
	enum crowd_cause cause = CROWD_STANZAS;
	enum crowd_answer answer = CROWD_PASS;
	bool over = l->senders && is_over(c, l, victim, sender, now, &cause);
	struct victim *v;

	if (!over && !c->count)
		return CROWD_PASS;
	pthread_mutex_lock(&c->lock);
	v = victim_find(c, victim, now);
	if (v) {
		v->much = much_of(l);
		answer = refuse(c, v, sender, now);
	} else if (over) {
		v = victim_make(c, victim, cause, now);
		if (v) {
			v->shown.peace_ms = l->seconds * 1000ULL;
			v->shown.many = l->senders;
			v->much = much_of(l);
			v->shown.until_ms = now + v->shown.peace_ms;
			refuse(c, v, sender, now);
		}
		answer = v ? CROWD_BEGINS : CROWD_REFUSE;
	}
	pthread_mutex_unlock(&c->lock);
	return answer;
}

bool crowd_holds(struct crowd *c, struct str victim, uint64_t now)
{
	bool holds;

	if (!c->count)
		return false;
	pthread_mutex_lock(&c->lock);
	holds = victim_find(c, victim, now) != NULL;
	pthread_mutex_unlock(&c->lock);
	return holds;
}

bool crowd_ignores(struct crowd *c, struct str victim, struct str sender, uint64_t now)
{
	struct victim *v;
	bool ignores;

	if (!c->count)
		return false;
	pthread_mutex_lock(&c->lock);
	v = victim_find(c, victim, now);
	ignores = v && meter_has(c->ignored, meter_key(victim, sender), now - v->shown.since_ms + 1, now);
	if (ignores)
		note_refused(c, v, sender, now);
	pthread_mutex_unlock(&c->lock);
	return ignores;
}

bool crowd_meet(struct crowd *c, uint64_t pair, uint64_t now)
{
	bool had_met = meter_note(c->met, pair, met_ms, now);

	if (c->count)
		meter_forget(c->ignored, pair);
	return !had_met;
}

bool crowd_have_met(struct crowd *c, uint64_t pair, uint64_t now)
{
	return meter_has(c->met, pair, met_ms, now);
}

bool crowd_was_told(struct crowd *c, struct str account, uint64_t forget, uint64_t now)
{
	return meter_has(c->met, meter_key(STR("told"), account), forget, now);
}

void crowd_note_told(struct crowd *c, struct str account, uint64_t now)
{
	meter_note(c->met, meter_key(STR("told"), account), met_ms, now);
}

bool crowd_may_hold(struct crowd *c, struct str account, struct str sender, unsigned count, uint64_t seconds, uint64_t now)
{
	uint64_t cost = seconds * 1000000 / (count ? count : 1);

	return meter_take(c->stanzas, meter_key(account, sender), cost, cost * count, now * 1000) == 0;
}

/* ---- what people say ---- */

bool crowd_silence(struct crowd *c, struct str victim, uint64_t until, uint64_t now)
{
	struct victim *v;

	pthread_mutex_lock(&c->lock);
	v = victim_find(c, victim, now);
	if (!v)
		v = victim_make(c, victim, CROWD_DESK, now);
	if (v) {
		v->shown.peace_ms = 0;
		v->shown.until_ms = until;
		v->changed = true;
	}
	pthread_mutex_unlock(&c->lock);
	return v != NULL;
}

bool crowd_release(struct crowd *c, struct str victim)
{
	struct victim *v;
	bool was;

	pthread_mutex_lock(&c->lock);
	v = map_get(&c->victims, victim);
	was = v && v->shown.until_ms;
	if (was)
		v->shown.until_ms = 0;
	pthread_mutex_unlock(&c->lock);
	return was;
}

bool crowd_tell(struct crowd *c, struct str victim, struct crowd_victim *out, uint64_t now)
{
	struct victim *v;
	bool first;

	if (!c->count)
		return false;
	pthread_mutex_lock(&c->lock);
	v = victim_find(c, victim, now);
	first = v && !v->shown.told;
	if (first) {
		v->shown.told = v->changed = true;
		*out = v->shown;
		out->jid = victim;
	}
	pthread_mutex_unlock(&c->lock);
	return first;
}

static bool is_news(const struct victim *v, bool last, uint64_t now)
{
	bool is_time = last || now >= v->told_ms + CROWD_STEP_MS;

	return v->changed || v->shown.until_ms >= v->kept_ms + CROWD_STEP_MS || (is_time && v->shown.refused != v->kept_refused);
}

static void note_kept(struct victim *v, uint64_t now)
{
	v->kept_ms = v->shown.until_ms;
	v->kept_refused = v->shown.refused;
	v->told_ms = now;
	v->changed = false;
}

void crowd_changes(struct crowd *c, bool last, void (*each)(const struct crowd_victim *v, bool over, void *owner), void *owner,
	uint64_t now)
{
	struct victim *over[256]; /* a pass; the rest in the next one */
	size_t count = 0;
	struct map_slot *slot;

	if (!c->count)
		return;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; (slot = map_next(&c->victims, &i));) {
		struct victim *v = slot->value;

		if (is_past(v, now)) {
			if (count < sizeof(over) / sizeof(over[0]))
				over[count++] = v;
		} else if (is_news(v, last, now)) {
			each(&v->shown, false, owner);
			note_kept(v, now);
		}
	}
	for (size_t i = 0; i < count; i++) {
		each(&over[i]->shown, true, owner);
		map_del(&c->victims, over[i]->shown.jid);
		c->count--;
		free(over[i]);
	}
	pthread_mutex_unlock(&c->lock);
}

bool crowd_restore(struct crowd *c, const struct crowd_victim *like)
{
	struct victim *v;

	pthread_mutex_lock(&c->lock);
	v = victim_make(c, like->jid, like->cause, like->since_ms);
	if (v) {
		struct str jid = v->shown.jid;

		v->shown = *like;
		v->shown.jid = jid;
		note_kept(v, like->since_ms);
	}
	pthread_mutex_unlock(&c->lock);
	return v != NULL;
}

bool crowd_find(struct crowd *c, struct str victim, struct crowd_victim *out, uint64_t now)
{
	const struct victim *v;

	pthread_mutex_lock(&c->lock);
	v = victim_find(c, victim, now);
	if (v) {
		*out = v->shown;
		out->jid = victim;
	}
	pthread_mutex_unlock(&c->lock);
	return v != NULL;
}

void crowd_each(struct crowd *c, void (*each)(const struct crowd_victim *v, void *owner), void *owner, uint64_t now)
{
	struct map_slot *slot;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; (slot = map_next(&c->victims, &i));) {
		struct victim *v = slot->value;

		if (!is_past(v, now))
			each(&v->shown, owner);
	}
	pthread_mutex_unlock(&c->lock);
}
