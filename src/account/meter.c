/* A bucket is one number: the time at which it will be empty again, as in throttle.c. */
#include "account/meter.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"

enum {
	LOCKS = 64,
	WAYS = 8, /* entries of one set */
};

struct entry {
	uint64_t key;  /* 0: free */
	uint64_t when; /* a bucket: empty again then. A note: when it was made */
};

struct meter {
	struct entry *entries;
	size_t sets; /* a power of two */
	pthread_mutex_t locks[LOCKS];
};

int meter_new(struct meter **out, size_t entries)
{
	struct meter *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->sets = LOCKS;
	while (m->sets * WAYS < entries)
		m->sets *= 2;
	m->entries = calloc(m->sets * WAYS, sizeof(*m->entries));
	if (!m->entries) {
		free(m);
		return -ENOMEM;
	}
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&m->locks[i], NULL);
	*out = m;
	return 0;
}

struct meter *meter_free(struct meter *m)
{
	if (!m)
		return NULL;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&m->locks[i]);
	free(m->entries);
	free(m);
	return NULL;
}

uint64_t meter_key(struct str a, struct str b)
{
	return meter_key_hashed(map_hash(a), map_hash(b));
}

static pthread_mutex_t *meter_lock(struct meter *m, uint64_t key)
{
	pthread_mutex_t *lock = &m->locks[key % LOCKS];

	pthread_mutex_lock(lock);
	return lock;
}

/* The entry of the key; when there is none, the one of its set that ends first (or is free) becomes it. Under its lock. */
static struct entry *entry_of(struct meter *m, uint64_t key)
{
	struct entry *set = &m->entries[(key & (m->sets - 1)) * WAYS], *least = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].when < least->when)
			least = &set[i];
	}
	*least = (struct entry){.key = key};
	return least;
}

uint64_t meter_take(struct meter *m, uint64_t key, uint64_t cost, uint64_t room, uint64_t now)
{
	pthread_mutex_t *lock = meter_lock(m, key);
	struct entry *e = entry_of(m, key);
	uint64_t over;

	e->when = (e->when > now ? e->when : now) + cost;
	over = e->when > now + room ? e->when - now - room : 0;
	if (over > room)
		e->when = now + 2 * room;
	pthread_mutex_unlock(lock);
	return over > room ? room : over;
}

uint64_t meter_look(struct meter *m, uint64_t key, uint64_t room, uint64_t now)
{
	pthread_mutex_t *lock = meter_lock(m, key);
	const struct entry *set = &m->entries[(key & (m->sets - 1)) * WAYS];
	uint64_t over = 0;

	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].key == key && set[i].when > now + room)
			over = set[i].when - now - room;
	pthread_mutex_unlock(lock);
	return over;
}

bool meter_note(struct meter *m, uint64_t key, uint64_t forget, uint64_t now)
{
	pthread_mutex_t *lock = meter_lock(m, key);
	struct entry *e = entry_of(m, key);
	bool known = e->when && now < e->when + forget;

	e->when = now ? now : 1;
	pthread_mutex_unlock(lock);
	return known;
}

static struct entry *find(struct meter *m, uint64_t key)
{
	struct entry *set = &m->entries[(key & (m->sets - 1)) * WAYS];

	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

bool meter_has(struct meter *m, uint64_t key, uint64_t forget, uint64_t now)
{
	pthread_mutex_t *lock = meter_lock(m, key);
	const struct entry *e = find(m, key);
	bool has = e && now < e->when + forget;

	pthread_mutex_unlock(lock);
	return has;
}

void meter_forget(struct meter *m, uint64_t key)
{
	pthread_mutex_t *lock = meter_lock(m, key);
	struct entry *e = find(m, key);

	if (e)
		*e = (struct entry){};
	pthread_mutex_unlock(lock);
}
