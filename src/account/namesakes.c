/* A table of open addressing, as in base/map.c, in which a key may stand several times. */
#include "account/namesakes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "jid/jid.h"
#include "jid/skeleton.h"

enum {
	KEYS = 4, /* of a person: two forms of two names */
	SLOTS_MIN = 64,
};

struct namesake {
	uint64_t key; /* hash of a skeleton */
	const struct person *person; /* counted; NULL: empty */
};

struct namesakes {
	pthread_rwlock_t lock;
	struct namesake *slots;
	size_t len, cap; /* cap: a power of two or 0 */
};

struct namesakes *namesakes_new(void)
{
	struct namesakes *n = calloc(1, sizeof(*n));

	if (n)
		pthread_rwlock_init(&n->lock, NULL);
	return n;
}

struct namesakes *namesakes_free(struct namesakes *n)
{
	if (!n)
		return NULL;
	for (size_t i = 0; i < n->cap; i++)
		person_unref(n->slots[i].person);
	free(n->slots);
	pthread_rwlock_destroy(&n->lock);
	free(n);
	return NULL;
}

/* ---- keys ---- */

/* Adds the forms of one text that are not there yet. -ENOMEM, or the number there is then. */
static int keys_of(uint64_t *keys, int len, struct str text)
{
	struct buf b = BUF_INIT(0);
	int r = 0;

	for (int form = SKELETON_FOLDED; text.len && form <= SKELETON_SHOWN && r >= 0; form++) {
		uint64_t key;
		bool there = false;

		buf_clear(&b);
		r = skeleton_put_name(text, (enum skeleton_form)form, &b);
		if (r || b.len == 0)
			continue;
		key = map_hash(buf_view(&b));
		for (int i = 0; i < len; i++)
			there = there || keys[i] == key;
		if (!there)
			keys[len++] = key;
	}
	buf_done(&b);
	return r < 0 ? r : len;
}

static int keys_of_person(uint64_t keys[KEYS], const struct person *p)
{
	int len = keys_of(keys, 0, jid_split(p->jid).local);

	return len < 0 ? len : keys_of(keys, len, p->name);
}

/* ---- the table ---- */

static void slot_put(struct namesakes *n, struct namesake s)
{
	size_t at = s.key & (n->cap - 1);

	while (n->slots[at].person)
		at = (at + 1) & (n->cap - 1);
	n->slots[at] = s;
}

/* At most three of four are taken. */
static int grow(struct namesakes *n)
{
	struct namesakes old = *n;
	size_t cap = n->cap ? 2 * n->cap : SLOTS_MIN;

	if ((n->len + 1) * 4 <= n->cap * 3)
		return 0;
	n->slots = calloc(cap, sizeof(*n->slots));
	if (!n->slots) {
		n->slots = old.slots;
		return -ENOMEM;
	}
	n->cap = cap;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].person)
			slot_put(n, old.slots[i]);
	free(old.slots);
	return 0;
}

static size_t count(const struct namesakes *n, uint64_t key)
{
	size_t found = 0;

	for (size_t at = key & (n->cap - 1); n->cap && n->slots[at].person; at = (at + 1) & (n->cap - 1))
		found += n->slots[at].key == key;
	return found;
}

static int add(struct namesakes *n, uint64_t key, const struct person *p)
{
	if (count(n, key) >= NAMESAKES_MAX)
		return 0;
	if (grow(n))
		return -ENOMEM;
	slot_put(n, (struct namesake){.key = key, .person = person_ref(p)});
	n->len++;
	return 0;
}

/* Those that follow move up, unless that would bring one before its place. */
static void drop_at(struct namesakes *n, size_t hole)
{
	size_t mask = n->cap - 1;

	person_unref(n->slots[hole].person);
	n->len--;
	for (size_t at = (hole + 1) & mask; n->slots[at].person; at = (at + 1) & mask) {
		if (((at - n->slots[at].key) & mask) < ((at - hole) & mask))
			continue;
		n->slots[hole] = n->slots[at];
		hole = at;
	}
	n->slots[hole] = (struct namesake){};
}

static void drop(struct namesakes *n, uint64_t key, const struct person *p)
{
	for (size_t at = key & (n->cap - 1); n->cap && n->slots[at].person; at = (at + 1) & (n->cap - 1))
		if (n->slots[at].key == key && n->slots[at].person == p) {
			drop_at(n, at);
			return;
		}
}

/* Memory is out for his keys: he is looked for everywhere. */
static void drop_everywhere(struct namesakes *n, const struct person *p)
{
	for (size_t at = 0; at < n->cap;)
		if (n->slots[at].person == p)
			drop_at(n, at); /* what has moved here is looked at, too */
		else
			at++;
}

/* ---- for the directory ---- */

int namesakes_add(struct namesakes *n, const struct person *p)
{
	uint64_t keys[KEYS];
	int len = keys_of_person(keys, p), r = len < 0 ? len : 0;

	pthread_rwlock_wrlock(&n->lock);
	for (int i = 0; i < len && r == 0; i++)
		r = add(n, keys[i], p);
	pthread_rwlock_unlock(&n->lock);
	return r;
}

void namesakes_remove(struct namesakes *n, const struct person *p)
{
	uint64_t keys[KEYS];
	int len = keys_of_person(keys, p);

	pthread_rwlock_wrlock(&n->lock);
	for (int i = 0; i < len; i++)
		drop(n, keys[i], p);
	if (len < 0)
		drop_everywhere(n, p);
	pthread_rwlock_unlock(&n->lock);
}

size_t namesakes_find(struct namesakes *n, struct str text, const struct person **out)
{
	uint64_t keys[KEYS];
	int len = keys_of(keys, 0, text);
	size_t found = 0;

	pthread_rwlock_rdlock(&n->lock);
	for (int i = 0; i < len && n->cap; i++)
		for (size_t at = keys[i] & (n->cap - 1); n->slots[at].person; at = (at + 1) & (n->cap - 1))
			if (n->slots[at].key == keys[i] && found < NAMESAKES_MAX)
				out[found++] = person_ref(n->slots[at].person);
	pthread_rwlock_unlock(&n->lock);
	return found;
}
