#include "account/denials.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { RULE_MAX = 64 }; /* as long as ids of rules can be */

struct row {
	uint64_t count;
	size_t len;
	char rule[RULE_MAX];
};

struct denials {
	pthread_mutex_t lock;
	size_t len;
	uint64_t others;
	struct row rows[DENIALS_RULES];
};

struct denials *denials_new(void)
{
	struct denials *d = calloc(1, sizeof(*d));

	if (d)
		pthread_mutex_init(&d->lock, NULL);
	return d;
}

struct denials *denials_free(struct denials *d)
{
	if (d)
		pthread_mutex_destroy(&d->lock);
	free(d);
	return NULL;
}

static uint64_t *counter_of(struct denials *d, struct str rule)
{
	struct row *r;

	for (size_t i = 0; i < d->len; i++)
		if (str_eq(str_of(d->rows[i].rule, d->rows[i].len), rule))
			return &d->rows[i].count;
	if (d->len == DENIALS_RULES || rule.len > RULE_MAX)
		return &d->others;
	r = &d->rows[d->len++];
	r->len = rule.len;
	if (rule.len)
		memcpy(r->rule, rule.data, rule.len);
	return &r->count;
}

void denials_count(struct denials *d, struct str rule)
{
	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	++*counter_of(d, rule);
	pthread_mutex_unlock(&d->lock);
}

void denials_each(struct denials *d, void (*each)(void *owner, struct str rule, uint64_t count), void *owner)
{
	pthread_mutex_lock(&d->lock);
	for (size_t i = 0; i < d->len; i++)
		each(owner, str_of(d->rows[i].rule, d->rows[i].len), d->rows[i].count);
	if (d->others)
		each(owner, STR("others"), d->others);
	pthread_mutex_unlock(&d->lock);
}
