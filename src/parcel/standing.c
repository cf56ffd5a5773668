#include "parcel/standing.h"

#include <stdatomic.h>
#include <stdlib.h>

struct standing *standing_new(struct judgement *client, const struct client_decision *d, struct str text)
{
	struct standing *s = malloc(sizeof(*s) + d->rule.len + text.len);

	if (!s)
		return NULL;
	s->refs = 1;
	s->client = judgement_ref(client);
	s->effect = d->effect;
	s->limits = d->limits;
	if (d->rule.len)
		memcpy(s->bytes, d->rule.data, d->rule.len);
	s->rule = str_of(s->bytes, d->rule.len);
	if (text.len)
		memcpy(s->bytes + d->rule.len, text.data, text.len);
	s->text = str_of(s->bytes + d->rule.len, text.len);
	return s;
}

struct standing *standing_ref(struct standing *s)
{
	if (s)
		atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

struct standing *standing_unref(struct standing *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	judgement_unref(s->client);
	free(s);
	return NULL;
}
