/* Sixteen maps, each under its own lock, chosen by the address: loops seldom meet. Persons are immutable
 * blocks, so a look-up is one read lock, one map probe and one atomic increment. */
#include "account/directory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "account/groups.h"
#include "account/namesakes.h"
#include "base/map.h"
#include "jid/jid.h"
#include "jid/skeleton.h"

enum {
	SHARDS = 16,
};

struct shard {
	pthread_rwlock_t lock;
	struct map people; /* by person->jid; each holds one reference */
} __attribute__((aligned(64)));

struct directory {
	struct shard shards[SHARDS];
	pthread_mutex_t changing; /* who changes somebody holds it: shard and groups follow each other */
	struct groups *groups;
	struct namesakes *namesakes;
	void (*changed)(void *owner, const struct person *was, const struct person *is);
	void *owner;
};

static struct shard *shard_of(struct directory *d, uint64_t hash)
{
	return &d->shards[hash >> 60];
}

int directory_new(struct directory **out)
{
	struct directory *d = aligned_alloc(64, sizeof(*d));

	if (!d)
		return -ENOMEM;
	*d = (struct directory){.groups = groups_new(), .namesakes = namesakes_new()};
	if (!d->groups || !d->namesakes) {
		groups_free(d->groups);
		namesakes_free(d->namesakes);
		free(d);
		return -ENOMEM;
	}
	pthread_mutex_init(&d->changing, NULL);
	for (unsigned i = 0; i < SHARDS; i++) {
		pthread_rwlock_init(&d->shards[i].lock, NULL);
		map_init(&d->shards[i].people);
	}
	*out = d;
	return 0;
}

struct directory *directory_free(struct directory *d)
{
	struct map_slot *slot;

	if (!d)
		return NULL;
	groups_free(d->groups);
	namesakes_free(d->namesakes);
	pthread_mutex_destroy(&d->changing);
	for (unsigned i = 0; i < SHARDS; i++) {
		for (size_t at = 0; (slot = map_next(&d->shards[i].people, &at));)
			person_unref(slot->value);
		map_done(&d->shards[i].people);
		pthread_rwlock_destroy(&d->shards[i].lock);
	}
	free(d);
	return NULL;
}

/* Copies `s` to *to and moves *to behind it. */
static struct str pack(char **to, struct str s)
{
	char *start = *to;

	if (s.len)
		memcpy(start, s.data, s.len);
	*to += s.len;
	return str_of(start, s.len);
}

static size_t person_bytes(const struct store_account *row)
{
	size_t bytes = sizeof(struct person) + row->groups_len * sizeof(struct str) + row->person_id.len +
		       row->jid.len + row->name.len + row->mail.len + row->language.len + row->department.len;

	for (size_t i = 0; i < row->groups_len; i++)
		bytes += row->groups[i].len;
	return bytes;
}

static struct person *person_new(const struct store_account *row)
{
	struct person *p = malloc(person_bytes(row));
	struct str *groups;
	char *to;

	if (!p)
		return NULL;
	groups = (struct str *)(p + 1);
	to = (char *)(groups + row->groups_len);
	*p = (struct person){
		.id = pack(&to, row->person_id),
		.jid = pack(&to, row->jid),
		.name = pack(&to, row->name),
		.mail = pack(&to, row->mail),
		.language = pack(&to, row->language),
		.department = pack(&to, row->department),
		.groups = groups,
		.groups_len = row->groups_len,
		.created_us = row->created_us,
		.disabled = row->disabled,
		.refs = 1,
	};
	for (size_t i = 0; i < row->groups_len; i++)
		groups[i] = pack(&to, row->groups[i]);
	return p;
}

/* The key in the map lives in the person, so the old entry goes before the new one comes. */
static int shard_change(struct directory *d, struct str jid, struct person *is, struct person **out_was)
{
	struct shard *s = shard_of(d, map_hash(jid));
	int r = 0;

	pthread_rwlock_wrlock(&s->lock);
	*out_was = map_del(&s->people, jid);
	if (is)
		r = map_put(&s->people, is->jid, is);
	pthread_rwlock_unlock(&s->lock);
	return r;
}

/* Even if he is called as before: what is found has to be who he is now. */
static int rename_person(struct directory *d, const struct person *was, const struct person *is)
{
	if (was)
		namesakes_remove(d->namesakes, was);
	return is ? namesakes_add(d->namesakes, is) : 0;
}

/* Takes the reference of `is`, on failure too. */
static int change(struct directory *d, struct str jid, struct person *is)
{
	struct person *was;
	int r;

	pthread_mutex_lock(&d->changing);
	r = shard_change(d, jid, is, &was);
	if (r)
		is = (struct person *)(uintptr_t)person_unref(is);
	if (was)
		groups_remove(d->groups, was);
	if (is && groups_add(d->groups, is))
		r = -ENOMEM;
	if (rename_person(d, was, is))
		r = -ENOMEM;
	person_ref(is); /* somebody else may change him as soon as the lock is free */
	if (d->changed && (was || is))
		d->changed(d->owner, was, is);
	pthread_mutex_unlock(&d->changing);
	person_unref(is);
	person_unref(was);
	return r;
}

