/* Open addressing, linear probing, backward-shift deletion; grows at 3/4. */
#include "base/map.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/rand.h"

static uint64_t seed[2];
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void seed_init(void)
{
	rand_bytes(seed, sizeof(seed));
}

static inline uint64_t rotl(uint64_t x, int b)
{
	return (x << b) | (x >> (64 - b));
}

#define SIP_ROUND(v)                                                                                                   \
	do {                                                                                                           \
		v[0] += v[1];                                                                                          \
		v[1] = rotl(v[1], 13) ^ v[0];                                                                          \
		v[0] = rotl(v[0], 32);                                                                                 \
		v[2] += v[3];                                                                                          \
		v[3] = rotl(v[3], 16) ^ v[2];                                                                          \
		v[0] += v[3];                                                                                          \
		v[3] = rotl(v[3], 21) ^ v[0];                                                                          \
		v[2] += v[1];                                                                                          \
		v[1] = rotl(v[1], 17) ^ v[2];                                                                          \
		v[2] = rotl(v[2], 32);                                                                                 \
	} while (0)

/* Those from `at` on, fewer than eight, the first one lowest. */
static uint64_t last_bytes(struct str key, size_t at)
{
	uint64_t bytes = 0;

	if (at == key.len)
		return 0;
	if (at >= 8) { /* with some before them, which fall out */
		memcpy(&bytes, key.data + key.len - 8, 8);
		return le64toh(bytes) >> 8 * (8 - (key.len - at));
	}
	for (size_t shift = 0; at < key.len; at++, shift += 8)
		bytes |= (uint64_t)(unsigned char)key.data[at] << shift;
	return bytes;
}

/* SipHash-1-3. */
uint64_t map_hash(struct str key)
{
	uint64_t v[4], m, tail = (uint64_t)key.len << 56;
	size_t i;

	pthread_once(&seed_once, seed_init);
	v[0] = seed[0] ^ 0x736f6d6570736575ULL;
	v[1] = seed[1] ^ 0x646f72616e646f6dULL;
	v[2] = seed[0] ^ 0x6c7967656e657261ULL;
	v[3] = seed[1] ^ 0x7465646279746573ULL;
	for (i = 0; i + 8 <= key.len; i += 8) {
		memcpy(&m, key.data + i, 8);
		v[3] ^= m;
		SIP_ROUND(v);
		v[0] ^= m;
	}
	tail |= last_bytes(key, i);
	v[3] ^= tail;
	SIP_ROUND(v);
	v[0] ^= tail;
	v[2] ^= 0xff;
	SIP_ROUND(v);
	SIP_ROUND(v);
	SIP_ROUND(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *m)
{
	*m = (struct map){};
}

void map_done(struct map *m)
{
	free(m->slots);
	map_init(m);
}

/* The slot that holds the key, or the empty one where it would go. */
static struct map_slot *map_slot(const struct map *m, struct str key, uint32_t hash)
{
	size_t at = hash & (m->cap - 1);

	while (m->slots[at].key.data) {
		if (m->slots[at].hash == hash && str_eq(m->slots[at].key, key))
			break;
		at = (at + 1) & (m->cap - 1);
	}
	return &m->slots[at];
}

void *map_get(const struct map *m, struct str key)
{
	if (m->len == 0)
		return NULL;
	return map_slot(m, key, (uint32_t)map_hash(key))->value;
}

void *map_get_hashed(const struct map *m, struct str key, uint64_t hash)
{
	return m->len ? map_slot(m, key, (uint32_t)hash)->value : NULL;
}

static int map_grow(struct map *m)
{
	struct map bigger = {.cap = m->cap ? m->cap * 2 : 8, .len = m->len};

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].key.data)
			*map_slot(&bigger, m->slots[i].key, m->slots[i].hash) = m->slots[i];
	free(m->slots);
	*m = bigger;
	return 0;
}

int map_put(struct map *m, struct str key, void *value)
{
	uint32_t hash = (uint32_t)map_hash(key);
	struct map_slot *slot;

	if (!key.data)
		key = STR("");
	if (m->len + 1 > m->cap / 4 * 3 && map_grow(m))
		return -ENOMEM;
	slot = map_slot(m, key, hash);
	if (!slot->key.data)
		m->len++;
	*slot = (struct map_slot){.key = key, .value = value, .hash = hash};
	return 0;
}

void *map_del(struct map *m, struct str key)
{
	struct map_slot *slot;
	size_t hole, at;
	void *value;

	if (m->len == 0)
		return NULL;
	slot = map_slot(m, key, (uint32_t)map_hash(key));
	if (!slot->key.data)
		return NULL;
	value = slot->value;
	m->len--;
	hole = at = (size_t)(slot - m->slots);
	for (;;) {
		at = (at + 1) & (m->cap - 1);
		if (!m->slots[at].key.data)
			break;
		/* an entry may fill the hole unless its home lies (cyclically) in (hole, at] */
		if (((at - m->slots[at].hash) & (m->cap - 1)) < ((at - hole) & (m->cap - 1)))
			continue;
		m->slots[hole] = m->slots[at];
		hole = at;
	}
	m->slots[hole] = (struct map_slot){};
	return value;
}

struct map_slot *map_next(const struct map *m, size_t *at)
{
	while (*at < m->cap)
		if (m->slots[(*at)++].key.data)
			return &m->slots[*at - 1];
	return NULL;
}
