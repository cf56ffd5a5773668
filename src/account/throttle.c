/* A count that leaks is one number: the time at which it will be empty again. A failure moves that time on by
 * the refill interval, starting from now at the earliest; the count is the time left, in intervals. */
#include "account/throttle.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"

enum {
	LOCKS = 16,
	WAYS = 8,          /* entries of one set */
	FREE_FAILURES = 5, /* answered without delay */
	FIRST_DELAY_MS = 250,
};

/* How long an address stays known to an account. */
static const uint64_t known_ms = 30ULL * 24 * 3600 * 1000;

struct entry {
	uint64_t key;  /* 0: free */
	uint64_t when; /* buckets: empty again then. Known addresses: the last success */
};

struct table {
	struct entry *entries;
	size_t sets; /* a power of two */
	pthread_mutex_t locks[LOCKS];
};

struct throttle {
	struct table accounts, addresses, known;
	pthread_rwlock_t settings_lock;
	struct throttle_settings settings;
};

static int table_init(struct table *t, size_t entries)
{
	t->sets = LOCKS;
	while (t->sets * WAYS < entries)
		t->sets *= 2;
	for (unsigned i = 0; i < LOCKS; i++)
		pthread_mutex_init(&t->locks[i], NULL);
	t->entries = calloc(t->sets * WAYS, sizeof(*t->entries));
	return t->entries ? 0 : -ENOMEM;
}

static void table_done(struct table *t)
{
	if (t->sets == 0)
		return;
	for (unsigned i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&t->locks[i]);
	free(t->entries);
}

static pthread_mutex_t *table_lock(struct table *t, uint64_t key)
{
	pthread_mutex_t *lock = &t->locks[key % LOCKS];

	pthread_mutex_lock(lock);
	return lock;
}

/* The entry of the key, or NULL. Under its lock. */
static struct entry *table_find(struct table *t, uint64_t key)
{
	struct entry *set = &t->entries[(key & (t->sets - 1)) * WAYS];

	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

/* The entry of the key; when there is none, the one of its set that ends first (or is free) becomes it. */
static struct entry *table_take(struct table *t, uint64_t key)
{
	struct entry *set = &t->entries[(key & (t->sets - 1)) * WAYS], *least = set,
		     *found = table_find(t, key);

	if (found)
		return found;
	for (unsigned i = 1; i < WAYS; i++)
		if (set[i].when < least->when)
			least = &set[i];
	*least = (struct entry){.key = key};
	return least;
}

static uint64_t table_when(struct table *t, uint64_t key)
{
	pthread_mutex_t *lock = table_lock(t, key);
	struct entry *e = table_find(t, key);
	uint64_t when = e ? e->when : 0;

	pthread_mutex_unlock(lock);
	return when;
}

/* Adds one failure and returns the count, which stops at twice the limit: an attack that ends is over soon.
 */
static uint64_t bucket_add(
	struct table *t, uint64_t key, uint64_t failures, uint64_t refill_ms, uint64_t now_ms)
{
	pthread_mutex_t *lock = table_lock(t, key);
	struct entry *e = table_take(t, key);
	uint64_t count;

	e->when = (e->when > now_ms ? e->when : now_ms) + refill_ms;
	if (e->when > now_ms + 2 * failures * refill_ms)
		e->when = now_ms + 2 * failures * refill_ms;
	count = (e->when - now_ms + refill_ms - 1) / refill_ms;
	pthread_mutex_unlock(lock);
	return count;
}

static bool bucket_is_over(
	struct table *t, uint64_t key, uint64_t failures, uint64_t refill_ms, uint64_t now_ms)
{
	uint64_t when = table_when(t, key);

