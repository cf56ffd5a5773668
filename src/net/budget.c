#include "net/budget.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

struct budget_entry {
	unsigned char key[16];
	unsigned connections, unauthenticated;
};

struct budget {
	pthread_mutex_t lock;
	struct budget_limits limits;
	struct map by_address;
	unsigned connections;
};

struct budget *budget_new(const struct budget_limits *limits)
{
	struct budget *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	pthread_mutex_init(&b->lock, NULL);
	b->limits = *limits;
	return b;
}

struct budget *budget_free(struct budget *b)
{
	struct map_slot *slot;

	if (!b)
		return NULL;
	for (size_t i = 0; (slot = map_next(&b->by_address, &i));)
		free(slot->value);
	map_done(&b->by_address);
	pthread_mutex_destroy(&b->lock);
	free(b);
	return NULL;
}

void budget_set_limits(struct budget *b, const struct budget_limits *limits)
{
	pthread_mutex_lock(&b->lock);
	b->limits = *limits;
	pthread_mutex_unlock(&b->lock);
}

/* IPv4 as mapped address; IPv6 by network, because a host has a whole /64 to itself. */
static void address_key(const struct sockaddr *from, unsigned char key[16])
{
	memset(key, 0, 16);
	if (from->sa_family == AF_INET) {
		key[10] = key[11] = 0xff;
		memcpy(key + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;

		memcpy(key, a, IN6_IS_ADDR_V4MAPPED(a) ? 16 : 8);
	}
}

static struct budget_entry *entry_get(struct budget *b, const unsigned char key[16])
{
	struct budget_entry *e = map_get(&b->by_address, str_of((const char *)key, 16));

	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	memcpy(e->key, key, 16);
	if (map_put(&b->by_address, str_of((const char *)e->key, 16), e)) {
		free(e);
		return NULL;
	}
	return e;
}

static void entry_release(struct budget *b, struct budget_entry *e)
{
	if (e->connections == 0) {
		map_del(&b->by_address, str_of((const char *)e->key, 16));
		free(e);
	}
}

static enum budget_answer entry_enter(struct budget *b, const unsigned char key[16], struct budget_entry **out)
{
	struct budget_entry *e;

	if (b->connections >= b->limits.connections)
		return BUDGET_TOTAL;
	e = entry_get(b, key);
	if (!e)
		return BUDGET_TOTAL;
	if (e->connections >= b->limits.per_address)
		return BUDGET_ADDRESS;
	if (e->unauthenticated >= b->limits.unauthenticated_address)
		return BUDGET_UNAUTHENTICATED;
	b->connections++;
	e->connections++;
	e->unauthenticated++;
	*out = e;
	return BUDGET_OK;
}

enum budget_answer budget_enter(struct budget *b, const struct sockaddr *from, struct budget_entry **out)
{
	unsigned char key[16];
	enum budget_answer answer;

	address_key(from, key);
	pthread_mutex_lock(&b->lock);
	answer = entry_enter(b, key, out);
	pthread_mutex_unlock(&b->lock);
	return answer;
}

void budget_login(struct budget *b, struct budget_entry *e)
{
	pthread_mutex_lock(&b->lock);
	e->unauthenticated--;
	pthread_mutex_unlock(&b->lock);
}

void budget_leave(struct budget *b, struct budget_entry *e, bool logged_in)
{
	pthread_mutex_lock(&b->lock);
	b->connections--;
	e->connections--;
	if (!logged_in)
		e->unauthenticated--;
	entry_release(b, e);
	pthread_mutex_unlock(&b->lock);
}
