#include "account/groups.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"

struct group {
	struct map members; /* by person->jid */
	uint64_t sum;       /* of all that others see of its members */
	struct str name;
	char bytes[];
};

struct groups {
	pthread_rwlock_t lock;
	struct map by_name; /* name -> struct group */
};

struct groups *groups_new(void)
{
	struct groups *g = malloc(sizeof(*g));

	if (!g)
		return NULL;
	pthread_rwlock_init(&g->lock, NULL);
	map_init(&g->by_name);
	return g;
}

static void group_free(struct group *group)
{
	map_done(&group->members);
	free(group);
}

struct groups *groups_free(struct groups *g)
{
	struct map_slot *slot;

	if (!g)
		return NULL;
	for (size_t i = 0; (slot = map_next(&g->by_name, &i));)
		group_free(slot->value);
	map_done(&g->by_name);
	pthread_rwlock_destroy(&g->lock);
	free(g);
	return NULL;
}

/* FNV-1a: the same in every process, so that what is made of it is worth something after a restart. */
static uint64_t mix(uint64_t hash, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.data[i]) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t seen_of(const struct person *p)
{
	return p->disabled ? 0 : mix(mix(UINT64_C(0xcbf29ce484222325), p->jid), p->name);
}

static struct group *group_make(struct groups *g, struct str name)
{
	struct group *group = map_get(&g->by_name, name);

	if (group)
		return group;
	group = calloc(1, sizeof(*group) + name.len);
	if (!group)
		return NULL;
	memcpy(group->bytes, name.data, name.len);
	group->name = str_of(group->bytes, name.len);
	map_init(&group->members);
	if (map_put(&g->by_name, group->name, group)) {
		free(group);
		return NULL;
	}
	return group;
}

static int group_add(struct groups *g, struct str name, const struct person *p)
{
	struct group *group = group_make(g, name);

	if (!group)
		return -ENOMEM;
	if (map_get(&group->members, p->jid))
		return 0; /* the group stands twice in his list */
	if (map_put(&group->members, p->jid, (void *)(uintptr_t)p))
		return -ENOMEM;
	group->sum += seen_of(p);
	return 0;
}

int groups_add(struct groups *g, const struct person *p)
{
	int r = 0;

	pthread_rwlock_wrlock(&g->lock);
	for (size_t i = 0; i < p->groups_len; i++)
		if (group_add(g, p->groups[i], p))
			r = -ENOMEM;
	pthread_rwlock_unlock(&g->lock);
	return r;
}

void groups_remove(struct groups *g, const struct person *p)
{
	pthread_rwlock_wrlock(&g->lock);
	for (size_t i = 0; i < p->groups_len; i++) {
		struct group *group = map_get(&g->by_name, p->groups[i]);

		if (!group || !map_del(&group->members, p->jid))
			continue;
		group->sum -= seen_of(p);
		if (group->members.len)
			continue;
		map_del(&g->by_name, group->name);
		group_free(group);
	}
	pthread_rwlock_unlock(&g->lock);
}

void groups_each(struct groups *g, struct str name, bool (*each)(const struct person *p, void *owner), void *owner)
{
	const struct group *group;
	struct map_slot *slot;
	bool more = true;

	pthread_rwlock_rdlock(&g->lock);
	group = map_get(&g->by_name, name);
	for (size_t i = 0; group && more && (slot = map_next(&group->members, &i));)
		more = each(slot->value, owner);
	pthread_rwlock_unlock(&g->lock);
}

uint64_t groups_sum(struct groups *g, struct str name)
{
	const struct group *group;
	uint64_t sum;

	pthread_rwlock_rdlock(&g->lock);
	group = map_get(&g->by_name, name);
	sum = group ? group->sum : 0;
	pthread_rwlock_unlock(&g->lock);
	return sum;
}