	return when > now_ms && when - now_ms > (failures - 1) * refill_ms;
}

int throttle_new(struct throttle **out, const struct throttle_settings *settings)
{
	struct throttle *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	pthread_rwlock_init(&t->settings_lock, NULL);
	if (table_init(&t->accounts, settings->entries) || table_init(&t->addresses, settings->entries) ||
		table_init(&t->known, settings->entries)) {
		throttle_free(t);
		return -ENOMEM;
	}
	throttle_set(t, settings);
	*out = t;
	return 0;
}

struct throttle *throttle_free(struct throttle *t)
{
	if (!t)
		return NULL;
	table_done(&t->accounts);
	table_done(&t->addresses);
	table_done(&t->known);
	pthread_rwlock_destroy(&t->settings_lock);
	free(t);
	return NULL;
}

static unsigned at_least_one(unsigned n)
{
	return n ? n : 1;
}

void throttle_set(struct throttle *t, const struct throttle_settings *settings)
{
	pthread_rwlock_wrlock(&t->settings_lock);
	t->settings = *settings;
	t->settings.account_failures = at_least_one(settings->account_failures);
	t->settings.account_refill_s = at_least_one(settings->account_refill_s);
	t->settings.address_failures = at_least_one(settings->address_failures);
	t->settings.address_refill_s = at_least_one(settings->address_refill_s);
	pthread_rwlock_unlock(&t->settings_lock);
}

static struct throttle_settings settings_of(struct throttle *t)
{
	struct throttle_settings s;

	pthread_rwlock_rdlock(&t->settings_lock);
	s = t->settings;
	pthread_rwlock_unlock(&t->settings_lock);
	return s;
}

/* The bytes that stand for an address: four, or the first eight of IPv6. Nothing for other families. */
static struct str address_bytes(const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;

	if (!address)
		return STR_NONE;
	if (address->sa_family == AF_INET)
		return str_of((const char *)&((const struct sockaddr_in *)address)->sin_addr, 4);
	if (address->sa_family != AF_INET6)
		return STR_NONE;
	if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return str_of((const char *)&six->sin6_addr + 12, 4);
	return str_of((const char *)&six->sin6_addr, 8);
}

static uint64_t key_of(struct str s)
{
	return map_hash(s) | 1ULL << 63; /* 0 means free */
}

/* Both hashes are fixed-length, so no two pairs share their bytes. */
static uint64_t pair_key(uint64_t account, uint64_t address)
{
	uint64_t both[2] = {account, address};

	return key_of(str_of((const char *)both, sizeof(both)));
}

enum throttle_verdict throttle_ask(
	struct throttle *t, struct str account, const struct sockaddr *address, uint64_t now_ms)
{
	struct throttle_settings s = settings_of(t);
	uint64_t account_key = key_of(account), address_key = key_of(address_bytes(address)), seen;

	if (bucket_is_over(
		    &t->addresses, address_key, s.address_failures, s.address_refill_s * 1000ULL, now_ms))
		return THROTTLE_ADDRESS;
	if (!bucket_is_over(
		    &t->accounts, account_key, s.account_failures, s.account_refill_s * 1000ULL, now_ms))
		return THROTTLE_PASS;
	seen = table_when(&t->known, pair_key(account_key, address_key));
	return seen && now_ms < seen + known_ms ? THROTTLE_PASS : THROTTLE_ACCOUNT;
}

unsigned throttle_failed(
	struct throttle *t, struct str account, const struct sockaddr *address, uint64_t now_ms)
{
	struct throttle_settings s = settings_of(t);
	uint64_t count = bucket_add(
		&t->accounts, key_of(account), s.account_failures, s.account_refill_s * 1000ULL, now_ms);
	uint64_t delay = FIRST_DELAY_MS;

	/* The address counts towards being refused, not towards delay: then attempts on one account would tell
	   by their time what was tried on others. */
	bucket_add(&t->addresses, key_of(address_bytes(address)), s.address_failures,
		s.address_refill_s * 1000ULL, now_ms);

	if (count <= FREE_FAILURES)
		return 0;
	while (--count > FREE_FAILURES && delay < s.delay_ms_max)
		delay *= 2;
	return delay < s.delay_ms_max ? (unsigned)delay : s.delay_ms_max;
}

void throttle_succeeded(
	struct throttle *t, struct str account, const struct sockaddr *address, uint64_t now_ms)
{
	uint64_t key = pair_key(key_of(account), key_of(address_bytes(address)));
	pthread_mutex_t *lock = table_lock(&t->known, key);

	table_take(&t->known, key)->when = now_ms ? now_ms : 1;
	pthread_mutex_unlock(lock);
}
