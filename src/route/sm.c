#include "route/sm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "base/text.h"

struct fan *fan_new(void)
{
	struct fan *f = malloc(sizeof(*f));

	if (f)
		*f = (struct fan){.refs = 1};
	return f;
}

struct fan *fan_ref(struct fan *f)
{
	if (f)
		f->refs++;
	return f;
}

struct fan *fan_unref(struct fan *f)
{
	if (f && --f->refs == 0)
		free(f);
	return NULL;
}

struct sm *sm_new(bool resumable)
{
	struct sm *q = calloc(1, sizeof(*q));
	unsigned char random[16];
	struct buf text = BUF_INIT(sizeof(q->secret));

	if (!q)
		return NULL;
	rand_bytes(random, sizeof(random));
	base64url_put(&text, random, sizeof(random));
	if (buf_failed(&text)) {
		free(q);
		return NULL;
	}
	memcpy(q->secret, text.data, text.len);
	buf_done(&text);
	q->resumable = resumable;
	return q;
}

static void unacked_done(struct unacked *u)
{
	blob_unref(u->blob);
	origin_unref(u->from);
	hold_unref(u->hold);
	fan_unref(u->fan);
	parcel_unref(u->request);
}

struct sm *sm_free(struct sm *q)
{
	if (!q)
		return NULL;
	sm_drop(q, q->len);
	explicit_bzero(q->secret, sizeof(q->secret));
	free(q->ring);
	free(q);
	return NULL;
}

struct unacked *sm_at(const struct sm *q, uint32_t i)
{
	return &q->ring[(q->first + i) & (q->cap - 1)];
}

static int sm_grow(struct sm *q)
{
	uint32_t cap = q->cap ? q->cap * 2 : 4;
	struct unacked *ring = malloc(cap * sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < q->len; i++)
		ring[i] = *sm_at(q, i);
	free(q->ring);
	q->ring = ring;
	q->cap = cap;
	q->first = 0;
	return 0;
}

int sm_push(struct sm *q, const struct unacked *item)
{
	struct unacked copy = *item;

	if (q->len == q->cap && sm_grow(q)) {
		unacked_done(&copy);
		return -ENOMEM;
	}
	q->len++;
	*sm_at(q, q->len - 1) = copy;
	return 0;
}

int sm_count(const struct sm *q, uint32_t h, uint32_t *out)
{
	uint32_t n = h - q->acked;

	if (n > q->len)
		return SM_E_TOO_HIGH;
	*out = n;
	return 0;
}

/* A ring that has grown for a client that was away for long is given back once it is empty. */
void sm_drop(struct sm *q, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		unacked_done(sm_at(q, i));
	if (n) {
		q->first = (q->first + n) & (q->cap - 1);
		q->len -= n;
		q->acked += n;
	}
	if (q->len == 0 && q->cap > 64) {
		free(q->ring);
		q->ring = NULL;
		q->cap = q->first = 0;
	}
}