/* `turn`: the number of the keys changes. Whoever changes a person does it on one thread. */
static int put(struct directory *d, const struct store_account *row, uint32_t turn)
{
	struct person *p = person_new(row);
	const struct person *was = p ? directory_get(d, p->jid) : NULL;

	if (!p)
		return -ENOMEM;
	p->keys = (was ? was->keys : 0) + turn;
	person_unref(was);
	return change(d, p->jid, p);
}

int directory_put(struct directory *d, const struct store_account *row)
{
	return put(d, row, 0);
}

int directory_put_keys(struct directory *d, const struct store_account *row)
{
	return put(d, row, 1);
}

bool person_is_still(const struct person *was, const struct person *is)
{
	return was && is && !is->disabled && was->keys == is->keys && str_eq(was->id, is->id);
}

int directory_load(struct directory *d, const struct store_accounts *rows)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rows->len; i++)
		r = directory_put(d, &rows->rows[i]);
	return r;
}

void directory_remove(struct directory *d, struct str jid)
{
	(void)change(d, jid, NULL);
}

void directory_watch(struct directory *d,
	void (*changed)(void *owner, const struct person *was, const struct person *is), void *owner)
{
	pthread_mutex_lock(&d->changing);
	d->changed = changed;
	d->owner = owner;
	pthread_mutex_unlock(&d->changing);
}

void directory_each_member(struct directory *d, struct str group,
	bool (*each)(const struct person *person, void *owner), void *owner)
{
	groups_each(d->groups, group, each, owner);
}

uint64_t directory_group_sum(struct directory *d, struct str group)
{
	return groups_sum(d->groups, group);
}

const struct person *directory_get(struct directory *d, struct str bare)
{
	return directory_get_hashed(d, bare, map_hash(bare));
}

const struct person *directory_get_hashed(struct directory *d, struct str bare, uint64_t hash)
{
	struct shard *s = shard_of(d, hash);
	const struct person *p;

	pthread_rwlock_rdlock(&s->lock);
	p = person_ref(map_get_hashed(&s->people, bare, hash));
	pthread_rwlock_unlock(&s->lock);
	return p;
}

static bool is_called(const struct person *p, struct str text)
{
	return skeleton_is_same_name(jid_split(p->jid).local, text) || skeleton_is_same_name(p->name, text);
}

static bool is_own_name(struct directory *d, struct str self, struct str text)
{
	const struct person *p = self.len ? directory_get(d, self) : NULL;
	bool own = p && is_called(p, text);

	person_unref(p);
	return own;
}

const struct person *directory_namesake(struct directory *d, struct str text, struct str self,
	bool (*may)(const struct person *person, void *owner), void *owner)
{
	const struct person *found[NAMESAKES_MAX], *who = NULL;
	size_t len = namesakes_find(d->namesakes, text, found);

	for (size_t i = 0; i < len; i++)
		if (!who && !str_eq(found[i]->jid, self) && is_called(found[i], text) && (!may || may(found[i], owner)))
			who = person_ref(found[i]);
	for (size_t i = 0; i < len; i++)
		person_unref(found[i]);
	return who && is_own_name(d, self, text) ? person_unref(who) : who;
}

size_t directory_count(struct directory *d)
{
	size_t count = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		pthread_rwlock_rdlock(&d->shards[i].lock);
		count += d->shards[i].people.len;
		pthread_rwlock_unlock(&d->shards[i].lock);
	}
	return count;
}

static bool shard_each(struct shard *s, bool (*each)(const struct person *, void *), void *owner)
{
	struct map_slot *slot;
	bool more = true;

	pthread_rwlock_rdlock(&s->lock);
	for (size_t at = 0; more && (slot = map_next(&s->people, &at));)
		more = each(slot->value, owner);
	pthread_rwlock_unlock(&s->lock);
	return more;
}

void directory_each(struct directory *d, bool (*each)(const struct person *person, void *owner), void *owner)
{
	for (unsigned i = 0; i < SHARDS; i++)
		if (!shard_each(&d->shards[i], each, owner))
			return;
}

/* The count is the only field that changes; callers see persons as const. */
static uint32_t *person_refs(const struct person *p)
{
	return (uint32_t *)(uintptr_t)&p->refs;
}

const struct person *person_ref(const struct person *p)
{
	if (p)
		__atomic_add_fetch(person_refs(p), 1, __ATOMIC_RELAXED);
	return p;
}

const struct person *person_unref(const struct person *p)
{
	if (p && __atomic_sub_fetch(person_refs(p), 1, __ATOMIC_ACQ_REL) == 0)
		free((void *)(uintptr_t)p);
	return NULL;
}

bool person_in_group(const struct person *p, struct str group)
{
	for (size_t i = 0; i < p->groups_len; i++)
		if (str_eq(p->groups[i], group))
			return true;
	return false;
}
